"""ECS, written here: LocalStack has none, and in moto every service is steady at once.

Besides what is in the files it is put together from: tags, account settings, control endpoints. AWS rules
followed: tags belong to clusters, services, task definitions and tasks; tags that begin with aws: are ECS's.

    state            what there is, turns, time
    clusters         task_definitions      services, ecs_service_checks
    deployments      service deployments as they are shown and stopped
    ecs_scheduler        brings tasks to what is wanted; ecs_rollback begins and fails deployments, ecs_traffic shifts
    ecs_tasks            the life of a task; task_operations runs, lists and stops them
"""

from localstack.aws import handlers

from isobar_localstack.core.base import error, own_service
from isobar_localstack.services.ecs import clusters, deployments, services, state, task_definitions, task_operations, turns
from isobar_localstack.services.ecs.state import client_error, definition_of, here, invalid, regions, tag_dict, tag_list
from isobar_localstack.services.ecs.turns import in_turn

SETTINGS = {
    "awsvpcTrunking": "disabled", "containerInsights": "disabled", "containerInstanceLongArnFormat": "enabled",
    "defaultLogDriverMode": "non-blocking", "fargateFIPSMode": "disabled", "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off", "serviceLongArnFormat": "enabled", "tagResourceAuthorization": "off", "taskLongArnFormat": "enabled",
}


def service():
    handlers.serve_custom_service_request_handlers.append(turns.advance)
    parts = (clusters, task_definitions, services, deployments, task_operations)
    operations = {name: handler for part in parts for name, handler in part.operations().items()}
    return own_service(
        "ecs",
        operations | {
            "ListAccountSettings": list_account_settings,
            "ListTagsForResource": in_turn(list_tags),
            "TagResource": in_turn(tag),
            "UntagResource": in_turn(untag),
        },
    )


def list_account_settings(context, request):
    wanted, value = request.get("name"), request.get("value")
    principal = request.get("principalArn") or f"arn:aws:iam::{context.account_id}:root"
    chosen = {name: set_to for name, set_to in SETTINGS.items() if wanted in (None, name) and value in (None, set_to)}
    if not request.get("effectiveSettings"):
        return {"settings": []}  # nothing was ever set here
    shown = [{"name": name, "value": set_to, "principalArn": principal, "type": "user"} for name, set_to in chosen.items()]
    return {"settings": shown}


# --- tags -----------------------------------------------------------------------------------------


def tags_of(context, arn: str) -> dict:
    """The tags of the thing with this ARN, as a dict that can be changed."""
    kind = arn.split(":", 5)[-1].split("/")[0] if arn.startswith("arn:") else ""
    there = here(context)
    if kind == "cluster":
        return clusters.find_tagged(context, arn).tags
    if kind == "service":
        if (found := there.services.get(arn)) is None:
            raise error("ServiceNotFoundException", "Service not found.")
        if found.status == "INACTIVE":
            raise client_error("The specified service is inactive. Specify an active service and try again.")
        return found.tags
    if kind == "task-definition":
        if (found := definition_of(there, arn)) is None:
            raise invalid("The specified task definition is not available.")
        return found.tags
    if kind == "task":
        if (found := there.tasks.get(arn)) is None or found.status == "STOPPED":
            raise invalid("The specified task is stopped. Specify a running task and try again.")
        return found.tags
    raise invalid("Invalid resource ARN. Specify a valid ARN and try again.")


def list_tags(context, request):
    return {"tags": tag_list(tags_of(context, request["resourceArn"]))}


def tag(context, request):
    tags = tags_of(context, request["resourceArn"])
    if len({**tags, **tag_dict(request["tags"])}) > 50:
        raise invalid("The maximum number of tags for the resource has been reached.")
    tags.update(tag_dict(request["tags"]))
    return {}


def untag(context, request):
    tags = tags_of(context, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    return {}


def tagged(account_id: str, region: str):
    there = regions[account_id, region]
    with state.lock:
        yield from [(cluster.arn, cluster.tags) for cluster in there.clusters.values() if cluster.status != "INACTIVE"]
        yield from [(one.arn, one.tags) for one in there.services.values() if one.status != "INACTIVE"]
        yield from [(one.arn, one.tags) for family in there.families.values() for one in family if one is not None]
        yield from [(task.arn, task.tags) for task in there.tasks.values() if task.status != "STOPPED"]
