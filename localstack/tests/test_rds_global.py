"""RDS: global clusters and their members."""

import pytest
from conftest import fails
from databases import (
    CAPACITY,
    CREATED,
    FORWARDING,
    GONE,
    JOINED,
    OTHER,
    PASSWORD,
    PROMOTED,
    REGION,
    STARTED,
    VERSION,
    Databases,
    db,
    global_cluster,
    other,
    primary,
    running,
    secondary,
    see_global,
)

pytestmark = pytest.mark.usefixtures("step")


def members(rds, name):
    return {one["DBClusterArn"].split(":")[3]: one for one in see_global(rds, name)["GlobalClusterMembers"]}


# --- making -----------------------------------------------------------------------------------------


def test_a_global_cluster_is_made_empty_and_seen_from_every_region(db, other, name, step):
    made = global_cluster(db.rds, f"{name}-G", DatabaseName="orders", Tags=[{"Key": "a", "Value": "b"}])
    assert made["GlobalClusterIdentifier"] == f"{name}-g"
    assert made["GlobalClusterArn"] == f"arn:aws:rds::000000000000:global-cluster:{name}-g"
    assert (made["Status"], made["GlobalClusterMembers"]) == ("creating", [])
    assert ".global-" in made["Endpoint"]
    with fails("GlobalClusterAlreadyExistsFault"):
        global_cluster(other.rds, f"{name}-g")
    step(15)
    seen = see_global(other.rds, f"{name}-G")
    assert (seen["Status"], seen["DatabaseName"]) == ("available", "orders")
    assert seen["TagList"] == [{"Key": "a", "Value": "b"}]
    with fails("GlobalClusterNotFoundFault"):
        see_global(db.rds, "no-such")


def test_a_version_that_cannot_be_global_is_refused(db, name):
    with fails("InvalidParameterValue", "does not support global functionality"):
        global_cluster(db.rds, name, EngineVersion="16.4-limitless")
    with fails("InvalidParameterCombination", "Cannot find version 99.9 for aurora-postgresql"):
        global_cluster(db.rds, name, EngineVersion="99.9")
    with fails("InvalidParameterValue", "engineName should be specified"):
        db.rds.create_global_cluster(GlobalClusterIdentifier=name)


def test_a_cluster_that_stands_becomes_the_primary(db, other, running, name, step):
    arn = db.see(running)["DBClusterArn"]
    make = {"GlobalClusterIdentifier": f"{name}-g", "SourceDBClusterIdentifier": arn}
    for more in ({"Engine": "aurora-postgresql"}, {"EngineVersion": VERSION}, {"StorageEncrypted": False}):
        with fails("InvalidParameterCombination", "source DB cluster"):
            db.rds.create_global_cluster(**make, **more)
    db.rds.create_global_cluster(**make)
    assert members(db.rds, f"{name}-g")[REGION]["IsWriter"]
    assert db.see(running)["GlobalClusterIdentifier"] == f"{name}-g"
    with fails("InvalidDBClusterStateFault", "member of a global cluster already"):
        db.rds.create_global_cluster(**make | {"GlobalClusterIdentifier": f"{name}-h"})
    step(15)
    other.secondary(f"{name}-us", f"{name}-g")
    assert set(members(db.rds, f"{name}-g")) == {REGION, OTHER}


def test_global_clusters_are_filtered_by_the_regions_of_their_members(db, primary):
    def found(region):
        filters = [{"Name": "region", "Values": [region]}]
        return [
            one["GlobalClusterIdentifier"]
            for one in db.rds.describe_global_clusters(Filters=filters)["GlobalClusters"]
        ]

    assert primary.of in found(REGION)
    assert primary.of not in found("eu-central-1")
    with fails("InvalidParameterValue", "Unrecognized filter name"):
        db.rds.describe_global_clusters(Filters=[{"Name": "engine", "Values": ["x"]}])


# --- joining ----------------------------------------------------------------------------------------


