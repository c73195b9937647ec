import re
from types import SimpleNamespace

import pytest
from conftest import create_zone, eventually, fails, issued_certificate

pytestmark = pytest.mark.usefixtures("step")

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
    return SimpleNamespace(vpc=vpc, gateway=gateway, group=group, subnets=[subnet(ec2, vpc, 0, "a"), subnet(ec2, vpc, 1, "b")])


def subnet(ec2, vpc, number, zone, bits=24):
    wanted = {"VpcId": vpc, "CidrBlock": f"10.0.{number}.0/{bits}", "AvailabilityZone": f"{REGION}{zone}"}
    return ec2.create_subnet(**wanted)["Subnet"]["SubnetId"]


def balancer(elb, net, name, **more):
    return elb.create_load_balancer(**{"Name": name, "Subnets": net.subnets, "SecurityGroups": [net.group], **more})["LoadBalancers"][0]


def target_group(elb, net, name, **more):
    wanted = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": net.vpc, "TargetType": "ip", "HealthCheckIntervalSeconds": 10}
    return elb.create_target_group(**{**wanted, **more})["TargetGroups"][0]["TargetGroupArn"]


def listener(elb, arn, action=NOTHING, port=80, **more):
    return elb.create_listener(**{"LoadBalancerArn": arn, "Port": port, "Protocol": "HTTP", "DefaultActions": [action], **more})["Listeners"][0]


def forward(*groups):
    if len(groups) == 1:
        return {"Type": "forward", "TargetGroupArn": groups[0]}
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]}}


def rule(elb, listener_arn, priority, action=NOTHING, path="/x"):
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}]
    return elb.create_rule(ListenerArn=listener_arn, Priority=priority, Conditions=conditions, Actions=[action])["Rules"][0]


def state(elb, group, target="10.0.0.7"):
    health = elb.describe_target_health(TargetGroupArn=group, Targets=[{"Id": target}])["TargetHealthDescriptions"][0]["TargetHealth"]
    return health["State"], health.get("Reason")


def active(elb, arn, step):
    step(150)
    assert elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]["State"]["Code"] == "active"


@pytest.fixture
def served(elb, net, name, step):
    """An active balancer that forwards to a group."""
    arn, group = balancer(elb, net, name)["LoadBalancerArn"], target_group(elb, net, name)
    made = listener(elb, arn, forward(group))["ListenerArn"]
    active(elb, arn, step)
    return SimpleNamespace(arn=arn, group=group, listener=made)


# --- load balancers -------------------------------------------------------------------------------


def test_a_balancer_is_provisioning_and_then_active(elb, net, name, step):
    made = balancer(elb, net, name)
    assert made["State"]["Code"] == "provisioning"
    assert re.fullmatch(rf"arn:aws:elasticloadbalancing:{REGION}:000000000000:loadbalancer/app/{name}/[0-9a-f]{{16}}", made["LoadBalancerArn"])
    assert re.fullmatch(rf"{name}-\d+\.{REGION}\.elb\.amazonaws\.com", made["DNSName"])
    assert (made["CanonicalHostedZoneId"], made["VpcId"], made["Scheme"], made["Type"]) == ("Z32O12XQLNTSW2", net.vpc, "internet-facing", "application")
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
    assert elb.create_load_balancer(Name=name, Subnets=net.subnets)["LoadBalancers"][0]["SecurityGroups"] == [default]


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


def test_set_subnets_replaces_them(elb, ec2, net, name, step):
    made = balancer(elb, net, name)
    third = subnet(ec2, net.vpc, 2, "c")
    answer = elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=[net.subnets[0], third])
    assert {zone["SubnetId"] for zone in answer["AvailabilityZones"]} == {net.subnets[0], third}
    step(180)
    assert {one["SubnetId"] for one in interfaces(ec2, made)} == {net.subnets[0], third}
    with fails("ValidationError"):
        elb.set_subnets(LoadBalancerArn=made["LoadBalancerArn"], Subnets=[third])


