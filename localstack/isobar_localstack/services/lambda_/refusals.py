"""Lambda: how a request that violates the service model is answered."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.answers import coral


def violation(operation, problems):
    """The runtime has a code of its own."""
    if len(problems) == 1 and problems[0].path == ("runtime",) and problems[0].kind == "enum":
        problem = problems[0]
        return error(
            "InvalidParameterValueException",
            f"Value {problem.value} at 'runtime' failed to satisfy constraint: {problem.constraint} or be a valid ARN",
        )
    return coral("ValidationException")(operation, problems)
