"""Rights: roles, ways to balancers, ways out of the network, for as long as those serve who have them."""

from types import SimpleNamespace

import pytest
from conftest import ACCOUNT, create_role, eventually
from ecs_services import create, ecs, register, stage, update, wait
from scaling import new_version
from test_ecs import container
from traffic import (
    REGION,
    allowing,
    caller_role,
    document,
    lambda_integration,
    make_api,
    make_function,
    watched,
)

pytest_plugins = ["scaling"]
pytestmark = pytest.mark.usefixtures("step")
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/carts"
SECRET = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/key"


def allow(aws, role, *pairs, policy="may"):
    aws("iam").put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=allowing(*pairs))


def lost(report):
    """What each holder has lost."""
    return {one["holder"].split(" (")[0]: one["lost"] for one in report["rights"] if "lost" in one}


# --- functions ------------------------------------------------------------------------------------


@pytest.fixture
def function(aws, name, step):
    make_function(aws, name, step)
    role = f"{name}-{REGION}"
    allow(aws, role, ("dynamodb:GetItem", TABLE))
    return SimpleNamespace(name=name, role=role, client=aws("lambda", REGION))


def publish(function, step):
    version = function.client.update_function_configuration(FunctionName=function.name, Timeout=9)
    step(10)
    version = function.client.publish_version(FunctionName=function.name)["Version"]
    function.client.update_alias(FunctionName=function.name, Name="live", FunctionVersion=version)


def test_a_right_that_goes_while_a_version_serves_is_missed(aws, function, control, step):
    with watched(control) as report:
        allow(aws, function.role, ("dynamodb:Query", TABLE))
        publish(function, step)
    assert lost(report) == {
        f"function {function.name}:1": [f"dynamodb:GetItem on {TABLE}, by role {function.role}"]
    }
    (loss,) = report["rights"]
    assert (loss["since_call"], loss["until_call"]) == ("iam.PutRolePolicy", "lambda.UpdateAlias")


def test_a_right_that_goes_when_nothing_serves_with_it_is_not_missed(aws, function, control, step):
    with watched(control) as report:
        allow(aws, function.role, ("dynamodb:GetItem", TABLE), ("dynamodb:Query", TABLE))
        publish(function, step)
        allow(aws, function.role, ("dynamodb:Query", TABLE))
    assert report["rights"] == []


def test_a_right_that_comes_after_the_version_serves_is_late(aws, function, control, step):
    with watched(control) as report:
        publish(function, step)
        allow(aws, function.role, ("dynamodb:GetItem", TABLE), ("dynamodb:Query", TABLE))
    assert report["rights"] == [
        {
            "holder": f"function {function.name}:2",
            "region": REGION,
            "late": [f"dynamodb:Query on {TABLE}, by role {function.role}"],
        }
    ]


def test_the_first_of_a_region_takes_over_from_nobody(aws, function, control, step):
    with watched(control) as report:
        make_function(aws, function.name, step, "us-west-2")
        allow(aws, f"{function.name}-us-west-2", ("dynamodb:GetItem", "*"))
    assert report["rights"] == []


def test_the_same_right_in_other_words_is_the_same(aws, function, control):
    with watched(control) as report:
        allow(aws, function.role, ("dynamodb:Get*", f"{TABLE[:-5]}*"), policy="other")
        aws("iam").delete_role_policy(RoleName=function.role, PolicyName="may")
    assert report["rights"] == []


def test_what_is_taken_away_for_good_while_the_same_version_serves_is_wanted(aws, function, control):
    with watched(control) as report:
        allow(aws, function.role, ("dynamodb:Query", TABLE))
    assert report["rights"] == []


def test_what_is_taken_away_for_a_moment_is_missed(aws, function, control):
    with watched(control) as report:
        aws("iam").delete_role_policy(RoleName=function.role, PolicyName="may")
        allow(aws, function.role, ("dynamodb:GetItem", TABLE))
    assert list(lost(report)) == [f"function {function.name}:1"]


def test_what_goes_with_its_function_is_wanted(aws, function, control):
    with watched(control) as report:
        aws("iam").delete_role_policy(RoleName=function.role, PolicyName="may")
        function.client.delete_function(FunctionName=function.name)
    assert report["rights"] == []


