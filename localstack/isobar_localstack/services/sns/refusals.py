"""SNS: how a request that violates the service model is answered."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.answers import problem_text, problems_text


def violation(operation, problems):
    if problems[0].kind == "null":
        return error(
            "ValidationError", problems_text([problem_text(p) for p in problems if p.kind == "null"])
        )
    name = problems[0].path[0]
    return error("InvalidParameter", f"Invalid parameter: {name[:1].upper()}{name[1:]}")
