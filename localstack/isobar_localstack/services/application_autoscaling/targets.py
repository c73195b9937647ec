"""Application Auto Scaling: scalable targets, scheduled actions, activities, tags.

Written here: LocalStack has none, and moto knows neither clamping nor alarms. AWS rules followed: registering
again changes what is given and clamps the current desired count at once; a target's policies and
scheduled actions go with it; tags are of the target and count at its first registration; an ECS service has
to exist. Scaling itself does not happen here: a test sets the desired count, see `desired_count`.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.core.state import State
from isobar_localstack.services.application_autoscaling.alarms import delete_alarms
from isobar_localstack.services.ecs import state as ecs_state
from isobar_localstack.services.ecs.services import active_service, set_desired

PER_PAGE = 50
MOST_IDS = 50
SERVICE_ROLES = {"ecs": "ECSService", "dynamodb": "DynamoDBTable", "rds": "RDSCluster"}


@dataclass
class Target:
    arn: str
    data: dict  # as DescribeScalableTargets shows it
    tags: dict
    policies: dict = field(default_factory=dict)  # name -> as DescribeScalingPolicies shows it
    actions: dict = field(default_factory=dict)  # name -> as DescribeScheduledActions shows it


stores = State("application-autoscaling")
targets: dict = stores.store("targets", {})  # (account, region, namespace, resource id, dimension) -> Target
# (account, region) -> the newest first
activities: dict[tuple, list] = stores.store("activities", defaultdict(list))


# --- finding --------------------------------------------------------------------------------------


def invalid(message: str):
    return error("ValidationException", message)


def key_of(context, request) -> tuple:
    return (
        context.account_id,
        context.region,
        request["ServiceNamespace"],
        request["ResourceId"],
        request["ScalableDimension"],
    )


def described(key: tuple) -> str:
    _, _, namespace, resource, dimension = key
    return f"service namespace: {namespace}, resource ID: {resource}, scalable dimension: {dimension}"


def find(context, request) -> Target:
    key = key_of(context, request)
    if key not in targets:
        raise error("ObjectNotFoundException", f"No scalable target registered for {described(key)}")
    return targets[key]


def service_of(account_id: str, region: str, resource: str):
    _, cluster, name = resource.split("/")
    return active_service(account_id, region, cluster, name)


def within(account_id: str, region: str, resource: str, desired: int) -> int:
    """As scaling would set it: within the limits of the service's target, if it has one."""
    target = targets.get((account_id, region, "ecs", resource, "ecs:service:DesiredCount"))
    if target is None:
        return desired
    return min(max(desired, target.data["MinCapacity"]), target.data["MaxCapacity"])


# --- targets --------------------------------------------------------------------------------------


def register(context, request):
    key = key_of(context, request)
    _, _, namespace, resource, dimension = key
    if namespace == "ecs" and service_of(context.account_id, context.region, resource) is None:
        raise invalid(f"ECS service doesn't exist: {resource}")
    target = targets.get(key)
    if target is None:
        target = new_target(context, request)
    elif request.get("Tags"):
        raise invalid(
            "Tags can only be given when a scalable target is registered for the first time. Use TagResource instead."
        )
    data = target.data | {
        name: request[name]
        for name in ("MinCapacity", "MaxCapacity", "RoleARN")
        if request.get(name) is not None
    }
    if data["MinCapacity"] > data["MaxCapacity"]:
        raise invalid("Maximum capacity cannot be less than minimum capacity")
    data["SuspendedState"] = target.data["SuspendedState"] | (request.get("SuspendedState") or {})
    target.data = data
    targets[key] = target
    if namespace == "ecs":
        clamp(context, resource, data)
    return {"ScalableTargetARN": target.arn}