def test_set_security_groups_changes_the_interfaces(elb, ec2, net, name):
    made = balancer(elb, net, name)
    other = ec2.create_security_group(GroupName="other", Description="x", VpcId=net.vpc)["GroupId"]
    assert elb.set_security_groups(LoadBalancerArn=made["LoadBalancerArn"], SecurityGroups=[other])["SecurityGroupIds"] == [other]
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


def attributes(answer):
    return {one["Key"]: one["Value"] for one in answer["Attributes"]}


def test_attributes_of_balancers(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    before = attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert (before["idle_timeout.timeout_seconds"], before["load_balancing.cross_zone.enabled"], before["routing.http2.enabled"]) == ("60", "true", "true")
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "90"}])
    assert attributes(elb.describe_load_balancer_attributes(LoadBalancerArn=arn)) == before | {"idle_timeout.timeout_seconds": "90"}


@pytest.mark.parametrize("code, key, value", [
    ("ValidationError", "idle_timeout.seconds", "60"),
    ("ValidationError", "idle_timeout.timeout_seconds", "4001"),
    ("ValidationError", "routing.http2.enabled", "yes"),
    ("ValidationError", "access_logs.s3.enabled", "true"),
    ("InvalidConfigurationRequest", "dns_record.client_routing_policy", "any_availability_zone"),
    ("InvalidConfigurationRequest", "load_balancing.cross_zone.enabled", "false"),
])
def test_wrong_attributes_are_refused(elb, net, name, code, key, value):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    with fails(code):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}])


def test_deletion_protection_refuses(elb, net, name):
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}])
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
    arn = elb.create_load_balancer(Name=name, Type="network", Scheme="internal", Subnets=net.subnets)["LoadBalancers"][0]["LoadBalancerArn"]
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
    assert re.fullmatch(rf"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/{name}/[0-9a-f]{{16}}", made.pop("TargetGroupArn"))
    assert made == {
        "TargetGroupName": name, "Protocol": "HTTP", "Port": 8080, "VpcId": net.vpc, "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port", "HealthCheckEnabled": True, "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2, "HealthCheckPath": "/", "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": [], "TargetType": "instance", "ProtocolVersion": "HTTP1", "IpAddressType": "ipv4",
    }


def test_the_same_group_again_succeeds_and_another_does_not(elb, net, name):
    assert target_group(elb, net, name) == target_group(elb, net, name)
    with fails("DuplicateTargetGroupName", f"A target group with the same name '{name}' exists, but with different settings"):
        target_group(elb, net, name, Port=81)


def test_a_group_needs_a_vpc_that_exists(elb, net, name):
    with fails("ValidationError", "vpc-0123456789abcdef0"):
        target_group(elb, net, name, VpcId="vpc-0123456789abcdef0")
    with fails("ValidationError"):
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80)


def test_only_the_health_check_of_a_group_changes(elb, net, name):
    arn = target_group(elb, net, name)
    before = elb.describe_target_groups(Names=[name])["TargetGroups"][0]
    elb.modify_target_group(TargetGroupArn=arn, HealthCheckPath="/health", HealthyThresholdCount=2, Matcher={"HttpCode": "200-204"})
    after = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    assert after == before | {"HealthCheckPath": "/health", "HealthyThresholdCount": 2, "Matcher": {"HttpCode": "200-204"}}
    with fails("ValidationError", "interval must be greater"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckTimeoutSeconds=10)
    with fails("InvalidConfigurationRequest"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckEnabled=False)
    with fails("ValidationError"):
        elb.modify_target_group(TargetGroupArn=arn, HealthCheckProtocol="TCP")