def test_the_primary_reads_and_writes_and_a_secondary_reads(db, other, primary, secondary):
    both = members(db.rds, primary.of)
    assert both[REGION]["IsWriter"] and not both[OTHER]["IsWriter"]
    assert (both[REGION]["Readers"], both[OTHER]["Readers"]) == ([secondary.arn], [])
    assert {one["SynchronizationStatus"] for one in both.values()} == {"connected"}
    assert db.writer(primary.name) == [primary.instance]
    assert other.writer(secondary.name) == []
    seen = other.see(secondary.name)
    assert (seen["MasterUsername"], seen["ReplicationSourceIdentifier"]) == ("app", primary.arn)
    assert db.see(primary.name)["ReadReplicaIdentifiers"] == [secondary.arn]


def test_write_forwarding_is_effective_on_secondaries_alone(db, other, primary, name, step):
    seen = db.see(primary.name)
    assert (seen["GlobalWriteForwardingRequested"], seen["GlobalWriteForwardingStatus"]) == (True, "disabled")
    other.secondary(f"{name}-us", primary.of, EnableGlobalWriteForwarding=True)
    step(JOINED)
    status = "GlobalWriteForwardingStatus"
    assert members(db.rds, primary.of)[OTHER][status] == "enabled"
    other.modify(f"{name}-us", EnableGlobalWriteForwarding=False)
    assert other.see(f"{name}-us")[status] == "disabling"
    assert other.status(f"{name}-us") == "available"
    step(FORWARDING)
    assert other.see(f"{name}-us")[status] == "disabled"
    other.modify(f"{name}-us", EnableGlobalWriteForwarding=True)
    assert members(db.rds, primary.of)[OTHER][status] == "enabling"
    with fails("InvalidDBClusterStateFault"):
        other.modify(f"{name}-us", EnableGlobalWriteForwarding=False)
    step(FORWARDING)
    assert other.see(f"{name}-us")[status] == "enabled"


def test_write_forwarding_needs_a_member_and_a_version_with_it(db, running, name, step):
    with fails("InvalidParameterCombination", "members of a global cluster"):
        db.cluster(f"{name}-x", EnableGlobalWriteForwarding=True)
    with fails("InvalidParameterCombination", "members of a global cluster"):
        db.modify(running, EnableGlobalWriteForwarding=True)
    global_cluster(db.rds, f"{name}-g", EngineVersion="15.3")
    step(15)
    joining = {"EngineVersion": "15.3", "GlobalClusterIdentifier": f"{name}-g"}
    with fails("InvalidParameterCombination", "not supported for aurora-postgresql version 15.3"):
        db.cluster(f"{name}-y", **joining, EnableGlobalWriteForwarding=True)
    db.cluster(f"{name}-y", **joining)


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({"MasterUsername": "app"}, "user name"),
        ({"MasterUserPassword": PASSWORD}, "password"),
        ({"DatabaseName": "orders"}, "database name"),
    ],
)
def test_a_secondary_has_user_password_and_database_of_its_primary(other, primary, name, given, called):
    text = f"Cannot specify {called} for cross region replication cluster"
    with fails("InvalidParameterCombination", text):
        other.secondary(f"{name}-us", primary.of, **given)


def test_no_member_leaves_its_password_to_secrets_manager(db, other, primary, name, step):
    with fails("InvalidParameterCombination", "ManageMasterUserPassword is not supported"):
        other.secondary(f"{name}-us", primary.of, ManageMasterUserPassword=True)
    with fails("InvalidParameterCombination", "ManageMasterUserPassword is not supported"):
        db.modify(primary.name, ManageMasterUserPassword=True)


