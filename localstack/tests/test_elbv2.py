"""Load balancers and target groups."""

import re

import pytest
from balancing import (
    NOTHING,
    REGION,
    attributes,
    balancer,
    ec2,
    elb,
    forward,
    listener,
    net,
    rule,
    served,
    subnet,
    target_group,
)
from conftest import eventually, fails
from networks import removals

pytestmark = pytest.mark.usefixtures("step")


# --- load balancers -------------------------------------------------------------------------------


def test_a_balancer_is_provisioning_and_then_active(elb, net, name, step):
    made = balancer(elb, net, name)
    assert made["State"]["Code"] == "provisioning"
    assert re.fullmatch(
        rf"arn:aws:elasticloadbalancing:{REGION}:000000000000:loadbalancer/app/{name}/[0-9a-f]{{16}}",
        made["LoadBalancerArn"],
    )
    assert re.fullmatch(rf"{name}-\d+\.{REGION}\.elb\.amazonaws\.com", made["DNSName"])
    assert (made["CanonicalHostedZoneId"], made["VpcId"], made["Scheme"], made["Type"]) == (
        "Z32O12XQLNTSW2",
        net.vpc,
        "internet-facing",
        "application",
    )
    assert {zone["SubnetId"] for zone in made["AvailabilityZones"]} == set(net.subnets)
    step(149)
    assert elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["State"]["Code"] == "provisioning"
    step(1)
    assert elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["State"]["Code"] == "active"


def test_the_name_of_an_internal_balancer_says_so(elb, net, name):
    assert balancer(elb, net, name, Scheme="internal")["DNSName"].startswith(f"internal-{name}-")


def test_the_same_balancer_again_succeeds_and_another_does_not(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    assert balancer(elb, net, name, Subnets=net.subnets[::-1])["LoadBalancerArn"] == arn
    with fails("DuplicateLoadBalancerName", "exists, but with different settings"):
        balancer(elb, net, name, Scheme="internal")
    with fails("DuplicateLoadBalancerName"):
        balancer(elb, net, name, Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize("wrong", ["-x", "x-", "internal-x", "x_y", "x" * 33])
def test_names_of_balancers_are_checked(elb, net, wrong):
    with fails("ValidationError"):
        balancer(elb, net, wrong)


def test_a_balancer_spans_two_zones_of_one_vpc_with_one_subnet_each(elb, ec2, net, name):
    with fails("ValidationError", "two different Availability Zones"):
        balancer(elb, net, name, Subnets=net.subnets[:1])
    with fails("InvalidConfigurationRequest", "same Availability Zone"):
        balancer(elb, net, name, Subnets=[*net.subnets, subnet(ec2, net.vpc, 2, "a")])
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with fails("InvalidConfigurationRequest"):
        balancer(elb, net, name, Subnets=[net.subnets[0], subnet(ec2, other, 0, "b")])
    with fails("SubnetNotFound"):
        balancer(elb, net, name, Subnets=[net.subnets[0], "subnet-0123456789abcdef0"])


def test_a_subnet_needs_eight_free_addresses(elb, ec2, net, name):
    small = subnet(ec2, net.vpc, 3, "c", 28)
    for _ in range(4):
        ec2.create_network_interface(SubnetId=small)
    with fails("InvalidSubnet", "at least 8 free IP addresses"):
        balancer(elb, net, name, Subnets=[net.subnets[0], small])


def test_groups_are_of_the_vpc_of_the_balancer(elb, ec2, net, name):
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_security_group(GroupName="x", Description="x", VpcId=other)["GroupId"]
    with fails("InvalidConfigurationRequest", foreign):
        balancer(elb, net, name, SecurityGroups=[foreign])
    with fails("InvalidSecurityGroup"):
        balancer(elb, net, name, SecurityGroups=["sg-0123456789abcdef0"])
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    with fails("InvalidConfigurationRequest", foreign):
        elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[foreign])


def test_without_groups_it_gets_the_default_one(elb, ec2, net, name):
    filters = [{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    assert elb.create_load_balancer(Name=name, Subnets=net.subnets)["LoadBalancers"][0]["SecurityGroups"] == [
        default
    ]


def test_an_internet_facing_balancer_needs_an_internet_gateway(elb, ec2, net, name):
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    with fails("InvalidSubnet", f"VPC {net.vpc} has no internet gateway"):
        balancer(elb, net, name)
    assert balancer(elb, net, name, Scheme="internal")["Scheme"] == "internal"


def interfaces(ec2, made):
    filters = [{"Name": "description", "Values": [f"ELB {made['LoadBalancerArn'].partition('/')[2]}"]}]
    return ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]


def test_its_interfaces_outlive_a_balancer(elb, ec2, net, name, step):
    made = balancer(elb, net, name)
    assert {one["SubnetId"] for one in interfaces(ec2, made)} == set(net.subnets)
    assert all([group["GroupId"] for group in one["Groups"]] == [net.group] for one in interfaces(ec2, made))
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    with fails("LoadBalancerNotFound"):
        elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])
    assert len(interfaces(ec2, made)) == 2
    step(180)
    assert not interfaces(ec2, made)


