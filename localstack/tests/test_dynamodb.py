import pytest
from conftest import eventually, fails

pytestmark = pytest.mark.usefixtures("step")

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
KEY = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def describe(aws, name, region="us-east-1"):
    return aws("dynamodb", region).describe_table(TableName=name)["Table"]


def active(aws, name, region="us-east-1"):
    return eventually(lambda: (t := describe(aws, name, region))["TableStatus"] == "ACTIVE" and t)


def create(aws, name, **more):
    definition = KEY | {"BillingMode": "PAY_PER_REQUEST", "StreamSpecification": STREAM} | more
    return aws("dynamodb").create_table(TableName=name, **definition)["TableDescription"]


def exists(aws, name, region):
    return name in aws("dynamodb", region).list_tables()["TableNames"]


@pytest.fixture
def table(aws, name):
    create(aws, name)
    active(aws, name)
    return name


def replica(aws, table, action, region, origin="us-east-1", **more):
    return aws("dynamodb", origin).update_table(
        TableName=table, ReplicaUpdates=[{action: {"RegionName": region} | more}]
    )


@pytest.fixture
def global_table(aws, table):
    replica(aws, table, "Create", "eu-west-1")
    active(aws, table)
    return table


def put(aws, table, region, key, **more):
    aws("dynamodb", region).put_item(TableName=table, Item={"id": {"S": key}}, **more)


def ids(aws, table, region):
    return {item["id"]["S"] for item in aws("dynamodb", region).scan(TableName=table)["Items"]}


