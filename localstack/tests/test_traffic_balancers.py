"""Traffic through load balancers: listeners, rules, weights, targets, security groups, and VPC links before them."""

from types import SimpleNamespace

import pytest
from balancing import (
    REGION,
    active,
    balancer,
    ec2,
    elb,
    forward,
    listener,
    net,
    rule,
    target_group,
)
from conftest import create_role
from ecs_services import balanced, create, ecs, register, stage, wait
from traffic import by, document, entrances, make_api, why

pytestmark = pytest.mark.usefixtures("step")
NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


def default_route(ec2, net, gateway):
    table = ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for subnet in net.subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return table


def admit(ec2, group, port, **peer):
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peer
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return permission


def close(ec2, group, permission):
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])


def from_anywhere():
    return {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def from_group(group):
    return {"UserIdGroupPairs": [{"GroupId": group}]}


@pytest.fixture
def web(ec2, elb, net, name, step):
    """A public balancer before one target, a network interface in a group of its own."""
    table = default_route(ec2, net, net.gateway)
    door = admit(ec2, net.group, 80, **from_anywhere())
    inner = ec2.create_security_group(GroupName=f"{name}-in", Description="d", VpcId=net.vpc)["GroupId"]
    way = admit(ec2, inner, 8080, **from_group(net.group))
    made = ec2.create_network_interface(SubnetId=net.subnets[0], Groups=[inner])["NetworkInterface"]
    target = made["PrivateIpAddress"]
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    group = target_group(elb, net, name, Port=8080)
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    port = listener(elb, arn, forward(group))["ListenerArn"]
    active(elb, arn, step)
    step(20)
    return SimpleNamespace(
        name=name,
        arn=arn,
        group=group,
        listener=port,
        table=table,
        door=door,
        inner=inner,
        way=way,
        target=target,
        entrance=f"{name} :80 GET /",
    )


# --- from outside ---------------------------------------------------------------------------------


def test_a_balancer_answers_by_its_target(web, control):
    assert by(control, web.entrance) == f"{web.target}:8080"


def test_a_balancer_that_is_provisioning_answers_nothing(ec2, elb, net, name, control, step):
    default_route(ec2, net, net.gateway)
    admit(ec2, net.group, 80, **from_anywhere())
    arn = balancer(elb, net, name)["LoadBalancerArn"]
    fine = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    listener(elb, arn, fine)
    assert why(control, f"{name} :80 GET /") == f"load balancer {name} is provisioning"
    active(elb, arn, step)
    assert why(control, f"{name} :80 GET /") is None


def test_a_closed_group_of_a_balancer_answers_nothing(ec2, net, web, control):
    close(ec2, net.group, web.door)
    assert "do not let 0.0.0.0/0 in on port 80" in why(control, web.entrance)
    admit(ec2, net.group, 80, IpRanges=[{"CidrIp": "192.0.2.0/24"}])
    assert "do not let 0.0.0.0/0 in on port 80" in why(control, web.entrance)


def test_a_prefix_list_lets_in_what_it_lists(ec2, net, web, control):
    close(ec2, net.group, web.door)
    made = ec2.create_managed_prefix_list(
        PrefixListName=web.name,
        MaxEntries=2,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "0.0.0.0/0"}],
    )["PrefixList"]["PrefixListId"]
    admit(ec2, net.group, 80, PrefixListIds=[{"PrefixListId": made}])
    assert why(control, web.entrance) is None


def test_a_balancer_without_a_route_to_the_internet_gateway_answers_nothing(ec2, web, control):
    ec2.delete_route(RouteTableId=web.table, DestinationCidrBlock="0.0.0.0/0")
    assert "has no route to the internet gateway" in why(control, web.entrance)


def test_a_listener_that_is_gone_is_no_entrance(elb, web, control):
    elb.delete_listener(ListenerArn=web.listener)
    assert entrances(control, web.name) == {}


