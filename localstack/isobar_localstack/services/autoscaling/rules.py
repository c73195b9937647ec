"""EC2 Auto Scaling: names, sizes and lifetimes of groups, preferences of refreshes."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def invalid(message):
    return error("ValidationError", message)


def sizes(context, request):
    low, high, desired = request.get("MinSize"), request.get("MaxSize"), request.get("DesiredCapacity")
    if low is not None and high is not None and low > high:
        raise invalid(f"Max bound, {high}, must be greater than or equal to min bound, {low}")
    if desired is not None and low is not None and desired < low:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        )
    if desired is not None and high is not None and desired > high:
        raise invalid(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        )


def group(context, request):
    if not matches(fact("autoscaling.name"), request["AutoScalingGroupName"]):
        raise invalid("Auto Scaling group name must not contain a colon")
    sources = [
        name
        for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "InstanceId")
        if request.get(name)
    ]
    if len(sources) != 1:
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter."
        )
    if not any(
        request.get(name)
        for name in ("AvailabilityZones", "AvailabilityZoneIds", "VPCZoneIdentifier", "InstanceId")
    ):
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    template(context, request)


def template(context, request):
    named = request.get("LaunchTemplate")
    if named and bool(named.get("LaunchTemplateId")) == bool(named.get("LaunchTemplateName")):
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")


def lifetime(context, request):
    seconds, least = request.get("MaxInstanceLifetime"), fact("autoscaling.least_lifetime")
    if seconds and seconds < least:
        raise invalid(f"MaxInstanceLifetime must be 0 or at least {least} seconds.")


def updated(context, request):
    sources = [
        name
        for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy")
        if request.get(name)
    ]
    if len(sources) > 1:
        raise invalid(f"A group has only one of {', '.join(sources)}.")


def target_groups(context, request):
    most = fact("autoscaling.sources_per_call")
    if len(request.get("TargetGroupARNs") or request.get("TrafficSources") or []) > most:
        raise invalid(
            f"At most {most} target groups or traffic sources can be attached or detached at a time."
        )


def refresh(context, request):
    preferences = request.get("Preferences") or {}
    checkpoints = preferences.get("CheckpointPercentages") or []
    if checkpoints != sorted(set(checkpoints)):
        raise invalid("CheckpointPercentages must be unique and in ascending order.")
    if preferences.get("CheckpointDelay") is not None and not checkpoints:
        raise invalid("CheckpointDelay needs CheckpointPercentages.")
    configuration = request.get("DesiredConfiguration") or {}
    if configuration.get("LaunchTemplate") and configuration.get("MixedInstancesPolicy"):
        raise invalid("A desired configuration has either a LaunchTemplate or a MixedInstancesPolicy.")
    template(context, configuration)


RULES = {
    "AttachLoadBalancerTargetGroups": [target_groups],
    "AttachTrafficSources": [target_groups],
    "CreateAutoScalingGroup": [group, sizes, lifetime],
    "DetachLoadBalancerTargetGroups": [target_groups],
    "DetachTrafficSources": [target_groups],
    "StartInstanceRefresh": [refresh],
    "UpdateAutoScalingGroup": [updated, template, sizes, lifetime],
}
