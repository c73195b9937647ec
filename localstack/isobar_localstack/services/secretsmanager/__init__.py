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
        Limit(("DescribeSecret", "GetSecretValue"), 10000, 10000, "memory"),
        Limit(("BatchGetSecretValue", "ListSecrets"), 100, 100, "memory"),
        Limit(("CreateSecret",), 50, 50, "memory"),
        Limit(("DeleteSecret",), 50, 50, "memory"),
        Limit(("RestoreSecret",), 50, 50, "memory"),
        Limit(("RotateSecret", "CancelRotateSecret"), 50, 50, "memory"),
        Limit(("*ResourcePolicy",), 50, 50, "memory"),
        Limit(("PutSecretValue", "UpdateSecret*", "*Replica*"), 50, 50, "memory"),
        Limit(("TagResource", "UntagResource"), 50, 50, "memory"),
        Limit(("GetRandomPassword",), 50, 50, "memory"),
        Limit(("ListSecretVersionIds",), 50, 50, "memory"),
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
