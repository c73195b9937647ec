"""EC2 Auto Scaling: names and sizes of groups."""

from isobar_localstack.base import error
from isobar_localstack.strict.facts import fact
from isobar_localstack.strict.rules import matches


def invalid(message):
    return error("ValidationError", message)


def sizes(context, request):
    low, high, desired = request.get("MinSize"), request.get("MaxSize"), request.get("DesiredCapacity")
    if low is not None and high is not None and low > high:
        raise invalid(f"Max bound, {high}, must be greater than or equal to min bound, {low}")
    if desired is not None and low is not None and desired < low:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}")
    if desired is not None and high is not None and desired > high:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}")


def group(context, request):
    if not matches(fact("autoscaling.name"), request["AutoScalingGroupName"]):
        raise invalid("Auto Scaling group name must not contain a colon")
    sources = [name for name in ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "InstanceId") if request.get(name)]
    if len(sources) != 1:
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter."
        )
    if not any(request.get(name) for name in ("AvailabilityZones", "AvailabilityZoneIds", "VPCZoneIdentifier", "InstanceId")):
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    template(context, request)


def template(context, request):
    named = request.get("LaunchTemplate")
    if named and bool(named.get("LaunchTemplateId")) == bool(named.get("LaunchTemplateName")):
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")


RULES = {
    "CreateAutoScalingGroup": [group, sizes],
    "UpdateAutoScalingGroup": [template, sizes],
}
