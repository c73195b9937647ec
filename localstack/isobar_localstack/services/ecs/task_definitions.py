"""ECS: task definitions.

AWS rules followed: every registration makes a new revision, also an equal one, and numbers are never used
again; AWS fills in what was left out (`completed`); a deregistered revision is INACTIVE and goes on being
described; only such a one can be deleted, and is DELETE_IN_PROGRESS as long as a service or task uses it.
"""

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.ecs.rules import units
from isobar_localstack.services.ecs.state import (
    Region,
    TaskDefinition,
    arn_of,
    client_error,
    definition_of,
    definition_released,
    due_after,
    failure,
    here,
    invalid,
    last_part,
    later,
    regions,
    tag_dict,
    tag_list,
)
from isobar_localstack.services.ecs.turns import in_turn

PER_PAGE = 100
NOT_FOUND = (
    "The specified task definition does not exist. Specify a valid account, family, revision and try again."
)
STILL_ACTIVE = (
    "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
)
CAPABILITY = "com.amazonaws.ecs.capability."


def operations() -> dict:
    return {
        "RegisterTaskDefinition": in_turn(register),
        "DescribeTaskDefinition": in_turn(describe),
        "DeregisterTaskDefinition": in_turn(deregister),
        "DeleteTaskDefinitions": in_turn(delete),
        "ListTaskDefinitions": in_turn(
            consistency.eventually_listed("taskDefinitionArns", None, "ecs")(list_all)
        ),
        "ListTaskDefinitionFamilies": in_turn(list_families),
    }


# --- registering ----------------------------------------------------------------------------------


def register(context, request):
    for role in ("taskRoleArn", "executionRoleArn"):
        if request.get(role) and request[role].startswith("arn:") and ":role/" not in request[role]:
            raise client_error("Role is not valid")
    revisions = here(context).families.setdefault(request["family"], [])
    number = len(revisions) + 1
    arn = arn_of(context, f"task-definition/{request['family']}:{number}")
    data = completed(context, request) | {
        "taskDefinitionArn": arn,
        "revision": number,
        "status": "ACTIVE",
        "registeredAt": epoch(),
        "registeredBy": f"arn:aws:iam::{context.account_id}:root",
    }
    definition = TaskDefinition(arn, request["family"], number, data, tag_dict(request.get("tags")))
    revisions.append(definition)
    consistency.mark_created(context, "ecs", arn)
    return to_response(definition, {"TAGS"})


def completed(context, request) -> dict:
    data = {name: value for name, value in request.items() if name != "tags" and value is not None}
    network = data.get("networkMode")
    data["containerDefinitions"] = [container(item, network) for item in data["containerDefinitions"]]
    data.setdefault("volumes", [])
    data["volumes"] = [
        {"host": {}} | volume if list(volume) == ["name"] else volume for volume in data["volumes"]
    ]
    data.setdefault("placementConstraints", [])
    for field, unit in (("cpu", "VCPU"), ("memory", "GB")):
        if data.get(field) and (number := units(data[field], unit, 1024)):
            data[field] = str(number)
    for role in ("taskRoleArn", "executionRoleArn"):
        if data.get(role) and not data[role].startswith("arn:"):
            data[role] = f"arn:aws:iam::{context.account_id}:role/{data[role]}"
    data["compatibilities"] = (
        ["EC2", "FARGATE"] if suits_fargate(data) else ["EXTERNAL", "EC2"] if network != "awsvpc" else ["EC2"]
    )
    data["requiresAttributes"] = [{"name": name} for name in sorted(attributes(data))]
    return data