def test_rights_of_a_function_that_goes_count_while_it_answers_for_its_successor(
    aws, function, control, step
):
    """The entrance stays: another function answers it in the end."""
    other = f"{function.name}-g"
    make_function(aws, other, step)
    role = caller_role(aws, function.name, function.name, other)
    bodies = [
        document(function.name, get_orders=lambda_integration(one, role=role))
        for one in (function.name, other)
    ]
    api, gateway = make_api(aws, function.name, bodies[0]), aws("apigateway", REGION)
    with watched(control) as report:
        aws("iam").delete_role_policy(RoleName=function.role, PolicyName="may")
        gateway.put_rest_api(restApiId=api, mode="overwrite", body=bodies[1])
        gateway.create_deployment(restApiId=api, stageName="live")
        function.client.delete_function(FunctionName=function.name)
    assert report["unanswered"] == []
    assert list(lost(report)) == [f"function {function.name}:1"]


def test_rights_of_attached_policies_count(aws, function, control, name):
    iam = aws("iam")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=allowing(("sqs:SendMessage", "*")))
    arn = arn["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=function.role, PolicyArn=arn)
    with watched(control) as report:
        iam.detach_role_policy(RoleName=function.role, PolicyArn=arn)
        iam.attach_role_policy(RoleName=function.role, PolicyArn=arn)
    assert lost(report) == {f"function {function.name}:1": [f"sqs:SendMessage on *, by role {function.role}"]}


def test_a_table_that_goes_while_its_reader_serves_is_missed(aws, function, control, step):
    dynamodb = aws("dynamodb", REGION)
    dynamodb.create_table(
        TableName="carts",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "user", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}],
    )
    eventually(lambda: dynamodb.describe_table(TableName="carts")["Table"]["TableStatus"] == "ACTIVE")
    with watched(control) as report:
        publish(function, step)
        dynamodb.put_item(TableName="carts", Item={"user": {"S": "a"}})
    assert report["rights"] == []
    with watched(control) as report:
        dynamodb.delete_table(TableName="carts")
        publish(function, step)
    assert lost(report) == {f"function {function.name}:2": [TABLE]}


# --- services -------------------------------------------------------------------------------------


@pytest.fixture
def service(aws, ecs, stage, name, step):
    """One task with both roles and a secret, in a subnet whose way out is a NAT gateway."""
    roles = {
        part: create_role(aws, f"{name}-{part}", service="ecs-tasks.amazonaws.com")
        for part in ("task", "start")
    }
    allow(aws, f"{name}-task", ("dynamodb:GetItem", TABLE))
    allow(aws, f"{name}-start", ("ssm:GetParameters", SECRET))
    stage.nat = way_out(aws("ec2", REGION), stage, step)
    given = {"taskRoleArn": roles["task"], "executionRoleArn": roles["start"]}
    stage.revision = lambda **more: register(ecs, name, [container(**more)], **given)["taskDefinitionArn"]
    secret = [{"name": "KEY", "valueFrom": "/key"}]
    create(stage, desired=1, taskDefinition=stage.revision(secrets=secret))
    wait(stage, step, "SUCCESSFUL")
    stage.holder = f"service web, {name}:2"
    return stage


