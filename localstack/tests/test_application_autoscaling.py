"""Application Auto Scaling: scalable targets of ECS services, policies with their alarms, scheduled actions."""

import pytest
from conftest import ACCOUNT, fails
from ecs_services import REGION, balanced, counts, create, deployments, describe, ecs, served, stage, wait

pytestmark = pytest.mark.usefixtures("step")
DIMENSION = "ecs:service:DesiredCount"


@pytest.fixture
def scaling(aws):
    return aws("application-autoscaling", REGION)


@pytest.fixture
def service(stage, step):
    create(stage)
    wait(stage, step, "SUCCESSFUL")
    return stage


def of(service):
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{service.name}/web",
        "ScalableDimension": DIMENSION,
    }


@pytest.fixture
def target(scaling, service):
    return scaling.register_scalable_target(**of(service), MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]


def found(scaling, service):
    return scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[of(service)["ResourceId"]])[
        "ScalableTargets"
    ]


def tracking(metric="ECSServiceAverageCPUUtilization", value=50.0, label=None, **more):
    specification = {"PredefinedMetricType": metric} | ({"ResourceLabel": label} if label else {})
    return {"TargetValue": value, "PredefinedMetricSpecification": specification} | more


def track(scaling, service, policy="cpu", configuration=None):
    return scaling.put_scaling_policy(
        **of(service),
        PolicyName=policy,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration or tracking(),
    )


def policies(scaling, service):
    return scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=of(service)["ResourceId"])[
        "ScalingPolicies"
    ]


def alarms(service):
    prefix = f"TargetTracking-service/{service.name}/web-"
    found = service.aws("cloudwatch", REGION).describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix(prefix).split("-")[0]: alarm for alarm in found}


# --- targets ----------------------------------------------------------------------------------------


def test_the_service_has_to_exist(scaling, service):
    wanted = of(service) | {"ResourceId": f"service/{service.name}/other"}
    with fails("ValidationException", f"ECS service doesn't exist: service/{service.name}/other"):
        scaling.register_scalable_target(**wanted, MinCapacity=1, MaxCapacity=2)


def test_registering_is_an_upsert(scaling, service, target):
    again = scaling.register_scalable_target(**of(service), MaxCapacity=6)["ScalableTargetARN"]
    assert again == target
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in found(scaling, service)] == [(1, 6)]


def test_a_new_target_needs_both_limits(scaling, service):
    with fails("ValidationException", "Maximum capacity must be specified"):
        scaling.register_scalable_target(**of(service), MinCapacity=1)


def test_limits_in_the_wrong_order(scaling, service, target):
    with fails("ValidationException"):
        scaling.register_scalable_target(**of(service), MinCapacity=5)
    assert found(scaling, service)[0]["MinCapacity"] == 1


def test_the_service_linked_role_is_filled_in(scaling, service, target):
    assert found(scaling, service)[0]["RoleARN"].endswith(
        "/AWSServiceRoleForApplicationAutoScaling_ECSService"
    )
    assert set(found(scaling, service)[0]["SuspendedState"].values()) == {False}


def test_suspending(scaling, service, target):
    scaling.register_scalable_target(**of(service), SuspendedState={"ScheduledScalingSuspended": True})
    assert found(scaling, service)[0]["SuspendedState"]["ScheduledScalingSuspended"] is True


def test_the_desired_count_is_clamped(scaling, service, step):
    scaling.register_scalable_target(**of(service), MinCapacity=3, MaxCapacity=4)
    assert describe(service)["desiredCount"] == 3
    step(30)
    assert counts(service) == (3, 3, 0)
    activity = scaling.describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=of(service)["ResourceId"]
    )["ScalingActivities"][0]
    assert (activity["StatusCode"], activity["Description"]) == ("Successful", "Setting desired count to 3.")
    assert len(deployments(service)) == 1


def test_deregistering(scaling, service, target):
    track(scaling, service)
    scaling.put_scheduled_action(
        **of(service),
        ScheduledActionName="night",
        Schedule="cron(0 22 * * ? *)",
        ScalableTargetAction={"MinCapacity": 0},
    )
    scaling.deregister_scalable_target(**of(service))
    assert found(scaling, service) == policies(scaling, service) == []
    assert (
        scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=of(service)["ResourceId"])[
            "ScheduledActions"
        ]
        == []
    )
    assert alarms(service) == {}
    with fails("ObjectNotFoundException"):
        scaling.deregister_scalable_target(**of(service))


