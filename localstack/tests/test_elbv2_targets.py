"""Targets and their health, tags, and the state as a whole."""

import pytest
from balancing import (
    NOTHING,
    REGION,
    balancer,
    ec2,
    elb,
    forward,
    listener,
    net,
    register,
    rule,
    served,
    state,
    target_group,
)
from conftest import ACCOUNT, FOLDER, fails

from isobar_localstack.core.clock import clock
from isobar_localstack.services.elbv2 import targets as elbv2_targets
from isobar_localstack.services.elbv2.actions import written_forward
from isobar_localstack.services.elbv2.state import Balancer, Listener, Region, Rule, TargetGroup, regions

pytestmark = pytest.mark.usefixtures("step")


# --- targets --------------------------------------------------------------------------------------


def test_targets_are_unused_without_a_listener(elb, net, name, step):
    group = target_group(elb, net, name)
    assert state(elb, group) == ("unused", "Target.NotRegistered")
    register(elb, group, "10.0.0.7")
    step(1000)
    assert state(elb, group) == ("unused", "Target.NotInUse")


def test_a_target_becomes_healthy_after_a_check(elb, served, step):
    register(elb, served.group, "10.0.0.7")
    assert state(elb, served.group) == ("initial", "Elb.InitialHealthChecking")
    step(9)
    assert state(elb, served.group)[0] == "initial"
    step(1)
    assert state(elb, served.group) == ("healthy", None)
    shown = elb.describe_target_health(TargetGroupArn=served.group)["TargetHealthDescriptions"]
    assert shown == [
        {
            "Target": {"Id": "10.0.0.7", "Port": 80},
            "HealthCheckPort": "80",
            "TargetHealth": {"State": "healthy"},
        }
    ]


def test_targets_wait_for_their_balancer(elb, net, name, step):
    arn, group = balancer(elb, net, name)["LoadBalancerArn"], target_group(elb, net, name)
    listener(elb, arn, forward(group))
    register(elb, group, "10.0.0.7")
    step(149)
    assert state(elb, group) == ("initial", "Elb.RegistrationInProgress")
    step(11)
    assert state(elb, group)[0] == "healthy"


def test_a_group_told_to_be_unhealthy_is(elb, control, served, step):
    register(elb, served.group, "10.0.0.7")
    step(10)
    control("target-health", {"target_group": served.group, "health": "unhealthy"})
    step(19)
    assert state(elb, served.group)[0] == "healthy"
    step(1)
    assert state(elb, served.group) == ("unhealthy", "Target.FailedHealthChecks")
    register(elb, served.group, "10.0.0.8")
    step(20)
    assert state(elb, served.group, "10.0.0.8")[0] == "unhealthy"
    control("target-health", {"target_group": served.group, "health": "healthy"})
    step(49)
    assert state(elb, served.group)[0] == "unhealthy"
    step(1)
    assert state(elb, served.group)[0] == "healthy"


def test_one_target_is_told_apart_by_the_name_of_the_group(elb, control, net, name, served, step):
    register(elb, served.group, "10.0.0.7", "10.0.0.8")
    answer = control("target-health", {"target_group": name, "target": "10.0.0.8", "health": "unhealthy"})
    assert answer[served.group] == {"10.0.0.7:80": "initial", "10.0.0.8:80": "initial"}
    step(20)
    assert control("target-health")[served.group] == {"10.0.0.7:80": "healthy", "10.0.0.8:80": "unhealthy"}


def test_a_deregistered_target_drains(elb, served, step):
    elb.modify_target_group_attributes(
        TargetGroupArn=served.group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    )
    register(elb, served.group, "10.0.0.7")
    step(10)
    elb.deregister_targets(TargetGroupArn=served.group, Targets=[{"Id": "10.0.0.7"}])
    assert state(elb, served.group) == ("draining", "Target.DeregistrationInProgress")
    step(30)
    assert state(elb, served.group) == ("unused", "Target.NotRegistered")
    assert not elb.describe_target_health(TargetGroupArn=served.group)["TargetHealthDescriptions"]
    elb.deregister_targets(TargetGroupArn=served.group, Targets=[{"Id": "10.0.0.7"}])


def test_a_target_can_come_back_while_it_drains(elb, served, step):
    register(elb, served.group, "10.0.0.7")
    step(10)
    elb.deregister_targets(TargetGroupArn=served.group, Targets=[{"Id": "10.0.0.7"}])
    register(elb, served.group, "10.0.0.7")
    step(400)
    assert state(elb, served.group)[0] == "healthy"


def test_targets_are_of_the_type_of_their_group(elb, net, name):
    group = target_group(elb, net, name)
    with fails("ValidationError", "i-0123456789abcdef0"):
        register(elb, group, "i-0123456789abcdef0")
    with fails("ValidationError", "192.0.2.1"):
        register(elb, group, "192.0.2.1")
    with fails("ValidationError", "Availability Zone"):
        register(elb, group, "192.168.0.1")
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "192.168.0.1", "AvailabilityZone": "all"}])
    with fails("InvalidTarget"):
        register(elb, target_group(elb, net, f"{name}-2", TargetType="instance"), "i-0123456789abcdef0")


# --- for other services ---------------------------------------------------------------------------
# These functions are called inside the emulator, hence here on a state of their own.

PLACE = (ACCOUNT, "xx-test-1")


