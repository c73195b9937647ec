"""ECS: services, and what CreateService, UpdateService and DeleteService refuse."""

import uuid

import pytest
from conftest import ACCOUNT, eventually, fails
from ecs_services import (
    REGION,
    balanced,
    container,
    counts,
    create,
    deployments,
    describe,
    ecs,
    health,
    infrastructure_role,
    messages,
    register,
    served,
    stage,
    status,
    target_group,
    tasks,
    update,
    wait,
)
from test_ecs import network

pytestmark = pytest.mark.usefixtures("step")


def test_a_service_becomes_steady_in_time(stage, step):
    assert create(stage)["status"] == "ACTIVE"
    assert counts(stage) == (2, 0, 0)
    step(5)
    assert counts(stage) == (2, 0, 2)
    assert status(stage) == "IN_PROGRESS"
    step(30)
    assert counts(stage) == (2, 2, 0)
    assert describe(stage)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    step(10)
    assert status(stage) == "SUCCESSFUL"
    found = describe(stage)["deployments"]
    assert [(one["status"], one["rolloutState"]) for one in found] == [("PRIMARY", "COMPLETED")]
    assert messages(stage)[:2] == [
        "(service web) has reached a steady state.",
        f"(service web) (deployment {found[0]['id']}) deployment completed.",
    ]


def test_tasks_stay_in_the_network_of_their_target_group(served, aws):
    create(served, loadBalancers=balanced(served.blue))
    _, elsewhere = network(aws, f"{served.name}-2")
    with fails("InvalidParameterException", "is not in the VPC of the service's subnets"):
        update(served, networkConfiguration=elsewhere)
    with fails("InvalidParameterException", "is not in the VPC of the service's subnets"):
        create(served, "other", loadBalancers=balanced(served.blue), networkConfiguration=elsewhere)


def test_one_long_step_is_as_good_as_many(stage, step):
    create(stage)
    step(600)
    assert (status(stage), counts(stage)) == ("SUCCESSFUL", (2, 2, 0))