def test_a_table_is_created_and_deleted_in_time(aws, name):
    assert create(aws, name)["TableStatus"] == "CREATING"
    with fails("ResourceInUseException"):
        aws("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=True)
    with fails("ResourceNotFoundException"):
        put(aws, name, "us-east-1", "early")
    with fails("ResourceInUseException"):
        create(aws, name)
    active(aws, name)
    assert aws("dynamodb").delete_table(TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    eventually(lambda: not exists(aws, name, "us-east-1"))
    with fails("ResourceNotFoundException"):
        describe(aws, name)


def test_what_is_read_of_a_table_being_deleted(aws, table):
    dynamodb, arn = aws("dynamodb"), describe(aws, table)["TableArn"]
    dynamodb.delete_table(TableName=table)
    assert describe(aws, table)["TableStatus"] == "DELETING"

    def nothing_else_is_read():
        with fails("ResourceNotFoundException"):
            dynamodb.describe_time_to_live(TableName=table)
        with fails("ResourceNotFoundException"):
            dynamodb.list_tags_of_resource(ResourceArn=arn)
        with fails("TableNotFoundException", f"Table not found: {table}"):
            dynamodb.describe_continuous_backups(TableName=table)
        with fails("TableNotFoundException"):
            recovery = {"PointInTimeRecoveryEnabled": True}
            dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)

    nothing_else_is_read()
    eventually(lambda: not exists(aws, table, "us-east-1"))
    nothing_else_is_read()
    with fails("ResourceNotFoundException"):
        describe(aws, table)


def test_a_replica_is_created_in_time(aws, table):
    put(aws, table, "us-east-1", "old")
    answer = replica(aws, table, "Create", "eu-west-1")["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    assert [(r["RegionName"], r["ReplicaStatus"]) for r in answer["Replicas"]] == [("eu-west-1", "CREATING")]
    assert describe(aws, table, "eu-west-1")["TableStatus"] == "CREATING"
    with fails("ResourceInUseException"):
        replica(aws, table, "Create", "us-west-2")
    here, there = active(aws, table), active(aws, table, "eu-west-1")
    assert [(r["RegionName"], r["ReplicaStatus"]) for r in here["Replicas"]] == [("eu-west-1", "ACTIVE")]
    assert [r["RegionName"] for r in there["Replicas"]] == ["us-east-1"]
    assert here["GlobalTableVersion"] == there["GlobalTableVersion"] == "2019.11.21"
    for same in ("KeySchema", "BillingModeSummary", "StreamSpecification", "AttributeDefinitions"):
        assert here[same] == there[same]
    assert ":eu-west-1:" in there["TableArn"]


def test_items_are_seen_everywhere(aws, global_table):
    put(aws, global_table, "us-east-1", "a")
    put(aws, global_table, "eu-west-1", "b")
    assert ids(aws, global_table, "us-east-1") == ids(aws, global_table, "eu-west-1") == {"a", "b"}
    refused = [
        {"Put": {"TableName": global_table, "Item": {"id": {"S": "c"}}}},
        {
            "Put": {
                "TableName": global_table,
                "Item": {"id": {"S": "a"}},
                "ConditionExpression": "attribute_not_exists(id)",
            }
        },
    ]
    with fails("TransactionCanceledException"):
        aws("dynamodb").transact_write_items(TransactItems=refused)
    assert ids(aws, global_table, "eu-west-1") == {"a", "b"}
    put(aws, global_table, "us-east-1", "d")
    aws("dynamodb", "eu-west-1").transact_write_items(
        TransactItems=[{"Delete": {"TableName": global_table, "Key": {"id": {"S": "a"}}}}]
    )
    assert ids(aws, global_table, "us-east-1") == ids(aws, global_table, "eu-west-1") == {"b", "d"}


def test_three_regions(aws, global_table):
    replica(aws, global_table, "Create", "us-west-2", origin="eu-west-1")
    for region in ("us-east-1", "eu-west-1", "us-west-2"):
        active(aws, global_table, region)
        others = {r["RegionName"] for r in describe(aws, global_table, region)["Replicas"]}
        assert others == {"us-east-1", "eu-west-1", "us-west-2"} - {region}


def test_a_replica_is_removed(aws, global_table):
    answer = replica(aws, global_table, "Delete", "eu-west-1")["TableDescription"]
    assert (answer["TableStatus"], answer["Replicas"][0]["ReplicaStatus"]) == ("UPDATING", "DELETING")
    assert "Replicas" not in active(aws, global_table)
    assert not exists(aws, global_table, "eu-west-1")
    aws("dynamodb").delete_table(TableName=global_table)


def test_the_source_is_not_deleted_while_it_has_replicas(aws, global_table):
    with fails("ValidationException", "acted as a source region"):
        aws("dynamodb").delete_table(TableName=global_table)
    with fails("ValidationException", "acted as a source region"):
        replica(aws, global_table, "Delete", "us-east-1", origin="eu-west-1")
    aws("dynamodb", "eu-west-1").delete_table(TableName=global_table)
    eventually(lambda: not exists(aws, global_table, "eu-west-1"))
    assert "Replicas" not in active(aws, global_table)


def test_the_source_goes_a_day_after_its_last_replica_was_made(aws, global_table, step):
    made = describe(aws, global_table, "eu-west-1")["CreationDateTime"]
    step(24 * 3600)
    assert (made - describe(aws, global_table, "eu-west-1")["CreationDateTime"]).total_seconds() > 23 * 3600
    replica(aws, global_table, "Delete", "us-east-1", origin="eu-west-1")
    eventually(lambda: not exists(aws, global_table, "us-east-1"))
    assert active(aws, global_table, "eu-west-1").get("Replicas", []) == []


def test_wrong_replica_changes(aws, table, name):
    dynamodb = aws("dynamodb")
    with fails("ValidationException"):
        dynamodb.update_table(
            TableName=table,
            ReplicaUpdates=[{"Create": {"RegionName": r}} for r in ("eu-west-1", "us-west-2")],
        )
    with fails("ValidationException", "local region"):
        replica(aws, table, "Create", "us-east-1")
    with fails("ValidationException", "was not found"):
        replica(aws, table, "Delete", "eu-west-1")
    with fails("ValidationException"):
        dynamodb.update_table(TableName=table)
    with fails("ValidationException"):
        dynamodb.update_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}],
        )
    aws("dynamodb", "eu-west-1").create_table(TableName=table, BillingMode="PAY_PER_REQUEST", **KEY)
    with fails("ValidationException", "already existed as tables"):
        replica(aws, table, "Create", "eu-west-1")


def test_a_replica_needs_a_stream(aws, name):
    aws("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)
    active(aws, name)
    with fails("ValidationException"):
        replica(aws, name, "Create", "eu-west-1")
    aws("dynamodb").update_table(TableName=name, StreamSpecification=STREAM)
    active(aws, name)
    replica(aws, name, "Create", "eu-west-1")


def test_time_to_live_is_the_same_everywhere(aws, global_table):
    wanted = {"Enabled": True, "AttributeName": "expires"}
    aws("dynamodb", "eu-west-1").update_time_to_live(TableName=global_table, TimeToLiveSpecification=wanted)
    for region in ("us-east-1", "eu-west-1"):

        def status():
            return aws("dynamodb", region).describe_time_to_live(TableName=global_table)[
                "TimeToLiveDescription"
            ]

        eventually(lambda: status() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})
    with fails("ValidationException", "already enabled"):
        aws("dynamodb").update_time_to_live(TableName=global_table, TimeToLiveSpecification=wanted)


