"""What the tests of ECS services share: a cluster with its network, a served target group, short calls."""

import json
from types import SimpleNamespace

import pytest
from test_ecs import REGION, container, ecs, network, register

TRUST = "ecs-tasks.amazonaws.com"


@pytest.fixture
def stage(ecs, aws, name):
    """A cluster, a task definition and a network."""
    ecs.create_cluster(clusterName=name)
    register(ecs, name)
    vpc, where = network(aws, name)
    return SimpleNamespace(name=name, vpc=vpc, network=where, ecs=ecs, aws=aws, elb=aws("elbv2", REGION))


def create(stage, name="web", desired=2, **more):
    wanted = {
        "cluster": stage.name,
        "serviceName": name,
        "taskDefinition": stage.name,
        "desiredCount": desired,
        "launchType": "FARGATE",
        "networkConfiguration": stage.network,
    } | more
    return stage.ecs.create_service(**{key: value for key, value in wanted.items() if value is not None})[
        "service"
    ]


def update(stage, **more):
    return stage.ecs.update_service(cluster=stage.name, service="web", **more)["service"]


def describe(stage, name="web"):
    return stage.ecs.describe_services(cluster=stage.name, services=[name])["services"][0]


def counts(stage):
    found = describe(stage)
    return found["desiredCount"], found["runningCount"], found["pendingCount"]


def deployments(stage):
    """Service deployments, the newest first, as they are described."""
    arns = [
        one["serviceDeploymentArn"]
        for one in stage.ecs.list_service_deployments(cluster=stage.name, service="web")["serviceDeployments"]
    ]
    found = {
        one["serviceDeploymentArn"]: one
        for one in stage.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
    }
    return [found[arn] for arn in arns]


def status(stage):
    return deployments(stage)[0]["status"]


def messages(stage):
    return [event["message"] for event in describe(stage)["events"]]


def tasks(stage, wanted="RUNNING"):
    arns = stage.ecs.list_tasks(cluster=stage.name, serviceName="web", desiredStatus=wanted)["taskArns"]
    return stage.ecs.describe_tasks(cluster=stage.name, tasks=arns)["tasks"] if arns else []


def wait(stage, step, *wanted, seconds=3600):
    """Steps until the newest service deployment has one of these states."""
    for _ in range(seconds // 5):
        if (now := status(stage)) in wanted:
            return now
        step(5)
    raise AssertionError(f"still {now}: {messages(stage)[:5]}")


@pytest.fixture
def served(stage, step):
    """Two target groups behind one listener of an active balancer: the default action, and a rule with weights."""
    elb, name = stage.elb, stage.name
    ec2 = stage.aws("ec2", REGION)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=stage.vpc)
    vpc = stage.network["awsvpcConfiguration"]
    stage.balancer = elb.create_load_balancer(
        Name=name, Subnets=vpc["subnets"], SecurityGroups=vpc["securityGroups"]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    stage.blue, stage.green = (target_group(stage, f"{name}-{colour}") for colour in ("blue", "green"))
    forward = {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": [
                {"TargetGroupArn": stage.blue, "Weight": 100},
                {"TargetGroupArn": stage.green, "Weight": 0},
            ]
        },
    }
    nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(
        LoadBalancerArn=stage.balancer, Port=80, Protocol="HTTP", DefaultActions=[nothing]
    )["Listeners"][0]["ListenerArn"]
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]
    stage.rule = elb.create_rule(ListenerArn=listener, Priority=1, Conditions=conditions, Actions=[forward])[
        "Rules"
    ][0]["RuleArn"]
    step(150)
    return stage


def target_group(stage, name):
    arn = stage.elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=80,
        VpcId=stage.vpc,
        TargetType="ip",
        HealthCheckIntervalSeconds=10,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    delay = [{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    stage.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=delay)
    return arn


def balanced(group, **more):
    return [{"targetGroupArn": group, "containerName": "web", "containerPort": 80} | more]


def health(stage, group):
    return [
        one["TargetHealth"]["State"]
        for one in stage.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    ]


def weights(stage):
    rule = stage.elb.describe_rules(RuleArns=[stage.rule])["Rules"][0]
    found = {
        group["TargetGroupArn"]: group["Weight"]
        for group in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
    }
    return found[stage.blue], found[stage.green]


def infrastructure_role(aws, name):
    statement = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return aws("iam").create_role(RoleName=f"{name}-ecs", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
