"""DynamoDB on moto, since LocalStack's own needs a Java program.

moto answers reads and writes of items. Gaps closed here: tables and indexes were ACTIVE and gone
at once, ReplicaUpdates were ignored, time to live was not replicated, tags piled up. States and
groups are in `state`, replicas in `replicas`.

AWS rules followed: a table that is not ACTIVE takes no change (ResourceInUseException); items of
a table being created or deleted cannot be reached; of a table being deleted only the description
can be read; backups call a missing table TableNotFoundException; capacity mode, indexes, stream, encryption and
time to live are the same in all replicas, deletion protection, backups and tags are per region.
"""

import copy

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import GlobalSecondaryIndex

from isobar_localstack.core.emulated import ask_moto
from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import one_at_a_time
from isobar_localstack.core.paging import page
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.realism import consistency
from isobar_localstack.services.dynamodb import replicas, state
from isobar_localstack.services.dynamodb.state import Table, accounts, in_use, invalid

TAGS_PER_PAGE = 10
BACKUP_DAYS = 35
NOTHING_TO_UPDATE = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
    "SSESpecification or ReplicaUpdates is required"
)
REPLICA_CHANGES = ("ReplicaUpdates", "GlobalTableWitnessUpdates", "MultiRegionConsistency")
OTHER_CHANGES = (
    "ProvisionedThroughput",
    "BillingMode",
    "StreamSpecification",
    "GlobalSecondaryIndexUpdates",
    "SSESpecification",
    "TableClass",
    "OnDemandThroughput",
    "WarmThroughput",
)


def operations(original: dict) -> dict:
    own = {
        "CreateTable": create_table,
        "DescribeTable": describe_table,
        "ListTables": consistency.eventually_listed("TableNames", None, "dynamodb")(through_to_moto),
        "UpdateTable": update_table,
        "DeleteTable": delete_table,
        "UpdateTimeToLive": update_ttl,
        "DescribeTimeToLive": describe_ttl,
        "DescribeContinuousBackups": describe_backups,
        "UpdateContinuousBackups": update_backups,
        "TagResource": tag,
        "UntagResource": untag,
        "ListTagsOfResource": list_tags,
    }
    # Everything shares one lock: a change of replicas must not meet a write half-way.
    return one_at_a_time({name: settled(own.get(name, through_to_moto)) for name in original})


def settled(handler):
    def run(context, request):
        accounts[context.account_id].settle()
        return handler(context, request)

    return run


# --- items: moto, with two additions ----------------------------------------------------------------


def through_to_moto(context, request):
    for name in names_in(request):
        check_reachable(context, name)
    try:
        return ask_moto(context, request)
    finally:
        if context.operation.name in ("TransactWriteItems", "ExecuteTransaction"):
            for table in list(accounts[context.account_id].tables.values()):
                if table.region == context.region and table.group:
                    state.share_items(table)
        adopt_new_tables(context)


def names_in(request) -> list[str]:
    names = [request["TableName"]] if "TableName" in request else []
    names += list(request["RequestItems"]) if isinstance(request.get("RequestItems"), dict) else []
    for item in request.get("TransactItems") or []:
        names += [action["TableName"] for action in item.values() if action and "TableName" in action]
    return names


def check_reachable(context, name: str):
    table = accounts[context.account_id].tables.get((context.region, state.plain_name(name)))
    if table and table.status in ("CREATING", "DELETING"):
        raise error("ResourceNotFoundException", "Requested resource not found")


def adopt_new_tables(context):
    """Restores and imports make tables inside moto."""
    account = accounts[context.account_id]
    for name in list(dynamodb_backends[context.account_id][context.region].tables):
        if (context.region, name) not in account.tables:
            account.tables[context.region, name] = Table(context.account_id, context.region, name, "ACTIVE")


# --- life of a table ------------------------------------------------------------------------------


def create_table(context, request):
    name, account = state.plain_name(request["TableName"]), accounts[context.account_id]
    if (context.region, name) in account.tables:
        raise error("ResourceInUseException", f"Table already exists: {name}")
    answer = ask_moto(context, request)
    if name not in dynamodb_backends[context.account_id][context.region].tables:
        return answer  # moto's error
    table = Table(context.account_id, context.region, name, table_class=request.get("TableClass"))
    table.index_status = {index.name: "CREATING" for index in table.moto.global_indexes}
    account.tables[context.region, name] = table
    account.later("dynamodb.table_creating", finish_creation, table)
    consistency.mark("consistency.dynamodb_describe", table.arn)
    consistency.mark_created(context, "dynamodb", name)
    return {"TableDescription": describe(table)}


