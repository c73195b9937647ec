"""EC2 Auto Scaling: instance refreshes, which replace the instances of a group a batch at a time.

AWS rules followed: one at a time per group; Pending, InProgress, perhaps Baking, then Successful. A
batch is what may be missing below the minimum healthy percentage, at least one instance; when none
may be missing, new instances come first. A batch is done when its instances are in service and warm.
New instances get the desired configuration, which becomes the group's when the refresh succeeds. It
fails when its instances stay unhealthy, or when one of its alarms rings, and rolls back if it may; a
rollback needs a desired configuration with a fixed version and an image that is no parameter.
"""

import math
import uuid

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import after, due
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.services.autoscaling import health, launches
from isobar_localstack.services.autoscaling.running_refresh import (
    Refresh,
    check_none_runs,
    running,
    template_for,
)
from isobar_localstack.services.autoscaling.state import (
    Group,
    Instance,
    find,
    group_of,
    instance_failed,
    instances_changed,
    invalid,
    later,
    utc_now,
)

PER_PAGE = 100
REPLACING = ("InProgress", "RollbackInProgress")
CHECKPOINT_DELAY = 3600  # [model]


def operations() -> dict:
    return {
        "StartInstanceRefresh": start,
        "DescribeInstanceRefreshes": describe,
        "CancelInstanceRefresh": cancel,
        "RollbackInstanceRefresh": roll_back,
    }


# --- starting and stopping ------------------------------------------------------------------------


def start(context, request):
    group = group_of(context, request)
    check_none_runs(group)
    preferences, desired = (
        dict(request.get("Preferences") or {}),
        dict(request.get("DesiredConfiguration") or {}),
    )
    if desired:
        named = launches.checked(
            group.account, group.region, group.settings | {"MixedInstancesPolicy": None} | desired
        )
        if desired.get("LaunchTemplate"):
            desired["LaunchTemplate"] = named
    if preferences.get("AutoRollback"):
        check_reversible(group, desired, invalid)
    check_percentages(preferences)
    refresh = Refresh(
        str(uuid.uuid4()),
        {
            "AutoScalingGroupName": group.name,
            "Status": "Pending",
            "StartTime": utc_now(),
            "PercentageComplete": 0,
            "InstancesToUpdate": 0,
            "Preferences": defaults(group) | preferences,
            "Strategy": request.get("Strategy") or "Rolling",
        }
        | ({"DesiredConfiguration": desired} if desired else {}),
    )
    refresh.response["InstanceRefreshId"] = refresh.id
    refresh.before = launches.template_of(group.settings)
    group.refreshes.insert(0, refresh)
    later(group, due("autoscaling.refresh_pending"), begin, refresh)
    return {"InstanceRefreshId": refresh.id}


def defaults(group: Group) -> dict:
    warmup = group.settings.get("DefaultInstanceWarmup")
    warmup = group.settings["HealthCheckGracePeriod"] if warmup in (None, -1) else warmup
    policy = group.settings.get("InstanceMaintenancePolicy") or {}
    return {
        "MinHealthyPercentage": policy.get("MinHealthyPercentage", 90),
        "InstanceWarmup": warmup,
        "SkipMatching": False,
        "AutoRollback": False,
        "ScaleInProtectedInstances": "Wait",
        "StandbyInstances": "Wait",
    } | ({"MaxHealthyPercentage": policy["MaxHealthyPercentage"]} if "MaxHealthyPercentage" in policy else {})


def check_percentages(preferences: dict):
    low, high = preferences.get("MinHealthyPercentage"), preferences.get("MaxHealthyPercentage")
    if high is not None and low is None:
        raise invalid("MinHealthyPercentage must be specified when MaxHealthyPercentage is specified.")
    if high is not None and high - low > 100:
        raise invalid(
            "The difference between MaxHealthyPercentage and MinHealthyPercentage cannot be greater than 100."
        )


