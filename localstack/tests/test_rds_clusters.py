"""RDS: the life of a cluster, and what it leaves."""

import re

import pytest
from conftest import ACCOUNT, fails
from databases import (
    CAPACITY,
    CREATED,
    ENGINE,
    GONE,
    PASSWORD,
    REGION,
    STARTED,
    VERSION,
    Databases,
    db,
    other,
    running,
)

pytestmark = pytest.mark.usefixtures("step")


# --- making -----------------------------------------------------------------------------------------


def test_a_cluster_is_creating_backing_up_and_available(db, name, step):
    made = db.cluster(f"{name}-A", DatabaseName="orders", Tags=[{"Key": "a", "Value": "b"}])
    assert made["DBClusterIdentifier"] == f"{name}-a"
    assert made["DBClusterArn"] == f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{name}-a"
    assert re.fullmatch(
        rf"{name}-a\.cluster-c[a-z0-9]{{11}}\.{REGION}\.rds\.amazonaws\.com", made["Endpoint"]
    )
    assert f"{name}-a.cluster-ro-" in made["ReaderEndpoint"]
    assert (made["Port"], made["HostedZoneId"]) == (5432, "Z29XKXDKYMONMX")
    assert re.fullmatch(r"cluster-[A-Z0-9]{26}", made["DbClusterResourceId"])
    assert (made["BackupRetentionPeriod"], made["EngineMode"]) == (1, "provisioned")
    assert "PendingModifiedValues" not in made and "StorageType" not in made
    statuses = [db.status(f"{name}-a")]
    for seconds in (240, 60):
        step(seconds)
        statuses.append(db.status(f"{name}-a"))
    assert statuses == ["creating", "backing-up", "available"]
    assert db.see(f"{name}-a")["LatestRestorableTime"]


def test_a_name_is_taken_in_its_region_only(db, other, name):
    db.cluster(name)
    with fails("DBClusterAlreadyExistsFault"):
        db.cluster(name.upper())
    other.cluster(name)


def test_clusters_are_found_by_name_arn_and_filter(db, other, name):
    arn = db.cluster(name)["DBClusterArn"]
    other.cluster(name)
    assert db.see(arn)["DBClusterArn"] == arn
    assert db.see(name.upper())["DBClusterArn"] == arn
    with fails("DBClusterNotFoundFault"):
        db.see(arn.replace(REGION, "us-east-1"))

    def found(filter_name, *values):
        filters = [{"Name": filter_name, "Values": list(values)}]
        answer = db.rds.describe_db_clusters(Filters=filters)["DBClusters"]
        return [one["DBClusterIdentifier"] for one in answer]

    assert found("db-cluster-id", arn, "no-such") == found("db-cluster-id", name) == [name]
    assert found("db-cluster-id", arn.replace(REGION, "us-east-1")) == []
    assert name in found("engine", ENGINE) and name not in found("engine", "aurora-mysql")
    with fails("InvalidParameterValue", "Unrecognized filter name: tag"):
        found("tag", "x")


def test_clusters_come_in_pages(db, name):
    for number in range(21):
        db.cluster(f"{name}-{number}")
    pages = list(db.rds.get_paginator("describe_db_clusters").paginate(PaginationConfig={"PageSize": 20}))
    assert len(pages[0]["DBClusters"]) == 20 and len(pages) > 1
    for size in (19, 101):
        with fails("InvalidParameterValue", "MaxRecords"):
            db.rds.describe_db_clusters(MaxRecords=size)


