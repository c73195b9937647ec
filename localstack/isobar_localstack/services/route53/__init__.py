"""Route 53: zones, records, health checks."""

from isobar_localstack.core.emulated import ACCOUNT, Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.route53 import health_status, hosted_zones, inventory, rules, state

SERVICE = Emulated(
    "route53",
    based_on=Base.OWN,
    operations=hosted_zones.operations,
    throttling=Throttling("Throttling"),
    # One control plane for all regions.
    limits=(Limit(("*",), 5, 5, "memory", ACCOUNT),),
    errors=coral("InvalidInput", "InvalidInput"),  # [memory]; [doc] for the code
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=hosted_zones.tagged,
    is_global=True,
    state=(state.stores,),
    durations={
        "insync": 30,
        "recovery_enabling": 3600,
    },
    controls={"health-checks": health_status.HealthChecksResource},
)