def test_what_aws_fills_in(stage):
    found = create(stage)
    assert found["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    assert found["deploymentConfiguration"]["maximumPercent"] == 200
    assert found["deploymentConfiguration"]["strategy"] == "ROLLING"
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
        "enable": False,
        "rollback": False,
    }
    assert (found["platformVersion"], found["schedulingStrategy"], found["propagateTags"]) == (
        "LATEST",
        "REPLICA",
        "NONE",
    )
    assert found["taskDefinition"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{stage.name}:1"
    assert found["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert found["availabilityZoneRebalancing"] == "ENABLED"


def test_the_client_token_makes_it_idempotent(stage):
    token = str(uuid.uuid4())
    first = create(stage, clientToken=token)
    assert create(stage, clientToken=token)["createdAt"] == first["createdAt"]
    with fails("InvalidParameterException", "Creation of service was not idempotent."):
        create(stage, clientToken=str(uuid.uuid4()))


def test_a_draining_name_is_taken(stage, step):
    create(stage)
    step(60)
    stage.ecs.delete_service(cluster=stage.name, service="web", force=True)
    assert describe(stage)["status"] == "DRAINING"
    with fails("InvalidParameterException", "still Draining"):
        create(stage)
    step(30)
    assert describe(stage)["status"] == "INACTIVE"
    assert create(stage)["status"] == "ACTIVE"


def test_deleting_needs_zero_or_force(stage, step):
    create(stage)
    with fails("InvalidParameterException", "scaled above 0"):
        stage.ecs.delete_service(cluster=stage.name, service="web")
    with fails("ClusterContainsServicesException"):
        stage.ecs.delete_cluster(cluster=stage.name)
    update(stage, desiredCount=0)
    stage.ecs.delete_service(cluster=stage.name, service="web")
    step(60)
    assert describe(stage)["status"] == "INACTIVE"
    with fails("ServiceNotFoundException"):
        stage.ecs.delete_service(cluster=stage.name, service="web")
    with fails("ServiceNotActiveException"):
        update(stage, desiredCount=1)
    stage.ecs.delete_cluster(cluster=stage.name)


def test_only_active_services_are_listed(stage):
    arn = create(stage)["serviceArn"]
    assert stage.ecs.list_services(cluster=stage.name)["serviceArns"] == [arn]
    stage.ecs.delete_service(cluster=stage.name, service="web", force=True)
    assert stage.ecs.list_services(cluster=stage.name)["serviceArns"] == []


def test_unknown_services_are_failures(stage):
    answer = stage.ecs.describe_services(cluster=stage.name, services=["nothing"])
    assert [one["reason"] for one in answer["failures"]] == ["MISSING"]
    with fails("InvalidParameterException"):
        stage.ecs.describe_services(cluster=stage.name, services=[f"s{number}" for number in range(11)])
    with fails("ServiceNotFoundException"):
        update(stage, desiredCount=1)
    with fails("ClusterNotFoundException"):
        stage.ecs.describe_services(cluster=f"{stage.name}-not", services=["web"])


def test_a_new_service_is_missing_for_a_moment(stage, control, eventual):
    eventual(20)
    control("consistency", {"mode": "strict"})
    create(stage, "first")  # the service-linked role is there now
    control("consistency", {"mode": "eventual"})
    eventually(lambda: created_or_none(stage))
    assert (
        stage.ecs.describe_services(cluster=stage.name, services=["web"])["failures"][0]["reason"]
        == "MISSING"
    )
    eventual(2)
    assert describe(stage)["serviceName"] == "web"
    assert not any(arn.endswith("/web") for arn in stage.ecs.list_services(cluster=stage.name)["serviceArns"])


def created_or_none(stage):
    try:
        return create(stage)
    except stage.ecs.exceptions.InvalidParameterException:
        return None


# --- refusals ---------------------------------------------------------------------------------------


def test_a_task_definition_has_to_be_active(stage):
    with fails("ClientException", "TaskDefinition not found."):
        create(stage, taskDefinition="nothing")
    stage.ecs.deregister_task_definition(taskDefinition=f"{stage.name}:1")
    with fails("ClientException", "TaskDefinition is inactive"):
        create(stage, taskDefinition=f"{stage.name}:1")


def test_the_network_has_to_exist(stage):
    group = stage.network["awsvpcConfiguration"]["securityGroups"]
    with fails("InvalidParameterException", "InvalidSubnetID.NotFound"):
        create(
            stage,
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": ["subnet-00000000000000000"], "securityGroups": group}
            },
        )
    subnets = stage.network["awsvpcConfiguration"]["subnets"]
    with fails("InvalidParameterException", "InvalidGroup.NotFound"):
        create(
            stage,
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": subnets, "securityGroups": ["sg-00000000000000000"]}
            },
        )
    with fails("InvalidParameterException", "Network Configuration must be provided"):
        create(stage, networkConfiguration=None)


def test_launch_types_and_providers(stage):
    strategy = [{"capacityProvider": "FARGATE", "weight": 1}]
    with fails("InvalidParameterException", "both a launch type and capacity provider strategy"):
        create(stage, capacityProviderStrategy=strategy)
    with fails("InvalidParameterException", "not associated with the"):
        create(stage, capacityProviderStrategy=strategy, launchType=None)
    stage.ecs.put_cluster_capacity_providers(
        cluster=stage.name, capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
    )
    assert "launchType" not in create(stage, capacityProviderStrategy=strategy, launchType=None)


def test_fargate_needs_a_suitable_task_definition(stage):
    register(
        stage.ecs,
        f"{stage.name}-ec2",
        [container(memory=128)],
        networkMode="bridge",
        requiresCompatibilities=["EC2"],
        cpu=None,
        memory=None,
    )
    with fails("InvalidParameterException", "does not support launch_type FARGATE"):
        create(stage, taskDefinition=f"{stage.name}-ec2")


def test_without_instances_no_task_is_placed(stage, step):
    create(stage, launchType="EC2")
    step(600)
    assert status(stage) == "IN_PROGRESS"
    assert "was unable to place a task because no container instance" in messages(stage)[0]


def test_a_target_group_has_to_be_attached(stage):
    group = target_group(stage, stage.name)
    with fails(
        "InvalidParameterException",
        f"The target group with targetGroupArn {group} does not have an associated load balancer.",
    ):
        create(stage, loadBalancers=balanced(group))