# --- rules and weights ----------------------------------------------------------------------------


def test_the_first_rule_that_fits_decides(elb, web, control):
    rule(elb, web.listener, 20, forward(web.group), path="/shop/*")
    assert why(control, f"{web.name} :80 GET /shop/x") is None
    made = rule(elb, web.listener, 10, NOT_FOUND, path="/s*")
    assert why(control, f"{web.name} :80 GET /shop/x") == f"load balancer {web.name} answers 404 itself"
    assert why(control, web.entrance) is None
    pair = [{"RuleArn": made["RuleArn"], "Priority": 30}]
    elb.set_rule_priorities(RulePriorities=pair)
    assert why(control, f"{web.name} :80 GET /shop/x") is None


def test_an_action_that_answers_by_itself_counts_by_its_code(elb, web, control):
    elb.modify_listener(ListenerArn=web.listener, DefaultActions=[NOT_FOUND])
    assert why(control, web.entrance) == f"load balancer {web.name} answers 404 itself"
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    elb.modify_listener(ListenerArn=web.listener, DefaultActions=[redirect])
    assert by(control, web.entrance) == "a redirect"


def test_every_group_with_a_weight_answers(elb, net, web, control):
    empty = target_group(elb, net, f"{web.name}-e")
    for weight, refusal in ((0, None), (1, f"target group {web.name}-e has no healthy target: it has none")):
        action = forward((web.group, 10), (empty, weight))
        elb.modify_listener(ListenerArn=web.listener, DefaultActions=[action])
        assert why(control, web.entrance) == refusal
    elb.modify_listener(ListenerArn=web.listener, DefaultActions=[forward((web.group, 0), (empty, 0))])
    assert why(control, web.entrance) == "no target group has a weight"


# --- targets --------------------------------------------------------------------------------------


def test_unhealthy_targets_answer_nothing(web, control, step):
    control("target-health", {"target_group": web.group, "health": "unhealthy"})
    step(60)
    assert f"{web.target} is unhealthy" in why(control, web.entrance)
    control("target-health", {"target_group": web.group, "health": "healthy"})
    step(60)
    assert why(control, web.entrance) is None


def test_a_target_whose_group_is_closed_answers_nothing(ec2, net, web, control):
    close(ec2, web.inner, web.way)
    assert f"{web.inner} do not let {net.group} in on port 8080" in why(control, web.entrance)
    admit(ec2, web.inner, 80, **from_group(net.group))
    assert "in on port 8080" in why(control, web.entrance)
    admit(ec2, web.inner, 8080, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    assert why(control, web.entrance) is None


def test_a_balancer_whose_group_lets_nothing_out_answers_nothing(ec2, net, web, control):
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=net.group, IpPermissions=[everything])
    assert "let nothing out to port 8080" in why(control, web.entrance)
    wanted = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 9000} | from_group(web.inner)
    ec2.authorize_security_group_egress(GroupId=net.group, IpPermissions=[wanted])
    assert why(control, web.entrance) is None


def test_an_address_that_nothing_has_answers_nothing(elb, web, control, step):
    elb.register_targets(TargetGroupArn=web.group, Targets=[{"Id": "10.0.0.99"}])
    assert why(control, web.entrance) is None, "it is not healthy yet"
    step(60)
    assert why(control, web.entrance) == "nothing has the address 10.0.0.99"


# --- tasks ----------------------------------------------------------------------------------------


@pytest.fixture
def running(ecs, aws, elb, ec2, stage, name, control, step):
    """A service of two tasks behind an internal balancer."""
    net = SimpleNamespace(vpc=stage.vpc, **groups_and_subnets(stage))
    admit(ec2, net.group, 80, **from_group(net.group))
    role = f"{name}-task"
    arn = create_role(aws, role, service="ecs-tasks.amazonaws.com")
    definition = register(ecs, name, taskRoleArn=arn)["taskDefinitionArn"]
    made = balancer(elb, net, name, Scheme="internal")["LoadBalancerArn"]
    group = target_group(elb, net, name)
    listener(elb, made, forward(group))
    active(elb, made, step)
    create(stage, taskDefinition=definition, loadBalancers=balanced(group))
    wait(stage, step, "SUCCESSFUL")
    return SimpleNamespace(name=name, net=net, role=role, group=group, entrance=f"{name} :80 GET /")