def finish_creation(table: Table):
    table.status = "ACTIVE"
    table.index_status.clear()


def describe_table(context, request):
    table = state.find(context, request["TableName"])
    if (
        consistency.not_visible_yet("consistency.dynamodb_describe", table.arn)
        and not context.is_internal_call
    ):
        raise state.not_found(table.name)
    return {"Table": describe(table)}


def describe(table: Table) -> dict:
    described = copy.deepcopy(table.moto.describe(base_key="Table")["Table"])
    described |= {"TableStatus": table.status, "TableId": table.table_id, "CreationDateTime": table.created}
    described |= replicas.describe(table)
    if described["BillingModeSummary"]["BillingMode"] != "PAY_PER_REQUEST":
        del described["BillingModeSummary"]
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in described[kind]:
            index["IndexArn"] = f"{table.arn}/index/{index['IndexName']}"
        if not described[kind]:
            del described[kind]
    for index in described.get("GlobalSecondaryIndexes", []):
        index["IndexStatus"] = table.index_status.get(index["IndexName"], "ACTIVE")
    if table.table_class:
        described["TableClassSummary"] = {"TableClass": table.table_class}
    return described


def delete_table(context, request):
    table = state.find(context, request["TableName"])
    state.check_changeable(table)
    replicas.check_can_delete(table)
    if table.group:
        if table.group.consistency == "STRONG":
            raise invalid(
                "A replica of a table with strong multi-Region consistency cannot be deleted on its own."
            )
        replicas.start_removal(table, [table])
    else:
        table.status = "DELETING"
        accounts[context.account_id].later("dynamodb.table_deleting", state.remove, table)
    return {"TableDescription": describe(table)}


# --- changes of a table ---------------------------------------------------------------------------


def update_table(context, request):
    table = state.find(context, request["TableName"])
    state.check_changeable(table)
    wants_replicas = any(request.get(name) for name in REPLICA_CHANGES)
    others = [name for name in OTHER_CHANGES if request.get(name)]
    protection = request.get("DeletionProtectionEnabled")
    if wants_replicas and (others or protection is not None):
        raise invalid(
            "One or more parameter values were invalid: ReplicaUpdates cannot be combined with other updates."
        )
    if wants_replicas:
        replicas.change(table, request)
    elif others or protection is not None:
        change_settings(table, request, others)
    else:
        raise invalid(NOTHING_TO_UPDATE)
    return {"TableDescription": describe(table)}


def change_settings(table: Table, request, changes: list[str]):
    members = table.members() if changes else [table]
    for member in members:
        state.check_changeable(member)
    if "GlobalSecondaryIndexUpdates" in changes:
        check_index_changes(table, request)
    if "StreamSpecification" in changes:
        check_stream(table, request["StreamSpecification"])
    for member in members:
        apply_settings(member, request)
    if request.get("DeletionProtectionEnabled") is not None:
        table.moto.deletion_protection_enabled = request["DeletionProtectionEnabled"]
    if changes:
        start_update(members)
    for update in request.get("GlobalSecondaryIndexUpdates") or []:
        start_index_change(members, *next(iter(update.items())))


def start_update(members: list[Table]):
    for member in members:
        member.status = "UPDATING"
    accounts[members[0].account_id].later("dynamodb.table_updating", finish_update, members)


def finish_update(members: list[Table]):
    for member in members:
        if member.status == "UPDATING":
            member.status = "ACTIVE"


