"""KMS: keys, their replicas in other regions, aliases."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.kms import inventory, keys, operations, rules, state

SERVICE = Emulated(
    "kms",
    based_on=Base.LOCALSTACK,
    operations=operations.operations,
    throttling=Throttling("ThrottlingException"),
    limits=(
        Limit(("CreateKey", "ReplicateKey", "UpdatePrimaryRegion"), 5, 5, "memory"),
        Limit(("CreateAlias", "UpdateAlias", "EnableKey", "DisableKey"), 5, 5, "memory"),
        Limit(("CancelKeyDeletion", "DisableKeyRotation", "UntagResource"), 5, 5, "memory"),
        Limit(("UpdateKeyDescription",), 5, 5, "memory"),
        Limit(("TagResource",), 10, 10, "memory"),
        Limit(("DeleteAlias", "EnableKeyRotation", "PutKeyPolicy"), 15, 15, "memory"),
        Limit(("ScheduleKeyDeletion",), 15, 15, "memory"),
        Limit(("ListAliases", "ListKeys"), 500, 500, "memory"),
        Limit(("GetKeyPolicy", "GetKeyRotationStatus"), 1000, 1000, "memory"),
        Limit(("DescribeKey", "ListResourceTags"), 2000, 2000, "memory"),
    ),
    bucket_per_operation=True,
    errors=coral("ValidationException"),  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=keys.tagged,
    state=(state.stores,),
    durations={
        "replica_creating": 60,
        "primary_updating": 10,
    },
)
