"""DynamoDB global tables (2019.11.21): adding, changing and removing replicas.

AWS rules followed: one replica change per call (a strongly consistent table is made by one call
with all of its regions); the tables are UPDATING meanwhile; the replica has keys, indexes, stream,
billing and time to live of its source, but not its tags, deletion protection or backups; a table
that a replica was made from cannot be deleted for a day while it has replicas.
"""

import copy

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table as MotoTable

from isobar_localstack.core.durations import due, is_over
from isobar_localstack.services.dynamodb import state
from isobar_localstack.services.dynamodb.state import Group, Replica, Table, invalid

PREFIX = "One or more parameter values were invalid: "
LOCAL_REGION = (
    "Cannot add, delete, or update the local region through ReplicaUpdates. "
    "Use CreateTable, DeleteTable, or UpdateTable as required."
)
ALREADY_THERE = "Failed to create a the new replica of table with name: '{}' because one or more replicas already existed as tables."
NOT_THERE = (
    PREFIX + "Replica specified in the Replica Update or Replica Delete action of the request was not found."
)
WAS_SOURCE = (
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table "
    "in the last 24 hours."
)
PROTECTED = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
STRONG_SETS = (
    {"us-east-1", "us-east-2", "us-west-2"},
    {"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1"},
    {"ap-northeast-1", "ap-northeast-2", "ap-northeast-3"},
)


def change(table: Table, request: dict):
    """Handles ReplicaUpdates and GlobalTableWitnessUpdates of UpdateTable."""
    actions = [next(iter(update.items())) for update in request.get("ReplicaUpdates") or []]
    witnesses = [next(iter(update.items())) for update in request.get("GlobalTableWitnessUpdates") or []]
    state.check_indexes_settled(table)
    if any(details["RegionName"] == table.region for _, details in actions):
        raise invalid(LOCAL_REGION)
    if request.get("MultiRegionConsistency") == "STRONG":
        return make_strong(table, actions, witnesses)
    if table.group and table.group.consistency == "STRONG":
        return unmake_strong(table, actions, witnesses)
    if witnesses:
        raise invalid(PREFIX + "A witness is possible with MultiRegionConsistency STRONG only.")
    if len(actions) != 1:
        raise invalid(
            PREFIX + "Only one replica can be created, updated or deleted in a single UpdateTable call."
        )
    action, details = actions[0]
    {"Create": create, "Update": update, "Delete": delete}[action](table, details)


# --- adding ---------------------------------------------------------------------------------------


def create(table: Table, details: dict):
    check_can_create(table, details["RegionName"])
    group = table.group or start_group(table)
    group.sources[table.region] = due("dynamodb.source_is_kept")
    add(table, details)


def check_can_create(table: Table, region: str):
    if (region, table.name) in state.accounts[table.account_id].tables:
        raise invalid(ALREADY_THERE.format(table.name))
    stream = table.moto.stream_specification or {}
    if stream.get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        raise invalid(
            PREFIX + "The table must have a stream with New and Old images before a replica is added."
        )


def start_group(table: Table) -> Group:
    table.group = Group({table.region: Replica("ACTIVE")})
    return table.group


def add(table: Table, details: dict):
    account, group, region = state.accounts[table.account_id], table.group, details["RegionName"]
    replica = Table(table.account_id, region, table.name, group=group, table_class=table.table_class)
    dynamodb_backends[table.account_id][region].tables[table.name] = copy_of(table, region)
    account.tables[region, table.name] = replica
    busy = table.members()
    group.replicas[region] = Replica("CREATING", replica_details(details))
    for member in busy:
        member.status = "UPDATING"
    account.later("dynamodb.replica_creating", settle_members, [group.replicas[region], replica, *busy])


def settle_members(members: list):
    for member in members:
        member.status = "ACTIVE"


def replica_details(details: dict) -> dict:
    kept = {
        name: details[name]
        for name in (
            "KMSMasterKeyId",
            "ProvisionedThroughputOverride",
            "OnDemandThroughputOverride",
            "GlobalSecondaryIndexes",
        )
        if details.get(name)
    }
    if details.get("TableClassOverride"):
        kept["ReplicaTableClassSummary"] = {"TableClass": details["TableClassOverride"]}
    return kept


def copy_of(table: Table, region: str) -> MotoTable:
    source = table.moto
    replica = MotoTable(
        table.name,
        table.account_id,
        region,
        schema=copy.deepcopy(source.schema),
        attr=copy.deepcopy(source.attr),
        throughput=copy.deepcopy(source.throughput),
        billing_mode=source.billing_mode,
        streams=copy.deepcopy(source.stream_specification),
        sse_specification=copy.deepcopy(source.sse_specification),
    )
    replica.indexes = copy.deepcopy(source.indexes)
    replica.global_indexes = copy.deepcopy(source.global_indexes)
    replica.ttl = dict(source.ttl)
    replica.items = source.items
    return replica