def apply_settings(member: Table, request):
    inner = member.moto
    if request.get("AttributeDefinitions"):
        known = {a["AttributeName"]: a for a in inner.attr} | {
            a["AttributeName"]: a for a in request["AttributeDefinitions"]
        }
        inner.attr = list(known.values())
    if request.get("BillingMode"):
        inner.billing_mode = request["BillingMode"]
        if inner.billing_mode == "PAY_PER_REQUEST":
            inner.throughput = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0, "NumberOfDecreasesToday": 0}
    if request.get("ProvisionedThroughput"):
        inner.throughput = dict(request["ProvisionedThroughput"]) | {"NumberOfDecreasesToday": 0}
    if request.get("WarmThroughput"):
        inner.warm_throughput = dict(request["WarmThroughput"]) | {"Status": "ACTIVE"}
    if request.get("StreamSpecification"):
        inner.set_stream_specification(dict(request["StreamSpecification"]))
    if request.get("SSESpecification"):
        inner.sse_specification = {"KMSMasterKeyId": "alias/aws/dynamodb"} | request["SSESpecification"]
    if request.get("TableClass"):
        member.table_class = request["TableClass"]


def check_stream(table: Table, wanted: dict):
    enabled = (table.moto.stream_specification or {}).get("StreamEnabled")
    if wanted.get("StreamEnabled") and enabled:
        raise invalid(f"Table already has an enabled stream: TableName: {table.name}")
    if not wanted.get("StreamEnabled") and not enabled:
        raise invalid(f"Table has no stream to disable: TableName: {table.name}")
    if not wanted.get("StreamEnabled") and table.group and table.group.consistency == "EVENTUAL":
        raise invalid(f"Streams cannot be disabled on a replica of a global table: TableName: {table.name}")


# --- indexes --------------------------------------------------------------------------------------


def check_index_changes(table: Table, request):
    changes = [next(iter(update.items())) for update in request["GlobalSecondaryIndexUpdates"]]
    if sum(action in ("Create", "Delete") for action, _ in changes) > 1:
        raise error(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        )
    state.check_indexes_settled(table)
    existing = {index.name for index in table.moto.global_indexes}
    defined = {a["AttributeName"] for a in [*table.moto.attr, *(request.get("AttributeDefinitions") or [])]}
    for action, index in changes:
        if action == "Create" and index["IndexName"] in existing:
            raise invalid(f"Attempting to create an index which already exists: {index['IndexName']}")
        if action != "Create" and index["IndexName"] not in existing:
            raise error(
                "ResourceNotFoundException",
                f"Requested resource not found: Index: {index['IndexName']} not found",
            )
        missing = {key["AttributeName"] for key in index.get("KeySchema") or []} - defined
        if missing:
            raise invalid(
                "One or more parameter values were invalid: Some index key attributes are not defined in "
                f"AttributeDefinitions. Keys: {sorted(missing)}"
            )


def start_index_change(members: list[Table], action: str, index: dict):
    name, account = index["IndexName"], accounts[members[0].account_id]
    for member in members:
        inner = member.moto
        if action == "Create":
            inner.global_indexes.append(
                GlobalSecondaryIndex.create(copy.deepcopy(index), inner.table_key_attrs)
            )
            member.index_status[name] = "CREATING"
        elif action == "Delete":
            member.index_status[name] = "DELETING"
        else:
            next(i for i in inner.global_indexes if i.name == name).update(copy.deepcopy(index))
    if action != "Update":
        duration = "dynamodb.index_creating" if action == "Create" else "dynamodb.index_deleting"
        account.later(duration, finish_index_change, members, action, name)


def finish_index_change(members: list[Table], action: str, name: str):
    for member in members:
        member.index_status.pop(name, None)
        if action == "Delete" and member.status != "DELETING":
            drop_index(member, name)


def drop_index(member: Table, name: str):
    inner = dynamodb_backends[member.account_id][member.region].tables.get(member.name)
    if inner is None:
        return
    inner.global_indexes = [index for index in inner.global_indexes if index.name != name]
    used = set(inner.table_key_attrs) | {
        k["AttributeName"] for i in inner.indexes + inner.global_indexes for k in i.schema
    }
    inner.attr = [attribute for attribute in inner.attr if attribute["AttributeName"] in used]


# --- time to live and backups ---------------------------------------------------------------------


