"""RDS: changes of clusters."""

import pytest
from conftest import fails
from databases import (
    CAPACITY,
    CREATED,
    MODIFIED,
    OTHER,
    PASSWORD,
    REGION,
    STARTED,
    Databases,
    db,
    other,
    primary,
    running,
)

pytestmark = pytest.mark.usefixtures("step")


def test_a_change_that_is_not_to_be_applied_immediately_waits(control, db, running, step):
    later = {"BackupRetentionPeriod": 7, "EnableIAMDatabaseAuthentication": True}
    db.modify(running, ApplyImmediately=False, **later)
    step(3600)
    seen = db.see(running)
    assert (seen["Status"], seen["BackupRetentionPeriod"]) == ("available", 1)
    assert seen["PendingModifiedValues"] == {
        "BackupRetentionPeriod": 7,
        "IAMDatabaseAuthenticationEnabled": True,
    }
    control("rds/maintenance", {"region": REGION, "cluster": running})
    step(MODIFIED)
    seen = db.see(running)
    assert (seen["BackupRetentionPeriod"], seen["IAMDatabaseAuthenticationEnabled"]) == (7, True)
    assert "PendingModifiedValues" not in seen


def test_an_immediate_change_is_available_with_pending_values_first(db, running, step):
    db.modify(running, BackupRetentionPeriod=7)
    seen = db.see(running)
    assert (seen["Status"], seen["PendingModifiedValues"]) == ("available", {"BackupRetentionPeriod": 7})
    with fails("InvalidDBClusterStateFault"):
        db.modify(running, BackupRetentionPeriod=8)
    step(10)
    assert (db.status(running), db.see(running)["BackupRetentionPeriod"]) == ("modifying", 1)
    step(60)
    assert (db.status(running), db.see(running)["BackupRetentionPeriod"]) == ("available", 7)


def test_an_immediate_change_brings_along_what_waits(db, running, step):
    db.modify(running, ApplyImmediately=False, BackupRetentionPeriod=7)
    db.modify(running, Port=5433)
    step(MODIFIED)
    seen = db.see(running)
    assert (seen["BackupRetentionPeriod"], seen["Port"]) == (7, 5433)


def test_what_waits_can_be_taken_back(db, running):
    db.modify(running, ApplyImmediately=False, BackupRetentionPeriod=7)
    db.modify(running, ApplyImmediately=False, BackupRetentionPeriod=1)
    assert "PendingModifiedValues" not in db.see(running)


def test_protection_tags_of_snapshots_and_windows_do_not_wait(db, running):
    changed = db.modify(
        running,
        ApplyImmediately=False,
        DeletionProtection=True,
        CopyTagsToSnapshot=True,
        PreferredBackupWindow="01:00-02:00",
        PreferredMaintenanceWindow="Tue:05:00-Tue:06:00",
    )
    assert (changed["DeletionProtection"], changed["CopyTagsToSnapshot"]) == (True, True)
    assert changed["PreferredMaintenanceWindow"] == "tue:05:00-tue:06:00"
    assert changed["Status"] == "available"


def test_capacities_and_security_groups_are_changed_in_moments(db, running, step):
    group = db.ec2.create_security_group(GroupName="new", Description="d", VpcId=db.vpc)["GroupId"]
    changed = db.modify(
        running,
        VpcSecurityGroupIds=[group],
        ServerlessV2ScalingConfiguration={"MaxCapacity": 8},
    )
    assert changed["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 8.0}
    assert changed["Status"] == "modifying"
    assert [one["GroupId"] for interface in db.interfaces() for one in interface["Groups"]] == [group]
    db.ec2.delete_security_group(GroupId=db.security_group)
    step(60)
    assert db.status(running) == "available"
    with fails("InvalidParameterCombination"):
        db.modify(running, ServerlessV2ScalingConfiguration={"MinCapacity": 9})


def test_a_cluster_is_changed_when_it_is_available(db, name):
    db.cluster(name)
    for change in ({"DeletionProtection": True}, {"BackupRetentionPeriod": 7}):
        with fails("InvalidDBClusterStateFault", "not currently in the available state"):
            db.modify(name, **change)


def test_a_password_is_reset_and_brings_along_what_waits(control, db, running, step):
    db.modify(running, MasterUserPassword="new-password-1", BackupRetentionPeriod=7)
    assert db.status(running) == "resetting-master-credentials"
    step(45 + MODIFIED)
    assert (db.status(running), db.see(running)["BackupRetentionPeriod"]) == ("available", 7)
    login = {"region": REGION, "cluster": running, "user": "app", "password": "new-password-1"}
    assert control("rds/login", login) == {"accepted": True}


def test_the_data_api_has_operations_of_its_own(db, running):
    arn = db.see(running)["DBClusterArn"]
    db.modify(running, EnableHttpEndpoint=True)  # is for Serverless v1, and without effect
    assert db.see(running)["HttpEndpointEnabled"] is False
    assert db.rds.enable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is True
    assert db.see(running)["HttpEndpointEnabled"] is True
    db.rds.disable_http_endpoint(ResourceArn=arn)
    assert db.see(running)["HttpEndpointEnabled"] is False
    with fails("ResourceNotFoundFault"):
        db.rds.enable_http_endpoint(ResourceArn=f"{arn}x")


# --- another subnet group -----------------------------------------------------------------------------


def moving(rds):
    """The pinned client does not know the member yet; the wire does."""

    def add(params, **_):
        params["body"]["DBSubnetGroupName"] = add.group

    rds.meta.events.register("before-call.rds.ModifyDBCluster", add)
    return add


@pytest.fixture
def move(endpoint, db):
    import boto3

    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    rds = session.client("rds", endpoint_url=endpoint)
    named = moving(rds)

    def call(cluster, group, **more):
        named.group = group
        return rds.modify_db_cluster(**{"DBClusterIdentifier": cluster, "ApplyImmediately": True} | more)

    return call


def test_a_cluster_moves_to_another_subnet_group_in_place(db, running, move, name, step):
    vpc = db.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [db.subnet(number, zone, vpc) for number, zone in enumerate("abc")]
    db.subnet_group(name, subnets)
    move(running, name)
    step(10)
    assert (db.status(running), db.see(running)["DBSubnetGroup"]) == ("modifying", db.group)
    step(60)
    seen = db.see(running)
    assert (seen["Status"], seen["DBSubnetGroup"]) == ("available", name)
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = db.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    assert [one["VpcSecurityGroupId"] for one in seen["VpcSecurityGroups"]] == [default]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    assert len(db.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 1
    step(60)
    assert db.interfaces() == []


def test_a_member_of_a_global_cluster_does_not_move(db, primary, move, name):
    db.subnet_group(name, db.subnets)
    with fails("InvalidDBClusterStateFault", "member of a global cluster"):
        move(primary.name, name)
    move(primary.name, db.group)  # where it is


def test_a_move_needs_the_zones_of_the_instances_and_no_pending_reboot(db, running, move, name, step):
    zone = db.see_instance(f"{running}-1")["AvailabilityZone"][-1]
    away = [one for one in "abc" if one != zone]
    db.subnet_group(name, [db.subnet(number, one) for number, one in enumerate(away, 5)])
    with fails("InvalidVPCNetworkStateFault", "does not cover"):
        move(running, name)
    db.subnet_group(f"{name}-2", db.subnets)
    db.cluster_group(name)
    db.modify(running, DBClusterParameterGroupName=name)
    with fails("InvalidDBClusterStateFault", "waits for a reboot"):
        move(running, f"{name}-2")