def test_what_a_balancer_stands_on_stays_until_its_interfaces_have_gone(elb, ec2, net, name, step):
    made = balancer(elb, net, name)
    assert all(one["Association"]["IpOwnerId"] == "amazon" for one in interfaces(ec2, made))
    calls = removals(ec2, net.subnets[0], net.group, net.gateway, net.vpc)
    step(150)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    step(179)
    for call in calls:
        with fails("DependencyViolation"):
            call()
    step(1)
    for call in calls:
        call()


def test_an_internal_balancer_does_not_hold_the_gateway(elb, ec2, net, name):
    made = balancer(elb, net, name, Scheme="internal")
    assert not any("Association" in one for one in interfaces(ec2, made))
    *held, detach = removals(ec2, net.subnets[1], net.group, net.gateway, net.vpc)
    detach()
    for call in held:
        with fails("DependencyViolation"):
            call()


def test_set_subnets_replaces_them(elb, ec2, net, name, step):
    made = balancer(elb, net, name)
    third = subnet(ec2, net.vpc, 2, "c")
    answer = elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=[net.subnets[0], third])
    assert {zone["SubnetId"] for zone in answer["AvailabilityZones"]} == {net.subnets[0], third}
    step(180)
    assert {one["SubnetId"] for one in interfaces(ec2, made)} == {net.subnets[0], third}
    with fails("ValidationError"):
        elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=[third])


def test_a_balancer_can_do_without_public_addresses(elb, ec2, net, name):
    made = balancer(elb, net, name)
    block = ec2.associate_vpc_cidr_block(VpcId=net.vpc, AmazonProvidedIpv6CidrBlock=True)[
        "Ipv6CidrBlockAssociation"
    ]["Ipv6CidrBlock"]
    for number, one in enumerate(net.subnets):
        ec2.associate_subnet_cidr_block(
            SubnetId=one, Ipv6CidrBlock=block.replace("00::/56", f"0{number}::/64")
        )
    elb.set_ip_address_type(
        LoadBalancerArn=made["LoadBalancerArn"], IpAddressType="dualstack-without-public-ipv4"
    )
    assert not any("Association" in one for one in interfaces(ec2, made))
    elb.set_ip_address_type(LoadBalancerArn=made["LoadBalancerArn"], IpAddressType="dualstack")
    assert all("Association" in one for one in interfaces(ec2, made))


def test_set_security_groups_changes_the_interfaces(elb, ec2, net, name):
    made = balancer(elb, net, name)
    other = ec2.create_security_group(GroupName="other", Description="x", VpcId=net.vpc)["GroupId"]
    assert elb.set_security_groups(LoadBalancerArn=made["LoadBalancerArn"], SecurityGroups=[other])[
        "SecurityGroupIds"
    ] == [other]
    assert all([group["GroupId"] for group in one["Groups"]] == [other] for one in interfaces(ec2, made))
    assert elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["SecurityGroups"] == [other]


def test_dual_stack_needs_subnets_with_ipv6(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    with fails("ValidationError", "IPv6 CIDR block"):
        elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="dualstack")
    assert elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"