def groups_and_subnets(stage):
    given = stage.network["awsvpcConfiguration"]
    return {"subnets": given["subnets"], "group": given["securityGroups"][0]}


def test_a_service_answers_by_its_tasks(running, control):
    assert by(control, running.entrance) == f"task of {running.name}:2"


def test_tasks_without_their_role_answer_nothing(aws, running, control):
    aws("iam").delete_role(RoleName=running.role)
    assert why(control, running.entrance).endswith(f"role/{running.role} does not exist")


def test_tasks_answer_on_the_port_of_their_container(elb, running, control, step):
    addresses = [
        one["Target"]["Id"]
        for one in elb.describe_target_health(TargetGroupArn=running.group)["TargetHealthDescriptions"]
    ]
    elb.register_targets(TargetGroupArn=running.group, Targets=[{"Id": addresses[0], "Port": 80}])
    assert why(control, running.entrance) is None
    elb.register_targets(TargetGroupArn=running.group, Targets=[{"Id": addresses[0], "Port": 81}])
    step(60)
    assert "in on port 81" in why(control, running.entrance)


# --- VPC links ------------------------------------------------------------------------------------


@pytest.fixture
def linked(aws, ec2, elb, net, name, step):
    """An API that reaches an internal balancer through a link with a group of its own."""
    group = ec2.create_security_group(GroupName=f"{name}-l", Description="d", VpcId=net.vpc)["GroupId"]
    door = admit(ec2, net.group, 80, **from_group(group))
    made = balancer(elb, net, name, Scheme="internal")
    fine = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    port = listener(elb, made["LoadBalancerArn"], NOT_FOUND)["ListenerArn"]
    rule(elb, port, 1, fine, path="/live/orders/*")
    v2 = aws("apigatewayv2", REGION)
    link = v2.create_vpc_link(Name=name, SubnetIds=net.subnets, SecurityGroupIds=[group])["VpcLinkId"]
    step(200)
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": f"http://{made['DNSName']}/orders/all",
        "connectionType": "VPC_LINK",
        "connectionId": link,
        "integrationTarget": made["LoadBalancerArn"],
    }
    make_api(aws, name, document(name, get_orders=integration))
    entrance = f"{name}/live GET /orders"
    return SimpleNamespace(
        link=link, door=door, listener=port, arn=made["LoadBalancerArn"], name=name, entrance=entrance
    )


def test_an_api_answers_through_its_link(linked, control):
    assert by(control, linked.entrance) == f"load balancer {linked.name} answers 200 itself"


def test_a_link_that_has_failed_answers_nothing(linked, control):
    control("vpc-links", {"id": linked.link, "status": "FAILED"})
    assert why(control, linked.entrance) == f"VPC link {linked.link} is FAILED"


def test_a_balancer_that_does_not_let_the_link_in_answers_nothing(ec2, net, linked, control):
    close(ec2, net.group, linked.door)
    assert "in on port 80" in why(control, linked.entrance)


def test_the_port_of_the_address_chooses_the_listener(elb, linked, control):
    elb.modify_listener(ListenerArn=linked.listener, Port=81)
    assert why(control, linked.entrance).startswith(f"load balancer {linked.name}")


def test_a_balancer_that_is_gone_answers_nothing(elb, linked, control):
    elb.delete_load_balancer(LoadBalancerArn=linked.arn)
    assert why(control, linked.entrance) == (
        f"VPC link {linked.link} leads to {linked.arn}, which does not exist"
    )
