"""Lambda: functions that have states and cannot be invoked."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.services.lambda_ import (
    functions,
    inventory,
    lifecycle,
    refusals,
    rules,
    settings,
    state,
)

SERVICE = Emulated(
    "lambda",
    based_on=Base.LOCALSTACK,
    operations=functions.operations,
    prepare=(settings.patch_localstack, lifecycle.patch_localstack),
    throttling=Throttling("TooManyRequestsException", 429, retry_after=True),  # [model]
    # Reads of functions and policies apart, all other management together; invocations are no management.
    limits=(
        Limit(("GetFunction",), 100, 100, "memory"),
        Limit(("GetPolicy",), 15, 15, "memory"),
        Limit(("*",), 15, 15, "memory", but=("GetFunction", "GetPolicy", "Invoke*")),
    ),
    errors=refusals.violation,  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=functions.tagged,
    state=(state.stores,),
    durations={
        "preparing": 5,
        "preparing_image": 30,
        "preparing_vpc": 60,
        "updating": 5,
        "snap_start": 120,
        "provisioning": 60,
        "late_logs_after_delete": 60,
        "interfaces_released": 1200,
    },
)
