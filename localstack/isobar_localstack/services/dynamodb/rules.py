"""DynamoDB: names of tables and indexes, how many indexes."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def invalid(message):
    return error("ValidationException", message)


def keys(context, request):
    """Not required in the model any more, since a replica made by CreateTable takes them from its source."""
    if request.get("GlobalTableSourceArn"):
        return
    for member in ("AttributeDefinitions", "KeySchema"):
        if request.get(member) is None:
            raise error(
                "ValidationException",
                f"1 validation error detected: Value null at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: "
                "Member must not be null",
            )


def names(context, request):
    name = request["TableName"]
    if name.startswith("arn:"):
        raise invalid("TableName of a new table must be a name, not an ARN")
    if not 3 <= len(name) <= 255:  # [doc]
        raise invalid("TableName must be at least 3 characters long and at most 255 characters long")
    indexes = [*(request.get("GlobalSecondaryIndexes") or []), *(request.get("LocalSecondaryIndexes") or [])]
    for one in [name, *(index["IndexName"] for index in indexes)]:
        if not matches(fact("dynamodb.table_name"), one):
            raise invalid(
                "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain "
                "only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
            )


def indexes(context, request):
    wrong = "One or more parameter values were invalid: "
    if len(request.get("GlobalSecondaryIndexes") or []) > fact("dynamodb.global_indexes"):
        raise invalid(wrong + "GlobalSecondaryIndex count exceeds the per-table limit of 20")
    if len(request.get("LocalSecondaryIndexes") or []) > fact("dynamodb.local_indexes"):
        raise invalid(wrong + "Number of LocalSecondaryIndexes exceeds per-table limit of 5")


def update(context, request):
    if all(
        value is None for name, value in request.items() if name not in ("TableName", "AttributeDefinitions")
    ):
        raise invalid(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
            "SSESpecification or ReplicaUpdates is required"
        )
    if len(request.get("GlobalSecondaryIndexUpdates") or []) > 1:
        kinds = [
            kind
            for change in request["GlobalSecondaryIndexUpdates"]
            for kind in change
            if kind in ("Create", "Delete")
        ]
        if len(kinds) > 1:
            raise error(
                "LimitExceededException",
                "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
            )


RULES = {"CreateTable": [keys, names, indexes], "UpdateTable": [update]}