def test_targets_come_in_pages(scaling, service, target):
    create(service, "other")
    scaling.register_scalable_target(
        **of(service) | {"ResourceId": f"service/{service.name}/other"}, MinCapacity=1, MaxCapacity=4
    )
    ids = [f"service/{service.name}/{name}" for name in ("web", "other")]
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="ecs", ResourceIds=ids, PaginationConfig={"PageSize": 1}
    )
    assert [len(page["ScalableTargets"]) for page in pages] == [1, 1]


def test_tags_of_targets(scaling, service):
    arn = scaling.register_scalable_target(**of(service), MinCapacity=1, MaxCapacity=2, Tags={"a": "1"})[
        "ScalableTargetARN"
    ]
    scaling.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}
    with fails("ResourceNotFoundException"):
        scaling.list_tags_for_resource(ResourceARN=f"{arn}x")


def test_scaling_is_seen_and_stays_within_limits(scaling, service, target, control, step):
    wanted = {"region": REGION, "cluster": service.name, "service": "web"}
    assert control("ecs/desired", wanted | {"desired": 3}) == {"desired": 3}
    assert control("ecs/desired", wanted | {"desired": 9}) == {"desired": 4}
    step(30)
    assert counts(service) == (4, 4, 0)
    assert len(deployments(service)) == 1


def test_other_namespaces(scaling, name):
    wanted = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": f"table/{name}",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    scaling.register_scalable_target(**wanted, MinCapacity=1, MaxCapacity=10)
    assert (
        len(
            scaling.describe_scalable_targets(ServiceNamespace="dynamodb", ResourceIds=[f"table/{name}"])[
                "ScalableTargets"
            ]
        )
        == 1
    )
    with fails("ValidationException"):
        scaling.register_scalable_target(
            **wanted | {"ScalableDimension": DIMENSION}, MinCapacity=1, MaxCapacity=10
        )


# --- policies -----------------------------------------------------------------------------------------


def test_a_policy_needs_a_target(scaling, service):
    with fails("ObjectNotFoundException", "No scalable target registered"):
        track(scaling, service)


def test_target_tracking_makes_alarms(scaling, service, target):
    answer = track(scaling, service)
    there = alarms(service)
    assert {alarm["AlarmName"] for alarm in answer["Alarms"]} == {
        alarm["AlarmName"] for alarm in there.values()
    }
    assert (there["AlarmHigh"]["Threshold"], there["AlarmLow"]["Threshold"]) == (50, 45)
    assert there["AlarmHigh"]["AlarmActions"] == [answer["PolicyARN"]]
    dimensions = {one["Name"]: one["Value"] for one in there["AlarmHigh"]["Dimensions"]}
    assert dimensions == {"ClusterName": service.name, "ServiceName": "web"}


