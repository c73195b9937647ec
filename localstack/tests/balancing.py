"""What the tests of load balancing share: a network, a balancer that serves, and short calls."""

from types import SimpleNamespace

import pytest

REGION = "eu-west-1"
NOTHING = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


@pytest.fixture
def elb(aws):
    return aws("elbv2", REGION)


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def net(ec2):
    """A VPC with an internet gateway, two subnets and a security group; it goes if nothing holds it."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    return SimpleNamespace(
        vpc=vpc, gateway=gateway, group=group, subnets=[subnet(ec2, vpc, 0, "a"), subnet(ec2, vpc, 1, "b")]
    )


def subnet(ec2, vpc, number, zone, bits=24):
    wanted = {"VpcId": vpc, "CidrBlock": f"10.0.{number}.0/{bits}", "AvailabilityZone": f"{REGION}{zone}"}
    return ec2.create_subnet(**wanted)["Subnet"]["SubnetId"]


def balancer(elb, net, name, **more):
    return elb.create_load_balancer(
        **{"Name": name, "Subnets": net.subnets, "SecurityGroups": [net.group], **more}
    )["LoadBalancers"][0]


def target_group(elb, net, name, **more):
    wanted = {
        "Name": name,
        "Protocol": "HTTP",
        "Port": 80,
        "VpcId": net.vpc,
        "TargetType": "ip",
        "HealthCheckIntervalSeconds": 10,
    }
    return elb.create_target_group(**{**wanted, **more})["TargetGroups"][0]["TargetGroupArn"]


def listener(elb, arn, action=NOTHING, port=80, **more):
    return elb.create_listener(
        **{"LoadBalancerArn": arn, "Port": port, "Protocol": "HTTP", "DefaultActions": [action], **more}
    )["Listeners"][0]


def forward(*groups):
    if len(groups) == 1:
        return {"Type": "forward", "TargetGroupArn": groups[0]}
    return {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
        },
    }


def rule(elb, listener_arn, priority, action=NOTHING, path="/x"):
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}]
    return elb.create_rule(
        ListenerArn=listener_arn, Priority=priority, Conditions=conditions, Actions=[action]
    )["Rules"][0]


def state(elb, group, target="10.0.0.7"):
    health = elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": target}])[
        "TargetHealthDescriptions"
    ][0]["TargetHealth"]
    return health["State"], health.get("Reason")


def active(elb, arn, step):
    step(150)
    assert (
        elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active"
    )


def register(elb, group, *addresses):
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address} for address in addresses])


def attributes(answer):
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


@pytest.fixture
def served(elb, net, name, step):
    """An active balancer that forwards to a group."""
    arn, group = balancer(elb, net, name)["LoadBalancerArn"], target_group(elb, net, name)
    made = listener(elb, arn, forward(group))["ListenerArn"]
    active(elb, arn, step)
    return SimpleNamespace(arn=arn, group=group, listener=made)
