"""STS: roles that exist can be assumed."""

from isobar_localstack.core.emulated import Base, Emulated, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.sts import roles

SERVICE = Emulated(
    "sts",
    based_on=Base.LOCALSTACK,
    operations=roles.operations,
    throttling=Throttling("Throttling"),
    errors=coral("ValidationError", "MalformedInput"),  # [memory]
)