def test_putting_a_policy_again_changes_it(scaling, service, target):
    first = track(scaling, service)
    second = track(scaling, service, configuration=tracking(value=70.0, DisableScaleIn=True))
    assert first["PolicyARN"] == second["PolicyARN"]
    assert [
        one["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for one in policies(scaling, service)
    ] == [70]
    assert set(alarms(service)) == {"AlarmHigh"}


def test_alarms_go_with_their_policy(scaling, service, target):
    track(scaling, service)
    scaling.delete_scaling_policy(**of(service), PolicyName="cpu")
    assert alarms(service) == {} and policies(scaling, service) == []
    with fails("ObjectNotFoundException", "No scaling policy found"):
        scaling.delete_scaling_policy(**of(service), PolicyName="cpu")


def test_a_missing_alarm_does_not_hold_the_policy(scaling, service, target):
    track(scaling, service)
    service.aws("cloudwatch", REGION).delete_alarms(AlarmNames=[alarms(service)["AlarmLow"]["AlarmName"]])
    scaling.delete_scaling_policy(**of(service), PolicyName="cpu")
    assert alarms(service) == {}


def test_one_policy_for_each_metric(scaling, service, target):
    track(scaling, service)
    with fails("ValidationException", "Only one TargetTrackingScaling policy"):
        track(scaling, service, "cpu-again")
    track(scaling, service, "memory", tracking("ECSServiceAverageMemoryUtilization"))
    assert [one["PolicyName"] for one in policies(scaling, service)] == ["cpu", "memory"]


def test_step_scaling_makes_no_alarms(scaling, service, target):
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    answer = scaling.put_scaling_policy(
        **of(service), PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps
    )
    assert answer["Alarms"] == []
    with fails("ValidationException", "cannot be changed"):
        track(scaling, service, "steps")


def test_metrics_belong_to_namespaces(scaling, service, target):
    with fails("ValidationException"):
        track(scaling, service, configuration=tracking("RDSReaderAverageCPUUtilization"))
    with fails("ValidationException", "Resource label can not be specified"):
        track(scaling, service, configuration=tracking(label="app/a/1/targetgroup/b/2"))


def test_custom_metrics(scaling, service, target):
    custom = {
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Average",
        "Dimensions": [{"Name": "a", "Value": "b"}],
    }
    track(scaling, service, configuration={"TargetValue": 10.0, "CustomizedMetricSpecification": custom})
    assert (alarms(service)["AlarmHigh"]["Namespace"], alarms(service)["AlarmHigh"]["MetricName"]) == (
        "n",
        "m",
    )


def test_the_resource_label_has_to_be_right(scaling, served, step):
    create(served, loadBalancers=balanced(served.blue))
    wait(served, step, "SUCCESSFUL")
    scaling.register_scalable_target(**of(served), MinCapacity=1, MaxCapacity=4)
    balancer, group = (
        arn.split(":", 5)[5].removeprefix("loadbalancer/") for arn in (served.balancer, served.blue)
    )
    requests = "ALBRequestCountPerTarget"
    with fails("ValidationException", "must specify a resource label"):
        track(scaling, served, "requests", tracking(requests))
    with fails("ValidationException", "Invalid resource label"):
        track(scaling, served, "requests", tracking(requests, label=f"{balancer}/{group[:-1]}x"))
    with fails("ValidationException", "must be of the form"):
        track(scaling, served, "requests", tracking(requests, label=balancer))
    track(scaling, served, "requests", tracking(requests, label=f"{balancer}/{group}"))
    dimensions = {one["Name"]: one["Value"] for one in alarms(served)["AlarmHigh"]["Dimensions"]}
    assert dimensions == {"LoadBalancer": balancer, "TargetGroup": group}


# --- scheduled actions ----------------------------------------------------------------------------------


def test_scheduled_actions(scaling, service, target):
    wanted = of(service) | {"ScheduledActionName": "night"}
    with fails("ValidationException"):
        scaling.put_scheduled_action(**wanted, ScalableTargetAction={"MinCapacity": 0})
    scaling.put_scheduled_action(
        **wanted, Schedule="cron(0 22 * * ? *)", ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 1}
    )
    scaling.put_scheduled_action(**wanted, Timezone="Europe/Dublin")
    action = scaling.describe_scheduled_actions(ServiceNamespace="ecs", ResourceId=wanted["ResourceId"])[
        "ScheduledActions"
    ][0]
    assert (action["Schedule"], action["Timezone"]) == ("cron(0 22 * * ? *)", "Europe/Dublin")
    assert action["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 1}
    assert f":{ACCOUNT}:" in action["ScheduledActionARN"]
    scaling.delete_scheduled_action(**wanted)
    with fails("ObjectNotFoundException"):
        scaling.delete_scheduled_action(**wanted)


@pytest.mark.parametrize(
    ("schedule", "action"),
    [
        ("every night", {"MinCapacity": 0}),
        ("rate(1 hour)", {}),
        ("rate(1 hour)", {"MinCapacity": 2, "MaxCapacity": 1}),
    ],
)
def test_wrong_scheduled_actions(scaling, service, target, schedule, action):
    with fails("ValidationException"):
        scaling.put_scheduled_action(
            **of(service), ScheduledActionName="n", Schedule=schedule, ScalableTargetAction=action
        )


def test_a_scheduled_action_needs_a_target(scaling, service):
    with fails("ObjectNotFoundException"):
        scaling.put_scheduled_action(
            **of(service),
            ScheduledActionName="night",
            Schedule="rate(1 hour)",
            ScalableTargetAction={"MinCapacity": 0},
        )


def test_the_inventory_knows_scaling(scaling, service, target, control):
    track(scaling, service)
    kinds = {
        one["kind"]
        for one in control(f"inventory?regions={REGION}")
        if of(service)["ResourceId"] in one["name"]
    }
    assert {"scalable-target", "scaling-policy"} <= kinds
    scaling.deregister_scalable_target(**of(service))
    assert not [
        one for one in control(f"inventory?regions={REGION}") if of(service)["ResourceId"] in one["name"]
    ]
