import pytest
from conftest import fails
from scaling import BOOT, REGION, new_version

pytest_plugins = ["scaling"]

BAD = "ami-0bad0bad0bad0bad0"


@pytest.fixture
def refresh(asg, name):
    """refresh(start…) starts one, refresh() shows the latest."""

    def one(**wanted):
        if wanted:
            return asg.start_instance_refresh(AutoScalingGroupName=name, **wanted)["InstanceRefreshId"]
        return asg.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"][0]

    return one


@pytest.fixture
def failing(control):
    control("autoscaling/failing-images", {"image": BAD})
    yield BAD
    control("autoscaling/failing-images", method="DELETE")


def versions(look):
    return sorted(
        i["LaunchTemplate"]["Version"] for i in look()["Instances"] if i["LifecycleState"] == "InService"
    )


def configuration(name, version):
    return {"LaunchTemplate": {"LaunchTemplateName": name, "Version": version}}


def until(step, refresh, *statuses, limit=3600, stride=10):
    """Steps until the refresh has one of the statuses; the seconds it took."""
    for seconds in range(0, limit, stride):
        if refresh()["Status"] in statuses:
            return seconds
        step(stride)
    raise AssertionError(refresh())


def test_an_update_touches_no_instance_but_a_refresh_does(asg, ec2, make, look, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    asg.update_auto_scaling_group(
        AutoScalingGroupName=name, **configuration(name, new_version(ec2, name, InstanceType="t3.small"))
    )
    step(BOOT)
    assert versions(look) == ["1", "1"]
    refresh(Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0})
    assert refresh()["Status"] == "Pending"
    step(6)
    shown = refresh()
    assert shown["Status"] == "InProgress" and shown["InstancesToUpdate"] == 1
    assert sorted(look("LifecycleState")) == ["InService", "Pending", "Terminating"]
    step(BOOT)
    assert refresh()["PercentageComplete"] == 100 and versions(look) == ["2"]
    step(BOOT)
    shown = refresh()
    assert (shown["Status"], shown["InstancesToUpdate"]) == ("Successful", 0) and shown["EndTime"]
    assert versions(look) == ["2", "2"]


def test_nobody_is_missing_at_100_percent(ec2, make, look, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    refresh(
        DesiredConfiguration=configuration(name, new_version(ec2, name, InstanceType="t3.small")),
        Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150, "InstanceWarmup": 20},
    )
    fewest = 2
    for _ in range(60):
        step(10)
        fewest = min(fewest, len(versions(look)))
        assert len([s for s in look("LifecycleState") if s != "Terminating"]) <= 3
        if refresh()["Status"] == "Successful":
            break
    assert refresh()["Status"] == "Successful" and fewest == 2 and versions(look) == ["2", "2"]
    assert look()["LaunchTemplate"]["Version"] == "2"


def test_a_batch_has_to_be_warm(ec2, make, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    refresh(Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 300})
    assert 2 * (BOOT + 300) <= until(step, refresh, "Successful") <= 2 * (BOOT + 300) + 60


def test_one_at_a_time_and_nothing_attached_meanwhile(asg, make, step, refresh, name):
    make(DesiredCapacity=1)
    step(BOOT)
    first = refresh(Preferences={})
    with fails("InstanceRefreshInProgress"):
        refresh(Preferences={})
    with fails("InstanceRefreshInProgress"):
        asg.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=["arn:aws:x"])
    until(step, refresh, "Successful")
    assert refresh(Preferences={}) != first
    asg.cancel_instance_refresh(AutoScalingGroupName=name)
    assert refresh()["Status"] == "Cancelling"
    step(20)
    assert refresh()["Status"] == "Cancelled"
    with fails("ActiveInstanceRefreshNotFound"):
        asg.cancel_instance_refresh(AutoScalingGroupName=name)


