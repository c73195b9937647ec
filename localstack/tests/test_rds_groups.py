"""RDS: subnet groups and parameter groups."""

import pytest
from conftest import fails
from databases import CREATED, OTHER, STARTED, Databases, db, running
from networks import removals

pytestmark = pytest.mark.usefixtures("step")


# --- subnet groups ----------------------------------------------------------------------------------


def test_a_subnet_group_keeps_its_name_in_small_letters(db, name):
    made = db.subnet_group(f"{name}-Net", db.subnets)
    assert made["DBSubnetGroupName"] == f"{name}-net"
    assert (made["VpcId"], made["SubnetGroupStatus"]) == (db.vpc, "Complete")
    assert {one["SubnetIdentifier"] for one in made["Subnets"]} == set(db.subnets)
    with fails("DBSubnetGroupAlreadyExists"):
        db.subnet_group(f"{name}-nET", db.subnets)
    found = db.rds.describe_db_subnet_groups(DBSubnetGroupName=f"{name}-NET")["DBSubnetGroups"]
    assert found == [made]


def test_a_subnet_group_covers_two_zones_of_one_vpc(db, name):
    with fails("DBSubnetGroupDoesNotCoverEnoughAZs", "Current AZ coverage: eu-west-1a"):
        db.subnet_group(name, [db.subnets[0], db.subnet(2, "a")])
    foreign = db.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with fails("InvalidSubnet"):
        db.subnet_group(name, [db.subnets[0], db.subnet(3, "b", foreign)])
    with fails("InvalidSubnet"):
        db.subnet_group(name, [db.subnets[0], "subnet-0123456789abcdef0"])


@pytest.mark.parametrize("wrong", ["1net", "default", "a/b", "x" * 256])
def test_names_of_subnet_groups_are_checked(db, wrong):
    with fails("InvalidParameterValue"):
        db.subnet_group(wrong, db.subnets)


def test_a_subnet_group_is_changed_in_place_within_its_vpc(db, running, name):
    third = db.subnet(2, "c")
    change = {"DBSubnetGroupName": db.group, "DBSubnetGroupDescription": "new"}
    changed = db.rds.modify_db_subnet_group(**change, SubnetIds=[*db.subnets, third])["DBSubnetGroup"]
    assert (len(changed["Subnets"]), changed["DBSubnetGroupDescription"]) == (3, "new")
    held = db.interfaces()[0]["SubnetId"]
    with fails("SubnetAlreadyInUse", held):
        left = [subnet for subnet in [*db.subnets, third] if subnet != held]
        db.rds.modify_db_subnet_group(**change, SubnetIds=left)
    foreign = db.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with fails("InvalidParameterValue", "not in the same Vpc"):
        elsewhere = [db.subnet(number, zone, foreign) for number, zone in enumerate("ab")]
        db.rds.modify_db_subnet_group(**change, SubnetIds=elsewhere)


def test_a_subnet_group_in_use_stays(db, running, step):
    with fails("InvalidDBSubnetGroupStateFault", running):
        db.rds.delete_db_subnet_group(DBSubnetGroupName=db.group)
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{running}-1")
    db.delete(running)
    with fails("InvalidDBSubnetGroupStateFault"):
        db.rds.delete_db_subnet_group(DBSubnetGroupName=db.group)
    step(420)
    db.rds.delete_db_subnet_group(DBSubnetGroupName=db.group)
    with fails("DBSubnetGroupNotFoundFault"):
        db.rds.delete_db_subnet_group(DBSubnetGroupName=db.group)


def test_an_instance_holds_its_subnet_and_its_security_group(db, running, step):
    (interface,) = db.interfaces()
    assert interface["RequesterId"] == "amazon-rds"
    calls = removals(db.ec2, interface["SubnetId"], db.security_group)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{running}-1")
    step(300)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    step(60)
    for call in calls:
        call()


def test_the_default_subnet_group_is_of_the_default_vpc(db, name):
    vpcs = db.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    made = db.cluster(name, DBSubnetGroupName=None, VpcSecurityGroupIds=None)
    assert made["DBSubnetGroup"] == "default"
    group = db.rds.describe_db_subnet_groups(DBSubnetGroupName="default")["DBSubnetGroups"][0]
    assert group["VpcId"] == vpcs[0]["VpcId"]


