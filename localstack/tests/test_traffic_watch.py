"""Watches: what was answered before and after, and not in between."""

import contextlib
import threading
import time

import botocore.exceptions
import pytest
from conftest import eventually, fails
from ecs_services import (
    balanced,
    create,
    ecs,
    register,
    stage,
    update,
    wait,
)
from ecs_services import served as shifted
from test_ecs import container
from traffic import (
    REGION,
    by,
    document,
    gateway,
    lambda_,
    lambda_integration,
    make_function,
    may_call,
    missed,
    served,
    trust,
    watched,
)

pytestmark = pytest.mark.usefixtures("step")


# --- gaps -----------------------------------------------------------------------------------------


def test_what_is_answered_all_the_time_is_no_gap(lambda_, served, control):
    with watched(control) as report:
        lambda_.update_function_configuration(FunctionName=served.name, Timeout=9)
    assert (report["unanswered"], report["rights"], report["left"], report["came"]) == ([], [], [], [])
    assert report["kept"] and report["looks"] == 2 and report["asked"] == 2 * report["kept"]


def test_a_gap_tells_the_calls_between_which_it_was(aws, served, control, step):
    with watched(control) as report:
        may_call(aws, served.name, "another")
        step(30)
        aws("lambda", REGION).get_function(FunctionName=served.name)
        may_call(aws, served.name, served.name)
    (gap,) = report["unanswered"]
    assert (gap["entrance"], gap["region"]) == (served.entrance, REGION)
    assert (gap["since_call"], gap["until_call"]) == ("iam.PutRolePolicy", "iam.PutRolePolicy")
    # Something else may be over within the step, and is looked at too.
    assert gap["seconds"] == 30
    assert gap["looks"] >= 1
    assert "may not call" in gap["why"]


def test_what_goes_on_purpose_is_left_and_what_is_new_has_come(aws, gateway, served, control):
    may_call(aws, served.name, served.name)
    integration = lambda_integration(served.name, role=served.role)
    with watched(control) as report:
        gateway.put_rest_api(
            restApiId=served.api, mode="overwrite", body=document(served.name, get_new=integration)
        )
        gateway.create_deployment(restApiId=served.api, stageName="live")
    assert report["unanswered"] == []
    assert report["left"] == [{"entrance": served.entrance, "region": REGION}]
    assert report["came"] == [{"entrance": f"{served.name}/live GET /new", "region": REGION}]


def test_while_a_watch_is_on_every_gap_so_far_is_told(lambda_, served, control):
    control("traffic", {"watch": True})
    lambda_.delete_alias(FunctionName=served.name, Name="live")
    report = control("traffic")
    assert report["watching"] and missed(report) == {(served.entrance, REGION, "lambda.DeleteAlias")}
    assert report["unanswered"][0]["until_call"] is None
    assert control("traffic", {"watch": False})["unanswered"] == []
    assert control("traffic")["left"] == [{"entrance": served.entrance, "region": REGION}]
    control("traffic", method="DELETE")
    assert control("traffic").keys() == {"entrances", "watching"}


def test_calls_at_the_same_time_all_have_their_look(aws, served, control):
    """None waits for another for ever, and none is seen half done."""
    names = [f"{served.name}-{number}" for number in range(8)]
    iam = aws("iam")
    with watched(control) as report:

        def work(name):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
            iam.get_role(RoleName=name)
            iam.delete_role(RoleName=name)

        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
    assert report["looks"] == 1 + 2 * len(names)
    assert report["unanswered"] == []


def test_a_call_that_is_refused_keeps_no_turn(aws, served, control):
    with watched(control):
        for _ in range(3):
            with fails("NoSuchEntity"):
                aws("iam").delete_role(RoleName=f"{served.name}-none")
        begun = time.monotonic()
        may_call(aws, served.name, served.name)
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize("action", ["hang", "drop", "5xx"])
def test_a_spoilt_answer_keeps_no_turn(aws, served, control, action):
    """The work is done, and looked at; that the client does not hear of it holds up nobody."""
    rule = {"service": "iam", "operation": "PutRolePolicy", "nth": 1, "action": action, "after": True}
    control("faults", rule | {"seconds": 3})
    role, thread = served.name, None
    with watched(control) as report:
        thread = threading.Thread(target=spoilt, args=(aws, role))
        thread.start()
        eventually(lambda: control("traffic")["unanswered"])
        begun = time.monotonic()
        aws("iam").list_roles()
        may_call(aws, role, role)
        assert time.monotonic() - begun < 2
    thread.join(30)
    control("faults", method="DELETE")
    (gap,) = report["unanswered"]
    assert (gap["since_call"], gap["until_call"]) == ("iam.PutRolePolicy", "iam.PutRolePolicy")


def spoilt(aws, name):
    with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        may_call(aws, name, "another")


# --- a route that moves to another function -------------------------------------------------------


@pytest.fixture
def other(aws, served, step):
    name = f"{served.name}-g"
    make_function(aws, name, step)
    return name


def redefine(gateway, served, function):
    body = document(served.name, get_orders=lambda_integration(function, role=served.role))
    gateway.put_rest_api(restApiId=served.api, mode="overwrite", body=body)


def deploy(gateway, served):
    deployment = gateway.create_deployment(restApiId=served.api)["id"]
    patch = [{"op": "replace", "path": "/deploymentId", "value": deployment}]
    gateway.update_stage(restApiId=served.api, stageName="live", patchOperations=patch)


def test_a_route_that_moves_before_the_old_function_goes_is_answered(
    aws, gateway, lambda_, served, other, control
):
    with watched(control) as report:
        may_call(aws, served.name, served.name, other)
        redefine(gateway, served, other)
        deploy(gateway, served)
        may_call(aws, served.name, other)
        lambda_.delete_alias(FunctionName=served.name, Name="live")
        lambda_.delete_function(FunctionName=served.name)
    assert (report["unanswered"], report["rights"]) == ([], [])
    assert report["left"] == [] and by(control, served.entrance) == f"function {other}:1"