def test_containers_of_load_balancers(served):
    with fails("InvalidParameterException", "The container other does not exist in the task definition."):
        create(served, loadBalancers=balanced(served.blue, containerName="other"))
    with fails("InvalidParameterException", "did not have a container port 81 defined."):
        create(served, loadBalancers=balanced(served.blue, containerPort=81))


def test_shifting_traffic_needs_an_advanced_configuration(served):
    with fails("InvalidParameterException", "advancedConfiguration"):
        create(
            served,
            loadBalancers=balanced(served.blue),
            deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1},
        )


def test_the_infrastructure_role_has_to_be_usable(served, control, eventual):
    advanced = {
        "alternateTargetGroupArn": served.green,
        "productionListenerRule": served.rule,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{served.name}-no",
    }
    more = {"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}}
    with fails("InvalidParameterException", "Unable to assume"):
        create(served, loadBalancers=balanced(served.blue, advancedConfiguration=advanced), **more)
    advanced["roleArn"] = infrastructure_role(served.aws, served.name)
    with fails("InvalidParameterException", "Unable to assume"):
        create(served, loadBalancers=balanced(served.blue, advancedConfiguration=advanced), **more)
    eventual(10)
    create(served, loadBalancers=balanced(served.blue, advancedConfiguration=advanced), **more)


@pytest.mark.parametrize(
    "configuration",
    [
        {"strategy": "BLUE_GREEN"},
        {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1441},
        {"strategy": "ROLLING", "canaryConfiguration": {"canaryPercent": 5.0}},
        {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}},
    ],
)
def test_wrong_ways_of_deploying(stage, configuration):
    with fails("InvalidParameterException"):
        create(stage, deploymentConfiguration=configuration)


# --- what starts a deployment -------------------------------------------------------------------------


def test_what_starts_no_deployment(stage, step):
    create(stage)
    wait(stage, step, "SUCCESSFUL")
    update(stage, desiredCount=3)
    update(stage, deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50})
    update(stage, taskDefinition=f"{stage.name}:1", networkConfiguration=stage.network)
    update(stage, enableExecuteCommand=True)
    assert len(deployments(stage)) == 1
    assert describe(stage)["deploymentConfiguration"]["maximumPercent"] == 150
    step(30)
    assert counts(stage) == (3, 3, 0)
    assert messages(stage)[0] == "(service web) has reached a steady state."


def test_what_starts_a_deployment(stage, step):
    create(stage)
    wait(stage, step, "SUCCESSFUL")
    register(stage.ecs, stage.name)
    subnets = stage.network["awsvpcConfiguration"]["subnets"]
    for number, change in enumerate(
        (
            {"taskDefinition": stage.name},
            {"forceNewDeployment": True},
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": subnets[:1]}}},
        )
    ):
        update(stage, **change)
        assert len(deployments(stage)) == number + 2
        wait(stage, step, "SUCCESSFUL")


def test_a_family_means_its_latest_revision(stage):
    create(stage)
    register(stage.ecs, stage.name)
    assert update(stage, taskDefinition=stage.name)["taskDefinition"].endswith(f"/{stage.name}:2")


# --- tasks of services --------------------------------------------------------------------------------


def test_a_stopped_task_is_replaced(stage, step):
    create(stage, desired=1)
    wait(stage, step, "SUCCESSFUL")
    before = tasks(stage)[0]["taskArn"]
    stage.ecs.stop_task(cluster=stage.name, task=before)
    step(30)
    assert [task["lastStatus"] for task in tasks(stage)] == ["RUNNING"]
    assert tasks(stage)[0]["taskArn"] != before
    assert tasks(stage, "STOPPED")[0]["stopCode"] == "UserInitiated"


def test_tags_are_propagated(stage, step):
    create(
        stage,
        desired=1,
        tags=[{"key": "a", "value": "1"}],
        propagateTags="SERVICE",
        enableECSManagedTags=True,
    )
    step(5)
    arn = tasks(stage)[0]["taskArn"]
    found = {one["key"]: one["value"] for one in stage.ecs.list_tags_for_resource(resourceArn=arn)["tags"]}
    assert found == {"a": "1", "aws:ecs:clusterName": stage.name, "aws:ecs:serviceName": "web"}