def update_ttl(context, request):
    table, wanted = state.find(context, request["TableName"]), request["TimeToLiveSpecification"]
    current = table.moto.ttl
    if table.status in ("CREATING", "DELETING"):
        raise in_use(f"Table is not ACTIVE: {table.name}")
    if table.group and table.group.consistency == "STRONG":
        raise invalid("Time to Live is not supported with strong multi-Region consistency.")
    if current["TimeToLiveStatus"] in ("ENABLING", "DISABLING"):
        raise invalid("Time to live has been modified multiple times within a fixed interval")
    if wanted["Enabled"] == (current["TimeToLiveStatus"] == "ENABLED"):
        raise invalid(f"TimeToLive is already {'enabled' if wanted['Enabled'] else 'disabled'}")
    if not wanted["Enabled"] and wanted["AttributeName"] != current.get("AttributeName"):
        raise invalid(
            "TimeToLive is active on a different AttributeName: current AttributeName is "
            f"{current.get('AttributeName')}"
        )
    members = table.members()
    set_ttl(members, "ENABLING" if wanted["Enabled"] else "DISABLING", wanted["AttributeName"])
    finished = ("ENABLED", wanted["AttributeName"]) if wanted["Enabled"] else ("DISABLED", None)
    accounts[context.account_id].later("dynamodb.ttl_changing", finish_ttl, table, *finished)
    return {"TimeToLiveSpecification": wanted}


def finish_ttl(table: Table, status: str, attribute: str | None):
    set_ttl(table.members(), status, attribute)


def set_ttl(members: list[Table], status: str, attribute: str | None):
    for member in members:
        if member.status != "DELETING":
            member.moto.ttl = {"TimeToLiveStatus": status} | (
                {"AttributeName": attribute} if attribute else {}
            )


def describe_ttl(context, request):
    return {"TimeToLiveDescription": dict(state.find_readable(context, request["TableName"]).moto.ttl)}


def table_with_backups(context, request) -> Table:
    name = state.plain_name(request["TableName"])
    table = accounts[context.account_id].tables.get((context.region, name))
    if table is None or table.status == "DELETING":
        raise error("TableNotFoundException", f"Table not found: {name}")
    return table


def describe_backups(context, request):
    table = table_with_backups(context, request)
    if table.status == "CREATING":
        raise error("TableNotFoundException", f"Table not found: {table.name}")
    return {"ContinuousBackupsDescription": copy.deepcopy(table.moto.continuous_backups)}


def update_backups(context, request):
    table = table_with_backups(context, request)
    if table.status == "CREATING":
        raise error(
            "ContinuousBackupsUnavailableException", "Backups are being enabled for the table; retry later"
        )
    answer = ask_moto(context, request)
    recovery = table.moto.continuous_backups["PointInTimeRecoveryDescription"]
    wanted = request["PointInTimeRecoverySpecification"]
    if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
        recovery["RecoveryPeriodInDays"] = wanted.get("RecoveryPeriodInDays") or BACKUP_DAYS
        answer = {"ContinuousBackupsDescription": copy.deepcopy(table.moto.continuous_backups)}
    return answer


# --- tags -----------------------------------------------------------------------------------------


# (arn, id) of a table -> its tags and from when ListTagsOfResource shows them
tags_written: dict = state.stores.store("tags_written", {})


def set_tags(table: Table, tags: list):
    if consistency.is_eventual():
        history = tags_written.setdefault((table.arn, table.table_id), [])
        consistency.write(history, "consistency.dynamodb_tags", table.moto.tags, tags)
    table.moto.tags = tags


def tag(context, request):
    table = state.find_by_arn(context, request["ResourceArn"])
    set_tags(table, tag_list(tag_dict(table.moto.tags) | tag_dict(request["Tags"])))


def untag(context, request):
    table = state.find_by_arn(context, request["ResourceArn"])
    set_tags(table, [t for t in table.moto.tags if t["Key"] not in request["TagKeys"]])


def list_tags(context, request):
    table = state.find_by_arn(context, request["ResourceArn"])
    state.check_readable(table)
    tags = table.moto.tags
    if not context.is_internal_call:
        tags = consistency.seen(tags_written.get((table.arn, table.table_id), []), tags)
    shown, token = page(tags, request.get("NextToken"), TAGS_PER_PAGE)
    return {"Tags": shown} | ({"NextToken": token} if token else {})


def tagged(account_id: str, region: str):
    for table in list(accounts[account_id].tables.values()):
        inner = dynamodb_backends[account_id][region].tables.get(table.name)
        if table.region == region and inner is not None:
            yield table.arn, tag_dict(inner.tags)