def check_reversible(group: Group, desired: dict, refusal):
    specification = launches.template_of(desired)
    if specification is None:
        raise refusal("A rollback needs a desired configuration of the instance refresh.")
    current = launches.template_of(group.settings) or {}
    if any(str(one.get("Version") or "$Default").startswith("$") for one in (specification, current)):
        raise refusal("A rollback is not possible with the launch template versions $Latest and $Default.")
    for one in (specification, current):
        if str(launches.resolved(group.account, group.region, one).data.get("ImageId")).startswith(
            "resolve:ssm:"
        ):
            raise refusal(
                "A rollback is not possible with a launch template that uses a Systems Manager parameter as its AMI."
            )


def active(group: Group) -> Refresh:
    refresh = running(group)
    if refresh is None:
        raise error(
            "ActiveInstanceRefreshNotFound",
            f"No in progress or pending Instance Refresh found for Auto Scaling group {group.name}",
        )
    return refresh


def cancel(context, request):
    group = group_of(context, request)
    refresh = active(group)
    if refresh.status != "Cancelling":
        group.surge = 0
        refresh.response["Status"] = "Cancelling"
        later(group, due("autoscaling.refresh_cancelling"), cancelled, refresh)
    return {"InstanceRefreshId": refresh.id}


def cancelled(group: Group, refresh: Refresh, moment: float):
    if refresh.status == "Cancelling":
        end(refresh, "Cancelled", "Cancelled due to user request.")
        health.balance(group, moment)


def roll_back(context, request):
    group = group_of(context, request)
    refresh = active(group)
    check_reversible(
        group,
        refresh.response.get("DesiredConfiguration") or {},
        lambda text: error("IrreversibleInstanceRefresh", text),
    )
    begin_rollback(group, refresh, "Rollback requested by the user.", clock.now())
    return {"InstanceRefreshId": refresh.id}


# --- replacing ------------------------------------------------------------------------------------


def begin(group: Group, refresh: Refresh, moment: float):
    if refresh.status != "Pending":
        return
    refresh.response["Status"] = "InProgress"
    refresh.old = [instance.id for instance in health.alive(group) if is_to_replace(group, refresh, instance)]
    refresh.number = refresh.response["InstancesToUpdate"] = len(refresh.old)
    look(group, moment)


def is_to_replace(group: Group, refresh: Refresh, instance: Instance) -> bool:
    preferences = refresh.response["Preferences"]
    if instance.protected and preferences["ScaleInProtectedInstances"] == "Ignore":
        return False
    version = launches.resolved(group.account, group.region, template_for(group))
    matching = (instance.template["LaunchTemplateId"], instance.template["Version"]) == (
        version.template.id,
        str(version.number),
    )
    return not (preferences["SkipMatching"] and matching)


@instances_changed.subscribe
def look(group: Group, moment: float):
    """After each change of the group's instances: the next batch, when the last one is done."""
    refresh = running(group)
    if refresh is None or refresh.status not in REPLACING or group.deleting:
        return
    refresh.old = [
        one for one in refresh.old if one in group.instances and group.instances[one].state in health.RUNNING
    ]
    progress(refresh)
    wanted = group.settings["DesiredCapacity"] + group.surge
    if len(health.serving(group)) < wanted:
        return
    warmup = refresh.response["Preferences"]["InstanceWarmup"]
    new = [
        i.in_service_since for i in health.serving(group) if i.refreshed_by == f"{refresh.id}/{refresh.round}"
    ]
    refresh.warm_at = clock.after(max(new), warmup) if new else moment
    later(group, max(moment, refresh.warm_at), warm, refresh, refresh.round, refresh.warm_at)


def warm(group: Group, refresh: Refresh, round_: int, warm_at: float, moment: float):
    if (
        refresh.status not in REPLACING
        or refresh.round != round_
        or refresh.warm_at != warm_at
        or moment < refresh.paused_until
    ):
        return
    if len(health.serving(group)) < group.settings["DesiredCapacity"] + group.surge or check_alarms(
        group, refresh, moment
    ):
        return
    if not refresh.failing or not waits_for_protected(group, refresh):
        refresh.failing = False
    progress(refresh)
    if not group.surge and (not refresh.old or at_last_checkpoint(refresh)):
        return done(group, refresh, moment)
    if delay := pause(refresh):
        refresh.paused_until = clock.after(moment, delay)
        return later(group, refresh.paused_until, warm, refresh, round_, warm_at)
    batch(group, refresh, moment)


