"""EC2 Auto Scaling: groups, their sizes, tags and processes.

LocalStack has no Auto Scaling. Of moto's only the instances are used, which are those of its EC2. The
files beside this one have the rest: `launches` from template to instance, `health` the
life of instances, `traffic` target groups, `refreshes` instance refreshes, `policies` scaling.

AWS rules followed: names are unique and immutable, of a group that is being deleted too; an update
cannot change target groups and touches no running instance; sizes bound what can be desired; a group
with instances is only deleted by force, one with activities not at all without it, and protection
has to be taken off by an update first. Groups are not in the tagging API, filters find them.

    POST /_isobar/autoscaling/desired {"group": …, "desired": 3}   as scaling would do it, within the bounds
"""

import uuid

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.services.autoscaling import health, launches, policies, refreshes, traffic
from isobar_localstack.services.autoscaling.state import (
    GROUP_TYPE,
    Group,
    find,
    forget,
    group_of,
    groups,
    groups_in,
    invalid,
    later,
    lock,
    utc_now,
)
from isobar_localstack.services.autoscaling.turns import settle, settled

PER_PAGE = 100
DEFAULTS = {
    "DefaultCooldown": 300,
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "NewInstancesProtectedFromScaleIn": False,
    "TerminationPolicies": ["Default"],
    "CapacityRebalance": False,
    "DeletionProtection": "none",
}
SETTINGS = (
    "LaunchConfigurationName",
    "MixedInstancesPolicy",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "DefaultCooldown",
    "AvailabilityZones",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "PlacementGroup",
    "VPCZoneIdentifier",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
    "ServiceLinkedRoleARN",
    "MaxInstanceLifetime",
    "CapacityRebalance",
    "Context",
    "DesiredCapacityType",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "DeletionProtection",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
)
HEALTH_CHECKS = ("EC2", "EBS", "ELB", "VPC_LATTICE")
PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
METRICS = (
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolWarmedCapacity",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
)


def operations(original: dict) -> dict:
    own = {
        "CreateAutoScalingGroup": create,
        "UpdateAutoScalingGroup": update,
        "DeleteAutoScalingGroup": delete,
        "DescribeAutoScalingGroups": consistency.eventually_listed(
            "AutoScalingGroups", "AutoScalingGroupName", "autoscaling"
        )(describe),
        "DescribeAutoScalingInstances": describe_instances,
        "DescribeScalingActivities": describe_activities,
        "SetDesiredCapacity": set_desired,
        "SetInstanceProtection": set_protection,
        "SuspendProcesses": suspend,
        "ResumeProcesses": resume,
        "EnableMetricsCollection": enable_metrics,
        "DisableMetricsCollection": disable_metrics,
        "CreateOrUpdateTags": create_tags,
        "DeleteTags": delete_tags,
        "DescribeTags": describe_tags,
    }
    own |= traffic.operations() | refreshes.operations() | policies.operations()
    return {name: settled(handler) for name, handler in own.items()}


# --- groups ---------------------------------------------------------------------------------------


def create(context, request):
    account, region, name = context.account_id, context.region, request["AutoScalingGroupName"]
    if existing := groups.get((account, region, name)):
        suffix = " and is pending delete" if existing.deleting else ""
        raise error(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists{suffix}",
        )
    settings = DEFAULTS | {key: request[key] for key in SETTINGS if request.get(key) is not None}
    settings.setdefault("DesiredCapacity", settings["MinSize"])
    apply_template(account, region, settings, request)
    check(settings)
    sources = traffic.from_arns(request) | traffic.from_sources(request)
    traffic.check(
        account, region, sources, launches.vpc_of(account, region, settings.get("VPCZoneIdentifier"))
    )
    arn = (
        f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid.uuid4()}:autoScalingGroupName/{name}"
    )
    group = groups[account, region, name] = Group(account, region, name, arn, settings)
    group.tags = {
        tag["Key"]: (tag.get("Value") or "", tag.get("PropagateAtLaunch", True))
        for tag in request.get("Tags") or []
    }
    traffic.attach(group, sources)
    health.balance(group, clock.now())
    consistency.mark_created(context, "autoscaling", name)
    return {}


def apply_template(account: str, region: str, settings: dict, request):
    """Puts the template with id and name into the settings once it is found good, and the zones of the subnets."""
    if request.get("LaunchTemplate"):
        settings.pop("MixedInstancesPolicy", None)
        settings["LaunchTemplate"] = request["LaunchTemplate"]
    elif request.get("MixedInstancesPolicy"):
        settings.pop("LaunchTemplate", None)
    if launches.template_of(settings) is None:
        raise invalid("Groups of this emulator are made from launch templates.")
    named = launches.checked(account, region, settings)
    if settings.get("LaunchTemplate"):
        settings["LaunchTemplate"] = named
    if settings.get("VPCZoneIdentifier"):
        places = launches.subnets(account, region, settings["VPCZoneIdentifier"])
        settings["AvailabilityZones"] = sorted({place["AvailabilityZone"] for place in places})


