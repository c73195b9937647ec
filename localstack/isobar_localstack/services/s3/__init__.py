"""S3: buckets and their objects."""

from isobar_localstack.core.emulated import Base, Emulated, Throttling
from isobar_localstack.services.s3 import buckets, inventory, objects, refusals

SERVICE = Emulated(
    "s3",
    based_on=Base.LOCALSTACK,
    operations=buckets.operations,
    throttling=Throttling("SlowDown", 503, "Please reduce your request rate."),
    errors=refusals.violation,  # [memory]
    unreadable="MalformedXML",
    inventory=inventory.live,
    tagged=buckets.tagged,
    state=(
        buckets.stores,
        objects.objects,
    ),
    durations={
        "name_is_kept": 10,
        "name_is_kept_elsewhere": 600,
    },
)
