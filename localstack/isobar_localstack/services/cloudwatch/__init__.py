"""CloudWatch: alarms, and the data they follow."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.cloudwatch import alarms, inventory, metrics, rules

SERVICE = Emulated(
    "cloudwatch",
    based_on=Base.LOCALSTACK,
    operations=alarms.operations,
    prepare=(alarms.first_evaluation_after_a_period,),
    throttling=Throttling("Throttling"),
    limits=(
        Limit(("PutMetricAlarm",), 3, 3, "memory"),
        Limit(("PutCompositeAlarm",), 3, 3, "memory"),
        Limit(("DeleteAlarms",), 3, 3, "memory"),
        Limit(("SetAlarmState",), 3, 3, "memory"),
        Limit(("DescribeAlarms",), 9, 9, "memory"),
        Limit(("PutDashboard",), 10, 10, "memory"),
        Limit(("GetDashboard",), 10, 10, "memory"),
    ),
    errors=coral("ValidationError", "MalformedInput"),  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=alarms.tagged,
    state=(metrics.metrics,),
)
