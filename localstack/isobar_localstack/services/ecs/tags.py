"""ECS: tags. They belong to clusters, services, task definitions and tasks; those that begin with aws: are ECS's."""

from isobar_localstack.core.errors import error
from isobar_localstack.services.ecs import clusters
from isobar_localstack.services.ecs.state import (
    client_error,
    definition_of,
    here,
    invalid,
    lock,
    regions,
    tag_dict,
    tag_list,
)
from isobar_localstack.services.ecs.turns import in_turn


def operations() -> dict:
    return {
        "ListTagsForResource": in_turn(list_tags),
        "TagResource": in_turn(tag),
        "UntagResource": in_turn(untag),
    }


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
    with lock:
        yield from [
            (cluster.arn, cluster.tags) for cluster in there.clusters.values() if cluster.status != "INACTIVE"
        ]
        yield from [(one.arn, one.tags) for one in there.services.values() if one.status != "INACTIVE"]
        yield from [
            (one.arn, one.tags) for family in there.families.values() for one in family if one is not None
        ]
        yield from [(task.arn, task.tags) for task in there.tasks.values() if task.status != "STOPPED"]