def check(settings: dict):
    low, high, desired = settings["MinSize"], settings["MaxSize"], settings["DesiredCapacity"]
    if low > high:
        raise invalid(f"Max bound, {high}, must be greater than or equal to min bound, {low}")
    if not low <= desired <= high:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        )
    if unknown := [
        kind for kind in settings["HealthCheckType"].split(",") if kind.strip() not in HEALTH_CHECKS
    ]:
        raise invalid(f"HealthCheckType {', '.join(unknown)} is not one of {', '.join(HEALTH_CHECKS)}")


def update(context, request):
    group = group_of(context, request)
    settings = group.settings | {key: request[key] for key in SETTINGS if request.get(key) is not None}
    if request.get("DesiredCapacity") is None:  # a new bound moves what is desired into the bounds
        settings["DesiredCapacity"] = min(
            max(settings["DesiredCapacity"], settings["MinSize"]), settings["MaxSize"]
        )
    if settings.get("DefaultInstanceWarmup") == -1:
        settings.pop("DefaultInstanceWarmup")
    check(settings)
    if any(request.get(name) for name in ("LaunchTemplate", "MixedInstancesPolicy", "VPCZoneIdentifier")):
        apply_template(group.account, group.region, settings, request)
    group.settings = settings
    health.balance(group, clock.now())
    return {}


def delete(context, request):
    group = find(context.account_id, context.region, request["AutoScalingGroupName"])
    force, protection = request.get("ForceDelete"), group.settings["DeletionProtection"]
    if group.deleting:
        return {}
    if protection == "prevent-all-deletion" or (force and protection == "prevent-force-deletion"):
        raise invalid(
            f"The Auto Scaling group {group.name} cannot be deleted: its deletion protection is {protection}."
        )
    if not force and health.alive(group):
        raise error(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance "
            "request(s) still in the group.",
        )
    if not force and group.instances:
        raise error(
            "ScalingActivityInProgress",
            "You cannot delete an AutoScalingGroup while there are scaling activities in "
            "progress for that group.",
        )
    group.deleting = True
    policies.drop_all(group)
    if refresh := refreshes.running(group):
        refreshes.end(refresh, "Cancelled", "The Auto Scaling group is being deleted.")
    health.balance(group, clock.now())
    if not group.instances:
        later(group, due("autoscaling.group_deleting"), forget)
    return {}


# --- describing -----------------------------------------------------------------------------------


def answer(key: str, items: list, request, size: int = PER_PAGE) -> dict:
    wanted = min(request.get("MaxRecords") or size, PER_PAGE)
    shown, token = page(
        items, request.get("NextToken"), wanted, error("InvalidNextToken", "The token provided is not valid.")
    )
    return {key: shown} | ({"NextToken": token} if token else {})


def describe(context, request):
    names = request.get("AutoScalingGroupNames")
    chosen = [
        group
        for group in groups_in(context)
        if (not names or group.name in names)
        and all(passes(group, wanted) for wanted in request.get("Filters") or [])
    ]
    return answer("AutoScalingGroups", [to_response(group) for group in chosen], request, 50)


def passes(group: Group, wanted: dict) -> bool:
    name, values = wanted["Name"], wanted.get("Values") or []
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(value in values for value, _ in group.tags.values())
    if name.startswith("tag:"):
        return name[4:] in group.tags and group.tags[name[4:]][0] in values
    raise invalid(
        f"Filter type {name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>"
    )


def to_response(group: Group) -> dict:
    described = {
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "CreatedTime": group.created,
        "LoadBalancerNames": [],
        "ServiceLinkedRoleARN": f"arn:aws:iam::{group.account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        **group.settings,
        "TargetGroupARNs": traffic.attached(group),
        "TrafficSources": traffic.described(group),
        "Instances": [instance_to_response(instance) for instance in group.instances.values()],
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": why} for name, why in group.suspended.items()
        ],
        "EnabledMetrics": [{"Metric": metric, "Granularity": "1Minute"} for metric in group.metrics],
        "Tags": tags_to_response(group),
    }
    return described | ({"Status": "Delete in progress"} if group.deleting else {})


def instance_to_response(instance) -> dict:
    return {
        "InstanceId": instance.id,
        "InstanceType": instance.kind,
        "AvailabilityZone": instance.zone,
        "LifecycleState": instance.state,
        "HealthStatus": "Healthy" if instance.healthy else "Unhealthy",
        "LaunchTemplate": instance.template,
        "ImageId": instance.image,
        "ProtectedFromScaleIn": instance.protected,
    }


def describe_instances(context, request):
    wanted = request.get("InstanceIds")
    found = [
        instance_to_response(instance)
        | {"AutoScalingGroupName": group.name, "HealthStatus": "HEALTHY" if instance.healthy else "UNHEALTHY"}
        for group in groups_in(context)
        for instance in group.instances.values()
        if not wanted or instance.id in wanted
    ]
    return answer("AutoScalingInstances", found, request, 50)


