"""EC2: how a request that violates the service model is answered."""

from isobar_localstack.core.errors import error


def violation(operation, problems):
    problem = problems[0]
    name = problem.path[0]
    if problem.kind == "null":
        return error("MissingParameter", f"The request must contain the parameter {name}")
    return error(
        "InvalidParameterValue",
        f"Value ({problem.value}) for parameter {name} is invalid. {problem.constraint}",
    )
