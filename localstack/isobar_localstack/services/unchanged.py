"""Services that are as LocalStack has them, if it has them at all: how AWS throttles and refuses."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.answers import coral


def violation_of_rds(operation, problems):
    problem = problems[0]
    name = problem.path[0]
    if problem.kind == "null":
        return error(
            "MissingParameter", f"The request must contain the parameter {name[:1].upper()}{name[1:]}"
        )
    return error(
        "InvalidParameterValue",
        f"Value ({problem.value}) for parameter {name} is invalid. {problem.constraint}",
    )


SERVICES = (
    Emulated(
        "backup",
        based_on=Base.UNCHANGED,
        throttling=Throttling("ThrottlingException"),
        limits=(Limit(("*",), 5, 20, "memory"),),
        errors=coral("InvalidParameterValueException", null="MissingParameterValueException"),  # [memory]
    ),
    Emulated(
        "rds",
        based_on=Base.UNCHANGED,
        throttling=Throttling("Throttling"),
        limits=(Limit(("*",), 5, 20, "memory"),),
        errors=violation_of_rds,  # [memory]
        unreadable="MalformedInput",
    ),
    Emulated(
        "synthetics",
        based_on=Base.UNCHANGED,
        throttling=Throttling("TooManyRequestsException", 429),  # [model]
        limits=(Limit(("*",), 5, 20, "memory"),),
        errors=coral("ValidationException"),  # [memory]
    ),
)
