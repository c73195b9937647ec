"""DynamoDB: tables and global tables."""

from isobar_localstack.core.durations import documented
from isobar_localstack.core.emulated import Base, Emulated, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.dynamodb import inventory, rules, state, tables

SERVICE = Emulated(
    "dynamodb",
    based_on=Base.MOTO,
    operations=tables.operations,
    throttling=Throttling("ThrottlingException"),  # [doc]
    errors=coral("ValidationException"),  # [doc]
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=tables.tagged,
    state=(state.stores,),
    durations={
        "table_creating": 20,
        "table_deleting": 10,
        "table_updating": 10,
        "index_creating": 60,
        "index_deleting": 20,
        "ttl_changing": 30,
        "replica_creating": 120,
        "replica_updating": 20,
        "replica_deleting": 60,
        "source_is_kept": documented(24 * 3600),
    },
)