def test_attributes_of_groups(elb, net, name):
    arn = target_group(elb, net, name)
    assert attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))["deregistration_delay.timeout_seconds"] == "300"
    wanted = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}, {"Key": "stickiness.enabled", "Value": "true"}]
    elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=wanted)
    now = attributes(elb.describe_target_group_attributes(TargetGroupArn=arn))
    assert (now["deregistration_delay.timeout_seconds"], now["stickiness.enabled"], now["stickiness.type"]) == ("30", "true", "lb_cookie")
    for code, key, value in (
        ("ValidationError", "deregistration_delay.timeout_seconds", "3601"), ("ValidationError", "slow_start.duration_seconds", "10"),
        ("InvalidConfigurationRequest", "proxy_protocol_v2.enabled", "true"), ("ValidationError", "no.such.key", "1"),
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
    assert [(one["TargetGroupArn"], one["LoadBalancerArns"]) for one in found] == [(served.group, [served.arn])]


# --- targets --------------------------------------------------------------------------------------


def register(elb, group, *addresses):
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address} for address in addresses])


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
    assert shown == [{"Target": {"Id": "10.0.0.7", "Port": 80}, "HealthCheckPort": "80", "TargetHealth": {"State": "healthy"}}]


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
    elb.modify_target_group_attributes(TargetGroupArn=served.group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}])
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


# --- listeners ------------------------------------------------------------------------------------


def test_a_forward_is_shown_in_full(elb, served):
    shown = elb.describe_listeners(LoadBalancerArn=served.arn)["Listeners"]
    config = {"TargetGroups": [{"TargetGroupArn": served.group, "Weight": 1}], "TargetGroupStickinessConfig": {"Enabled": False}}
    assert shown == [{
        "ListenerArn": served.listener, "LoadBalancerArn": served.arn, "Port": 80, "Protocol": "HTTP",
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": served.group, "ForwardConfig": config}],
    }]
    assert re.fullmatch(re.escape(served.arn.replace("loadbalancer/", "listener/")) + "/[0-9a-f]{16}", served.listener)


def test_a_port_is_taken_once(elb, served):
    same = elb.describe_listeners(ListenerArns=[served.listener])["Listeners"][0]
    assert listener(elb, served.arn, forward(served.group)) == same
    with fails("DuplicateListener", "already exists on this port"):
        listener(elb, served.arn)
    other = listener(elb, served.arn, port=81)["ListenerArn"]
    with fails("DuplicateListener"):
        elb.modify_listener(ListenerArn=other, Port=80)