def progress(refresh: Refresh):
    left = len(refresh.old)
    percent = 100 if not refresh.number else int(100 * (refresh.number - left) / refresh.number)
    if refresh.status == "RollbackInProgress":
        refresh.response["RollbackDetails"] |= {
            "InstancesToUpdateOnRollback": left,
            "PercentageCompleteOnRollback": percent,
        }
    else:
        refresh.response |= {"InstancesToUpdate": left, "PercentageComplete": percent}


def at_last_checkpoint(refresh: Refresh) -> bool:
    """A refresh whose last checkpoint is not 100 ends there."""
    checkpoints = refresh.response["Preferences"].get("CheckpointPercentages")
    return (
        bool(checkpoints)
        and refresh.status == "InProgress"
        and refresh.response["PercentageComplete"] >= checkpoints[-1]
    )


def pause(refresh: Refresh) -> int:
    """The seconds to wait at a checkpoint that has just been reached."""
    preferences = refresh.response["Preferences"]
    if refresh.status != "InProgress":
        return 0
    for checkpoint in preferences.get("CheckpointPercentages") or []:
        if checkpoint not in refresh.paused_at and refresh.response["PercentageComplete"] >= checkpoint:
            refresh.paused_at.append(checkpoint)
            return preferences.get("CheckpointDelay", CHECKPOINT_DELAY)
    return 0


def batch(group: Group, refresh: Refresh, moment: float):
    desired, preferences = group.settings["DesiredCapacity"], refresh.response["Preferences"]
    may_miss = desired - math.ceil(desired * preferences["MinHealthyPercentage"] / 100)
    extra = math.floor(desired * max(0, preferences.get("MaxHealthyPercentage", 100) - 100) / 100)
    first_new = preferences["MinHealthyPercentage"] == 100 or (extra and not may_miss)
    next_ones = [
        one
        for one in refresh.old
        if preferences["ScaleInProtectedInstances"] == "Refresh" or not group.instances[one].protected
    ]
    if not next_ones:
        return wait_for(group, refresh, moment)
    if first_new and not group.surge:
        group.surge = min(max(1, extra), len(next_ones))
        return health.balance(group, moment)
    size = group.surge if first_new else max(1, may_miss)
    group.surge = 0
    for instance_id in next_ones[:size]:
        health.terminate(group, group.instances[instance_id], moment, "an instance refresh replaces it")
    health.balance(group, moment)
    look(group, moment)


def waits_for_protected(group: Group, refresh: Refresh) -> bool:
    return bool(refresh.old) and all(group.instances[one].protected for one in refresh.old)


def wait_for(group: Group, refresh: Refresh, moment: float):
    """Only protected instances are left: there is an hour to take their protection off."""
    group.surge = 0
    if not refresh.failing:
        refresh.failing, refresh.response["StatusReason"] = (
            True,
            "Waiting for instances that are protected from scale in.",
        )
        later(group, after(moment, "autoscaling.refresh_gives_up"), give_up, refresh, refresh.round)


def done(group: Group, refresh: Refresh, moment: float):
    if refresh.status == "RollbackInProgress":
        return end(refresh, "RollbackSuccessful")
    if bake := refresh.response["Preferences"].get("BakeTime"):
        refresh.response["Status"] = "Baking"
        return later(group, clock.after(moment, bake), baked, refresh)
    succeed(group, refresh)


def baked(group: Group, refresh: Refresh, moment: float):
    if refresh.status == "Baking" and not check_alarms(group, refresh, moment):
        succeed(group, refresh)


