"""Services that are as LocalStack has them, if it has them at all: how AWS throttles and refuses."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral

SERVICES = (
    Emulated(
        "backup",
        based_on=Base.UNCHANGED,
        throttling=Throttling("ThrottlingException"),
        limits=(Limit(("*",), 5, 20, "memory"),),
        errors=coral("InvalidParameterValueException", null="MissingParameterValueException"),  # [memory]
    ),
    Emulated(
        "synthetics",
        based_on=Base.UNCHANGED,
        throttling=Throttling("TooManyRequestsException", 429),  # [model]
        limits=(Limit(("*",), 5, 20, "memory"),),
        errors=coral("ValidationException"),  # [memory]
    ),
)