def container(given: dict, network) -> dict:
    defaults = {
        "cpu": 0,
        "portMappings": [],
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    data = defaults | {name: value for name, value in given.items() if value is not None}
    data["portMappings"] = [port_mapping(mapping, network) for mapping in data["portMappings"]]
    if data.get("healthCheck"):
        data["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3} | data["healthCheck"]
    if data.get("logConfiguration"):
        data["logConfiguration"] = {"options": {}, "secretOptions": []} | data["logConfiguration"]
    return data


def port_mapping(given: dict, network) -> dict:
    data = {"protocol": "tcp"} | given
    if "containerPort" in data:
        data.setdefault("hostPort", data["containerPort"] if network in ("awsvpc", "host") else 0)
    return data


def suits_fargate(data: dict) -> bool:
    if data.get("networkMode") != "awsvpc" or not data.get("cpu") or not data.get("memory"):
        return False
    return data["memory"].isdecimal() and int(data["memory"]) in fact("ecs.fargate_sizes").get(
        int(data["cpu"]), ()
    )


def attributes(data: dict):
    """Capabilities a container instance has to have."""
    if data.get("networkMode") == "awsvpc":
        yield "ecs.capability.task-eni"
        yield f"{CAPABILITY}docker-remote-api.1.18"
    if data.get("taskRoleArn"):
        yield f"{CAPABILITY}task-iam-role"
    containers = data["containerDefinitions"]
    if any((one.get("logConfiguration") or {}).get("logDriver") == "awslogs" for one in containers):
        yield f"{CAPABILITY}logging-driver.awslogs"
        yield f"{CAPABILITY}docker-remote-api.1.19"
        if data.get("executionRoleArn"):
            yield "ecs.capability.execution-role-awslogs"
    if any(".dkr.ecr." in one["image"] for one in containers):
        yield f"{CAPABILITY}ecr-auth"
        if data.get("executionRoleArn"):
            yield "ecs.capability.execution-role-ecr-pull"
    if any(one.get("healthCheck") for one in containers):
        yield "ecs.capability.container-health-check"
    sources = [secret["valueFrom"] for one in containers for secret in one.get("secrets") or []]
    if sources:
        kind = "asm" if any(":secretsmanager:" in source for source in sources) else "ssm"
        yield f"ecs.capability.secrets.{kind}.environment-variables"


# --- reading --------------------------------------------------------------------------------------


def describe(context, request):
    definition = definition_of(here(context), request["taskDefinition"])
    if definition is None:
        raise client_error("Unable to describe task definition.")
    return to_response(definition, set(request.get("include") or []))


def to_response(definition: TaskDefinition, include: set) -> dict:
    answer = {"taskDefinition": definition.data}
    return answer | {"tags": tag_list(definition.tags)} if "TAGS" in include else answer


def list_all(context, request):
    status, family = request.get("status") or "ACTIVE", request.get("familyPrefix")
    arns = [
        definition.arn
        for name, revisions in sorted(here(context).families.items())
        for definition in revisions
        if definition is not None and definition.status == status and family in (None, name)
    ]
    return listed("taskDefinitionArns", arns[::-1] if request.get("sort") == "DESC" else arns, request)


def list_families(context, request):
    status, prefix = request.get("status") or "ALL", request.get("familyPrefix") or ""
    names = [
        name
        for name, revisions in sorted(here(context).families.items())
        if name.startswith(prefix)
        and (there := [one.status for one in revisions if one is not None])
        and (status == "ALL" or ("ACTIVE" in there) == (status == "ACTIVE"))
    ]
    return listed("families", names, request)


def listed(key: str, items: list, request) -> dict:
    size = min(request.get("maxResults") or PER_PAGE, PER_PAGE)
    some, token = page(items, request.get("nextToken"), size, invalid("Invalid token"))
    return {key: some} | ({"nextToken": token} if token else {})


# --- their end ------------------------------------------------------------------------------------


def find(context, name: str) -> TaskDefinition:
    if ":" not in last_part(name):
        raise client_error("Revision is missing.")
    definition = definition_of(here(context), name)
    if definition is None:
        raise client_error(NOT_FOUND)
    return definition


def deregister(context, request):
    definition = find(context, request["taskDefinition"])
    if definition.status == "ACTIVE":
        definition.data |= {"status": "INACTIVE", "deregisteredAt": epoch()}
    return to_response(definition, set())


def delete(context, request):
    done, failures = [], []
    for name in request["taskDefinitions"]:
        definition = definition_of(here(context), name) if ":" in last_part(name) else None
        if definition is None:
            failures.append(failure(arn_of(context, f"task-definition/{last_part(name)}"), NOT_FOUND))
        elif definition.status == "ACTIVE":
            failures.append(failure(definition.arn, STILL_ACTIVE))
        else:
            if definition.status == "INACTIVE":
                definition.data |= {"status": "DELETE_IN_PROGRESS", "deleteRequestedAt": epoch()}
                try_to_forget(clock.now(), context.account_id, context.region, definition.arn)
            done.append(definition.data)
    return {"taskDefinitions": done, "failures": failures}


def try_to_forget(moment: float, account_id: str, region: str, arn: str):
    """Later, and again later as long as it is used."""
    later(due_after(moment, "ecs.task_definition_deleting"), forget, account_id, region, arn)


def forget(moment: float, account_id: str, region: str, arn: str):
    there = regions[account_id, region]
    if is_used(there, arn):
        return  # whoever stops using it calls `released`
    definition = definition_of(there, arn)
    if definition is not None:
        there.families[definition.family][definition.revision - 1] = None


def is_used(region: Region, arn: str) -> bool:
    return any(
        task.task_definition == arn and task.status != "STOPPED" for task in region.tasks.values()
    ) or any(
        rollout.revision.data["taskDefinition"] == arn
        for service in region.services.values()
        if service.status != "INACTIVE"
        for rollout in service.rollouts
    )


@definition_released.subscribe
def released(moment: float, account_id: str, region: str, arn: str):
    """A task or service no longer uses it."""
    definition = definition_of(regions[account_id, region], arn)
    if definition is not None and definition.status == "DELETE_IN_PROGRESS":
        try_to_forget(moment, account_id, region, arn)