def test_what_matches_may_be_skipped(ec2, make, look, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    before = look("InstanceId")
    refresh(Preferences={"SkipMatching": True})
    step(20)
    assert refresh()["Status"] == "Successful" and look("InstanceId") == before


def test_baking(make, step, refresh):
    make(DesiredCapacity=1)
    step(BOOT)
    refresh(Preferences={"BakeTime": 600, "InstanceWarmup": 0})
    until(step, refresh, "Baking")
    step(590)
    assert refresh()["Status"] == "Baking"
    step(20)
    assert refresh()["Status"] == "Successful"


def test_checkpoints(make, look, step, refresh):
    make(DesiredCapacity=2)
    step(BOOT)
    refresh(
        Preferences={
            "MinHealthyPercentage": 50,
            "InstanceWarmup": 0,
            "CheckpointPercentages": [50, 100],
            "CheckpointDelay": 900,
        }
    )
    step(6)
    step(BOOT)
    step(800)
    assert (
        refresh()["PercentageComplete"] == 50
        and len([s for s in look("LifecycleState") if s == "InService"]) == 2
    )
    step(110)
    assert "Pending" in look("LifecycleState")
    until(step, refresh, "Successful")


def test_bad_images_fail_it_after_an_hour(ec2, make, look, step, refresh, failing, name):
    make(DesiredCapacity=2)
    step(BOOT)
    refresh(
        DesiredConfiguration=configuration(name, new_version(ec2, name, ImageId=failing)),
        Preferences={"MinHealthyPercentage": 50},
    )
    step(6)
    step(BOOT)
    step(BOOT)
    assert "Unhealthy" in look("HealthStatus")
    assert until(step, refresh, "Failed", limit=5000, stride=60) > 3000
    assert "health" in refresh()["StatusReason"]
    assert look()["LaunchTemplate"]["Version"] == "1"


def test_it_rolls_back_by_itself_when_told_to(ec2, make, look, step, refresh, failing, name):
    make(DesiredCapacity=2)
    step(BOOT)
    preferences = {"AutoRollback": True, "MinHealthyPercentage": 50, "InstanceWarmup": 30}
    refresh(
        DesiredConfiguration=configuration(name, new_version(ec2, name, ImageId=failing)),
        Preferences=preferences,
    )
    until(step, refresh, "RollbackInProgress", limit=5000)
    until(step, refresh, "RollbackSuccessful")
    assert refresh()["RollbackDetails"]["RollbackReason"] and look()["LaunchTemplate"]["Version"] == "1"
    step(BOOT)
    assert versions(look) == ["1", "1"] and set(look("ImageId")) == {"ami-0123456789abcdef0"}


def test_it_can_be_rolled_back(asg, ec2, make, look, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    refresh(
        DesiredConfiguration=configuration(name, new_version(ec2, name, InstanceType="t3.small")),
        Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 60},
    )
    step(6)
    step(BOOT)
    assert versions(look) == ["1", "2"]
    asg.rollback_instance_refresh(AutoScalingGroupName=name)
    assert refresh()["Status"] == "RollbackInProgress"
    until(step, refresh, "RollbackSuccessful")
    assert versions(look) == ["1", "1"]


def test_what_cannot_be_rolled_back(asg, make, step, refresh, name):
    make(DesiredCapacity=1)
    step(BOOT)
    with fails("ValidationError", "rollback"):
        refresh(Preferences={"AutoRollback": True})
    with fails("ValidationError", "$Latest"):
        refresh(DesiredConfiguration=configuration(name, "$Latest"), Preferences={"AutoRollback": True})
    refresh(Preferences={})
    with fails("IrreversibleInstanceRefresh"):
        asg.rollback_instance_refresh(AutoScalingGroupName=name)


def test_an_alarm_fails_it(aws, make, step, refresh, name):
    cloudwatch = aws("cloudwatch", REGION)
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="n",
        MetricName=name,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    make(DesiredCapacity=1)
    step(BOOT)
    refresh(Preferences={"InstanceWarmup": 60, "AlarmSpecification": {"Alarms": [name]}})
    step(6)
    assert refresh()["Status"] == "InProgress"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="told")
    assert refresh()["Status"] == "Failed" and name in refresh()["StatusReason"]
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_refresh_is_in_a_snapshot(control, make, step, refresh, name):
    make(DesiredCapacity=1)
    step(BOOT)
    refresh(Preferences={"InstanceWarmup": 30})
    step(6)
    control("snapshot", {"name": name})
    until(step, refresh, "Successful")
    control("restore", {"name": name})
    assert refresh()["Status"] == "InProgress"
    until(step, refresh, "Successful")


def test_protected_instances_are_waited_for(asg, make, look, step, refresh, name):
    make(DesiredCapacity=2)
    step(BOOT)
    kept = look("InstanceId")[0]
    protection = {"AutoScalingGroupName": name, "InstanceIds": [kept]}
    asg.set_instance_protection(**protection, ProtectedFromScaleIn=True)
    refresh(Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0})
    for _ in range(30):
        step(10)
    assert (
        refresh()["Status"] == "InProgress"
        and "protected" in refresh()["StatusReason"]
        and kept in look("InstanceId")
    )
    asg.set_instance_protection(**protection, ProtectedFromScaleIn=False)
    until(step, refresh, "Successful")
    assert kept not in look("InstanceId")
    kept = look("InstanceId")[0]
    asg.set_instance_protection(AutoScalingGroupName=name, InstanceIds=[kept], ProtectedFromScaleIn=True)
    refresh(Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0})
    assert (
        until(step, refresh, "Failed", limit=5000, stride=60) >= 3600
        and "protected" in refresh()["StatusReason"]
    )
    refresh(
        Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0, "ScaleInProtectedInstances": "Ignore"}
    )
    until(step, refresh, "Successful")
    assert kept in look("InstanceId")


@pytest.mark.parametrize(
    "wanted, text",
    [
        ({"Preferences": {"CheckpointPercentages": [60, 40]}}, "ascending"),
        ({"Preferences": {"CheckpointDelay": 60}}, "CheckpointPercentages"),
        ({"Preferences": {"MaxHealthyPercentage": 120}}, "MinHealthyPercentage"),
        ({"Preferences": {"MinHealthyPercentage": 0, "MaxHealthyPercentage": 120}}, "greater than 100"),
        ({"DesiredConfiguration": {"LaunchTemplate": {"Version": "1"}}}, "launchTemplateId"),
    ],
)
def test_wrong_refreshes_are_refused(make, refresh, wanted, text):
    make()
    with fails("ValidationError", text):
        refresh(**wanted)