def test_engine_version_encryption_and_database_are_those_of_the_global_cluster(aws, db, other, name, step):
    global_cluster(db.rds, name, DatabaseName="orders", StorageEncrypted=True)
    step(15)
    joining = {"GlobalClusterIdentifier": name}
    with fails("InvalidParameterValue", "Value for engineVersion should match setting for global cluster"):
        db.cluster(f"{name}-eu", **joining, EngineVersion="16.8")
    with fails("InvalidParameterValue", "Value for engine should match"):
        db.cluster(f"{name}-eu", **joining, Engine="aurora-mysql", EngineVersion="8.0")
    with fails("InvalidParameterValue", "databaseName"):
        db.cluster(f"{name}-eu", **joining, DatabaseName="other")
    with fails("InvalidParameterValue", "storageEncrypted"):
        db.cluster(f"{name}-eu", **joining, StorageEncrypted=False)
    made = db.cluster(f"{name}-eu", **joining)
    assert (made["StorageEncrypted"], made["StorageEncryptionType"]) == (True, "sse-kms")
    assert db.see(f"{name}-eu")["DatabaseName"] == "orders"
    db.instance(f"{name}-eu", f"{name}-eu-1")
    step(CREATED + STARTED)
    with fails("InvalidParameterCombination", "KmsKeyId must be specified"):
        other.secondary(f"{name}-us", name)
    with fails("InvalidParameterCombination", "cross region unencrypted cluster from encrypted source"):
        other.secondary(f"{name}-us", name, StorageEncrypted=False)
    key = aws("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    with fails("KMSKeyNotAccessibleFault", key):
        other.secondary(f"{name}-us", name, KmsKeyId=key)  # of another region
    own = other.secondary(f"{name}-us", name, KmsKeyId="alias/aws/rds")
    assert own["KmsKeyId"].split(":")[3] == OTHER


def test_a_secondary_is_refused_until_its_primary_is_available(db, other, name, step):
    global_cluster(db.rds, name)
    with fails("InvalidGlobalClusterStateFault"):
        db.cluster(f"{name}-eu", GlobalClusterIdentifier=name)
    step(15)
    db.cluster(f"{name}-eu", GlobalClusterIdentifier=name)
    with fails("InvalidDBClusterStateFault", "not valid for physical replication"):
        other.secondary(f"{name}-us", name)
    step(CREATED)
    with fails("InvalidDBClusterStateFault", "does not have any available or creating instances"):
        other.secondary(f"{name}-us", name)
    db.instance(f"{name}-eu", f"{name}-eu-1")
    assert other.secondary(f"{name}-us", name)["Status"] == "creating"


def test_secondaries_are_made_one_after_the_other_and_one_in_a_region(aws, db, other, primary, name, step):
    other.secondary(f"{name}-us", primary.of)
    third = Databases(aws, "eu-central-1")
    with fails("InvalidDBClusterStateFault", "not valid for physical replication"):
        third.secondary(f"{name}-de", primary.of)
    step(JOINED)
    third.secondary(f"{name}-de", primary.of)
    with fails("InvalidParameterValue", "has a member in the region"):
        other.secondary(f"{name}-us2", primary.of)
    assert [one["IsWriter"] for one in see_global(db.rds, primary.of)["GlobalClusterMembers"]] == [
        True,
        False,
        False,
    ]


def test_burstable_classes_have_no_part_in_a_global_cluster(db, primary, name, running):
    with fails("InvalidParameterCombination", "db.t4g.medium"):
        db.instance(primary.name, f"{name}-t", DBInstanceClass="db.t4g.medium")
    db.instance(running, f"{name}-t", DBInstanceClass="db.t4g.medium")


# --- leaving ----------------------------------------------------------------------------------------


def remove(db, of, arn):
    return db.rds.remove_from_global_cluster(GlobalClusterIdentifier=of, DbClusterIdentifier=arn)


def test_a_secondary_that_leaves_is_promoted_and_stands_alone(db, other, primary, secondary, step):
    remove(other, primary.of, secondary.arn)
    assert other.status(secondary.name) == "promoting"
    assert OTHER in members(db.rds, primary.of)
    with fails("InvalidDBClusterStateFault", "remove it from globalcluster first"):
        other.delete(secondary.name)
    step(60)
    assert OTHER not in members(db.rds, primary.of)
    assert other.status(secondary.name) == "promoting"
    other.rds.delete_db_instance(DBInstanceIdentifier=secondary.instance)
    with fails("InvalidDBClusterStateFault", "Can't create a snapshot because the database cluster"):
        other.delete(secondary.name, FinalDBSnapshotIdentifier=f"{secondary.name}-final")
    with fails("InvalidParameterValue", "is not found in global cluster"):
        remove(other, primary.of, secondary.arn)
    step(PROMOTED - 60)
    seen = other.see(secondary.name)
    assert (seen["Status"], seen.get("GlobalClusterIdentifier")) == ("available", None)
    assert "ReplicationSourceIdentifier" not in seen


def test_a_promoted_cluster_has_a_writer_and_the_password_it_had(
    control, db, other, primary, secondary, step
):
    remove(other, primary.of, secondary.arn)
    step(PROMOTED)
    assert other.writer(secondary.name) == [secondary.instance]
    login = {"region": OTHER, "cluster": secondary.name, "user": "app", "password": PASSWORD}
    assert control("rds/login", login) == {"accepted": True}


def test_the_primary_leaves_last(db, other, primary, secondary, step):
    with fails("InvalidGlobalClusterStateFault"):
        remove(db, primary.of, primary.arn)
    with fails("InvalidParameterValue", "Specify its ARN"):
        remove(db, primary.of, primary.name)
    remove(other, primary.of, secondary.arn)
    step(60)
    remove(db, primary.of, primary.arn)
    assert (db.status(primary.name), db.writer(primary.name)) == ("available", [primary.instance])
    assert see_global(db.rds, primary.of)["GlobalClusterMembers"] == []


def test_a_member_is_deleted_in_the_right_order_only(db, other, primary, secondary, step):
    with fails("InvalidDBClusterStateFault", "This cluster is a part of a global cluster"):
        other.delete(secondary.name)
    with fails("InvalidGlobalClusterStateFault", "primary member of global cluster while there are other"):
        db.delete(primary.name)
    with fails("InvalidDBClusterStateFault", "Cannot delete the last instance of the master cluster"):
        db.rds.delete_db_instance(DBInstanceIdentifier=primary.instance)
    remove(other, primary.of, secondary.arn)
    step(PROMOTED)
    other.rds.delete_db_instance(DBInstanceIdentifier=secondary.instance)
    other.delete(secondary.name)
    db.rds.delete_db_instance(DBInstanceIdentifier=primary.instance)
    db.delete(primary.name)  # the only member, which leaves by being deleted
    step(GONE)
    for where, gone in ((db, primary), (other, secondary)):
        with fails("DBClusterNotFoundFault"):
            where.see(gone.name)


def test_secondaries_may_have_no_instance(other, primary, secondary, step):
    other.rds.delete_db_instance(DBInstanceIdentifier=secondary.instance)
    step(300)
    assert other.see(secondary.name)["DBClusterMembers"] == []


def test_a_global_cluster_is_deleted_when_it_has_been_empty_for_a_while(db, primary, step):
    of = {"GlobalClusterIdentifier": primary.of}
    with fails("InvalidGlobalClusterStateFault", "is not empty"):
        db.rds.delete_global_cluster(**of)
    remove(db, primary.of, primary.arn)
    with fails("InvalidGlobalClusterStateFault", "is not empty"):
        db.rds.delete_global_cluster(**of)
    step(60)
    assert db.rds.delete_global_cluster(**of)["GlobalCluster"]["Status"] == "deleting"
    step(15)
    with fails("GlobalClusterNotFoundFault"):
        db.rds.delete_global_cluster(**of)
    with fails("GlobalClusterNotFoundFault"):
        remove(db, primary.of, primary.arn)


def test_the_wait_for_an_empty_global_cluster_begins_when_its_last_member_has_gone(db, primary, step):
    db.rds.delete_db_instance(DBInstanceIdentifier=primary.instance)
    db.delete(primary.name)
    step(GONE + 60)
    db.rds.delete_global_cluster(GlobalClusterIdentifier=primary.of)


def test_a_protected_global_cluster_stays(db, name, step):
    global_cluster(db.rds, name, DeletionProtection=True)
    step(15)
    with fails("InvalidParameterCombination", "Cannot delete protected"):
        db.rds.delete_global_cluster(GlobalClusterIdentifier=name)
    changed = db.rds.modify_global_cluster(GlobalClusterIdentifier=name, DeletionProtection=False)
    assert changed["GlobalCluster"]["DeletionProtection"] is False
    db.rds.delete_global_cluster(GlobalClusterIdentifier=name)
