"""RDS in the whole emulator: tags, inventory, eventual consistency, snapshots of all, secrets, rates."""

import json
import os

import pytest
from conftest import ACCOUNT, ask, emulator, eventually, fails
from databases import (
    CREATED,
    GONE,
    JOINED,
    OTHER,
    PASSWORD,
    PROMOTED,
    REGION,
    STARTED,
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


def rows(control, name):
    found = control(f"inventory?regions={REGION},{OTHER}")
    return {
        (row["region"], row["kind"], row["name"])
        for row in found
        if row["service"] == "rds" and name in row["name"]
    }


# --- tags and inventory -------------------------------------------------------------------------------


def test_everything_has_tags_that_the_tagging_api_finds(aws, db, name, step):
    tags = [{"Key": "isobar:stack", "Value": name}]
    step(0)
    arns = [
        db.subnet_group(name, db.subnets, Tags=tags)["DBSubnetGroupArn"],
        db.cluster_group(name, Tags=tags)["DBClusterParameterGroupArn"],
        db.instance_group(name)["DBParameterGroupArn"],
        global_cluster(db.rds, name, Tags=tags)["GlobalClusterArn"],
        db.cluster(name, Tags=tags)["DBClusterArn"],
        db.instance(name, f"{name}-1", Tags=tags)["DBInstanceArn"],
    ]
    db.rds.add_tags_to_resource(ResourceName=arns[2], Tags=tags)
    filters = [{"Key": "isobar:stack", "Values": [name]}]

    def found(**more):
        answer = aws("resourcegroupstaggingapi", REGION).get_resources(TagFilters=filters, **more)
        return {one["ResourceARN"] for one in answer["ResourceTagMappingList"]}

    assert found() == set(arns)
    assert found(ResourceTypeFilters=["rds:cluster"]) == {arns[4]}
    for arn in arns:
        assert db.rds.list_tags_for_resource(ResourceName=arn)["TagList"] == tags
    db.rds.remove_tags_from_resource(ResourceName=arns[4], TagKeys=["isobar:stack"])
    assert found() == set(arns) - {arns[4]}
    assert db.see(name)["TagList"] == []
    with fails("DBClusterNotFoundFault"):
        db.rds.list_tags_for_resource(ResourceName=f"{arns[4]}x")
    with fails("InvalidParameterValue", "Invalid resource name"):
        db.rds.list_tags_for_resource(ResourceName="orders")


def test_the_inventory_has_everything_once(control, db, other, primary, secondary, name, step):
    assert rows(control, name) == {
        (REGION, "global-cluster", primary.of),
        (REGION, "cluster", f"{primary.name} available"),
        (REGION, "instance", f"{primary.instance} available"),
        (OTHER, "cluster", f"{secondary.name} available"),
        (OTHER, "instance", f"{secondary.instance} available"),
    }


def test_a_whole_global_database_goes_in_the_order_of_the_guide(
    control, db, other, primary, secondary, name, step
):
    leaving = {"GlobalClusterIdentifier": primary.of}
    other.rds.remove_from_global_cluster(**leaving, DbClusterIdentifier=secondary.arn)
    step(PROMOTED)
    for where, member in ((other, secondary), (db, primary)):
        where.rds.delete_db_instance(DBInstanceIdentifier=member.instance)
        where.delete(member.name, FinalDBSnapshotIdentifier=f"{member.name}-final")
    step(GONE + 60)
    db.rds.delete_global_cluster(**leaving)
    step(15)
    assert rows(control, name) == {
        (REGION, "cluster-snapshot", f"{primary.name}-final"),
        (OTHER, "cluster-snapshot", f"{secondary.name}-final"),
    }


# --- what is new --------------------------------------------------------------------------------------


def test_the_service_linked_role_is_not_there_at_once(control, aws, eventual, name):
    control("reset", {})
    ec2, rds = aws("ec2", REGION), aws("rds", REGION)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    ids = [subnet["SubnetId"] for subnet in subnets]
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=ids)
    wanted = {
        "DBClusterIdentifier": name,
        "Engine": "aurora-postgresql",
        "MasterUsername": "app",
        "MasterUserPassword": PASSWORD,
        "DBSubnetGroupName": name,
    }
    eventual(9)
    with fails("InvalidParameterValue", "Verify that you have permission to create service linked role"):
        rds.create_db_cluster(**wanted)
    eventual(1)
    assert rds.create_db_cluster(**wanted)["DBCluster"]["Status"] == "creating"


def test_what_is_new_is_not_found_for_a_moment(control, aws, db, eventual, name):
    eventual(10)
    global_cluster(db.rds, f"{name}-g")
    with fails("GlobalClusterNotFoundFault"):
        see_global(aws("rds", OTHER), f"{name}-g")
    db.cluster(name)
    db.instance(name, f"{name}-1")
    with fails("DBClusterNotFoundFault"):
        db.see(name)
    with fails("DBInstanceNotFound"):
        db.see_instance(f"{name}-1")
    names = [one["DBClusterIdentifier"] for one in db.rds.describe_db_clusters()["DBClusters"]]
    assert name not in names
    assert (REGION, "cluster", f"{name} creating") in rows(control, name)
    eventual(3)
    assert (db.status(name), db.see_instance(f"{name}-1")["DBInstanceStatus"]) == ("creating", "creating")
    assert see_global(db.rds, f"{name}-g")["Status"] == "creating"


