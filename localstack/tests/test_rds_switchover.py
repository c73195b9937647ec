"""RDS: switchovers and failovers of global clusters."""

import pytest
from conftest import fails
from databases import (
    FORWARDING,
    JOINED,
    NEWER,
    OTHER,
    PASSWORD,
    REGION,
    Databases,
    db,
    other,
    primary,
    secondary,
    see_global,
)

pytestmark = pytest.mark.usefixtures("step")
SWITCHED = 10 + 120
FAILED_OVER = 10 + 60


def switch(db, primary, target):
    return db.rds.switchover_global_cluster(
        GlobalClusterIdentifier=primary.of, TargetDbClusterIdentifier=target
    )["GlobalCluster"]


def fail_over(db, primary, target, **more):
    return db.rds.failover_global_cluster(
        GlobalClusterIdentifier=primary.of, TargetDbClusterIdentifier=target, **more
    )["GlobalCluster"]


def writer(db, primary):
    (one,) = [one for one in see_global(db.rds, primary.of)["GlobalClusterMembers"] if one["IsWriter"]]
    return one["DBClusterArn"]


def test_a_switchover_moves_the_writer_and_keeps_the_topology(db, other, primary, secondary, step):
    begun = switch(db, primary, secondary.arn)
    assert (begun["Status"], begun["FailoverState"]["Status"]) == ("switching-over", "pending")
    assert begun["FailoverState"]["FromDbClusterArn"] == primary.arn
    assert begun["FailoverState"]["ToDbClusterArn"] == secondary.arn
    assert begun["FailoverState"]["IsDataLossAllowed"] is False
    step(10)
    assert see_global(other.rds, primary.of)["FailoverState"]["Status"] == "switching-over"
    assert [db.status(primary.name), other.status(secondary.name)] == ["switching-over"] * 2
    assert writer(db, primary) == primary.arn
    with fails("InvalidGlobalClusterStateFault"):
        switch(db, primary, secondary.arn)
    with fails("InvalidDBClusterStateFault"):
        db.modify(primary.name, BackupRetentionPeriod=7)
    step(SWITCHED - 10)
    done = see_global(db.rds, primary.of)
    assert (done["Status"], "FailoverState" in done) == ("available", False)
    assert writer(db, primary) == secondary.arn
    assert len(done["GlobalClusterMembers"]) == 2
    assert (db.writer(primary.name), other.writer(secondary.name)) == ([], [secondary.instance])
    assert done["Endpoint"] == begun["Endpoint"]


def test_the_old_primary_forwards_writes_if_it_has_been_told_to(db, other, primary, secondary, step):
    switch(db, primary, secondary.arn)
    step(SWITCHED)
    assert db.see(primary.name)["GlobalWriteForwardingStatus"] == "enabling"
    assert other.see(secondary.name)["GlobalWriteForwardingStatus"] == "disabled"
    step(FORWARDING)
    assert db.see(primary.name)["GlobalWriteForwardingStatus"] == "enabled"


def test_a_switchover_back_is_a_switchover(db, primary, secondary, step):
    switch(db, primary, secondary.arn)
    step(SWITCHED)
    switch(db, primary, primary.arn)
    step(SWITCHED)
    assert writer(db, primary) == primary.arn


def test_a_switchover_wants_healthy_members_with_an_instance(db, other, primary, secondary, name, step):
    with fails("InvalidParameterValue", "primary of global cluster"):
        switch(db, primary, primary.arn)
    with fails("InvalidParameterValue", "is not found in global cluster"):
        switch(db, primary, f"{secondary.arn}x")
    with fails("InvalidParameterValue", "ARN"):
        switch(db, primary, secondary.name)
    other.rds.reboot_db_instance(DBInstanceIdentifier=secondary.instance)
    with fails("InvalidDBClusterStateFault", "does not have any available DB instances"):
        switch(db, primary, secondary.arn)
    step(45)
    db.modify(primary.name, BackupRetentionPeriod=7)
    with fails("InvalidDBClusterStateFault"):
        switch(db, primary, secondary.arn)
    step(70)
    other.rds.delete_db_instance(DBInstanceIdentifier=secondary.instance)
    step(300)
    with fails("InvalidDBClusterStateFault", "does not have any available DB instances"):
        switch(db, primary, secondary.arn)