def test_protection_backups_and_tags_are_per_region(aws, global_table):
    here, there = aws("dynamodb"), aws("dynamodb", "eu-west-1")
    there.update_table(TableName=global_table, DeletionProtectionEnabled=True)
    there.update_continuous_backups(
        TableName=global_table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    there.tag_resource(
        ResourceArn=describe(aws, global_table, "eu-west-1")["TableArn"], Tags=[{"Key": "a", "Value": "1"}]
    )
    there.tag_resource(
        ResourceArn=describe(aws, global_table, "eu-west-1")["TableArn"], Tags=[{"Key": "a", "Value": "2"}]
    )
    assert not describe(aws, global_table)["DeletionProtectionEnabled"]
    assert describe(aws, global_table, "eu-west-1")["DeletionProtectionEnabled"]

    def backups(client):
        description = client.describe_continuous_backups(TableName=global_table)[
            "ContinuousBackupsDescription"
        ]
        return description["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]

    def tags(region):
        return aws("dynamodb", region).list_tags_of_resource(
            ResourceArn=describe(aws, global_table, region)["TableArn"]
        )["Tags"]

    assert (backups(here), backups(there)) == ("DISABLED", "ENABLED")
    assert (tags("us-east-1"), tags("eu-west-1")) == ([], [{"Key": "a", "Value": "2"}])
    with fails("ValidationException", "protected against deletion"):
        replica(aws, global_table, "Delete", "eu-west-1")
    with fails("ValidationException", "protected against deletion"):
        there.delete_table(TableName=global_table)
    there.update_table(TableName=global_table, DeletionProtectionEnabled=False)
    replica(aws, global_table, "Delete", "eu-west-1")


def index(name="by_owner", attribute="owner"):
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }


def add_index(aws, table, *indexes):
    return aws("dynamodb").update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "owner", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": i} for i in indexes],
    )["TableDescription"]


def test_indexes_come_and_go_in_every_region(aws, global_table):
    assert add_index(aws, global_table, index())["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    active(aws, global_table)
    with fails("ResourceInUseException"):
        add_index(aws, global_table, index("second"))
    for region in ("us-east-1", "eu-west-1"):
        eventually(
            lambda: (
                describe(aws, global_table, region)["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
            )
        )
    with fails("LimitExceededException"):
        add_index(aws, global_table, index("second"), index("third"))
    answer = aws("dynamodb").update_table(
        TableName=global_table, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_owner"}}]
    )
    assert answer["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    for region in ("us-east-1", "eu-west-1"):
        eventually(lambda: "GlobalSecondaryIndexes" not in describe(aws, global_table, region))


def test_settings_reach_every_region(aws, global_table):
    throughput = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
    aws("dynamodb").update_table(
        TableName=global_table, BillingMode="PROVISIONED", ProvisionedThroughput=throughput
    )
    there = describe(aws, global_table, "eu-west-1")
    assert there["TableStatus"] == "UPDATING" and "BillingModeSummary" not in there
    assert there["ProvisionedThroughput"]["WriteCapacityUnits"] == 3
    active(aws, global_table, "eu-west-1")
    with fails("ValidationException", "cannot be disabled"):
        aws("dynamodb").update_table(TableName=global_table, StreamSpecification={"StreamEnabled": False})


def test_replica_update(aws, global_table):
    replica(aws, global_table, "Update", "eu-west-1", TableClassOverride="STANDARD_INFREQUENT_ACCESS")
    assert describe(aws, global_table)["Replicas"][0]["ReplicaStatus"] == "UPDATING"
    found = active(aws, global_table)["Replicas"][0]
    assert found["ReplicaTableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


def test_strong_consistency_is_made_and_unmade_in_one_call(aws, table):
    def change(action):
        return aws("dynamodb").update_table(
            TableName=table,
            **({"MultiRegionConsistency": "STRONG"} if action == "Create" else {}),
            ReplicaUpdates=[{action: {"RegionName": "us-east-2"}}],
            GlobalTableWitnessUpdates=[{action: {"RegionName": "us-west-2"}}],
        )

    with fails("ValidationException", "three Regions"):
        aws("dynamodb").update_table(
            TableName=table,
            MultiRegionConsistency="STRONG",
            ReplicaUpdates=[{"Create": {"RegionName": "us-east-2"}}],
        )
    change("Create")
    found = active(aws, table)
    assert found["MultiRegionConsistency"] == "STRONG"
    assert found["GlobalTableWitnesses"][0]["RegionName"] == "us-west-2"
    assert not exists(aws, table, "us-west-2")
    with fails("ValidationException"):
        replica(aws, table, "Delete", "us-east-2")
    change("Delete")
    eventually(lambda: "Replicas" not in describe(aws, table) and not exists(aws, table, "us-east-2"))