def test_a_redirect_is_shown_in_full_and_does_not_loop(elb, served):
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    shown = elb.modify_listener(ListenerArn=served.listener, DefaultActions=[redirect])["Listeners"][0]["DefaultActions"]
    assert shown == [{"Type": "redirect", "RedirectConfig": {
        "Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301",
    }}]
    with fails("InvalidLoadBalancerAction", "creates a loop"):
        elb.modify_listener(ListenerArn=served.listener, DefaultActions=[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302"}}])


def test_a_group_belongs_to_one_balancer(elb, net, name, served):
    other = balancer(elb, net, f"{name}-2")["LoadBalancerArn"]
    with fails("TargetGroupAssociationLimit", "cannot be associated with more than one load balancer"):
        listener(elb, other, forward(served.group))


def test_a_listener_forwards_to_groups_that_fit(elb, ec2, net, name, served):
    with fails("TargetGroupNotFound", "One or more target groups not found"):
        listener(elb, served.arn, forward(served.group[:-16] + "0" * 16), 81)
    with fails("IncompatibleProtocols"):
        listener(elb, served.arn, forward(target_group(elb, net, f"{name}-tcp", Protocol="TCP")), 81)
    other = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with fails("InvalidConfigurationRequest", "different VPC"):
        listener(elb, served.arn, forward(target_group(elb, net, f"{name}-vpc", VpcId=other)), 81)


def test_attributes_of_listeners(elb, served):
    wanted = [{"Key": "routing.http.response.server.enabled", "Value": "false"}]
    elb.modify_listener_attributes(ListenerArn=served.listener, Attributes=wanted)
    assert attributes(elb.describe_listener_attributes(ListenerArn=served.listener))["routing.http.response.server.enabled"] == "false"
    with fails("InvalidConfigurationRequest"):
        elb.modify_listener_attributes(ListenerArn=served.listener, Attributes=[{"Key": "tcp.idle_timeout.seconds", "Value": "60"}])


def secure(elb, arn, certificate, **more):
    return listener(elb, arn, port=443, **{"Protocol": "HTTPS", "Certificates": [{"CertificateArn": certificate}], **more})


def test_https_needs_an_issued_certificate_of_the_region(aws, elb, net, name):
    arn, domain = balancer(elb, net, name)["LoadBalancerArn"], f"{name}.example.com"
    acm = aws("acm", REGION)
    pending = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    with fails("UnsupportedCertificate", "must have a fully-qualified domain name"):
        secure(elb, arn, pending)
    elsewhere = aws("acm", "us-east-1").request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    with fails("CertificateNotFound", f"Certificate '{elsewhere}' not found"):
        secure(elb, arn, elsewhere)
    with fails("ValidationError", "A certificate must be specified for HTTPS listeners"):
        elb.create_listener(LoadBalancerArn=arn, Port=443, Protocol="HTTPS", DefaultActions=[NOTHING])
    issued = issued_certificate(aws, REGION, domain, create_zone(aws, domain))
    with fails("SSLPolicyNotFound"):
        secure(elb, arn, issued, SslPolicy="ELBSecurityPolicy-2099-01")
    made = secure(elb, arn, issued)
    assert (made["Certificates"], made["SslPolicy"]) == ([{"CertificateArn": issued}], "ELBSecurityPolicy-2016-08")


def test_a_certificate_of_a_listener_is_in_use(aws, elb, net, name):
    arn, domain = balancer(elb, net, name)["LoadBalancerArn"], f"{name}.example.com"
    certificate, acm = issued_certificate(aws, REGION, domain, create_zone(aws, domain)), aws("acm", REGION)
    made = secure(elb, arn, certificate)["ListenerArn"]

    def users():
        return acm.describe_certificate(CertificateArn=certificate)["Certificate"]["InUseBy"]

    assert users() == [arn]
    with fails("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=certificate)
    elb.delete_listener(ListenerArn=made)
    assert users() == [arn]  # noticed with delay
    eventually(lambda: not users())
    acm.delete_certificate(CertificateArn=certificate)


def test_more_certificates_and_the_way_back_to_http(aws, elb, net, name):
    arn, zone = balancer(elb, net, name)["LoadBalancerArn"], create_zone(aws, f"{name}.example.com")
    one, two = (issued_certificate(aws, REGION, f"{part}{name}.example.com", zone) for part in ("", "www."))
    made = secure(elb, arn, one)["ListenerArn"]
    for _ in range(2):
        elb.add_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": two}])
    shown = elb.describe_listener_certificates(ListenerArn=made)["Certificates"]
    assert shown == [{"CertificateArn": one, "IsDefault": True}, {"CertificateArn": two, "IsDefault": False}]
    with fails("OperationNotPermitted", "Default certificate cannot be removed"):
        elb.remove_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": one}])
    elb.remove_listener_certificates(ListenerArn=made, Certificates=[{"CertificateArn": two}])
    plain = elb.modify_listener(ListenerArn=made, Protocol="HTTP", Port=8080)["Listeners"][0]
    assert not {"Certificates", "SslPolicy"} & set(plain)
    with fails("ValidationError"):
        elb.modify_listener(ListenerArn=made, Protocol="HTTPS")


# --- rules ----------------------------------------------------------------------------------------


def test_rules_are_listed_by_priority_and_the_default_one_last(elb, served):
    for priority in (20, 3):
        rule(elb, served.listener, priority)
    shown = elb.describe_rules(ListenerArn=served.listener)["Rules"]
    assert [(one["Priority"], one["IsDefault"]) for one in shown] == [("3", False), ("20", False), ("default", True)]
    assert shown[0]["Conditions"] == [{"Field": "path-pattern", "Values": ["/x"], "PathPatternConfig": {"Values": ["/x"]}}]
    assert shown[2]["Actions"][0]["TargetGroupArn"] == served.group
    assert re.fullmatch(re.escape(served.listener.replace(":listener/", ":listener-rule/")) + "/[0-9a-f]{16}", shown[0]["RuleArn"])


def test_a_priority_is_taken_once(elb, served):
    one, two = rule(elb, served.listener, 1)["RuleArn"], rule(elb, served.listener, 2)["RuleArn"]
    with fails("PriorityInUse", "Priority '1' is currently in use"):
        rule(elb, served.listener, 1)
    with fails("PriorityInUse"):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": one, "Priority": 2}])
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": one, "Priority": 2}, {"RuleArn": two, "Priority": 1}])
    assert [one["RuleArn"] for one in elb.describe_rules(ListenerArn=served.listener)["Rules"]][:2] == [two, one]


def test_a_rule_changes_only_in_what_is_named(elb, served):
    made = rule(elb, served.listener, 1)
    conditions = [{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}]
    after = elb.modify_rule(RuleArn=made["RuleArn"], Conditions=conditions)["Rules"][0]
    assert after == made | {"Conditions": [{**conditions[0], "Values": ["a.example.com"]}]}
    after = elb.modify_rule(RuleArn=made["RuleArn"], Actions=[forward(served.group)])["Rules"][0]
    assert (after["Conditions"][0]["Values"], after["Actions"][0]["TargetGroupArn"]) == (["a.example.com"], served.group)


def test_the_default_rule_stays(elb, served):
    default = elb.describe_rules(ListenerArn=served.listener)["Rules"][-1]["RuleArn"]
    assert elb.describe_rules(RuleArns=[default])["Rules"][0]["IsDefault"]
    with fails("OperationNotPermitted", "cannot be deleted"):
        elb.delete_rule(RuleArn=default)
    with fails("OperationNotPermitted"):
        elb.modify_rule(RuleArn=default, Actions=[NOTHING])


def test_a_forward_with_weights(elb, net, name, served):
    other = target_group(elb, net, f"{name}-2")
    made = rule(elb, served.listener, 1, forward((served.group, 90), (other, 10)))["Actions"][0]
    assert "TargetGroupArn" not in made
    assert made["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": served.group, "Weight": 90}, {"TargetGroupArn": other, "Weight": 10}]
    with fails("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=other)


def test_rules_of_what_is_not_there(elb, served):
    with fails("RuleNotFound", "One or more rules not found"):
        elb.delete_rule(RuleArn=served.listener.replace(":listener/", ":listener-rule/") + "/" + "0" * 16)
    with fails("ListenerNotFound"):
        rule(elb, served.listener[:-16] + "0" * 16, 1)
    with fails("ValidationError"):
        elb.describe_rules(RuleArns=[served.listener])


# --- tags and the whole ---------------------------------------------------------------------------


def test_tags_of_all_four_kinds(aws, elb, net, name):
    tags = [{"Key": "isobar:stack", "Value": name}]
    arn = balancer(elb, net, name, Tags=tags)["LoadBalancerArn"]
    group = target_group(elb, net, name, Tags=tags)
    made = listener(elb, arn, Tags=tags)["ListenerArn"]
    one = rule(elb, made, 1)["RuleArn"]
    elb.add_tags(ResourceArns=[one, arn], Tags=[{"Key": "isobar:stack", "Value": name}, {"Key": "a", "Value": "b"}])
    elb.remove_tags(ResourceArns=[one, arn], TagKeys=["a"])
    arns = [arn, group, made, one]
    assert elb.describe_tags(ResourceArns=arns)["TagDescriptions"] == [{"ResourceArn": each, "Tags": tags} for each in arns]
    found = aws("resourcegroupstaggingapi", REGION).get_resources(TagFilters=[{"Key": "isobar:stack", "Values": [name]}])
    assert {one["ResourceARN"] for one in found["ResourceTagMappingList"]} == set(arns)
    with fails("ValidationError", "20"):
        elb.describe_tags(ResourceArns=arns * 6)
    with fails("TargetGroupNotFound"):
        elb.add_tags(ResourceArns=[group[:-16] + "0" * 16], Tags=tags)


def test_the_inventory_lists_all_four_kinds(elb, control, name, served):
    rule(elb, served.listener, 7)
    things = {(one["kind"], one["name"]) for one in control(f"inventory?regions={REGION}") if one["service"] == "elbv2" and name in one["name"]}
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
