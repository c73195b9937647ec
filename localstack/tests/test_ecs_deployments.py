"""ECS: rolling deployments that fail and come back, and deployments that shift traffic."""

import pytest
from conftest import ACCOUNT, create_role, fails
from ecs_services import (
    REGION,
    balanced,
    container,
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
    tasks,
    update,
    wait,
    weights,
)

pytestmark = pytest.mark.usefixtures("step")
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
PULL = "CannotPullContainerError: pull access denied"


@pytest.fixture
def broken(control):
    """Makes every image with ':broken' fail."""
    control("ecs/failing-images", {"image": "*:broken", "reason": PULL})
    yield
    control("ecs/failing-images", method="DELETE")


def revision(stage, tag):
    return register(stage.ecs, stage.name, [container(image=f"example/web:{tag}")])["taskDefinitionArn"]


def release(stage, tag, **more):
    return update(stage, taskDefinition=revision(stage, tag), **more)


@pytest.fixture
def running(stage, step):
    create(stage, deploymentConfiguration=BREAKER)
    wait(stage, step, "SUCCESSFUL")
    return stage


def rollouts(stage):
    return [
        (one["status"], one["rolloutState"], one["taskDefinition"].rsplit(":", 1)[1])
        for one in describe(stage)["deployments"]
    ]


# --- rolling ----------------------------------------------------------------------------------------


def test_a_rolling_deployment_goes_through_its_states(running, step):
    release(running, "2")
    assert status(running) == "PENDING"
    step(5)
    assert status(running) == "IN_PROGRESS"
    assert rollouts(running) == [("PRIMARY", "IN_PROGRESS", "2"), ("ACTIVE", "COMPLETED", "1")]
    wait(running, step, "SUCCESSFUL")
    assert rollouts(running) == [("PRIMARY", "COMPLETED", "2")]


def test_a_rolling_deployment_keeps_enough_tasks(running, step):
    release(running, "2")
    for _ in range(30):
        step(5)
        found = describe(running)
        alive = tasks(running)
        assert found["runningCount"] >= 2 and len(alive) <= 4
    assert status(running) == "SUCCESSFUL"


def test_half_may_be_missing(running, step):
    release(
        running, "2", deploymentConfiguration=BREAKER | {"minimumHealthyPercent": 50, "maximumPercent": 100}
    )
    step(5)
    seen = set()
    for _ in range(40):
        seen.add(len(tasks(running)))
        step(5)
    assert status(running) == "SUCCESSFUL"
    assert max(seen) == 2


def test_the_circuit_breaker_rolls_back(running, broken, step):
    release(running, "broken")
    wait(running, step, "ROLLBACK_IN_PROGRESS")
    wait(running, step, "ROLLBACK_SUCCESSFUL")
    found = deployments(running)[0]
    assert found["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert found["rollback"]["serviceRevisionArn"] == deployments(running)[1]["targetServiceRevision"]["arn"]
    assert rollouts(running) == [("PRIMARY", "COMPLETED", "1")]
    assert describe(running)["taskDefinition"].endswith(":1")
    assert any("deployment failed: tasks failed to start." in text for text in messages(running))
    assert any("rolling back to deployment ecs-svc/" in text for text in messages(running))


def test_stopped_tasks_say_why(running, broken, step):
    release(running, "broken")
    step(35)
    describe(running)
    stopped = tasks(running, "STOPPED")
    assert {(task["stopCode"], task["stoppedReason"]) for task in stopped} == {("TaskFailedToStart", PULL)}
    assert stopped[0]["containers"][0]["reason"] == PULL


def test_without_rollback_the_failure_stays(running, broken, step):
    update(running, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}})
    release(running, "broken")
    assert wait(running, step, "STOPPED", "SUCCESSFUL") == "STOPPED"
    assert rollouts(running)[0] == ("PRIMARY", "FAILED", "2")
    assert (
        describe(running)["deployments"][0]["rolloutStateReason"]
        == "ECS deployment circuit breaker: tasks failed to start."
    )
    step(600)
    assert describe(running)["runningCount"] == 2


def test_without_circuit_breaker_it_goes_on_for_ever(running, broken, step):
    update(
        running, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    )
    release(running, "broken")
    step(6 * 3600)
    assert status(running) == "IN_PROGRESS"
    assert describe(running)["deployments"][0]["failedTasks"] >= 10
    assert describe(running)["runningCount"] == 2
    assert any("unable to consistently start tasks" in text for text in messages(running))