def test_security_groups_are_of_the_vpc_of_the_subnet_group(db, name):
    vpc = db.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    foreign = db.ec2.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    with fails("InvalidParameterCombination", "different VPCs"):
        db.cluster(name, VpcSecurityGroupIds=[foreign])
    with fails("InvalidParameterValue", "Invalid security group"):
        db.cluster(name, VpcSecurityGroupIds=["sg-0123456789abcdef0"])
    with fails("DBSubnetGroupNotFoundFault"):
        db.cluster(name, DBSubnetGroupName="no-such")
    filters = [{"Name": "vpc-id", "Values": [db.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = db.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    made = db.cluster(name, VpcSecurityGroupIds=None)
    assert [group["VpcSecurityGroupId"] for group in made["VpcSecurityGroups"]] == [default]


def test_encryption_is_with_a_key_of_the_region_that_can_be_used(aws, db, name):
    kms = aws("kms", REGION)
    key = kms.create_key()["KeyMetadata"]
    plain = db.cluster(f"{name}-plain")
    assert (plain["StorageEncrypted"], plain["StorageEncryptionType"]) == (False, "sse-rds")
    made = db.cluster(f"{name}-own", StorageEncrypted=True, KmsKeyId=key["KeyId"])
    assert (made["StorageEncryptionType"], made["KmsKeyId"]) == ("sse-kms", key["Arn"])
    assert db.cluster(f"{name}-aws", StorageEncrypted=True)["KmsKeyId"].startswith(f"arn:aws:kms:{REGION}:")
    with fails("InvalidParameterCombination"):
        db.cluster(f"{name}-x", KmsKeyId=key["KeyId"])
    with fails("KMSKeyNotAccessibleFault"):
        db.cluster(f"{name}-x", StorageEncrypted=True, KmsKeyId="00000000-0000-0000-0000-000000000000")
    kms.disable_key(KeyId=key["KeyId"])
    with fails("KMSKeyNotAccessibleFault", key["Arn"]):
        db.cluster(f"{name}-x", StorageEncrypted=True, KmsKeyId=key["Arn"])


def test_capacity_of_serverless_v2_has_bounds(db, name):
    made = db.cluster(name, ServerlessV2ScalingConfiguration={"MinCapacity": 0, "MaxCapacity": 1})
    assert made["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 1.0,
        "SecondsUntilAutoPause": 300,
    }
    for low, high, code in (
        (4, 2, "InvalidParameterCombination"),
        (0, 0.5, "InvalidParameterValue"),
        (1, 256.5, "InvalidParameterValue"),
        (0.7, 2, "InvalidParameterValue"),
    ):
        with fails(code):
            wanted = {"MinCapacity": low, "MaxCapacity": high}
            db.cluster(f"{name}-x", ServerlessV2ScalingConfiguration=wanted)
    with fails("InvalidParameterValue", "Both MinCapacity and MaxCapacity must be specified"):
        db.cluster(f"{name}-x", ServerlessV2ScalingConfiguration={"MinCapacity": 1})
    with fails("InvalidParameterCombination", "minimum capacity of 0"):
        db.cluster(f"{name}-x", ServerlessV2ScalingConfiguration=CAPACITY | {"SecondsUntilAutoPause": 600})
    with fails("InvalidParameterValue"):
        wanted = {"MinCapacity": 0, "MaxCapacity": 4, "SecondsUntilAutoPause": 60}
        db.cluster(f"{name}-x", ServerlessV2ScalingConfiguration=wanted)


def test_older_versions_have_narrower_capacities(db, name):
    capacity = {"MinCapacity": 0, "MaxCapacity": 4}
    with fails("InvalidParameterValue", "between 0.5 and 128"):
        db.cluster(name, EngineVersion="14.6", ServerlessV2ScalingConfiguration=capacity)
    mysql = {"Engine": "aurora-mysql", "EngineVersion": "5.7"}
    with fails("InvalidParameterCombination", "Serverless v2 is not supported"):
        db.cluster(name, **mysql)
    assert db.cluster(name, **mysql, ServerlessV2ScalingConfiguration=None)["Port"] == 3306


def test_what_is_not_served_is_not_dropped(db, name):
    with fails("InternalFailure", "ManageMasterUserPassword is not served here"):
        db.cluster(name, ManageMasterUserPassword=True, MasterUserPassword=None)
    with fails("InternalFailure", "BacktrackWindow is not served here"):
        db.cluster(name, BacktrackWindow=60)


# --- the master user --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("short12", "shorter than 8"),
        ("x" * 42, "longer than 41"),
        ("with/slash", "printable ASCII"),
        ("with@sign", "printable ASCII"),
        ('with"quote', "printable ASCII"),
        ("with a space", "printable ASCII"),
        ("with-ümlaut", "printable ASCII"),
        (None, "must be provided"),
    ],
)
def test_passwords_are_checked_and_never_repeated(control, db, name, password, text):
    with fails("InvalidParameterValue", text):
        db.cluster(name, MasterUserPassword=password)
    if password:
        assert password not in str(control("strict"))


@pytest.mark.parametrize(
    ("user", "text"),
    [
        ("admin", "reserved word"),
        ("rdsadmin", "reserved word"),
        ("1app", "not valid"),
        ("a_b", "not valid"),
        ("a" * 17, "not valid"),
        (None, "must be provided"),
    ],
)
def test_names_of_master_users_are_checked(db, name, user, text):
    with fails("InvalidParameterValue", text):
        db.cluster(name, MasterUsername=user)


def test_only_the_right_password_is_accepted(control, db, running, step):
    def accepted(password, user="app", cluster=running):
        login = {"region": REGION, "cluster": cluster, "user": user, "password": password}
        return control("rds/login", login)["accepted"]

    assert accepted(PASSWORD)
    assert (
        not accepted(PASSWORD[:-1]) and not accepted(PASSWORD, "other") and not accepted(PASSWORD, "app", "x")
    )
    changed = db.rds.modify_db_cluster(DBClusterIdentifier=running, MasterUserPassword="new-password-1")
    assert changed["DBCluster"]["Status"] == "resetting-master-credentials"
    assert changed["DBCluster"]["PendingModifiedValues"] == {"MasterUserPassword": "****"}
    assert accepted(PASSWORD)
    step(45)
    assert accepted("new-password-1") and not accepted(PASSWORD)
    assert "PendingModifiedValues" not in db.see(running)


def test_no_password_is_kept_readable():
    from isobar_localstack.core.snapshots import pickled
    from isobar_localstack.services.rds.passwords import Password

    kept = Password.of(PASSWORD)
    assert kept.accepts(PASSWORD) and Password.of(PASSWORD) != kept
    assert PASSWORD not in repr(kept) and PASSWORD.encode() not in pickled({"own": kept})


# --- deleting ---------------------------------------------------------------------------------------


def test_what_stands_in_the_way_of_a_deletion(db, running, name, step):
    with fails("InvalidParameterCombination", "FinalSnapshotIdentifier is required"):
        db.rds.delete_db_cluster(DBClusterIdentifier=running)
    with fails("InvalidParameterCombination"):
        db.delete(running, SkipFinalSnapshot=True, FinalDBSnapshotIdentifier=f"{name}-final")
    with fails("InvalidDBClusterStateFault", "still contains DB instances in non-deleting state"):
        db.delete(running)
    db.rds.modify_db_cluster(DBClusterIdentifier=running, DeletionProtection=True)
    with fails("InvalidParameterCombination", "Cannot delete protected Cluster"):
        db.delete(running)
    assert db.status(running) == "available"
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{running}-1")  # which protection does not stop
    db.rds.modify_db_cluster(DBClusterIdentifier=running, DeletionProtection=False)
    assert db.delete(running)["Status"] == "deleting"
    with fails("InvalidDBClusterStateFault", "already being deleted"):
        db.delete(running)
    with fails("InvalidDBClusterStateFault"):
        db.instance(running, f"{name}-2")
    step(300)
    assert db.status(running) == "deleting"
    step(120)
    with fails("DBClusterNotFoundFault"):
        db.see(running)
    with fails("DBClusterNotFoundFault"):
        db.delete(running)


def test_a_cluster_in_the_making_is_not_deleted(db, name):
    db.cluster(name)
    with fails("InvalidDBClusterStateFault", "not currently in the available state"):
        db.delete(name)
    with fails("InvalidDBClusterStateFault", "Can't create a snapshot"):
        db.delete(name, FinalDBSnapshotIdentifier=f"{name}-final")


# --- snapshots --------------------------------------------------------------------------------------


def snapshot(db, name):
    return db.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name)["DBClusterSnapshots"][0]


