"""RDS: instances: who writes, changes, reboots."""

import re

import pytest
from conftest import create_role, fails
from databases import CREATED, GONE, NEWER, PASSWORD, REGION, STARTED, Databases, db, running

pytestmark = pytest.mark.usefixtures("step")


@pytest.fixture
def pair(db, running, name, step):
    """A writer and a reader of a cluster."""
    db.instance(running, f"{name}-2", PromotionTier=0, DBInstanceClass="db.r7g.large")
    step(420)
    return running


def status(db, name):
    return db.see_instance(name)["DBInstanceStatus"]


def test_an_instance_starts_after_its_cluster_and_has_an_endpoint_then(db, name, step):
    db.cluster(name)
    made = db.instance(name, f"{name}-A")
    assert (made["DBInstanceIdentifier"], made["DBInstanceStatus"]) == (f"{name}-a", "creating")
    assert "Endpoint" not in made and made["EngineVersion"] == "16.4"
    step(240 + 419)
    assert status(db, f"{name}-a") == "creating"
    step(1)
    assert status(db, f"{name}-a") == "backing-up"
    step(60)
    seen = db.see_instance(f"{name}-a")
    assert seen["DBInstanceStatus"] == "available"
    pattern = rf"{name}-a\.c[a-z0-9]{{11}}\.{REGION}\.rds\.amazonaws\.com"
    assert re.fullmatch(pattern, seen["Endpoint"]["Address"])
    assert seen["Endpoint"]["Port"] == 5432


def test_instances_are_spread_over_zones_and_found_by_cluster(db, pair, name):
    zones = [db.see_instance(f"{name}-{number}")["AvailabilityZone"] for number in (1, 2)]
    assert sorted(zones) == [f"{REGION}a", f"{REGION}b"]
    filters = [{"Name": "db-cluster-id", "Values": [pair]}]
    found = db.rds.describe_db_instances(Filters=filters)["DBInstances"]
    assert [one["DBInstanceIdentifier"] for one in found] == [f"{name}-1", f"{name}-2"]
    assert db.see(pair)["MultiAZ"] is True
    with fails("DBInstanceNotFound"):
        db.see_instance("no-such")
    with fails("DBInstanceAlreadyExists"):
        db.instance(pair, f"{name}-1")
    with fails("InvalidVPCNetworkStateFault"):
        db.instance(pair, f"{name}-3", AvailabilityZone=f"{REGION}c")


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({"Engine": "aurora-mysql"}, "InvalidParameterCombination", "does not match that of your DB cluster"),
        ({"EngineVersion": NEWER}, "InvalidParameterCombination", "does not match the engine version"),
        ({"DBInstanceClass": "db.x9.huge"}, "InvalidParameterCombination", "DBInstanceClass=db.x9.huge"),
        (
            {"MasterUserPassword": PASSWORD},
            "InvalidParameterCombination",
            "Set master user password for the DB Cluster",
        ),
        ({"BackupRetentionPeriod": 7}, "InvalidParameterCombination", "for the DB Cluster"),
        ({"VpcSecurityGroupIds": ["sg-1"]}, "InvalidParameterCombination", "vpc security group"),
        ({"PromotionTier": 16}, "InvalidParameterValue", "PromotionTier"),
        ({"MonitoringInterval": 7}, "InvalidParameterValue", "MonitoringInterval"),
        ({"MonitoringInterval": 60}, "InvalidParameterCombination", "MonitoringRoleARN"),
        ({"CACertificateIdentifier": "rds-ca-2015"}, "CertificateNotFound", "rds-ca-2015"),
        ({"PubliclyAccessible": True}, "InvalidVPCNetworkStateFault", "no internet gateway"),
        ({"DBClusterIdentifier": "no-such"}, "DBClusterNotFoundFault", ""),
        ({"PerformanceInsightsRetentionPeriod": 31}, "InvalidParameterCombination", "Performance Insights"),
        (
            {"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 94},
            "InvalidParameterValue",
            "94",
        ),
        ({"LicenseModel": "x"}, "InternalFailure", "not served"),
    ],
)
def test_wrong_instances_are_refused(db, running, name, given, code, text):
    with fails(code, text):
        db.instance(running, f"{name}-x", **given)


def test_serverless_instances_need_the_capacities_of_the_cluster(db, name):
    db.cluster(name, ServerlessV2ScalingConfiguration=None)
    with fails("InvalidDBClusterStateFault", "Set the Serverless v2 scaling configuration"):
        db.instance(name, f"{name}-1")
    db.instance(name, f"{name}-1", DBInstanceClass="db.r6g.large")


def test_monitoring_needs_a_role_that_rds_can_assume(aws, db, running, name, step):
    wrong = create_role(aws, f"{name}-wrong")
    right = create_role(aws, name, "monitoring.rds.amazonaws.com")
    with fails("InvalidParameterValue", "does not include the required permissions for: ENHANCED_MONITORING"):
        db.instance(running, f"{name}-2", MonitoringInterval=60, MonitoringRoleArn=wrong)
    db.instance(running, f"{name}-2", MonitoringInterval=60, MonitoringRoleArn=right)
    step(420)
    assert status(db, f"{name}-2") == "configuring-enhanced-monitoring"
    step(30)
    assert db.see_instance(f"{name}-2")["MonitoringRoleArn"] == right
    db.rds.modify_db_instance(DBInstanceIdentifier=f"{name}-2", MonitoringInterval=0)
    step(240)
    assert db.see_instance(f"{name}-2")["MonitoringInterval"] == 0