def test_a_switchover_wants_one_version(db, other, primary, secondary, step):
    other.modify(secondary.name, EngineVersion=NEWER)
    step(10 + 600)
    with fails("InvalidGlobalClusterStateFault", NEWER):
        switch(db, primary, secondary.arn)
    db.modify(primary.name, EngineVersion=NEWER)
    step(10 + 600)
    switch(db, primary, secondary.arn)


def test_a_failover_needs_its_target_alone(db, other, primary, secondary, step):
    db.rds.reboot_db_instance(DBInstanceIdentifier=primary.instance)
    with fails("InvalidDBClusterStateFault"):
        fail_over(other, primary, secondary.arn)
    with fails("InvalidParameterCombination"):
        fail_over(other, primary, secondary.arn, AllowDataLoss=True, Switchover=True)
    begun = fail_over(other, primary, secondary.arn, AllowDataLoss=True)
    assert (begun["Status"], begun["FailoverState"]["IsDataLossAllowed"]) == ("failing-over", True)
    step(10)
    assert see_global(db.rds, primary.of)["FailoverState"]["Status"] == "failing-over"
    step(60)
    assert writer(other, primary) == secondary.arn
    old = next(one for one in see_global(db.rds, primary.of)["GlobalClusterMembers"] if not one["IsWriter"])
    assert old["SynchronizationStatus"] == "pending-resync"
    step(900)
    old = next(one for one in see_global(db.rds, primary.of)["GlobalClusterMembers"] if not one["IsWriter"])
    assert old["SynchronizationStatus"] == "connected"


def test_a_failover_keeps_what_was_not_replicated_in_a_snapshot(db, other, primary, secondary, step):
    fail_over(other, primary, secondary.arn, AllowDataLoss=True)
    step(FAILED_OVER)
    (kept,) = db.rds.describe_db_cluster_snapshots(DBClusterIdentifier=primary.name)["DBClusterSnapshots"]
    assert kept["DBClusterSnapshotIdentifier"].startswith(f"rds:unplanned-global-failover-{primary.name}-")
    assert kept["SnapshotType"] == "automated"


def test_a_failover_does_not_wait_for_a_change_of_the_old_primary(db, other, primary, secondary, step):
    db.modify(primary.name, BackupRetentionPeriod=7)
    fail_over(other, primary, secondary.arn, AllowDataLoss=True)
    step(FAILED_OVER)
    assert db.status(primary.name) == "available"
    db.modify(primary.name, BackupRetentionPeriod=8)  # not held up by what never ended


def test_a_failover_that_loses_nothing_is_a_switchover(db, primary, secondary):
    assert fail_over(db, primary, secondary.arn)["Status"] == "switching-over"


def test_a_third_region_follows_the_new_primary(aws, db, other, primary, secondary, name, step):
    third = Databases(aws, "eu-central-1")
    arn = third.secondary(f"{name}-de", primary.of)["DBClusterArn"]
    step(JOINED)
    switch(db, primary, secondary.arn)
    step(SWITCHED)
    seen = third.see(f"{name}-de")
    assert (seen["Status"], seen["ReplicationSourceIdentifier"]) == ("available", secondary.arn)
    (new,) = [one for one in see_global(db.rds, primary.of)["GlobalClusterMembers"] if one["IsWriter"]]
    assert set(new["Readers"]) == {primary.arn, arn}


def test_the_password_is_that_of_the_primary_in_every_region(control, db, other, primary, secondary, step):
    def accepted(region, cluster, password):
        login = {"region": region, "cluster": cluster, "user": "app", "password": password}
        return control("rds/login", login)["accepted"]

    switch(db, primary, secondary.arn)
    step(SWITCHED)
    with fails("InvalidParameterCombination", "secondary cluster"):
        db.modify(primary.name, MasterUserPassword="another-password")
    other.modify(secondary.name, MasterUserPassword="another-password")
    step(45)
    assert accepted(REGION, primary.name, "another-password")
    assert not accepted(REGION, primary.name, PASSWORD)
    assert accepted(OTHER, secondary.name, "another-password")