def test_a_final_snapshot_stays_until_somebody_deletes_it(control, db, name, step):
    tags = [{"Key": "a", "Value": "b"}]
    db.cluster(name, CopyTagsToSnapshot=True, Tags=tags)
    step(CREATED)
    db.delete(name, FinalDBSnapshotIdentifier=f"{name}-Final")
    seen = snapshot(db, f"{name}-final")
    assert (seen["Status"], seen["SnapshotType"], seen["TagList"]) == ("creating", "manual", tags)
    with fails("InvalidDBClusterSnapshotStateFault"):
        db.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=f"{name}-final")
    step(GONE)
    assert snapshot(db, f"{name}-final")["Status"] == "available"
    rows = control(f"inventory?regions={REGION}")
    assert {"region": REGION, "service": "rds", "kind": "cluster-snapshot", "name": f"{name}-final"} in rows
    db.cluster(name)
    step(CREATED)
    with fails("DBClusterSnapshotAlreadyExistsFault", f"{name}-final"):
        db.delete(name, FinalDBSnapshotIdentifier=f"{name}-final")
    assert db.status(name) == "available"
    db.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=f"{name}-final")
    with fails("DBClusterSnapshotNotFoundFault"):
        snapshot(db, f"{name}-final")


def test_a_snapshot_is_made_of_an_available_cluster(db, name, step):
    make = {"DBClusterIdentifier": name, "DBClusterSnapshotIdentifier": f"{name}-1"}
    db.cluster(name)
    with fails("InvalidDBClusterStateFault"):
        db.rds.create_db_cluster_snapshot(**make)
    step(CREATED)
    made = db.rds.create_db_cluster_snapshot(**make)["DBClusterSnapshot"]
    assert (made["Status"], made["PercentProgress"], made["EngineVersion"]) == ("creating", 0, VERSION)
    with fails("DBClusterSnapshotAlreadyExistsFault"):
        db.rds.create_db_cluster_snapshot(**make)
    step(120)
    found = db.rds.describe_db_cluster_snapshots(DBClusterIdentifier=name, SnapshotType="manual")
    assert [one["Status"] for one in found["DBClusterSnapshots"]] == ["available"]