def succeed(group: Group, refresh: Refresh):
    desired = refresh.response.get("DesiredConfiguration") or {}
    for name in ("LaunchTemplate", "MixedInstancesPolicy"):
        if desired.get(name):
            group.settings.pop("LaunchTemplate", None)
            group.settings.pop("MixedInstancesPolicy", None)
            group.settings[name] = desired[name]
    end(refresh, "Successful")


def end(refresh: Refresh, status: str, reason: str | None = None):
    refresh.response |= {"Status": status, "EndTime": utc_now()}
    if reason:
        refresh.response["StatusReason"] = reason


# --- failing --------------------------------------------------------------------------------------


@instance_failed.subscribe
def has_failed(group: Group, instance: Instance, moment: float):
    """An instance has been found unhealthy; if it is one of the refresh, that has an hour to do better."""
    refresh = running(group)
    if (
        refresh is None
        or refresh.status not in REPLACING
        or instance.refreshed_by != f"{refresh.id}/{refresh.round}"
    ):
        return
    if not refresh.failing:
        refresh.failing = True
        later(group, due("autoscaling.refresh_gives_up"), give_up, refresh, refresh.round)


def give_up(group: Group, refresh: Refresh, round_: int, moment: float):
    if refresh.failing and refresh.round == round_ and refresh.status in REPLACING:
        why = (
            "did not pass their health checks"
            if not waits_for_protected(group, refresh)
            else "could replace none that is protected"
        )
        fail(group, refresh, f"The instances launched by the instance refresh {why}.", moment)


def fail(group: Group, refresh: Refresh, reason: str, moment: float):
    group.surge = 0
    if refresh.status == "RollbackInProgress":
        end(refresh, "RollbackFailed", reason)
    elif refresh.response["Preferences"]["AutoRollback"]:
        begin_rollback(group, refresh, reason, moment)
    else:
        end(refresh, "Failed", reason)
    health.balance(group, moment)


def begin_rollback(group: Group, refresh: Refresh, reason: str, moment: float):
    """Everything that was launched for the refresh, or still is to be, gives way to what was before."""
    own = [instance.id for instance in health.alive(group) if instance.refreshed_by.startswith(refresh.id)]
    refresh.response |= {"Status": "RollbackInProgress", "StatusReason": reason}
    refresh.response["RollbackDetails"] = {"RollbackReason": reason, "RollbackStartTime": utc_now()}
    refresh.old, refresh.number, refresh.failing = own, len(own), False
    refresh.round += 1
    group.surge = 0
    for instance in [group.instances[one] for one in own]:
        if not instance.healthy or instance.state == "Pending":
            health.terminate(group, instance, moment, "an instance refresh is rolled back")
    health.balance(group, moment)
    look(group, moment)


def check_alarms(group: Group, refresh: Refresh, moment: float) -> bool:
    """True if an alarm of the refresh rings; then it has failed."""
    names = (refresh.response["Preferences"].get("AlarmSpecification") or {}).get("Alarms") or []
    ringing = [name for name in names if rings(group, name)]
    if ringing:
        fail(group, refresh, f"The alarm {ringing[0]} went into the ALARM state.", moment)
    return bool(ringing)


def rings(group: Group, name: str) -> bool:
    from localstack.aws.connect import connect_to

    cloudwatch = connect_to(aws_access_key_id=group.account, region_name=group.region).cloudwatch
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return any(alarm["StateValue"] == "ALARM" for alarm in found["MetricAlarms"] + found["CompositeAlarms"])


# --- describing -----------------------------------------------------------------------------------


def describe(context, request):
    group = find(context.account_id, context.region, request["AutoScalingGroupName"])
    refresh = running(group)
    if refresh and refresh.status in ("InProgress", "Baking"):
        check_alarms(group, refresh, clock.now())
    wanted = request.get("InstanceRefreshIds")
    chosen = [refresh.response for refresh in group.refreshes if not wanted or refresh.id in wanted]
    shown, token = page(
        chosen,
        request.get("NextToken"),
        request.get("MaxRecords") or PER_PAGE,
        error("InvalidNextToken", "Invalid token"),
    )
    return {"InstanceRefreshes": shown} | ({"NextToken": token} if token else {})
