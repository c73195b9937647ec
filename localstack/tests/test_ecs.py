"""ECS: clusters, task definitions, tags, tasks run by hand."""

import random

import boto3
import pytest
from conftest import ACCOUNT, create_role, eventually, fails
from networks import removals

pytestmark = pytest.mark.usefixtures("step")
REGION = "eu-west-1"


@pytest.fixture
def ecs(aws):
    return aws("ecs", REGION)


def tags(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


def container(**more):
    return {"name": "web", "image": "example/web:1", "portMappings": [{"containerPort": 80}]} | more


def register(ecs, family, containers=None, **more):
    definition = {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
    } | more
    definition = {key: value for key, value in definition.items() if value is not None}
    answer = ecs.register_task_definition(
        family=family, containerDefinitions=containers or [container()], **definition
    )
    return answer["taskDefinition"]


def network(aws, name):
    ec2 = aws("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:2]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(zones)
    ]
    group = ec2.create_security_group(VpcId=vpc, GroupName=name, Description="d")["GroupId"]
    return vpc, {"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}}


# --- clusters ---------------------------------------------------------------------------------------


def test_a_cluster_is_created_once(ecs, name):
    first = ecs.create_cluster(clusterName=name, tags=tags(a="1"))["cluster"]
    again = ecs.create_cluster(clusterName=name, tags=tags(a="2"))["cluster"]
    assert (again["clusterArn"], again["tags"]) == (first["clusterArn"], tags(a="1"))
    assert first["clusterArn"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}"


def test_what_of_a_cluster_is_included(ecs, name):
    ecs.create_cluster(
        clusterName=name, tags=tags(a="1"), settings=[{"name": "containerInsights", "value": "enabled"}]
    )
    bare = ecs.describe_clusters(clusters=[name])["clusters"][0]
    assert (bare["tags"], bare["settings"], bare["status"]) == ([], [], "ACTIVE")
    full = ecs.describe_clusters(clusters=[name], include=["TAGS", "SETTINGS"])["clusters"][0]
    assert full["tags"] == tags(a="1")
    assert full["settings"] == [{"name": "containerInsights", "value": "enabled"}]


def test_unknown_clusters_are_failures(ecs, name):
    answer = ecs.describe_clusters(clusters=[name])
    assert answer["clusters"] == []
    assert answer["failures"] == [
        {"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}", "reason": "MISSING"}
    ]
    with fails("InvalidParameterException"):
        ecs.describe_clusters(clusters=[f"{name}-{number}" for number in range(101)])


def test_a_deleted_cluster_is_inactive_and_revived(ecs, name):
    arn = ecs.create_cluster(clusterName=name, tags=tags(a="1"))["cluster"]["clusterArn"]
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    assert ecs.describe_clusters(clusters=[name])["clusters"][0]["status"] == "INACTIVE"
    assert arn not in ecs.list_clusters()["clusterArns"]
    with fails("ClusterNotFoundException"):
        ecs.delete_cluster(cluster=name)
    revived = ecs.create_cluster(clusterName=name)["cluster"]
    assert (revived["status"], revived["tags"]) == ("ACTIVE", [])


def test_settings_of_a_cluster_change(ecs, name):
    ecs.create_cluster(clusterName=name)
    ecs.update_cluster_settings(cluster=name, settings=[{"name": "containerInsights", "value": "enhanced"}])
    configuration = {"executeCommandConfiguration": {"logging": "NONE"}}
    ecs.update_cluster(cluster=name, configuration=configuration)
    found = ecs.describe_clusters(clusters=[name], include=["SETTINGS", "CONFIGURATIONS"])["clusters"][0]
    assert found["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert found["configuration"] == configuration


def test_capacity_providers_are_replaced(ecs, name):
    ecs.create_cluster(clusterName=name, capacityProviders=["FARGATE"])
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 2}]
    with fails("InvalidParameterException", "not associated with"):
        ecs.put_cluster_capacity_providers(
            cluster=name, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=strategy
        )
    ecs.put_cluster_capacity_providers(
        cluster=name, capacityProviders=["FARGATE_SPOT"], defaultCapacityProviderStrategy=strategy
    )
    found = ecs.describe_clusters(clusters=[name])["clusters"][0]
    assert found["capacityProviders"] == ["FARGATE_SPOT"]
    assert found["defaultCapacityProviderStrategy"] == [
        {"capacityProvider": "FARGATE_SPOT", "weight": 2, "base": 0}
    ]


def test_unknown_capacity_providers_are_refused(ecs, name):
    with fails("InvalidParameterException", "was not found"):
        ecs.create_cluster(clusterName=name, capacityProviders=["nowhere"])


def test_the_service_linked_role_is_new(ecs, endpoint, eventual, name):
    fresh = boto3.client(  # an account that nothing has used: its number is the access key
        "ecs",
        REGION,
        endpoint_url=endpoint,
        aws_access_key_id=str(random.randrange(10**11, 10**12)),
        aws_secret_access_key="test",
    )
    with fails("InvalidParameterException", "Unable to assume the service linked role"):
        fresh.create_cluster(clusterName=name)
    eventual(10)
    fresh.create_cluster(clusterName=name)


def test_new_clusters_are_listed_late(ecs, eventual, name):
    eventual(20)
    arn = eventually(lambda: created_or_none(ecs, name))
    assert arn not in ecs.list_clusters()["clusterArns"]
    eventual(5)
    assert arn in ecs.list_clusters()["clusterArns"]


def created_or_none(ecs, name):
    try:
        return ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
    except ecs.exceptions.InvalidParameterException:
        return None


# --- task definitions -------------------------------------------------------------------------------


def test_every_registration_is_a_new_revision(ecs, name):
    assert [register(ecs, name)["revision"] for _ in range(2)] == [1, 2]
    assert ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["revision"] == 2


def test_aws_fills_in_defaults(ecs, name):
    found = register(ecs, name, cpu="0.5 vCPU", memory="1 GB")
    web = found["containerDefinitions"][0]
    assert (found["cpu"], found["memory"], found["status"]) == ("512", "1024", "ACTIVE")
    assert found["compatibilities"] == ["EC2", "FARGATE"]
    assert found["volumes"] == found["placementConstraints"] == []
    assert {"name": "ecs.capability.task-eni"} in found["requiresAttributes"]
    assert web["portMappings"] == [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]
    assert (web["cpu"], web["essential"]) == (0, True)
    assert web["environment"] == web["mountPoints"] == web["volumesFrom"] == []


def test_health_checks_of_containers_have_defaults(ecs, name):
    found = register(ecs, name, [container(healthCheck={"command": ["CMD", "true"]})])
    check = found["containerDefinitions"][0]["healthCheck"]
    assert check == {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists"),
        ({"networkMode": "bridge"}, "awsvpc"),
        ({"cpu": None}, "'cpu' be defined at the task level"),
        (
            {"containers": [container(image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/web:1")]},
            "to support ECR images",
        ),
        ({"containers": [container(secrets=[{"name": "a", "valueFrom": "b"}])]}, "execution role"),
        ({"containers": [container(portMappings=[{"containerPort": 80, "hostPort": 8080}])]}, "must match"),
        ({"requiresCompatibilities": ["EC2"], "memory": None}, "'memory' or 'memoryReservation'"),
    ],
)
def test_what_fargate_refuses(ecs, name, change, text):
    with fails("ClientException", text):
        register(ecs, name, **change)


def test_tags_of_task_definitions_are_included(ecs, name):
    register(ecs, name, tags=tags(a="1"))
    assert (
        "tags" not in ecs.describe_task_definition(taskDefinition=name)
        or not ecs.describe_task_definition(taskDefinition=name)["tags"]
    )
    assert ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])["tags"] == tags(a="1")


def test_unknown_task_definitions(ecs, name):
    with fails("ClientException", "Unable to describe task definition."):
        ecs.describe_task_definition(taskDefinition=name)
    with fails("ClientException", "does not exist"):
        ecs.deregister_task_definition(taskDefinition=f"{name}:1")
    with fails("ClientException", "Revision is missing"):
        ecs.deregister_task_definition(taskDefinition=name)


def test_a_deregistered_revision_is_inactive(ecs, name):
    first, second = register(ecs, name), register(ecs, name)
    ecs.deregister_task_definition(taskDefinition=second["taskDefinitionArn"])
    assert ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["revision"] == 1
    assert ecs.describe_task_definition(taskDefinition=f"{name}:2")["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.list_task_definitions(familyPrefix=name)["taskDefinitionArns"] == [first["taskDefinitionArn"]]
    assert ecs.list_task_definitions(familyPrefix=name, status="INACTIVE")["taskDefinitionArns"] == [
        second["taskDefinitionArn"]
    ]


def test_families_are_listed(ecs, name):
    register(ecs, name)
    register(ecs, f"{name}-b")
    ecs.deregister_task_definition(taskDefinition=f"{name}-b:1")
    assert ecs.list_task_definition_families(familyPrefix=name)["families"] == [name, f"{name}-b"]
    assert ecs.list_task_definition_families(familyPrefix=name, status="ACTIVE")["families"] == [name]


def test_task_definitions_come_in_pages(ecs, name):
    arns = [register(ecs, name)["taskDefinitionArn"] for _ in range(3)]
    pages = list(
        ecs.get_paginator("list_task_definitions").paginate(
            familyPrefix=name, sort="DESC", PaginationConfig={"PageSize": 2}
        )
    )
    assert [page["taskDefinitionArns"] for page in pages] == [[arns[2], arns[1]], [arns[0]]]


def test_deleting_task_definitions(ecs, name, step):
    active, gone = register(ecs, name)["taskDefinitionArn"], register(ecs, name)["taskDefinitionArn"]
    ecs.deregister_task_definition(taskDefinition=gone)
    answer = ecs.delete_task_definitions(taskDefinitions=[active, gone])
    assert [one["taskDefinitionArn"] for one in answer["taskDefinitions"]] == [gone]
    assert answer["failures"][0]["arn"] == active and "ACTIVE" in answer["failures"][0]["reason"]
    assert (
        ecs.describe_task_definition(taskDefinition=gone)["taskDefinition"]["status"] == "DELETE_IN_PROGRESS"
    )
    step(60)
    with fails("ClientException"):
        ecs.describe_task_definition(taskDefinition=gone)
    assert register(ecs, name)["revision"] == 3


def test_at_most_ten_task_definitions_are_deleted(ecs, name):
    with fails("InvalidParameterException"):
        ecs.delete_task_definitions(taskDefinitions=[f"{name}:{number}" for number in range(11)])


# --- tags and settings ------------------------------------------------------------------------------


def test_tags_of_everything(ecs, aws, name):
    cluster = ecs.create_cluster(clusterName=name)["cluster"]["clusterArn"]
    definition = register(ecs, name)["taskDefinitionArn"]
    for arn in (cluster, definition):
        ecs.tag_resource(resourceArn=arn, tags=tags(a="1", name=name))
        ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == tags(name=name)
    found = aws("resourcegroupstaggingapi", REGION).get_resources(
        TagFilters=[{"Key": "name", "Values": [name]}]
    )
    assert {one["ResourceARN"] for one in found["ResourceTagMappingList"]} == {cluster, definition}
    with fails("InvalidParameterException"):
        ecs.tag_resource(resourceArn=cluster, tags=tags(**{"aws:a": "1"}))


def test_account_settings(ecs):
    found = ecs.list_account_settings(effectiveSettings=True, name="serviceLongArnFormat")["settings"]
    assert [(one["name"], one["value"]) for one in found] == [("serviceLongArnFormat", "enabled")]


# --- tasks run by hand ------------------------------------------------------------------------------


@pytest.fixture
def task(ecs, aws, name):
    ecs.create_cluster(clusterName=name)
    register(ecs, name)
    answer = ecs.run_task(
        cluster=name, taskDefinition=name, launchType="FARGATE", networkConfiguration=network(aws, name)[1]
    )
    return answer["tasks"][0]["taskArn"]


def described(ecs, cluster, task):
    return ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]


def test_a_task_runs_and_stops(ecs, name, task, step):
    assert described(ecs, name, task)["lastStatus"] == "PROVISIONING"
    step(10)
    assert described(ecs, name, task)["lastStatus"] == "PENDING"
    step(20)
    assert described(ecs, name, task)["lastStatus"] == "RUNNING"
    with fails("ClusterContainsTasksException"):
        ecs.delete_cluster(cluster=name)
    ecs.stop_task(cluster=name, task=task, reason="enough")
    assert ecs.list_tasks(cluster=name)["taskArns"] == []
    step(30)
    found = described(ecs, name, task)
    assert (found["lastStatus"], found["stopCode"], found["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )
    ecs.delete_cluster(cluster=name)


def test_a_stopped_task_is_forgotten(ecs, name, task, step):
    ecs.stop_task(cluster=name, task=task)
    step(30 + 3600)
    assert ecs.describe_tasks(cluster=name, tasks=[task])["failures"][0]["reason"] == "MISSING"


def test_a_task_holds_its_network(ecs, aws, name, task, step):
    ec2 = aws("ec2", REGION)
    step(30)
    details = {one["name"]: one["value"] for one in described(ecs, name, task)["attachments"][0]["details"]}
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])[
        "NetworkInterfaces"
    ][0]
    assert interface["Description"].startswith(f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/")
    assert interface["PrivateIpAddress"] == details["privateIPv4Address"]
    assert interface["Groups"] and interface["SubnetId"] == details["subnetId"]
    held = {"Filters": [{"Name": "subnet-id", "Values": [details["subnetId"]]}]}
    ecs.stop_task(cluster=name, task=task)
    step(30)
    assert described(ecs, name, task)["lastStatus"] == "STOPPED"
    step(59)
    assert len(ec2.describe_network_interfaces(**held)["NetworkInterfaces"]) == 1
    calls = removals(ec2, details["subnetId"], interface["Groups"][0]["GroupId"])
    for call in calls:
        with fails("DependencyViolation"):
            call()
    step(1)
    assert ec2.describe_network_interfaces(**held)["NetworkInterfaces"] == []
    for call in calls:
        call()


def test_a_task_with_a_public_address_holds_the_gateway(ecs, aws, name, step):
    ec2 = aws("ec2", REGION)
    ecs.create_cluster(clusterName=name)
    register(ecs, name)
    vpc, wanted = network(aws, name)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    wanted = {"awsvpcConfiguration": wanted["awsvpcConfiguration"] | {"assignPublicIp": "ENABLED"}}
    task = ecs.run_task(cluster=name, taskDefinition=name, launchType="FARGATE", networkConfiguration=wanted)[
        "tasks"
    ][0]["taskArn"]
    step(30)
    ecs.stop_task(cluster=name, task=task)
    step(89)  # nobody asks ECS, whose task stops all the same
    with fails("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    eventually(
        lambda: (
            not ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
                "NetworkInterfaces"
            ]
        )
    )
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


def test_a_task_of_unknown_role_does_not_start(ecs, aws, name, step):
    ecs.create_cluster(clusterName=name)
    role = create_role(aws, name, "ec2.amazonaws.com")
    register(ecs, name, executionRoleArn=role)
    more = {"cluster": name, "launchType": "FARGATE", "networkConfiguration": network(aws, name)[1]}
    task = ecs.run_task(taskDefinition=name, **more)["tasks"][0]["taskArn"]
    step(30)
    found = described(ecs, name, task)
    assert (found["lastStatus"], found["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert f"unable to assume the role '{role}'" in found["stoppedReason"]


def test_a_task_needs_its_log_group(ecs, aws, name, step):
    ecs.create_cluster(clusterName=name)
    role = create_role(aws, name, "ecs-tasks.amazonaws.com")
    options = {"awslogs-group": f"/{name}", "awslogs-region": REGION, "awslogs-stream-prefix": "web"}
    register(
        ecs,
        name,
        [container(logConfiguration={"logDriver": "awslogs", "options": options})],
        executionRoleArn=role,
    )
    more = {"cluster": name, "launchType": "FARGATE", "networkConfiguration": network(aws, name)[1]}
    task = ecs.run_task(taskDefinition=name, **more)["tasks"][0]["taskArn"]
    step(30)
    assert "log group does not exist" in described(ecs, name, task)["stoppedReason"]
    aws("logs", REGION).create_log_group(logGroupName=f"/{name}")
    task = ecs.run_task(taskDefinition=name, **more)["tasks"][0]["taskArn"]
    step(30)
    assert described(ecs, name, task)["lastStatus"] == "RUNNING"


def test_without_fargate_there_is_nothing_to_run_on(ecs, aws, name):
    ecs.create_cluster(clusterName=name)
    register(ecs, name)
    with fails("InvalidParameterException", "No Container Instances were found"):
        ecs.run_task(cluster=name, taskDefinition=name, networkConfiguration=network(aws, name)[1])