# --- logs -------------------------------------------------------------------------------------------


def test_groups_of_logs_appear_with_an_instance_and_stay_behind(aws, db, name, step):
    logs, prefix = aws("logs", REGION), f"/aws/rds/cluster/{name}/"

    def groups():
        found = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
        return [one["logGroupName"].removeprefix(prefix) for one in found]

    with fails("InvalidParameterCombination", "You cannot use the log types 'slowquery'"):
        db.cluster(name, EnableCloudwatchLogsExports=["slowquery"])
    db.cluster(name, EnableCloudwatchLogsExports=["postgresql"])
    step(CREATED)
    db.modify(name, CloudwatchLogsExportConfiguration={"EnableLogTypes": ["iam-db-auth-error"]})
    assert groups() == []
    db.modify(name, CloudwatchLogsExportConfiguration={"DisableLogTypes": ["iam-db-auth-error"]})
    db.instance(name, f"{name}-1")
    step(STARTED)
    assert groups() == ["postgresql"]
    db.modify(
        name,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["instance"], "DisableLogTypes": ["postgresql"]},
    )
    assert db.see(name)["EnabledCloudwatchLogsExports"] == ["instance"]
    assert groups() == ["instance", "postgresql"]
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    db.delete(name)
    step(GONE)
    assert groups() == ["instance", "postgresql"]