def test_a_function_that_goes_before_its_route_has_moved_is_missed(
    aws, gateway, lambda_, served, other, control
):
    with watched(control) as report:
        may_call(aws, served.name, served.name, other)
        redefine(gateway, served, other)
        lambda_.delete_alias(FunctionName=served.name, Name="live")
        deploy(gateway, served)
    (gap,) = report["unanswered"]
    assert gap["why"] == f"function {served.name}:live does not exist"
    assert (gap["since_call"], gap["until_call"]) == ("lambda.DeleteAlias", "apigateway.UpdateStage")


def test_a_right_that_goes_before_the_route_has_moved_is_missed(aws, gateway, served, other, control):
    with watched(control) as report:
        may_call(aws, served.name, other)
        redefine(gateway, served, other)
        deploy(gateway, served)
    (gap,) = report["unanswered"]
    assert (gap["since_call"], gap["until_call"]) == ("iam.PutRolePolicy", "apigateway.UpdateStage")


# --- the port of a service ------------------------------------------------------------------------


def admit(shifted, *ports):
    """Opens the tasks' group to the balancer on these ports alone."""
    ec2, group = shifted.aws("ec2", REGION), shifted.network["awsvpcConfiguration"]["securityGroups"][0]
    peers = {"UserIdGroupPairs": [{"GroupId": group}]}
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    old = [
        rule["SecurityGroupRuleId"]
        for rule in rules["SecurityGroupRules"]
        if not rule["IsEgress"] and rule["FromPort"] not in ports
    ]
    there = [rule["FromPort"] for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]]
    for port in ports:
        if port not in there:
            wanted = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peers
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[wanted])
    if old:
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=old)


@pytest.fixture
def on_port_80(shifted, ecs, step):
    """A service on port 80 behind an open balancer."""
    ec2, given = shifted.aws("ec2", REGION), shifted.network["awsvpcConfiguration"]
    gateway = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [shifted.vpc]}]
    )["InternetGateways"][0]["InternetGatewayId"]
    table = ec2.create_route_table(VpcId=shifted.vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for subnet in given["subnets"]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    door = ec2.create_security_group(VpcId=shifted.vpc, GroupName="door", Description="d")["GroupId"]
    anybody = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[anybody])
    shifted.elb.set_security_groups(
        LoadBalancerArn=shifted.balancer, SecurityGroups=[door, given["securityGroups"][0]]
    )
    admit(shifted, 80)
    create(shifted, loadBalancers=balanced(shifted.blue))
    wait(shifted, step, "SUCCESSFUL")
    shifted.entrance = f"{shifted.name} :80 GET /x"
    return shifted


def move_to_8080(shifted, ecs, group):
    definition = register(ecs, shifted.name, [container(portMappings=[{"containerPort": 8080}])])
    balancers = [{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}]
    update(shifted, taskDefinition=definition["taskDefinitionArn"], loadBalancers=balancers)


def test_a_port_that_closes_before_new_tasks_are_healthy_is_missed(on_port_80, ecs, control, step):
    assert by(control, on_port_80.entrance) == f"task of {on_port_80.name}:1"
    with watched(control) as report:
        admit(on_port_80, 8080)
        move_to_8080(on_port_80, ecs, on_port_80.blue)
        wait(on_port_80, step, "SUCCESSFUL")
    (gap,) = [gap for gap in report["unanswered"] if gap["entrance"] == on_port_80.entrance]
    assert (gap["since_call"], gap["until_call"]) == ("ec2.RevokeSecurityGroupIngress", "time")
    assert gap["seconds"] > 30 and "in on port 80" in gap["why"]


def test_a_rule_that_leads_to_new_tasks_before_they_are_healthy_is_missed(on_port_80, ecs, control, step):
    groups = [{"TargetGroupArn": on_port_80.green, "Weight": 1}]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    with watched(control) as report:
        admit(on_port_80, 80, 8080)
        on_port_80.elb.modify_rule(RuleArn=on_port_80.rule, Actions=[forward])
        move_to_8080(on_port_80, ecs, on_port_80.green)
        wait(on_port_80, step, "SUCCESSFUL")
    (gap,) = [gap for gap in report["unanswered"] if gap["entrance"] == on_port_80.entrance]
    assert (gap["since_call"], gap["until_call"]) == ("elbv2.ModifyRule", "time")


def test_a_port_that_closes_last_is_not_missed(on_port_80, ecs, control, step):
    with watched(control) as report:
        admit(on_port_80, 80, 8080)
        move_to_8080(on_port_80, ecs, on_port_80.blue)
        wait(on_port_80, step, "SUCCESSFUL")
        admit(on_port_80, 8080)
    assert (report["unanswered"], report["rights"], report["left"]) == ([], [], [])
    assert by(control, on_port_80.entrance) == f"task of {on_port_80.name}:2"


# --- time -----------------------------------------------------------------------------------------


def test_what_happens_in_time_is_seen_at_its_moment(on_port_80, ecs, control, step):
    """Beginning and end of the gap lie within one step of the clock: a look at its end would see nothing."""
    with watched(control) as report:
        control("target-health", {"target_group": on_port_80.blue, "health": "unhealthy"})
        step(600)
        control("traffic")
        control("target-health", {"target_group": on_port_80.blue, "health": "healthy"})
        step(600)
    (gap,) = [gap for gap in report["unanswered"] if gap["entrance"] == on_port_80.entrance]
    assert (gap["since_call"], gap["until_call"]) == ("time", "time")
    assert gap["looks"] > 1