# --- parameter groups -------------------------------------------------------------------------------


def parameters(db, group, source=None):
    pages = db.rds.get_paginator("describe_db_cluster_parameters")
    wanted = {"DBClusterParameterGroupName": group} | ({"Source": source} if source else {})
    return {one["ParameterName"]: one for page in pages.paginate(**wanted) for one in page["Parameters"]}


def test_a_parameter_group_has_its_family_and_all_its_parameters(db, name):
    made = db.cluster_group(f"{name}-A")
    assert made["DBClusterParameterGroupName"] == f"{name}-a"
    every = parameters(db, f"{name}-a")
    assert every["rds.force_ssl"]["ApplyType"] == "dynamic"
    assert every["max_connections"]["ApplyType"] == "static"
    assert every["rds.extensions"]["IsModifiable"] is False
    assert parameters(db, f"{name}-a", "user") == {}
    with fails("DBParameterGroupAlreadyExists"):
        db.cluster_group(f"{name}-a")
    with fails("InvalidParameterValue", "not a valid parameter group family"):
        db.cluster_group(f"{name}-b", "aurora-postgresql99")
    db.instance_group(f"{name}-a")  # of the other kind


def test_parameters_are_set_and_reset(db, name):
    db.cluster_group(name)
    db.set(name, "rds.force_ssl", "1", "immediate")
    db.set(name, "max_connections", "500")
    assert {key: one["ParameterValue"] for key, one in parameters(db, name, "user").items()} == {
        "rds.force_ssl": "1",
        "max_connections": "500",
    }
    given = [{"ParameterName": "max_connections", "ApplyMethod": "pending-reboot"}]
    reset = {"DBClusterParameterGroupName": name}
    db.rds.reset_db_cluster_parameter_group(**reset, Parameters=given)
    assert list(parameters(db, name, "user")) == ["rds.force_ssl"]
    with fails("InvalidParameterCombination"):
        db.rds.reset_db_cluster_parameter_group(**reset, Parameters=given, ResetAllParameters=True)
    db.rds.reset_db_cluster_parameter_group(**reset, ResetAllParameters=True)
    assert parameters(db, name, "user") == {}


@pytest.mark.parametrize(
    ("parameter", "value", "method", "code", "text"),
    [
        ("no_such", "1", "immediate", "InvalidParameterValue", "Could not find parameter with name: no_such"),
        ("max_connections", "5", "pending-reboot", "InvalidParameterValue", "allowed values are: 6-262143"),
        ("rds.force_ssl", "yes", "immediate", "InvalidParameterValue", "allowed values are: 0,1"),
        ("log_statement", "some", "immediate", "InvalidParameterValue", "none,ddl,mod,all"),
        ("shared_preload_libraries", "mine", "pending-reboot", "InvalidParameterValue", "mine"),
        (
            "max_connections",
            "500",
            "immediate",
            "InvalidParameterCombination",
            "immediate apply method for static",
        ),
        ("rds.extensions", "x", "pending-reboot", "InvalidParameterValue", "cannot be modified"),
    ],
)
def test_wrong_parameters_are_refused(db, name, parameter, value, method, code, text):
    db.cluster_group(name)
    with fails(code, text):
        db.set(name, parameter, value, method)


def test_formulas_lists_and_negative_bounds_are_accepted(db, name):
    db.cluster_group(name)
    for parameter, value in (
        ("max_connections", "LEAST({DBInstanceClassMemory/9531392},2000)"),
        ("shared_preload_libraries", "pg_stat_statements,pgaudit"),
        ("log_min_duration_statement", "-1"),
        ("apg_write_forward.consistency_mode", "session"),
    ):
        db.set(name, parameter, value)
    assert len(parameters(db, name, "user")) == 4


def test_twenty_parameters_go_into_a_call(db, name):
    db.cluster_group(name)
    every = [
        one
        for one in parameters(db, name).values()
        if one["IsModifiable"] and "," in one.get("AllowedValues", "")
    ]
    given = [
        {
            "ParameterName": one["ParameterName"],
            "ParameterValue": one["AllowedValues"].split(",")[0],
            "ApplyMethod": "pending-reboot",
        }
        for one in every
    ]
    few = (given * 2)[:21]
    with fails("InvalidParameterValue", "maximum of 20"):
        db.rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=few)
    db.rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=name, Parameters=few[:20])


