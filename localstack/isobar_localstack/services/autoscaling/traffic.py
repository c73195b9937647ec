"""EC2 Auto Scaling: target groups and other traffic sources of a group.

AWS rules followed: they are attached and detached by calls of their own, never by an update; a new
one is Adding until the instances are registered, Added then, and InService when one of them has passed
its check [model]; one taken away is Removing until they are let go;
a target group is shown as such and as a traffic source of type elbv2. Not while instances are
being refreshed.
"""

from isobar_localstack.core.durations import due
from isobar_localstack.core.paging import page
from isobar_localstack.services.autoscaling import launches
from isobar_localstack.services.autoscaling.running_refresh import check_none_runs
from isobar_localstack.services.autoscaling.state import Group, find, group_of, invalid, later
from isobar_localstack.services.elbv2 import targets as elbv2_targets

ELB = "elbv2"
PER_PAGE = 100


def operations() -> dict:
    return {
        "AttachLoadBalancerTargetGroups": lambda context, request: attach_sources(
            context, request, from_arns(request)
        ),
        "DetachLoadBalancerTargetGroups": lambda context, request: detach_sources(
            context, request, from_arns(request)
        ),
        "DescribeLoadBalancerTargetGroups": describe_target_groups,
        "AttachTrafficSources": lambda context, request: attach_sources(
            context, request, from_sources(request)
        ),
        "DetachTrafficSources": lambda context, request: detach_sources(
            context, request, from_sources(request)
        ),
        "DescribeTrafficSources": describe_sources,
    }


def from_arns(request) -> dict:
    return dict.fromkeys(request.get("TargetGroupARNs") or [], ELB)


def from_sources(request) -> dict:
    return {
        source["Identifier"]: source.get("Type") or type_of(source["Identifier"])
        for source in request.get("TrafficSources") or []
    }


def type_of(identifier: str) -> str:
    return (
        ELB
        if ":elasticloadbalancing:" in identifier
        else "vpc-lattice"
        if ":vpc-lattice:" in identifier
        else "elb"
    )


# --- attaching ------------------------------------------------------------------------------------


def check(account: str, region: str, sources: dict, vpc: str | None):
    for identifier, kind in sources.items():
        if kind != ELB:
            raise invalid(f"Traffic sources of type {kind} are not served here: {identifier}")
        if not elbv2_targets.exists(account, region, identifier):
            raise invalid(
                f"Provided Target Groups may not be valid. Please ensure they exist and try again. ({identifier})"
            )
        if vpc and elbv2_targets.vpc_of(account, region, identifier) not in (None, vpc):
            raise invalid(
                f"The target group {identifier} is not in the VPC of the Auto Scaling group's subnets: {vpc}"
            )


def attach(group: Group, sources: dict):
    for identifier, kind in sources.items():
        if group.sources.get(identifier, {}).get("State") in (None, "Removing"):
            group.sources[identifier] = {"Type": kind, "State": "Adding"}
            later(group, due("autoscaling.target_group_adding"), added, identifier)
    register(
        group,
        [instance.id for instance in group.instances.values() if instance.state == "InService"],
        sources,
    )


def added(group: Group, identifier: str, moment: float):
    source = group.sources.get(identifier)
    if source and source["State"] == "Adding":
        source["State"] = "Added"


def state_of(group: Group, identifier: str) -> str:
    state = group.sources[identifier]["State"]
    passed = state == "Added" and any(
        "healthy" in states(group, one, [identifier]) for one in group.instances
    )
    return "InService" if passed else state


def attach_sources(context, request, sources: dict):
    group = group_of(context, request)
    check_none_runs(group)
    check(
        group.account,
        group.region,
        sources,
        launches.vpc_of(group.account, group.region, group.settings.get("VPCZoneIdentifier")),
    )
    attach(group, sources)
    return {}


def detach_sources(context, request, sources: dict):
    group = group_of(context, request)
    check_none_runs(group)
    if unknown := [identifier for identifier in sources if identifier not in group.sources]:
        raise invalid(f"Trying to remove Target Groups that are not part of the group: {', '.join(unknown)}")
    for identifier in sources:
        if group.sources[identifier]["State"] != "Removing":
            group.sources[identifier]["State"] = "Removing"
            later(group, due("autoscaling.target_group_removing"), removed, identifier)
    update_targets("deregister", group, list(group.instances), sources)
    return {}


def removed(group: Group, identifier: str, moment: float):
    if group.sources.get(identifier, {}).get("State") == "Removing":
        del group.sources[identifier]


# --- instances ------------------------------------------------------------------------------------


def attached(group: Group) -> list[str]:
    return [
        identifier
        for identifier, source in group.sources.items()
        if source["Type"] == ELB and source["State"] != "Removing"
    ]


def register(group: Group, instance_ids: list[str], sources=None):
    update_targets("register", group, instance_ids, sources)


def deregister(group: Group, instance_ids: list[str]):
    update_targets("deregister", group, instance_ids)


def update_targets(what: str, group: Group, instance_ids: list[str], sources=None):
    """A target group that has been deleted meanwhile is no reason not to go on."""
    for identifier in attached(group) if sources is None else list(sources):
        if instance_ids and elbv2_targets.exists(group.account, group.region, identifier):
            targets = [{"Id": instance_id} for instance_id in instance_ids]  # at the port of the target group
            getattr(elbv2_targets, what)(group.account, group.region, identifier, targets)


def states(group: Group, instance_id: str, identifiers=None) -> list[str]:
    return [
        elbv2_targets.state(group.account, group.region, identifier, {"Id": instance_id})
        for identifier in identifiers or list(group.sources)
        if elbv2_targets.exists(group.account, group.region, identifier)
    ]


def is_unhealthy(group: Group, instance_id: str) -> bool:
    return "unhealthy" in states(group, instance_id)


def is_draining(group: Group, instance_id: str) -> bool:
    return "draining" in states(group, instance_id)


# --- describing -----------------------------------------------------------------------------------


def described(group: Group) -> list[dict]:
    return [
        {"Identifier": identifier, "Type": source["Type"]}
        for identifier, source in group.sources.items()
        if source["State"] != "Removing"
    ]


def describe_target_groups(context, request):
    group = find(context.account_id, context.region, request["AutoScalingGroupName"])
    items = [
        {"LoadBalancerTargetGroupARN": identifier, "State": state_of(group, identifier)}
        for identifier, source in group.sources.items()
        if source["Type"] == ELB
    ]
    shown, token = page(
        items, request.get("NextToken"), request.get("MaxRecords") or PER_PAGE, invalid("Invalid token")
    )
    return {"LoadBalancerTargetGroups": shown} | ({"NextToken": token} if token else {})


def describe_sources(context, request):
    group, wanted = (
        find(context.account_id, context.region, request["AutoScalingGroupName"]),
        request.get("TrafficSourceType"),
    )
    items = [
        {
            "TrafficSource": identifier,
            "Identifier": identifier,
            "Type": source["Type"],
            "State": state_of(group, identifier),
        }
        for identifier, source in group.sources.items()
        if wanted in (None, source["Type"])
    ]
    shown, token = page(
        items, request.get("NextToken"), request.get("MaxRecords") or PER_PAGE, invalid("Invalid token")
    )
    return {"TrafficSources": shown} | ({"NextToken": token} if token else {})