# --- snapshots of everything --------------------------------------------------------------------------


def test_what_is_half_done_is_half_done_again(control, db, other, primary, secondary, name, step):
    db.rds.switchover_global_cluster(
        GlobalClusterIdentifier=primary.of, TargetDbClusterIdentifier=secondary.arn
    )
    control("snapshot", {"name": name})
    for _ in range(2):
        assert see_global(db.rds, primary.of)["Status"] == "switching-over"
        step(130)
        assert other.writer(secondary.name) == [secondary.instance]
        login = {"region": OTHER, "cluster": secondary.name, "user": "app", "password": PASSWORD}
        assert control("rds/login", login) == {"accepted": True}
        control("restore", {"name": name})
    control("reset", {})
    assert db.rds.describe_global_clusters()["GlobalClusters"] == []
    assert control("inventory") == []


# --- what fails ---------------------------------------------------------------------------------------


def test_what_a_test_wants_to_fail_fails(control, db, running, name, step):
    failing = {"region": REGION, "name": f"{name}-x", "status": "incompatible-parameters"}
    assert control("rds/failing", failing) == {f"{REGION} {name}-x": "incompatible-parameters"}
    control("rds/failing", failing | {"name": f"{name}-2", "status": None})
    db.cluster(f"{name}-x")
    db.instance(running, f"{name}-2")
    step(420)
    assert db.status(f"{name}-x") == "incompatible-parameters"
    seen = db.see_instance(f"{name}-2")
    assert (seen["DBInstanceStatus"], "Endpoint" in seen) == ("failed", False)
    control("rds/failing", method="DELETE")
    with fails("InvalidDBClusterStateFault"):
        db.modify(f"{name}-x", DeletionProtection=True)
    with fails("InvalidDBClusterStateFault", "Can't create a snapshot"):
        db.delete(f"{name}-x", FinalDBSnapshotIdentifier=f"{name}-final")
    db.delete(f"{name}-x")
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-2")
    step(GONE)
    assert db.see(running)["DBClusterMembers"][0]["DBInstanceIdentifier"] == f"{name}-1"


# --- secrets ------------------------------------------------------------------------------------------


def test_a_password_is_in_no_log_and_no_endpoint(endpoint, control, db, running, step):
    secret = "needle-in-the-haystack"
    db.modify(running, MasterUserPassword=secret)
    with fails("InvalidParameterValue"):
        db.modify("no--such", MasterUserPassword=f"{secret}/", BackupRetentionPeriod=99)
    with fails("DBClusterNotFoundFault"):
        db.modify("no-such", MasterUserPassword=secret)
    seen = json.dumps(db.rds.describe_db_clusters(), default=str)
    parts = ("inventory", "strict", "calls", "faults", "rates", "snapshot", "rds/withdrawn-versions")
    assert secret not in seen + "".join(str(control(part)) for part in parts)
    home = os.environ.get("ISOBAR_LOCALSTACK_HOME") or os.path.expanduser("~/.cache/isobar/localstack")
    log = f"{home}/port-{endpoint.rpartition(':')[2]}/localstack.log"
    with open(log) as lines:
        text = lines.read()
    assert "rds.ModifyDBCluster" in text or "ModifyDBCluster" in text
    assert secret not in text


# --- rates, pace and quotas ---------------------------------------------------------------------------


def test_rates_and_quotas_are_those_of_rds(control, db, name):
    control("quotas", {"db_clusters": 0, "rds_global_clusters": 0})
    try:
        with fails("DBClusterQuotaExceededFault"):
            db.cluster(name)
        with fails("GlobalClusterQuotaExceededFault"):
            global_cluster(db.rds, name)
    finally:
        control("quotas", {"as": "raised"})
    with emulator(ISOBAR_EMULATOR_RATES="1", ISOBAR_EMULATOR_PACE="0") as throttling:
        import boto3
        from botocore.config import Config

        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
        config = Config(retries={"total_max_attempts": 1})

        def aws(service, region):
            return session.client(service, region_name=region, endpoint_url=throttling, config=config)

        fast = Databases(aws, REGION)
        fast.cluster(name)
        fast.instance(name, f"{name}-1")
        assert (fast.status(name), fast.writer(name)) == ("available", [f"{name}-1"])  # nothing takes time
        with fails("Throttling", "Rate exceeded"):
            for _ in range(30):
                fast.rds.describe_db_clusters()


def test_faults_reach_rds_as_others(control, db, name):
    fault = {
        "service": "rds",
        "operation": "CreateDBCluster",
        "nth": 1,
        "action": "error",
        "code": "InternalFailure",
        "status": 500,
    }
    control("faults", fault)
    with fails("InternalFailure"):
        db.cluster(name)
    control("faults", method="DELETE")
    db.cluster(name)
