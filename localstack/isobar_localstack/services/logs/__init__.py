"""CloudWatch Logs: groups."""

from isobar_localstack.core.emulated import Base, Emulated, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.logs import inventory, log_groups

SERVICE = Emulated(
    "logs",
    based_on=Base.LOCALSTACK,
    operations=log_groups.operations,
    throttling=Throttling("ThrottlingException"),
    errors=coral("InvalidParameterException"),  # [memory]
    inventory=inventory.live,
    tagged=log_groups.tagged,
    state=(log_groups.stores,),
    durations={
        "late_group": 5,
    },
    controls={"late-logs": log_groups.LateLogsResource},
)