def test_a_network_balancer_without_groups_never_gets_any(elb, net, name):
    made = elb.create_load_balancer(Name=name, Type="network", Subnets=net.subnets[:1])["LoadBalancers"][0]
    assert (made["CanonicalHostedZoneId"], "SecurityGroups" in made) == ("Z2IFOLAFXWLO4F", False)
    assert made["DNSName"].endswith(f".elb.{REGION}.amazonaws.com")
    with fails("InvalidConfigurationRequest"):
        elb.set_security_groups(LoadBalancerArn=made["LoadBalancerArn"], SecurityGroups=[net.group])


def test_attributes_of_balancers(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    before = attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert (
        before["idle_timeout.timeout_seconds"],
        before["load_balancing.cross_zone.enabled"],
        before["routing.http2.enabled"],
    ) == ("60", "true", "true")
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "90"}]
    )
    assert attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn)) == before | {
        "idle_timeout.timeout_seconds": "90"
    }


@pytest.mark.parametrize(
    "code, key, value",
    [
        ("ValidationError", "idle_timeout.seconds", "60"),
        ("ValidationError", "idle_timeout.timeout_seconds", "4001"),
        ("ValidationError", "routing.http2.enabled", "yes"),
        ("ValidationError", "access_logs.s3.enabled", "true"),
        ("InvalidConfigurationRequest", "dns_record.client_routing_policy", "any_availability_zone"),
        ("InvalidConfigurationRequest", "load_balancing.cross_zone.enabled", "false"),
    ],
)
def test_wrong_attributes_are_refused(elb, net, name, code, key, value):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    with fails(code):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])


def test_deletion_protection_refuses(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}]
    )
    with fails("OperationNotPermitted", "deletion protection is enabled"):
        elb.delete_load_balancer(LoadBalancerArn=arn)


def test_deleting_takes_listeners_along_and_can_be_repeated(elb, served):
    made = rule(elb, served.listener, 5)["RuleArn"]
    for _ in range(2):
        elb.delete_load_balancer(LoadBalancerArn=served.arn)
    with fails("ListenerNotFound"):
        elb.describe_listeners(ListenerArns=[served.listener])
    with fails("RuleNotFound"):
        elb.describe_rules(RuleArns=[made])
    with fails("LoadBalancerNotFound"):
        elb.describe_listeners(LoadBalancerArn=served.arn)
    elb.delete_target_group(TargetGroupArn=served.group)


def test_a_vpc_link_holds_its_balancer(aws, elb, net, name):
    gateway = aws("apigateway", REGION)
    arn = elb.create_load_balancer(Name=name, Type="network", Scheme="internal", Subnets=net.subnets)[
        "LoadBalancers"
    ][0]["LoadBalancerArn"]
    link = gateway.create_vpc_link(name=name, targetArns=[arn])["id"]
    with fails("ResourceInUse", "currently associated with another service"):
        elb.delete_load_balancer(LoadBalancerArn=arn)
    gateway.delete_vpc_link(vpcLinkId=link)

    def deleted():
        try:
            return elb.delete_load_balancer(LoadBalancerArn=arn)
        except elb.exceptions.ResourceInUseException:
            return None

    eventually(deleted)


def test_descriptions_come_in_pages(elb, net, name):
    arns = {balancer(elb, net, f"{name}-{number}")["LoadBalancerArn"] for number in range(3)}
    pages = list(elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 1}))
    assert arns <= {one["LoadBalancerArn"] for page in pages for one in page["LoadBalancers"]}
    assert all(len(page["LoadBalancers"]) <= 1 for page in pages)
    with fails("LoadBalancerNotFound"):
        elb.describe_load_balancers(Names=[f"{name}-0", f"{name}-9"])
    with fails("ValidationError"):
        elb.describe_load_balancers(LoadBalancerArns=["no-arn"])
    with fails("ValidationError", "20"):
        elb.describe_load_balancers(LoadBalancerArns=[*arns] * 7)