def new_target(context, request) -> Target:
    for name in ("MinCapacity", "MaxCapacity"):
        if request.get(name) is None:
            raise invalid(f"{name[:3]}imum capacity must be specified when registering a new scalable target")
    namespace = request["ServiceNamespace"]
    arn = f"arn:aws:application-autoscaling:{context.region}:{context.account_id}:scalable-target/{uuid.uuid4().hex}"
    suffix = SERVICE_ROLES.get(namespace, namespace)
    role = (
        f"arn:aws:iam::{context.account_id}:role/aws-service-role/{namespace}.application-autoscaling.amazonaws.com/"
        f"AWSServiceRoleForApplicationAutoScaling_{suffix}"
    )
    data = {name: request[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")} | {
        "ScalableTargetARN": arn,
        "RoleARN": role,
        "CreationTime": epoch(),
        "SuspendedState": {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
    }
    return Target(arn, data, dict(request.get("Tags") or {}))


def clamp(context, resource: str, data: dict):
    with ecs_state.lock:
        service = service_of(context.account_id, context.region, resource)
        wanted = min(max(service.desired, data["MinCapacity"]), data["MaxCapacity"])
        if wanted == service.desired:
            return
        limit = "minimum" if wanted > service.desired else "maximum"
        set_desired(service, wanted)
    activities[context.account_id, context.region].insert(
        0,
        {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": "ecs",
            "ResourceId": resource,
            "ScalableDimension": "ecs:service:DesiredCount",
            "Description": f"Setting desired count to {wanted}.",
            "Cause": f"{limit} capacity was set to {wanted}",
            "StartTime": epoch(),
            "EndTime": epoch(),
            "StatusCode": "Successful",
            "StatusMessage": f"Successfully set desired count to {wanted}. Change successfully fulfilled by ecs.",
        },
    )


def deregister(context, request):
    target = find(context, request)
    for policy in target.policies.values():
        delete_alarms(context, policy)
    del targets[key_of(context, request)]
    return {}


def describe_targets(context, request):
    return listed(
        context,
        request,
        "ScalableTargets",
        "ResourceIds",
        lambda target: [target.data],
        lambda item: item["ResourceId"],
    )


# --- lists ----------------------------------------------------------------------------------------


def of_region(context, request) -> list[Target]:
    return [
        target
        for (account_id, region, namespace, _, dimension), target in list(targets.items())
        if (account_id, region, namespace)
        == (context.account_id, context.region, request["ServiceNamespace"])
        and request.get("ScalableDimension") in (None, dimension)
    ]


def listed(context, request, key: str, names: str, items_of, name_of) -> dict:
    """One page of what `items_of` gives for each target; `names` is the member that names the wanted ones."""
    wanted, resource = request.get(names), request.get("ResourceId")
    if len(wanted or []) > MOST_IDS:
        raise invalid(f"{names} can have at most {MOST_IDS} entries")
    items = [
        item
        for target in of_region(context, request)
        for item in items_of(target)
        if (not wanted or name_of(item) in wanted) and resource in (None, item["ResourceId"])
    ]
    return a_page(key, items, request)


def a_page(key: str, items: list, request) -> dict:
    bad_token = error("InvalidNextTokenException", "The next token is not valid.")
    some, token = page(
        items, request.get("NextToken"), min(request.get("MaxResults") or PER_PAGE, PER_PAGE), bad_token
    )
    return {key: some} | ({"NextToken": token} if token else {})


# --- scheduled actions ------------------------------------------------------------------------------


def put_action(context, request):
    target, name = find(context, request), request["ScheduledActionName"]
    before = target.actions.get(name)
    if before is None and not (request.get("Schedule") and request.get("ScalableTargetAction")):
        raise invalid("Schedule and ScalableTargetAction must be given for a new scheduled action")
    arn = f"{target.arn.replace(':scalable-target/', ':scheduledAction:')}:scheduledActionName/{name}"
    fresh = {"ScheduledActionARN": arn, "CreationTime": epoch(), "Timezone": "UTC"}
    target.actions[name] = (
        fresh | (before or {}) | {key: value for key, value in request.items() if value is not None}
    )
    return {}


def describe_actions(context, request):
    return listed(
        context,
        request,
        "ScheduledActions",
        "ScheduledActionNames",
        lambda target: target.actions.values(),
        lambda item: item["ScheduledActionName"],
    )


def delete_action(context, request):
    key, name = key_of(context, request), request["ScheduledActionName"]
    if key not in targets or name not in targets[key].actions:
        raise error(
            "ObjectNotFoundException",
            f"No scheduled action found for {described(key)}, scheduled action name: {name}",
        )
    del targets[key].actions[name]
    return {}


def describe_activities(context, request):
    chosen = [
        one
        for one in activities[context.account_id, context.region]
        if one["ServiceNamespace"] == request["ServiceNamespace"]
        and request.get("ResourceId") in (None, one["ResourceId"])
        and request.get("ScalableDimension") in (None, one["ScalableDimension"])
    ]
    return a_page("ScalingActivities", chosen, request)


# --- tags -----------------------------------------------------------------------------------------


def tags_of(context, request) -> dict:
    arn = request["ResourceARN"]
    for (account_id, region, *_), target in targets.items():
        if target.arn == arn and (account_id, region) == (context.account_id, context.region):
            return target.tags
    raise error("ResourceNotFoundException", f"Resource {arn} not found")


def tag(context, request):
    tags = tags_of(context, request)
    if len(tags | request["Tags"]) > 50:
        raise error("TooManyTagsException", "The number of tags exceeds the limit of 50")
    tags.update(request["Tags"])
    return {}


def untag(context, request):
    tags = tags_of(context, request)
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(context, request):
    return {"Tags": dict(tags_of(context, request))}
