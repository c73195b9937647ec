"""SNS: topics and subscriptions."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.services.sns import inventory, refusals, topics

SERVICE = Emulated(
    "sns",
    based_on=Base.LOCALSTACK,
    operations=topics.operations,
    throttling=Throttling("Throttling"),
    limits=(
        Limit(("CreateTopic",), 30, 30, "memory"),
        Limit(("Subscribe",), 100, 100, "model"),
        Limit(("ListTopics",), 30, 30, "model"),
    ),
    errors=refusals.violation,  # [doc] for null, else [memory]
    unreadable="MalformedInput",
    inventory=inventory.live,
    tagged=topics.tagged,
)