def describe_activities(context, request):
    name, ids = request.get("AutoScalingGroupName"), request.get("ActivityIds")
    chosen = [find(context.account_id, context.region, name)] if name else groups_in(context)
    found = [
        activity
        for group in chosen
        for activity in group.activities
        if not ids or activity["ActivityId"] in ids
    ]
    return answer("Activities", found, request)


# --- sizes and processes --------------------------------------------------------------------------


def set_desired(context, request):
    change_desired(group_of(context, request), request["DesiredCapacity"])
    return {}


def change_desired(group: Group, desired: int):
    low, high = group.settings["MinSize"], group.settings["MaxSize"]
    if desired > high:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is above max value {high} for the AutoScalingGroup."
        )
    if desired < low:
        raise invalid(
            f"New SetDesiredCapacity value {desired} is below min value {low} for the AutoScalingGroup."
        )
    group.settings = group.settings | {"DesiredCapacity": desired}
    health.balance(group, clock.now())


def set_protection(context, request):
    group = group_of(context, request)
    if unknown := [one for one in request["InstanceIds"] if one not in group.instances]:
        raise invalid(f"The instance {unknown[0]} is not part of Auto Scaling group {group.name}.")
    for one in request["InstanceIds"]:
        group.instances[one].protected = request["ProtectedFromScaleIn"]
    refreshes.look(group, clock.now())
    return {}


def named_processes(request) -> list[str]:
    named = request.get("ScalingProcesses") or PROCESSES
    if unknown := [process for process in named if process not in PROCESSES]:
        raise invalid(f"{unknown[0]} is not a valid scaling process")
    return list(named)


def suspend(context, request):
    group = group_of(context, request)
    group.suspended |= {
        name: f"User suspended at {utc_now():%Y-%m-%dT%H:%M:%SZ}" for name in named_processes(request)
    }
    return {}


def resume(context, request):
    group = group_of(context, request)
    for name in named_processes(request):
        group.suspended.pop(name, None)
    health.balance(group, clock.now())
    return {}


def named_metrics(request) -> list[str]:
    if unknown := [metric for metric in request.get("Metrics") or [] if metric not in METRICS]:
        raise invalid(f"{unknown[0]} is not a valid metric of an Auto Scaling group")
    return list(request.get("Metrics") or METRICS)


def enable_metrics(context, request):
    group = group_of(context, request)
    if request["Granularity"] != "1Minute":
        raise invalid("The only valid granularity is 1Minute")
    group.metrics = [
        metric for metric in METRICS if metric in group.metrics or metric in named_metrics(request)
    ]
    return {}


def disable_metrics(context, request):
    group = group_of(context, request)
    gone = named_metrics(request)
    group.metrics = [metric for metric in group.metrics if metric not in gone]
    return {}


# --- tags -----------------------------------------------------------------------------------------


def tags_to_response(group: Group) -> list[dict]:
    return [
        {
            "ResourceId": group.name,
            "ResourceType": GROUP_TYPE,
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": propagated,
        }
        for key, (value, propagated) in group.tags.items()
    ]


def create_tags(context, request):
    for tag in request["Tags"]:
        group = tagged_group(context, tag)
        group.tags[tag["Key"]] = (tag.get("Value") or "", bool(tag.get("PropagateAtLaunch")))
    return {}


def delete_tags(context, request):
    for tag in request["Tags"]:
        tagged_group(context, tag).tags.pop(tag["Key"], None)
    return {}


def tagged_group(context, tag: dict) -> Group:
    if tag.get("ResourceType") not in (None, GROUP_TYPE):
        raise invalid(f"ResourceType {tag['ResourceType']} is not valid. It must be {GROUP_TYPE}.")
    return find(context.account_id, context.region, tag.get("ResourceId") or "")


def describe_tags(context, request):
    fields = {
        "auto-scaling-group": "ResourceId",
        "key": "Key",
        "value": "Value",
        "propagate-at-launch": "PropagateAtLaunch",
    }
    filters = request.get("Filters") or []
    if unknown := [wanted["Name"] for wanted in filters if wanted["Name"] not in fields]:
        raise invalid(
            f"Filter type {unknown[0]} is not correct. Allowed Filter types are: {', '.join(fields)}"
        )
    tags = [
        tag
        for group in groups_in(context)
        for tag in tags_to_response(group)
        if all(
            str(tag[fields[wanted["Name"]]]).lower() in [value.lower() for value in wanted["Values"]]
            for wanted in filters
        )
    ]
    return answer("Tags", tags, request, 50)


class DesiredResource:
    def on_post(self, request):
        wanted = request.get_json(force=True)
        with lock:
            settle()
            found = [group for group in groups.values() if group.name == wanted["group"]]
            for group in found:
                low, high = group.settings["MinSize"], group.settings["MaxSize"]
                change_desired(group, min(max(int(wanted["desired"]), low), high))
            return {group.region: group.settings["DesiredCapacity"] for group in found}