def test_it_goes_on_when_the_image_is_there(running, broken, control, step):
    update(
        running, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    )
    release(running, "broken")
    step(60)
    describe(running)
    control("ecs/failing-images", method="DELETE")
    wait(running, step, "SUCCESSFUL")
    assert rollouts(running) == [("PRIMARY", "COMPLETED", "2")]
    assert describe(running)["deployments"][0]["failedTasks"] == 0


def test_a_first_deployment_has_nothing_to_go_back_to(stage, broken, step):
    create(stage, taskDefinition=revision(stage, "broken"), deploymentConfiguration=BREAKER)
    assert wait(stage, step, "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL") == "ROLLBACK_FAILED"
    assert deployments(stage)[0]["statusReason"] == "No rollback candidate was found to run the rollback."
    assert rollouts(stage) == [("PRIMARY", "FAILED", "2")]
    update(stage, taskDefinition=f"{stage.name}:1")
    wait(stage, step, "SUCCESSFUL")


def test_images_fail_by_region_and_part(running, control, step):
    control("ecs/failing-images", {"image": "web:2", "region": "us-east-1"})
    release(running, "2")
    assert wait(running, step, "SUCCESSFUL", "ROLLBACK_SUCCESSFUL") == "SUCCESSFUL"
    control("ecs/failing-images", {"image": "web:3"})
    release(running, "3")
    wait(running, step, "ROLLBACK_SUCCESSFUL")
    assert any("CannotPullContainerError" in task["stoppedReason"] for task in tasks(running, "STOPPED"))
    control("ecs/failing-images", method="DELETE")


def test_a_role_that_is_too_new_fails_tasks(running, aws, control, eventual):
    role = create_role(aws, running.name, "ecs-tasks.amazonaws.com")
    definition = register(running.ecs, running.name, executionRoleArn=role)["taskDefinitionArn"]
    update(running, taskDefinition=definition, deploymentConfiguration=BREAKER)
    eventual(1)
    aws("iam").update_assume_role_policy(RoleName=running.name, PolicyDocument=trust())
    for _ in range(6):
        eventual(5)
        describe(running)
        aws("iam").update_assume_role_policy(RoleName=running.name, PolicyDocument=trust())
    eventual(4)
    describe(running)
    assert any(
        "was unable to place a task. Reason: ECS was unable to assume the role" in text
        for text in messages(running)
    )
    wait(running, eventual, "SUCCESSFUL", "ROLLBACK_SUCCESSFUL")


def trust():
    return (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, '
        '"Action": "sts:AssumeRole"}]}'
    )


def test_a_newer_deployment_stops_the_older(running, step):
    release(running, "2")
    step(10)
    release(running, "3")
    assert deployments(running)[1]["status"] == "STOP_REQUESTED"
    step(5)
    assert [one["status"] for one in deployments(running)] == ["IN_PROGRESS", "STOPPED", "SUCCESSFUL"]
    wait(running, step, "SUCCESSFUL")
    assert rollouts(running) == [("PRIMARY", "COMPLETED", "3")]


