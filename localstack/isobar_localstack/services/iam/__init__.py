"""IAM: roles, their policies, instance profiles."""

from isobar_localstack.core.emulated import ACCOUNT, Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.iam import inventory, roles, rules

SERVICE = Emulated(
    "iam",
    based_on=Base.LOCALSTACK,
    operations=roles.operations,
    throttling=Throttling("Throttling"),
    # One control plane for all regions.
    limits=(Limit(("*",), 5, 30, "memory", ACCOUNT),),
    errors=coral("ValidationError", "MalformedInput"),  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    is_global=True,
)