def way_out(ec2, stage, step):
    """A NAT gateway in the second subnet, for tasks in the first."""
    private, public = stage.network["awsvpcConfiguration"]["subnets"]
    stage.network["awsvpcConfiguration"]["subnets"] = [private]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=stage.vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address)["NatGateway"]["NatGatewayId"]
    step(300)
    stage.tables = {}
    for subnet, target in ((private, {"NatGatewayId": nat}), (public, {"GatewayId": gateway})):
        table = ec2.create_route_table(VpcId=stage.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        stage.tables[subnet] = table
    stage.private = private
    return nat


def release(service, step, **more):
    update(service, taskDefinition=service.revision(image="example/web:2", **more))
    wait(service, step, "SUCCESSFUL")


def test_rights_of_old_tasks_stay_until_they_are_gone(aws, service, control, step):
    with watched(control) as report:
        allow(aws, f"{service.name}-task", ("dynamodb:Query", TABLE))
        release(service, step)
    assert lost(report) == {service.holder: [f"dynamodb:GetItem on {TABLE}, by role {service.name}-task"]}
    (loss,) = report["rights"]
    assert loss["since_call"] == "iam.PutRolePolicy" and loss["until_call"] == "time"


def test_secrets_of_old_tasks_stay_until_nothing_leads_back_to_them(aws, service, control, step):
    with watched(control) as report:
        aws("iam").delete_role_policy(RoleName=f"{service.name}-start", PolicyName="may")
        release(service, step)
    assert lost(report) == {service.holder: [f"ssm:GetParameters on {SECRET}, by role {service.name}-start"]}


def test_narrowing_after_the_deployment_is_not_missed(aws, service, control, step):
    with watched(control) as report:
        allow(aws, f"{service.name}-task", ("dynamodb:GetItem", TABLE), ("dynamodb:Query", TABLE))
        release(service, step)
        allow(aws, f"{service.name}-task", ("dynamodb:Query", TABLE))
        aws("iam").delete_role_policy(RoleName=f"{service.name}-start", PolicyName="may")
    assert report["rights"] == []


def test_the_way_out_of_tasks_stays(aws, service, control, step):
    ec2 = aws("ec2", REGION)
    with watched(control) as report:
        ec2.delete_nat_gateway(NatGatewayId=service.nat)
        release(service, step)
    assert lost(report) == {service.holder: ["a way to dynamodb", "a way to ssm", "a way to the internet"]}


def test_an_endpoint_is_a_way_as_good_as_the_internet(aws, service, control, step):
    ec2 = aws("ec2", REGION)
    with watched(control) as report:
        ec2.create_vpc_endpoint(
            VpcId=service.vpc,
            ServiceName=f"com.amazonaws.{REGION}.dynamodb",
            RouteTableIds=[service.tables[service.private]],
        )
        step(60)
        ec2.delete_nat_gateway(NatGatewayId=service.nat)
        release(service, step)
    assert lost(report) == {service.holder: ["a way to ssm", "a way to the internet"]}


def test_the_way_to_a_balancer_stays_while_old_tasks_call_it(aws, service, control, step):
    """The balancer's group names the group that callers are in."""
    ec2, elb = aws("ec2", REGION), aws("elbv2", REGION)
    caller = service.network["awsvpcConfiguration"]["securityGroups"][0]
    door = ec2.create_security_group(VpcId=service.vpc, GroupName="door", Description="d")["GroupId"]
    peers = {"UserIdGroupPairs": [{"GroupId": caller}]}
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80} | peers
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[permission])
    made = elb.create_load_balancer(
        Name=service.name, Scheme="internal", Subnets=list(service.tables), SecurityGroups=[door]
    )["LoadBalancers"][0]
    fine = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Port=80, Protocol="HTTP", DefaultActions=[fine]
    )
    step(200)
    with watched(control) as report:
        ec2.revoke_security_group_ingress(GroupId=door, IpPermissions=[permission])
        release(service, step)
    assert lost(report) == {service.holder: [f"a way to {made['DNSName']}:80"]}
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[permission])
    with watched(control) as report:
        release(service, step)
        ec2.revoke_security_group_ingress(GroupId=door, IpPermissions=[permission])
    assert report["rights"] == []


# --- fleets ---------------------------------------------------------------------------------------


def test_rights_of_instances_stay_until_they_are_gone(aws, ec2, make, look, template, name, control, step):
    role = create_role(aws, name, service="ec2.amazonaws.com")
    iam = aws("iam")
    allow(aws, name, ("dynamodb:GetItem", TABLE))
    profile = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role.rsplit("/", 1)[-1])
    number = new_version(ec2, name, IamInstanceProfile={"Arn": profile})
    make(DesiredCapacity=1, LaunchTemplate={**template, "Version": number})
    eventually(lambda: look("LifecycleState") == ["InService"])
    with watched(control) as report:
        iam.delete_role_policy(RoleName=name, PolicyName="may")
        allow(aws, name, ("dynamodb:GetItem", TABLE))
    (found,) = lost(report).values()
    assert found == [f"dynamodb:GetItem on {TABLE}, by role {name}"]