def test_a_new_balancer_and_group_are_unknown_for_a_moment(elb, net, name, eventual):
    eventual(10)  # so that the network is known
    arn, group = balancer(elb, net, name)["LoadBalancerArn"], target_group(elb, net, name)
    with fails("LoadBalancerNotFound", "One or more load balancers not found"):
        elb.describe_load_balancers(LoadBalancerArns=[arn])
    with fails("TargetGroupNotFound"):
        elb.describe_target_groups(TargetGroupArns=[group])
    eventual(2)
    assert elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]


# --- target groups --------------------------------------------------------------------------------


def test_the_defaults_of_a_target_group(elb, net, name):
    made = elb.create_target_group(Name=name, Protocol="HTTP", Port=8080, VpcId=net.vpc)["TargetGroups"][0]
    assert re.fullmatch(
        rf"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/{name}/[0-9a-f]{{16}}",
        made.pop("TargetGroupArn"),
    )
    assert made == {
        "TargetGroupName": name,
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": net.vpc,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "HealthCheckPath": "/",
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [],
        "TargetType": "instance",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    }


def test_the_same_group_again_succeeds_and_another_does_not(elb, net, name):
    assert target_group(elb, net, name) == target_group(elb, net, name)
    with fails(
        "DuplicateTargetGroupName",
        f"A target group with the same name '{name}' exists, but with different settings",
    ):
        target_group(elb, net, name, Port=81)


def test_a_group_needs_a_vpc_that_exists(elb, net, name):
    with fails("ValidationError", "vpc-0123456789abcdef0"):
        target_group(elb, net, name, VpcId="vpc-0123456789abcdef0")
    with fails("ValidationError"):
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80)


def test_only_the_health_check_of_a_group_changes(elb, net, name):
    arn = target_group(elb, net, name)
    before = elb.describe_target_groups(Names=[name])["TargetGroups"][0]
    elb.modify_target_group(
        TargetGroupArn=arn,
        HealthCheckPath="/health",
        HealthyThresholdCount=2,
        Matcher={"HttpCode": "200-204"},
    )
    after = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    assert after == before | {
        "HealthCheckPath": "/health",
        "HealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200-204"},
    }
    with fails("ValidationError", "interval must be greater"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckTimeoutSeconds=10)
    with fails("InvalidConfigurationRequest"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckEnabled=False)
    with fails("ValidationError"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckProtocol="TCP")


def test_attributes_of_groups(elb, net, name):
    arn = target_group(elb, net, name)
    assert (
        attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))[
            "deregistration_delay.timeout_seconds"
        ]
        == "300"
    )
    wanted = [
        {"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
        {"Key": "stickiness.enabled", "Value": "true"},
    ]
    elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=wanted)
    now = attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))
    assert (
        now["deregistration_delay.timeout_seconds"],
        now["stickiness.enabled"],
        now["stickiness.type"],
    ) == ("30", "true", "lb_cookie")
    for code, key, value in (
        ("ValidationError", "deregistration_delay.timeout_seconds", "3601"),
        ("ValidationError", "slow_start.duration_seconds", "10"),
        ("InvalidConfigurationRequest", "proxy_protocol_v2.enabled", "true"),
        ("ValidationError", "no.such.key", "1"),
    ):
        with fails(code, key):
            elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}])


def test_a_group_in_use_is_not_deleted(elb, served):
    with fails("ResourceInUse", "is currently in use by a listener or a rule"):
        elb.delete_target_group(TargetGroupArn=served.group)
    made = rule(elb, served.listener, 1, forward(served.group))["RuleArn"]
    elb.modify_listener(ListenerArn=served.listener, DefaultActions=[NOTHING])
    with fails("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=served.group)
    elb.delete_rule(RuleArn=made)
    for _ in range(2):  # the second time it is gone, which is fine
        elb.delete_target_group(TargetGroupArn=served.group)
    with fails("TargetGroupNotFound", "One or more target groups not found"):
        elb.describe_target_groups(TargetGroupArns=[served.group])


def test_groups_of_a_balancer(elb, net, name, served):
    target_group(elb, net, f"{name}-2")
    found = elb.describe_target_groups(LoadBalancerArn=served.arn)["TargetGroups"]
    assert [(one["TargetGroupArn"], one["LoadBalancerArns"]) for one in found] == [
        (served.group, [served.arn])
    ]