def test_tasks_are_registered_and_drain(served, step):
    create(served, loadBalancers=balanced(served.blue))
    step(35)
    assert counts(served) == (2, 2, 0)
    assert health(served, served.blue) == ["initial", "initial"]
    assert status(served) == "IN_PROGRESS"
    step(10)
    assert health(served, served.blue) == ["healthy", "healthy"]
    wait(served, step, "SUCCESSFUL")
    update(served, desiredCount=1)
    assert sorted(health(served, served.blue)) == ["draining", "healthy"]
    step(30)
    assert health(served, served.blue) == ["healthy"]
    assert any("has begun draining connections on 1 tasks." in text for text in messages(served))


def test_a_service_goes_with_its_tasks(served, step):
    create(served, loadBalancers=balanced(served.blue))
    wait(served, step, "SUCCESSFUL")
    served.ecs.delete_service(cluster=served.name, service="web", force=True)
    assert health(served, served.blue) == ["draining", "draining"]
    step(25)
    assert describe(served)["status"] == "DRAINING"
    step(5)
    assert describe(served)["status"] == "INACTIVE"
    assert health(served, served.blue) == []


def test_an_unhealthy_task_is_replaced(served, control, step):
    create(served, desired=1, loadBalancers=balanced(served.blue), healthCheckGracePeriodSeconds=60)
    wait(served, step, "SUCCESSFUL")
    before = tasks(served)[0]
    step(60)
    address = before["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    control("target-health", {"target_group": served.blue, "health": "unhealthy", "target": address})
    step(20)
    describe(served)
    stopped = tasks(served, "STOPPED")[0]
    assert stopped["taskArn"] == before["taskArn"]
    assert stopped["stoppedReason"] == f"Task failed ELB health checks in (target-group {served.blue})"
    assert any("is unhealthy in (target-group" in text for text in messages(served))


def test_the_grace_period_is_waited_for(served, control, step):
    control("target-health", {"target_group": served.blue, "health": "unhealthy"})
    create(served, desired=1, loadBalancers=balanced(served.blue), healthCheckGracePeriodSeconds=120)
    step(35)
    describe(served)
    step(115)
    assert health(served, served.blue) == ["unhealthy"] and tasks(served, "STOPPED") == []
    step(5)
    assert len(tasks(served, "STOPPED")) == 1
    assert describe(served)["deployments"][0]["failedTasks"] == 1


def test_the_definition_of_a_service_stays(stage, step):
    arn = describe_definition(stage)["taskDefinitionArn"]
    create(stage, desired=1)
    wait(stage, step, "SUCCESSFUL")
    stage.ecs.deregister_task_definition(taskDefinition=arn)
    stage.ecs.delete_task_definitions(taskDefinitions=[arn])
    step(600)
    assert describe_definition(stage)["status"] == "DELETE_IN_PROGRESS"
    stage.ecs.delete_service(cluster=stage.name, service="web", force=True)
    step(600)
    with fails("ClientException"):
        describe_definition(stage)


def describe_definition(stage):
    return stage.ecs.describe_task_definition(taskDefinition=f"{stage.name}:1")["taskDefinition"]


def test_the_inventory_knows_it_all(stage, control, step):
    create(stage, desired=1)
    wait(stage, step, "SUCCESSFUL")
    kinds = {
        (one["service"], one["kind"])
        for one in control(f"inventory?regions={REGION}")
        if stage.name in one["name"]
    }
    assert {("ecs", kind) for kind in ("cluster", "service", "task", "task-definition")} <= kinds
    stage.ecs.delete_service(cluster=stage.name, service="web", force=True)
    step(60)
    kinds = {
        one["kind"]
        for one in control(f"inventory?regions={REGION}")
        if stage.name in one["name"] and one["service"] == "ecs"
    }
    assert kinds == {"cluster", "task-definition"}


def test_a_snapshot_keeps_what_is_half_done(stage, control, step):
    create(stage)
    step(10)
    describe(stage)
    control("snapshot", {"name": stage.name})
    wait(stage, step, "SUCCESSFUL")
    control("restore", {"name": stage.name})
    assert counts(stage) == (2, 0, 2)
    wait(stage, step, "SUCCESSFUL")
