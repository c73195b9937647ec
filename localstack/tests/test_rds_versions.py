"""RDS: engine versions, classes and upgrades."""

import pytest
from conftest import fails
from databases import (
    CAPACITY,
    CREATED,
    ENGINE,
    NEWER,
    OTHER,
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
MINOR, MAJOR = 10 + 600, 1800


def versions(rds, **wanted):
    pages = rds.get_paginator("describe_db_engine_versions").paginate(**{"Engine": ENGINE} | wanted)
    return {one["EngineVersion"]: one for page in pages for one in page["DBEngineVersions"]}


# --- what there is ------------------------------------------------------------------------------------


def test_versions_tell_what_they_can(db):
    every = versions(db.rds)
    assert every[VERSION]["SupportsGlobalDatabases"] is True
    assert every["16.4-limitless"]["SupportsGlobalDatabases"] is False
    assert every[VERSION]["DBParameterGroupFamily"] == "aurora-postgresql16"
    assert every[VERSION]["ServerlessV2FeaturesSupport"] == {"MinCapacity": 0.0, "MaxCapacity": 256.0}
    assert every["14.6"]["ServerlessV2FeaturesSupport"] == {"MinCapacity": 0.5, "MaxCapacity": 128.0}
    targets = {
        one["EngineVersion"]: one["IsMajorVersionUpgrade"] for one in every[VERSION]["ValidUpgradeTarget"]
    }
    assert targets[NEWER] is False and targets["17.4"] is True and "15.12" not in targets
    mysql = versions(db.rds, Engine="aurora-mysql")
    assert "ServerlessV2FeaturesSupport" not in mysql["5.7.mysql_aurora.2.12.5"]


def test_versions_are_chosen_by_number_family_and_default(db):
    assert list(versions(db.rds, EngineVersion=VERSION)) == [VERSION]
    assert set(versions(db.rds, EngineVersion="15")) == {"15.3", "15.4", "15.8", "15.12"}
    assert "15.4" in versions(db.rds, DBParameterGroupFamily="aurora-postgresql15")
    assert list(versions(db.rds, DefaultOnly=True)) == [NEWER]
    assert versions(db.rds, Engine="postgres") == {}
    with fails("InvalidParameterValue", "Unrecognized engine name"):
        versions(db.rds, Engine="nosuch")


def test_withdrawn_versions_are_not_listed_and_not_made(db, name):
    assert "16.6" not in versions(db.rds)
    assert versions(db.rds, IncludeAll=True)["16.6"]["Status"] == "deprecated"
    with fails("InvalidParameterCombination", "Cannot find version 16.6 for aurora-postgresql"):
        db.cluster(name, EngineVersion="16.6")


def test_a_version_can_be_withdrawn_in_one_region(control, db, other, running, name):
    withdrawn = {"region": OTHER, "engine": ENGINE, "version": VERSION}
    assert control("rds/withdrawn-versions", withdrawn) == {OTHER: [f"{ENGINE} {VERSION}"]}
    assert VERSION in versions(db.rds) and VERSION not in versions(other.rds)
    with fails("InvalidParameterCombination", f"Cannot find version {VERSION}"):
        other.cluster(name)
    assert control("rds/withdrawn-versions", withdrawn | {"offered": True}) == {}
    other.cluster(name)


def test_a_major_version_means_its_default(db, name):
    assert db.cluster(f"{name}-a", EngineVersion="15")["EngineVersion"] == "15.12"
    assert db.cluster(f"{name}-b", EngineVersion=None)["EngineVersion"] == NEWER
    with fails("InvalidParameterValue", "Invalid DB engine"):
        db.cluster(f"{name}-c", Engine="aurora", EngineVersion=None)


def test_classes_are_those_of_a_version(db):
    def options(**wanted):
        pages = db.rds.get_paginator("describe_orderable_db_instance_options").paginate(**wanted)
        return [one for page in pages for one in page["OrderableDBInstanceOptions"]]

    of_version = options(Engine=ENGINE, EngineVersion=VERSION)
    classes = {one["DBInstanceClass"]: one["SupportsGlobalDatabases"] for one in of_version}
    assert classes["db.serverless"] and classes["db.r7g.large"] and not classes["db.t4g.medium"]
    assert {one["StorageType"] for one in of_version} == {"aurora", "aurora-iopt1"}
    old = options(Engine="aurora-mysql", EngineVersion="5.7.mysql_aurora.2.12.5")
    assert "db.serverless" not in {one["DBInstanceClass"] for one in old}
    assert options(Engine=ENGINE, EngineVersion="16.6") == []
    with fails("InvalidParameterValue", "Invalid DB engine"):
        options(Engine="nosuch")


# --- minor versions -----------------------------------------------------------------------------------


def test_a_minor_upgrade_takes_the_cluster_and_its_instances(db, running, step):
    db.modify(running, EngineVersion=NEWER)
    assert db.see(running)["PendingModifiedValues"] == {"EngineVersion": NEWER}
    step(10)
    assert db.status(running) == "upgrading"
    assert db.see_instance(f"{running}-1")["DBInstanceStatus"] == "upgrading"
    assert db.see(running)["EngineVersion"] == VERSION
    step(600)
    assert (db.status(running), db.see(running)["EngineVersion"]) == ("available", NEWER)
    assert db.see_instance(f"{running}-1")["EngineVersion"] == NEWER


def test_a_version_is_never_older_or_unknown(db, running):
    with fails("InvalidParameterCombination", "Cannot upgrade aurora-postgresql from 16.4 to 16.1"):
        db.modify(running, EngineVersion="16.1")
    with fails("InvalidParameterCombination", "Cannot find version 16.99"):
        db.modify(running, EngineVersion="16.99")
    with fails("InvalidParameterCombination", "AllowMajorVersionUpgrade flag must be present"):
        db.modify(running, EngineVersion="17.4")


def test_secondaries_get_a_minor_version_before_their_primary(db, other, primary, secondary, step):
    with fails("InvalidParameterValue", "Please upgrade global replicas first"):
        db.modify(primary.name, EngineVersion=NEWER)
    other.modify(secondary.name, EngineVersion=NEWER)
    step(10)
    with fails("InvalidGlobalClusterStateFault", "is upgrading"):
        db.modify(primary.name, EngineVersion=NEWER)
    step(600)
    assert see_global(db.rds, primary.of)["EngineVersion"] == VERSION
    db.modify(primary.name, EngineVersion=NEWER)
    step(MINOR)
    assert see_global(db.rds, primary.of)["EngineVersion"] == NEWER


# --- major versions -----------------------------------------------------------------------------------


def modify_global(db, name, **more):
    return db.rds.modify_global_cluster(GlobalClusterIdentifier=name, **more)["GlobalCluster"]


def test_a_global_cluster_changes_its_major_version_only(db, primary):
    with fails("InvalidParameterValue", "doesn't support minor version upgrades"):
        modify_global(db, primary.of, EngineVersion=NEWER)
    with fails("InvalidParameterCombination", "AllowMajorVersionUpgrade flag must be present"):
        modify_global(db, primary.of, EngineVersion="17.4")
    with fails("InvalidParameterCombination", "Use ModifyGlobalCluster"):
        db.modify(primary.name, EngineVersion="17.4", AllowMajorVersionUpgrade=True)


def test_a_major_upgrade_takes_all_members_and_their_parameter_groups(
    db, other, primary, secondary, name, step
):
    for where, member in ((db, primary), (other, secondary)):
        where.cluster_group(name)
        where.modify(member.name, DBClusterParameterGroupName=name)
    begun = modify_global(db, primary.of, EngineVersion="17.4", AllowMajorVersionUpgrade=True)
    assert begun["Status"] == "upgrading"
    assert [db.status(primary.name), other.status(secondary.name)] == ["upgrading"] * 2
    step(MAJOR)
    assert (see_global(db.rds, primary.of)["Status"], see_global(db.rds, primary.of)["EngineVersion"]) == (
        "available",
        "17.4",
    )
    for where, member in ((db, primary), (other, secondary)):
        seen = where.see(member.name)
        assert (seen["EngineVersion"], seen["DBClusterParameterGroup"]) == (
            "17.4",
            "default.aurora-postgresql17",
        )
        group = where.see_instance(member.instance)["DBParameterGroups"][0]
        assert group == {
            "DBParameterGroupName": "default.aurora-postgresql17",
            "ParameterApplyStatus": "in-sync",
        }
        assert where.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name)


def test_a_major_upgrade_of_a_cluster_that_stands_alone_names_its_parameter_group(db, running, name, step):
    db.cluster_group(name, "aurora-postgresql17")
    with fails("InvalidParameterCombination", "aurora-postgresql16"):
        db.modify(running, DBClusterParameterGroupName=name)
    more = {"AllowMajorVersionUpgrade": True, "DBClusterParameterGroupName": name}
    db.modify(running, EngineVersion="17.4", **more)
    assert db.see(running)["DBClusterParameterGroup"] == "default.aurora-postgresql16"
    step(MINOR)
    assert (db.see(running)["EngineVersion"], db.see(running)["DBClusterParameterGroup"]) == ("17.4", name)