# --- changing and removing ------------------------------------------------------------------------


def member(table: Table, region: str) -> Table:
    group = table.group
    if group is None or region not in group.replicas:
        raise invalid(NOT_THERE)
    return state.accounts[table.account_id].tables[region, table.name]


def update(table: Table, details: dict):
    other = member(table, details["RegionName"])
    replica = table.group.replicas[other.region]
    replica.details |= replica_details(details)
    replica.status, table.status, other.status = "UPDATING", "UPDATING", "UPDATING"
    state.accounts[table.account_id].later(
        "dynamodb.replica_updating", settle_members, [replica, table, other]
    )


def delete(table: Table, details: dict):
    leaving = member(table, details["RegionName"])
    check_can_delete(leaving)
    start_removal(table, [leaving])


def check_can_delete(table: Table):
    if table.moto.deletion_protection_enabled:
        raise invalid(PROTECTED)
    if (
        table.group
        and len(table.group.replicas) > 1
        and not is_over(table.group.sources.get(table.region, 0))
    ):
        raise invalid(WAS_SOURCE)


def start_removal(table: Table, leaving: list[Table]):
    staying = [other for other in table.members() if other not in leaving]
    for other in leaving:
        table.group.replicas[other.region].status = "DELETING"
        other.status = "DELETING"
    for other in staying:
        other.status = "UPDATING"
    state.accounts[table.account_id].later("dynamodb.replica_deleting", finish_removal, leaving, staying)


def finish_removal(leaving: list[Table], staying: list[Table]):
    for other in leaving:
        state.remove(other)
    settle_members(staying)


# --- strong consistency ---------------------------------------------------------------------------


def make_strong(table: Table, actions: list, witnesses: list):
    regions = [details["RegionName"] for action, details in actions if action == "Create"]
    witness = [details["RegionName"] for action, details in witnesses if action == "Create"]
    everywhere = {table.region, *regions, *witness}
    if table.group or len(regions) != len(actions) or len(everywhere) != 3 or len(witness) > 1:
        raise invalid(
            PREFIX + "A table with strong multi-Region consistency has exactly three Regions: "
            "three replicas, or two replicas and a witness, created in one call."
        )
    if not any(everywhere <= allowed for allowed in STRONG_SETS):
        raise invalid(
            PREFIX + "The Regions do not belong to one set that supports strong multi-Region consistency."
        )
    if len(table.moto):
        raise invalid(PREFIX + "The table must be empty to be converted to strong multi-Region consistency.")
    if table.moto.ttl["TimeToLiveStatus"] != "DISABLED" or table.moto.indexes:
        raise invalid(
            PREFIX
            + "Time to Live and local secondary indexes are not supported with strong multi-Region consistency."
        )
    for region in regions:
        if (region, table.name) in state.accounts[table.account_id].tables:
            raise invalid(ALREADY_THERE.format(table.name))
    group = start_group(table)
    group.consistency = "STRONG"
    group.sources[table.region] = due("dynamodb.source_is_kept")
    if witness:
        start_witness(table, group, witness[0])
    for _, details in actions:
        add(table, details)


def start_witness(table: Table, group: Group, region: str):
    group.witness, group.witness_region = Replica("CREATING"), region
    state.accounts[table.account_id].later("dynamodb.replica_creating", settle_members, [group.witness])


def unmake_strong(table: Table, actions: list, witnesses: list):
    """Only all the others together can leave; what remains is a table of one region."""
    group = table.group
    leaving = {details["RegionName"] for action, details in actions if action == "Delete"}
    others = set(group.replicas) - {table.region}
    witness_goes = any(action == "Delete" for action, _ in witnesses)
    if leaving != others or len(leaving) != len(actions) or witness_goes != (group.witness is not None):
        raise invalid(
            PREFIX + "All other replicas and the witness must be deleted together from a table with "
            "strong multi-Region consistency."
        )
    going = [member(table, region) for region in leaving]
    for other in going:
        check_can_delete(other)
    if group.witness:
        group.witness.status = "DELETING"
        state.accounts[table.account_id].later("dynamodb.replica_deleting", finish_witness, table, group)
    start_removal(table, going)


def finish_witness(table: Table, group: Group):
    group.witness = None
    state.dissolve_if_alone(table.account_id, table.name, group)


# --- what DescribeTable says ----------------------------------------------------------------------


def describe(table: Table) -> dict:
    group = table.group
    if group is None:
        return {}
    described = {
        "GlobalTableVersion": "2019.11.21",
        "MultiRegionConsistency": group.consistency,
        "Replicas": [
            {"RegionName": region, "ReplicaStatus": replica.status} | replica.details
            for region, replica in group.replicas.items()
            if region != table.region
        ],
    }
    if group.witness:
        described["GlobalTableWitnesses"] = [
            {"RegionName": group.witness_region, "WitnessStatus": group.witness.status}
        ]
    return described
