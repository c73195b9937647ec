"""Secrets Manager: secrets, their versions and replicas, rotation, passwords."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.secretsmanager import exposed, inventory, operations, rules, secrets, state

SERVICE = Emulated(
    "secretsmanager",
    based_on=Base.OWN,
    operations=operations.operations,
    throttling=Throttling("ThrottlingException"),
    limits=(
        Limit(("DescribeSecret", "GetSecretValue"), 10000, 10000, "doc"),
        Limit(("BatchGetSecretValue", "ListSecrets"), 100, 100, "doc"),
        Limit(("GetRandomPassword", "CreateSecret", "DeleteSecret"), 50, 50, "doc"),
        Limit(("RestoreSecret", "RotateSecret", "CancelRotateSecret"), 50, 50, "doc"),
        Limit(("PutResourcePolicy", "DeleteResourcePolicy", "GetResourcePolicy"), 50, 50, "doc"),
        Limit(("PutSecretValue", "UpdateSecret*", "ListSecretVersionIds"), 50, 50, "doc"),
        Limit(("TagResource", "UntagResource", "ValidateResourcePolicy"), 50, 50, "doc"),
        Limit(("*Replica*", "RemoveRegionsFromReplication", "ReplicateSecret*"), 50, 50, "memory"),
    ),
    errors=coral("ValidationException"),  # [memory]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=secrets.tagged,
    state=(state.stores,),
    durations={
        "replica_creating": 15,
        "replica_following": 3,
        "force_deleting": 5,
        "rotating": 30,
    },
    controls={"secretsmanager/exposed": exposed.ExposedResource},
)
