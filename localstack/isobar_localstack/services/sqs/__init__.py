"""SQS: queues."""

from isobar_localstack.core.durations import documented
from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.sqs import inventory, queues, rules

SERVICE = Emulated(
    "sqs",
    based_on=Base.LOCALSTACK,
    operations=queues.operations,
    throttling=Throttling("RequestThrottled", 403),  # [model] the code, [memory] the status
    limits=(
        Limit(("CreateQueue", "DeleteQueue"), 10, 30, "memory"),
        Limit(("SetQueueAttributes", "TagQueue", "UntagQueue"), 30, 60, "memory"),
        Limit(("GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "ListQueues"), 100, 200, "memory"),
    ),
    bucket_per_operation=True,
    errors=coral("InvalidParameterValue", null="MissingParameter"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=queues.tagged,
    state=(queues.stores,),
    durations={
        "name_taken": documented(60),
        "unknown": documented(1),
        "attributes": documented(60),
    },
)