def test_a_parameter_group_in_use_stays(db, name, step):
    db.cluster_group(name)
    db.instance_group(name)
    db.cluster(name, DBClusterParameterGroupName=name)
    db.instance(name, f"{name}-1", DBParameterGroupName=name)
    step(CREATED + STARTED)
    with fails("InvalidDBParameterGroupState", "still members of this parameter group"):
        db.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name)
    with fails("InvalidDBParameterGroupState"):
        db.rds.delete_db_parameter_group(DBParameterGroupName=name)
    db.rds.delete_db_instance(DBInstanceIdentifier=f"{name}-1")
    db.delete(name)
    step(300)
    db.rds.delete_db_parameter_group(DBParameterGroupName=name)
    step(120)
    db.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name)
    with fails("DBParameterGroupNotFound"):
        db.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=name)


def test_the_default_group_of_a_family_is_there_and_cannot_be_changed(db, name):
    default = "default.aurora-postgresql16"
    assert db.cluster(name)["DBClusterParameterGroup"] == default
    listed = db.rds.describe_db_cluster_parameter_groups()["DBClusterParameterGroups"]
    assert default in [group["DBClusterParameterGroupName"] for group in listed]
    with fails("InvalidParameterValue"):
        db.set(default, "rds.force_ssl", "1", "immediate")
    with fails("InvalidParameterValue"):
        db.rds.delete_db_cluster_parameter_group(DBClusterParameterGroupName=default)


def test_a_group_of_another_family_does_not_fit(db, name):
    db.cluster_group(name, "aurora-postgresql15")
    with fails("InvalidParameterCombination", "DBParameterGroupFamily aurora-postgresql16"):
        db.cluster(name, DBClusterParameterGroupName=name)
    with fails("DBClusterParameterGroupNotFound"):
        db.cluster(name, DBClusterParameterGroupName="no-such")


def states(db, cluster):
    member = db.see(cluster)["DBClusterMembers"][0]
    instance = db.see_instance(member["DBInstanceIdentifier"])
    return (
        member["DBClusterParameterGroupStatus"],
        instance["DBParameterGroups"][0]["ParameterApplyStatus"],
    )


def test_dynamic_parameters_are_applied_and_static_ones_wait_for_a_reboot(db, name, step):
    db.cluster_group(name)
    db.cluster(name, DBClusterParameterGroupName=name)
    db.instance(name, f"{name}-1")
    step(CREATED + STARTED)
    assert states(db, name) == ("in-sync", "in-sync")
    db.set(name, "rds.force_ssl", "1", "immediate")
    assert states(db, name)[0] == "applying"
    step(20)
    assert states(db, name)[0] == "in-sync"
    db.set(name, "max_connections", "500")
    assert states(db, name)[0] == "pending-reboot"
    db.rds.reboot_db_instance(DBInstanceIdentifier=f"{name}-1")
    assert db.see_instance(f"{name}-1")["DBInstanceStatus"] == "rebooting"
    step(45)
    assert states(db, name) == ("in-sync", "in-sync")
    db.set(name, "max_connections", "500")  # as it is
    assert states(db, name)[0] == "in-sync"


def test_another_group_is_named_at_once_and_counts_after_a_reboot(db, running, name, step):
    db.cluster_group(name)
    db.instance_group(name)
    db.rds.modify_db_cluster(DBClusterIdentifier=running, DBClusterParameterGroupName=name)
    assert db.see(running)["DBClusterParameterGroup"] == name
    db.rds.modify_db_instance(DBInstanceIdentifier=f"{running}-1", DBParameterGroupName=name)
    assert states(db, running) == ("pending-reboot", "pending-reboot")
    db.rds.reboot_db_instance(DBInstanceIdentifier=f"{running}-1")
    step(45)
    assert states(db, running) == ("in-sync", "in-sync")


def test_defaults_of_a_family_are_described(db):
    for call in (
        db.rds.describe_engine_default_cluster_parameters,
        db.rds.describe_engine_default_parameters,
    ):
        defaults = call(DBParameterGroupFamily="aurora-mysql8.0")["EngineDefaults"]
        names = {one["ParameterName"] for one in defaults["Parameters"]}
        assert "aurora_replica_read_consistency" in names