@pytest.fixture
def place():
    """A rule forwards to the groups blue (90) and green (10) of an active balancer; the group grey is left over."""
    clock.freeze()
    data = {
        "TargetType": "ip",
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": "vpc-1",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 10,
        "HealthyThresholdCount": 3,
        "UnhealthyThresholdCount": 2,
    }
    groups = {
        name: TargetGroup(
            data | {"TargetGroupName": name}, {}, {"deregistration_delay.timeout_seconds": "60"}
        )
        for name in ("blue", "green", "grey")
    }
    action = written_forward(forward(("blue", 90), ("green", 10)))
    regions[PLACE] = Region(
        {"lb": Balancer({}, {}, {}, {})},
        groups,
        {
            "listener": Listener(
                {"ListenerArn": "listener", "LoadBalancerArn": "lb", "DefaultActions": [NOTHING]},
                {},
                {},
                "default",
            )
        },
        {"rule": Rule({"RuleArn": "rule", "Actions": [action]}, {}, "listener")},
    )
    elbv2_targets.note_uses(regions[PLACE])
    yield regions[PLACE]
    del regions[PLACE]
    clock.thaw()


def test_other_services_ask_about_groups(place):
    assert [elbv2_targets.is_attached(*PLACE, group) for group in ("blue", "green", "grey", "gone")] == [
        True,
        True,
        False,
        False,
    ]
    assert [elbv2_targets.exists(*PLACE, group) for group in ("blue", "gone")] == [True, False]
    assert [elbv2_targets.vpc_of(*PLACE, group) for group in ("blue", "gone")] == ["vpc-1", None]


def test_other_services_register_and_deregister(place):
    target = {"Id": "10.0.0.7", "Port": 8080}

    def states():
        return [elbv2_targets.state(*PLACE, group, target) for group in ("blue", "grey", "gone")]

    for group in ("blue", "grey", "gone"):
        elbv2_targets.register(*PLACE, group, [target])
    assert states() == ["initial", "unused", None]
    clock.step(10)
    assert states() == ["healthy", "unused", None]
    assert elbv2_targets.state(*PLACE, "blue", {"Id": "10.0.0.7"}) == "healthy"
    for group in ("blue", "grey", "gone"):
        elbv2_targets.deregister(*PLACE, group, [{"Id": "10.0.0.7"}])
    assert states() == ["draining", None, None]
    clock.step(60)
    assert states() == [None, None, None]


def test_other_services_shift_weights(place):
    elbv2_targets.shift(*PLACE, "rule", {"green": 100, "blue": 0})
    config = place.rules["rule"].data["Actions"][0]["ForwardConfig"]
    assert config["TargetGroups"] == [
        {"TargetGroupArn": "blue", "Weight": 0},
        {"TargetGroupArn": "green", "Weight": 100},
    ]
    elbv2_targets.shift(*PLACE, "rule", {"grey": 1})
    assert elbv2_targets.is_attached(*PLACE, "grey")
    place.listeners["listener"].data["DefaultActions"] = [written_forward(forward("blue"))]
    elbv2_targets.shift(*PLACE, "default", {"blue": 20, "green": 80})
    shifted = place.listeners["listener"].data["DefaultActions"][0]
    assert [group["Weight"] for group in shifted["ForwardConfig"]["TargetGroups"]] == [20, 80]
    assert "TargetGroupArn" not in shifted


# --- tags and the whole ---------------------------------------------------------------------------


def test_tags_of_all_four_kinds(aws, elb, net, name):
    tags = [{"Key": "isobar:stack", "Value": name}]
    arn = balancer(elb, net, name, Tags=tags)["LoadBalancerArn"]
    group = target_group(elb, net, name, Tags=tags)
    made = listener(elb, arn, Tags=tags)["ListenerArn"]
    one = rule(elb, made, 1)["RuleArn"]
    elb.add_tags(
        ResourceArns=[one, arn], Tags=[{"Key": "isobar:stack", "Value": name}, {"Key": "a", "Value": "b"}]
    )
    elb.remove_tags(ResourceArns=[one, arn], TagKeys=["a"])
    arns = [arn, group, made, one]
    assert elb.describe_tags(ResourceArns=arns)["TagDescriptions"] == [
        {"ResourceArn": each, "Tags": tags} for each in arns
    ]
    found = aws("resourcegroupstaggingapi", REGION).get_resources(
        TagFilters=[{"Key": "isobar:stack", "Values": [name]}]
    )
    assert {one["ResourceARN"] for one in found["ResourceTagMappingList"]} == set(arns)
    with fails("ValidationError", "20"):
        elb.describe_tags(ResourceArns=arns * 6)
    with fails("TargetGroupNotFound"):
        elb.add_tags(ResourceArns=[group[:-16] + "0" * 16], Tags=tags)


def test_the_inventory_lists_all_four_kinds(elb, control, name, served):
    rule(elb, served.listener, 7)
    things = {
        (one["kind"], one["name"])
        for one in control(f"inventory?regions={REGION}")
        if one["service"] == "elbv2" and name in one["name"]
    }
    short = served.listener.partition("/")[2]
    kinds = {kind for kind, _ in things}
    assert kinds == {"load-balancer", "target-group", "listener", "listener-rule"}
    assert ("load-balancer", served.arn.partition("/")[2]) in things and ("listener", f"{short} 80") in things


def test_what_is_half_done_survives_a_restore(elb, control, served, step):
    register(elb, served.group, "10.0.0.7")
    control("snapshot", {"name": "elb"})
    step(10)
    assert state(elb, served.group)[0] == "healthy"
    control("restore", {"name": "elb"})
    assert state(elb, served.group)[0] == "initial"
    step(10)
    assert state(elb, served.group)[0] == "healthy"