def test_stopping_rolls_back(running, step):
    release(running, "2")
    step(10)
    arn = deployments(running)[0]["serviceDeploymentArn"]
    running.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    assert status(running) in ("ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
    wait(running, step, "ROLLBACK_SUCCESSFUL")
    assert rollouts(running) == [("PRIMARY", "COMPLETED", "1")]
    with fails("ConflictException"):
        running.ecs.stop_service_deployment(serviceDeploymentArn=arn)


def test_only_rollback_stops(running):
    release(running, "2")
    arn = deployments(running)[0]["serviceDeploymentArn"]
    with fails("InvalidParameterException"):
        running.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ABORT")
    with fails("ServiceDeploymentNotFoundException"):
        running.ecs.stop_service_deployment(serviceDeploymentArn=arn[:-1] + "x")


def alarm(stage, state=None):
    cloudwatch = stage.aws("cloudwatch", REGION)
    if state is None:
        cloudwatch.put_metric_alarm(
            AlarmName=stage.name,
            Namespace="n",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    else:
        cloudwatch.set_alarm_state(AlarmName=stage.name, StateValue=state, StateReason="test")


def test_an_alarm_rolls_back(running, step):
    alarm(running)
    release(
        running,
        "2",
        deploymentConfiguration={"alarms": {"alarmNames": [running.name], "enable": True, "rollback": True}},
    )
    step(120)
    assert deployments(running)[0]["lifecycleStage"] == "BAKE_TIME"
    alarm(running, "ALARM")
    assert status(running) == "ROLLBACK_IN_PROGRESS"
    assert deployments(running)[0]["alarms"]["triggeredAlarmNames"] == [running.name]
    wait(running, step, "ROLLBACK_SUCCESSFUL")
    assert any("deployment failed: alarm detected." in text for text in messages(running))


def test_an_alarm_that_was_there_before_does_not_count(running, step):
    alarm(running)
    alarm(running, "ALARM")
    release(
        running,
        "2",
        deploymentConfiguration={"alarms": {"alarmNames": [running.name], "enable": True, "rollback": True}},
    )
    wait(running, step, "SUCCESSFUL")


def test_a_rolling_deployment_bakes(running, step):
    release(running, "2", deploymentConfiguration={"bakeTimeInMinutes": 10})
    step(120)
    assert (status(running), deployments(running)[0]["lifecycleStage"]) == ("IN_PROGRESS", "BAKE_TIME")
    step(600)
    assert status(running) == "SUCCESSFUL"


def test_deployments_are_listed_and_described(running, step):
    release(running, "2")
    listed = running.ecs.list_service_deployments(cluster=running.name, service="web", status=["SUCCESSFUL"])[
        "serviceDeployments"
    ]
    assert [one["status"] for one in listed] == ["SUCCESSFUL"]
    newest = deployments(running)[0]
    assert (
        newest["deploymentConfiguration"]["deploymentCircuitBreaker"] == BREAKER["deploymentCircuitBreaker"]
    )
    assert [one["requestedTaskCount"] for one in newest["sourceServiceRevisions"]] == [2]
    missing = newest["serviceDeploymentArn"] + "x"
    assert running.ecs.describe_service_deployments(serviceDeploymentArns=[missing])["failures"] == [
        {"arn": missing, "reason": "MISSING"}
    ]
    revisions = running.ecs.describe_service_revisions(
        serviceRevisionArns=[newest["targetServiceRevision"]["arn"]]
    )["serviceRevisions"]
    assert (
        revisions[0]["taskDefinition"] == f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{running.name}:2"
    )


def test_unhealthy_targets_trip_the_breaker(served, control, step):
    create(served, loadBalancers=balanced(served.blue), deploymentConfiguration=BREAKER)
    wait(served, step, "SUCCESSFUL")
    release(served, "2")
    step(10)
    control("target-health", {"target_group": served.blue, "health": "unhealthy"})
    for _ in range(100):
        step(5)
        if status(served) == "ROLLBACK_IN_PROGRESS":
            break
    control("target-health", {"target_group": served.blue, "health": "healthy"})
    wait(served, step, "ROLLBACK_SUCCESSFUL")
    assert rollouts(served) == [("PRIMARY", "COMPLETED", "1")]


# --- shifting traffic -----------------------------------------------------------------------------------


@pytest.fixture
def blue_green(served, step):
    """A service whose first deployment is over; `strategy` changes how it deploys."""
    advanced = {
        "alternateTargetGroupArn": served.green,
        "productionListenerRule": served.rule,
        "roleArn": infrastructure_role(served.aws, served.name),
    }
    create(
        served,
        desired=1,
        loadBalancers=balanced(served.blue, advancedConfiguration=advanced),
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5},
    )
    wait(served, step, "SUCCESSFUL")
    return served


def until(stage, step, lifecycle):
    for _ in range(200):
        if deployments(stage)[0].get("lifecycleStage") == lifecycle:
            return
        step(5)
    raise AssertionError(f"never {lifecycle}: {deployments(stage)[0]}")


def test_the_first_deployment_takes_all_traffic(blue_green):
    assert weights(blue_green) == (100, 0)
    assert (health(blue_green, blue_green.blue), health(blue_green, blue_green.green)) == (["healthy"], [])


def test_blue_green_shifts_at_once_and_bakes(blue_green, step):
    release(blue_green, "2")
    until(blue_green, step, "POST_SCALE_UP")
    assert (weights(blue_green), health(blue_green, blue_green.green)) == ((100, 0), ["healthy"])
    until(blue_green, step, "BAKE_TIME")
    assert weights(blue_green) == (0, 100)
    target = deployments(blue_green)[0]["targetServiceRevision"]
    assert target["requestedProductionTrafficWeight"] == 100
    step(295)
    assert health(blue_green, blue_green.blue) == ["healthy"]
    assert status(blue_green) == "IN_PROGRESS"
    wait(blue_green, step, "SUCCESSFUL", seconds=60)
    assert weights(blue_green) == (0, 100)
    assert rollouts(blue_green) == [("PRIMARY", "COMPLETED", "2")]


def test_the_groups_take_turns(blue_green, step):
    release(blue_green, "2")
    wait(blue_green, step, "SUCCESSFUL")
    release(blue_green, "3")
    wait(blue_green, step, "SUCCESSFUL")
    assert weights(blue_green) == (100, 0)
    step(60)
    assert (health(blue_green, blue_green.blue), health(blue_green, blue_green.green)) == (["healthy"], [])


def test_from_rolling_the_first_shift_begins_in_the_group_that_has_the_requests(blue_green, step):
    advanced = describe(blue_green)["loadBalancers"][0]["advancedConfiguration"]
    release(blue_green, "2")
    wait(blue_green, step, "SUCCESSFUL")
    rolling = {"strategy": "ROLLING", "bakeTimeInMinutes": 0}
    update(blue_green, loadBalancers=balanced(blue_green.blue), deploymentConfiguration=rolling)
    wait(blue_green, step, "SUCCESSFUL")
    assert health(blue_green, blue_green.blue) == ["healthy"]
    groups = [
        {"TargetGroupArn": blue_green.blue, "Weight": 100},
        {"TargetGroupArn": blue_green.green, "Weight": 0},
    ]
    forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    blue_green.elb.modify_rule(RuleArn=blue_green.rule, Actions=forward)
    shifting = balanced(blue_green.blue, advancedConfiguration=advanced)
    update(
        blue_green,
        loadBalancers=shifting,
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
    )
    until(blue_green, step, "POST_SCALE_UP")
    assert (weights(blue_green), health(blue_green, blue_green.green)) == ((100, 0), ["healthy"])


def test_blue_green_goes_back_while_it_bakes(blue_green, step):
    release(blue_green, "2")
    until(blue_green, step, "BAKE_TIME")
    blue_green.ecs.stop_service_deployment(
        serviceDeploymentArn=deployments(blue_green)[0]["serviceDeploymentArn"]
    )
    step(1)
    assert status(blue_green) in ("ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL")
    assert weights(blue_green) == (100, 0)
    wait(blue_green, step, "ROLLBACK_SUCCESSFUL")
    assert rollouts(blue_green) == [("PRIMARY", "COMPLETED", "1")]


def test_an_alarm_ends_the_bake(blue_green, step):
    alarm(blue_green)
    release(
        blue_green,
        "2",
        deploymentConfiguration={
            "alarms": {"alarmNames": [blue_green.name], "enable": True, "rollback": True}
        },
    )
    until(blue_green, step, "BAKE_TIME")
    alarm(blue_green, "ALARM")
    wait(blue_green, step, "ROLLBACK_SUCCESSFUL")
    assert weights(blue_green) == (100, 0)


def test_a_broken_image_shifts_nothing(blue_green, broken, step):
    release(blue_green, "broken", deploymentConfiguration=BREAKER)
    wait(blue_green, step, "ROLLBACK_SUCCESSFUL")
    assert weights(blue_green) == (100, 0)
    assert health(blue_green, blue_green.green) == []


def test_canary_shifts_a_part_first(blue_green, step):
    canary = {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 2}
    release(
        blue_green,
        "2",
        deploymentConfiguration={"strategy": "CANARY", "canaryConfiguration": canary, "bakeTimeInMinutes": 1},
    )
    until(blue_green, step, "PRODUCTION_TRAFFIC_SHIFT")
    assert weights(blue_green) == (90, 10)
    step(120)
    assert weights(blue_green) == (90, 10)
    step(5)
    assert status(blue_green) == "IN_PROGRESS"
    assert weights(blue_green) == (0, 100)
    wait(blue_green, step, "SUCCESSFUL")


def test_linear_shifts_in_steps(blue_green, step):
    linear = {"stepPercent": 40.0, "stepBakeTimeInMinutes": 1}
    release(
        blue_green,
        "2",
        deploymentConfiguration={"strategy": "LINEAR", "linearConfiguration": linear, "bakeTimeInMinutes": 0},
    )
    seen = []
    for _ in range(200):
        step(5)
        if status(blue_green) == "SUCCESSFUL":
            break
        if weights(blue_green) not in seen:
            seen.append(weights(blue_green))
    assert seen == [(100, 0), (60, 40), (20, 80), (0, 100)]


def test_a_new_release_takes_the_place_of_one_that_bakes(blue_green, step):
    release(blue_green, "2")
    until(blue_green, step, "BAKE_TIME")
    release(blue_green, "3")
    assert weights(blue_green) == (100, 0)
    wait(blue_green, step, "SUCCESSFUL")
    assert rollouts(blue_green) == [("PRIMARY", "COMPLETED", "3")]
    assert weights(blue_green) == (0, 100)
