import pytest
from conftest import fails
from scaling import REGION

pytest_plugins = ["scaling"]
CPU = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
    "TargetValue": 60.0,
}


@pytest.fixture
def put(asg, name):
    def one(policy="p", kind="TargetTrackingScaling", **more):
        return asg.put_scaling_policy(AutoScalingGroupName=name, PolicyName=policy, PolicyType=kind, **more)

    return one


@pytest.fixture
def alarms(aws):
    """alarms(names) are those of the names that exist."""

    def one(*names):
        return {
            alarm["AlarmName"]: alarm
            for alarm in aws("cloudwatch", REGION).describe_alarms(AlarmNames=list(names))["MetricAlarms"]
        }

    return one


def test_target_tracking_has_alarms_of_its_own(asg, make, put, alarms, name):
    make()
    answer = put(TargetTrackingConfiguration=CPU)
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    assert len(names) == 2 and all(one.startswith(f"TargetTracking-{name}-Alarm") for one in names)
    found = alarms(*names)
    assert {alarm["Threshold"] for alarm in found.values()} == {60.0, 54.0}
    assert all(alarm["AlarmActions"] == [answer["PolicyARN"]] for alarm in found.values())
    assert all(
        alarm["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": name}] for alarm in found.values()
    )
    again = put(TargetTrackingConfiguration=CPU | {"TargetValue": 50.0, "DisableScaleIn": True})
    assert again["PolicyARN"] == answer["PolicyARN"] and len(again["Alarms"]) == 1
    assert [alarm["Threshold"] for alarm in alarms(*names).values()] == [50.0]
    [policy] = asg.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    assert (
        policy["TargetTrackingConfiguration"] == CPU | {"TargetValue": 50.0, "DisableScaleIn": True}
        and policy["Enabled"]
    )
    asg.delete_policy(AutoScalingGroupName=name, PolicyName="p")
    assert alarms(*names) == {} and asg.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"] == []
    with fails("ValidationError", "No scaling policy found"):
        asg.delete_policy(AutoScalingGroupName=name, PolicyName="p")


def test_requests_per_target_need_an_attached_target_group(asg, elb, make, put, alarms, target_group, name):
    make()
    balancer = elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
    label = balancer.split(":loadbalancer/")[1] + "/" + target_group.split(":")[-1]
    specification = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    wanted = {"PredefinedMetricSpecification": specification, "TargetValue": 100.0}
    with fails("ValidationError", "not attached"):
        put(TargetTrackingConfiguration=wanted)
    asg.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])
    made = put(TargetTrackingConfiguration=wanted)["Alarms"][0]["AlarmName"]
    dimensions = {d["Name"]: d["Value"] for d in alarms(made)[made]["Dimensions"]}
    assert dimensions["TargetGroup"].startswith(f"targetgroup/{name}/") and dimensions[
        "LoadBalancer"
    ].startswith(f"app/{name}/")
    with fails("ValidationError", "resource label"):
        put(
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": specification | {"ResourceLabel": "app/x"},
                "TargetValue": 1.0,
            }
        )


def test_step_simple_and_predictive(asg, make, put, name):
    make()
    put(
        "step",
        "StepScaling",
        AdjustmentType="ChangeInCapacity",
        StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    )
    put(
        "simple", "SimpleScaling", AdjustmentType="PercentChangeInCapacity", ScalingAdjustment=10, Cooldown=60
    )
    metric = {
        "TargetValue": 50.0,
        "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ASGCPUUtilization"},
    }
    put(
        "predictive",
        "PredictiveScaling",
        PredictiveScalingConfiguration={"MetricSpecifications": [metric], "Mode": "ForecastOnly"},
    )
    found = {p["PolicyName"]: p for p in asg.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]}
    assert {n: p["PolicyType"] for n, p in found.items()} == {
        "step": "StepScaling",
        "simple": "SimpleScaling",
        "predictive": "PredictiveScaling",
    }
    assert (
        found["simple"]["Cooldown"] == 60
        and found["predictive"]["PredictiveScalingConfiguration"]["Mode"] == "ForecastOnly"
    )
    only = asg.describe_policies(AutoScalingGroupName=name, PolicyTypes=["StepScaling"])["ScalingPolicies"]
    assert [p["PolicyName"] for p in only] == ["step"]


@pytest.mark.parametrize(
    "kind, wanted, text",
    [
        ("TargetTrackingScaling", {}, "TargetTrackingConfiguration"),
        ("TargetTrackingScaling", {"TargetTrackingConfiguration": {"TargetValue": 1.0}}, "exactly one"),
        ("StepScaling", {"AdjustmentType": "ChangeInCapacity"}, "StepAdjustments"),
        ("StepScaling", {"StepAdjustments": [{"ScalingAdjustment": 1}]}, "AdjustmentType"),
        ("Magic", {}, "PolicyType"),
    ],
)
def test_wrong_policies_are_refused(make, put, kind, wanted, text):
    make()
    with fails("ValidationError", text):
        put("wrong", kind, **wanted)


def test_with_the_group_go_its_policies_and_alarms(aws, asg, make, put, alarms, step, name):
    make()
    cloudwatch = aws("cloudwatch", REGION)
    tracking = put(TargetTrackingConfiguration=CPU)["Alarms"]
    adjust = [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
    arn = put("step", "StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=adjust)["PolicyARN"]
    topic = f"arn:aws:sns:{REGION}:000000000000:{name}"
    for suffix, actions in (("alone", [arn]), ("shared", [arn, topic])):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{name}-{suffix}",
            Namespace="n",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=actions,
        )
    asg.delete_auto_scaling_group(AutoScalingGroupName=name)
    assert list(alarms(f"{name}-alone", f"{name}-shared", *[a["AlarmName"] for a in tracking])) == [
        f"{name}-shared"
    ]
    step(20)
    assert asg.describe_policies(PolicyNames=[arn])["ScalingPolicies"] == []
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-shared"])


def test_scheduled_actions(asg, make, name):
    make()
    asg.put_scheduled_update_group_action(
        AutoScalingGroupName=name, ScheduledActionName="night", Recurrence="0 22 * * *", MinSize=0
    )
    [action] = asg.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
    assert (action["ScheduledActionName"], action["Recurrence"], action["MinSize"]) == (
        "night",
        "0 22 * * *",
        0,
    )
    with fails("ValidationError", "At least one"):
        asg.put_scheduled_update_group_action(
            AutoScalingGroupName=name, ScheduledActionName="none", Recurrence="0 22 * * *"
        )
    asg.delete_scheduled_action(AutoScalingGroupName=name, ScheduledActionName="night")
    assert asg.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"] == []


def test_an_inventory_has_groups_and_policies(control, make, put, name):
    make()
    put(TargetTrackingConfiguration=CPU)
    things = {(t["kind"], t["name"]) for t in control(f"inventory?regions={REGION}")}
    assert {("auto-scaling-group", name), ("scaling-policy", f"{name}/p")} <= things