# --- who writes ---------------------------------------------------------------------------------------


def test_the_first_instance_writes_and_another_takes_over_when_it_goes(db, pair, name):
    assert db.writer(pair) == [f"{name}-1"]
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    assert db.writer(pair) == [f"{name}-2"]


def test_a_failover_gives_the_role_to_the_lowest_tier(db, pair, name, step):
    db.instance(pair, f"{name}-3", PromotionTier=5)
    step(420)
    assert db.rds.failover_db_cluster(DBClusterIdentifier=pair)["DBCluster"]["Status"] == "failing-over"
    step(35)
    assert (db.status(pair), db.writer(pair)) == ("available", [f"{name}-2"])
    target = {"DBClusterIdentifier": pair, "TargetDBInstanceIdentifier": f"{name}-3"}
    db.rds.failover_db_cluster(**target)
    step(35)
    assert db.writer(pair) == [f"{name}-3"]
    with fails("InvalidDBInstanceState"):
        db.rds.failover_db_cluster(**target)
    with fails("DBInstanceNotFound"):
        db.rds.failover_db_cluster(**target | {"TargetDBInstanceIdentifier": "no-such"})


def test_a_failover_needs_a_reader(db, running):
    with fails("InvalidDBClusterStateFault", "no available replicas"):
        db.rds.failover_db_cluster(DBClusterIdentifier=running)


# --- changes ------------------------------------------------------------------------------------------


def modify(db, name, **more):
    return db.rds.modify_db_instance(DBInstanceIdentifier=name, **more)["DBInstance"]


def test_another_class_restarts_the_instance(db, running, name, step):
    modify(db, f"{name}-1", DBInstanceClass="db.r7g.large", ApplyImmediately=True)
    seen = db.see_instance(f"{name}-1")
    assert (seen["DBInstanceStatus"], seen["DBInstanceClass"]) == ("modifying", "db.serverless")
    assert seen["PendingModifiedValues"] == {"DBInstanceClass": "db.r7g.large"}
    with fails("InvalidDBInstanceState"):
        modify(db, f"{name}-1", PromotionTier=3)
    step(240)
    assert status(db, f"{name}-1") == "rebooting"
    step(45)
    seen = db.see_instance(f"{name}-1")
    assert (seen["DBInstanceStatus"], seen["DBInstanceClass"]) == ("available", "db.r7g.large")
    assert seen["PendingModifiedValues"] == {}


def test_a_writer_that_changes_its_class_hands_its_role_over(db, pair, name, step):
    modify(db, f"{name}-1", DBInstanceClass="db.r7g.large", ApplyImmediately=True)
    assert db.writer(pair) == [f"{name}-2"]
    step(285)
    assert db.writer(pair) == [f"{name}-2"]


def test_another_class_waits_for_the_maintenance_window_if_nothing_is_said(control, db, running, name, step):
    modify(db, f"{name}-1", DBInstanceClass="db.r7g.large")
    step(3600)
    seen = db.see_instance(f"{name}-1")
    assert (seen["DBInstanceStatus"], seen["DBInstanceClass"]) == ("available", "db.serverless")
    assert seen["PendingModifiedValues"] == {"DBInstanceClass": "db.r7g.large"}
    modify(db, f"{name}-1", DBInstanceClass="db.serverless")
    assert db.see_instance(f"{name}-1")["PendingModifiedValues"] == {}
    modify(db, f"{name}-1", DBInstanceClass="db.r7g.large")
    control("rds/maintenance", {"region": REGION, "cluster": running})
    step(285)
    assert db.see_instance(f"{name}-1")["DBInstanceClass"] == "db.r7g.large"


def test_tier_and_windows_are_changed_at_once(db, running, name):
    changed = modify(db, f"{name}-1", PromotionTier=0, PreferredMaintenanceWindow="Mon:01:00-Mon:02:00")
    assert (changed["PromotionTier"], changed["DBInstanceStatus"]) == (0, "available")
    assert changed["PreferredMaintenanceWindow"] == "mon:01:00-mon:02:00"
    with fails("InvalidParameterCombination", "for the DB Cluster"):
        modify(db, f"{name}-1", BackupRetentionPeriod=7)
    with fails("InvalidParameterCombination", "DBInstanceClass=db.x9.huge"):
        modify(db, f"{name}-1", DBInstanceClass="db.x9.huge")


def test_a_reboot_needs_an_available_instance(db, running, name, step):
    db.rds.reboot_db_instance(DBInstanceIdentifier=f"{name}-1")
    with fails("InvalidDBInstanceState"):
        db.rds.reboot_db_instance(DBInstanceIdentifier=f"{name}-1")
    step(45)
    with fails("InvalidParameterCombination", "ForceFailover"):
        db.rds.reboot_db_instance(DBInstanceIdentifier=f"{name}-1", ForceFailover=True)
    assert status(db, f"{name}-1") == "available"


# --- deleting -----------------------------------------------------------------------------------------


def test_a_member_of_a_cluster_has_no_final_snapshot(db, running, name, step):
    with fails("InvalidParameterCombination", "FinalDBSnapshotIdentifier can not be specified"):
        db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1", FinalDBSnapshotIdentifier=f"{name}-final")
    gone = db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")["DBInstance"]
    assert gone["DBInstanceStatus"] == "deleting"
    with fails("InvalidDBInstanceState", "already being deleted"):
        db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    step(300)
    with fails("DBInstanceNotFound"):
        db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    assert db.see(running)["DBClusterMembers"] == []
