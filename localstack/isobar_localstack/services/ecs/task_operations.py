"""ECS: running, listing, describing and stopping tasks.

AWS rules followed: ListTasks shows those that are wanted RUNNING unless asked for STOPPED; stopped tasks are
described with their reasons as long as ECS remembers them; a task of a service that is stopped by hand is
replaced; RunTask needs Fargate, since there are no container instances here.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.core.paging import page
from isobar_localstack.services.ecs import tasks as ecs_tasks
from isobar_localstack.services.ecs.service_checks import check_network, definition_for
from isobar_localstack.services.ecs.state import (
    Task,
    arn_of,
    definition_of,
    failure,
    find_cluster,
    here,
    invalid,
    last_part,
    service_named,
    tag_dict,
    tag_list,
)
from isobar_localstack.services.ecs.turns import in_turn

PER_PAGE = 100
MOST_DESCRIBED = 100
SHOWN = (
    "group",
    "startedBy",
    "launchType",
    "createdAt",
    "startedAt",
    "stoppingAt",
    "stoppedAt",
    "executionStoppedAt",
    "stopCode",
    "stoppedReason",
    "enableExecuteCommand",
)


def operations() -> dict:
    return {
        "RunTask": in_turn(run),
        "StopTask": in_turn(stop),
        "ListTasks": in_turn(list_all),
        "DescribeTasks": in_turn(describe),
    }


def run(context, request):
    cluster, definition = find_cluster(context, request.get("cluster")), definition_for(context, request)
    if request.get("launchType") != "FARGATE":
        raise invalid("No Container Instances were found in your cluster.")
    data = {"networkConfiguration": request.get("networkConfiguration")}
    vpc = (data["networkConfiguration"] or {}).get("awsvpcConfiguration")
    if vpc is not None:
        data["networkConfiguration"] = {"awsvpcConfiguration": {"securityGroups": []} | vpc}
    if "FARGATE" not in definition.data["compatibilities"]:
        raise invalid("Task definition does not support launch_type FARGATE.")
    check_network(context, data, definition)
    data = {
        "group": request.get("group") or f"family:{definition.family}",
        "launchType": "FARGATE",
        "network": data["networkConfiguration"]["awsvpcConfiguration"],
    } | ({"startedBy": request["startedBy"]} if request.get("startedBy") else {})
    tags = tag_dict(request.get("tags"))
    tasks = [
        ecs_tasks.launch(
            context.account_id, context.region, cluster, definition.arn, data, dict(tags), clock.now()
        )
        for _ in range(request.get("count") or 1)
    ]
    return {"tasks": [to_response(context, task, True) for task in tasks], "failures": []}


def find(context, cluster, name: str) -> Task | None:
    return here(context).tasks.get(arn_of(context, f"task/{cluster.name}/{last_part(name)}"))


def stop(context, request):
    task = find(context, find_cluster(context, request.get("cluster")), request["task"])
    if task is None:
        raise invalid("The referenced task was not found.")
    reason = request.get("reason") or "Task stopped by user"
    ecs_tasks.stop(context.account_id, context.region, task, clock.now(), "UserInitiated", reason)
    return {"task": to_response(context, task, False)}


def list_all(context, request):
    cluster = find_cluster(context, request.get("cluster"))
    tasks = [task for task in here(context).tasks.values() if task.cluster == cluster.arn]
    if name := request.get("serviceName"):
        service = service_named(context, cluster, name)
        if service is None:
            raise invalid("Service not found.")
        tasks = [task for task in tasks if task.service == service.arn]
    wanted = request.get("desiredStatus") or "RUNNING"
    tasks = [
        task
        for task in tasks
        if task.wanted == wanted
        and request.get("family") in (None, task.family)
        and request.get("launchType") in (None, task.data.get("launchType"))
        and request.get("startedBy") in (None, task.data.get("startedBy"))
        and not request.get("containerInstance")
    ]
    size = min(request.get("maxResults") or PER_PAGE, PER_PAGE)
    listed, token = page(
        [task.arn for task in tasks], request.get("nextToken"), size, invalid("Invalid token")
    )
    return {"taskArns": listed} | ({"nextToken": token} if token else {})


def describe(context, request):
    names = request["tasks"]
    if len(names) > MOST_DESCRIBED:
        raise invalid(f"Tasks cannot have more than {MOST_DESCRIBED} elements.")
    cluster = find_cluster(context, request.get("cluster"))
    with_tags = "TAGS" in (request.get("include") or [])
    found = {name: find(context, cluster, name) for name in names}
    return {
        "tasks": [to_response(context, task, with_tags) for task in found.values() if task],
        "failures": [
            failure(arn_of(context, f"task/{cluster.name}/{last_part(name)}"))
            for name, task in found.items()
            if task is None
        ],
    }


def to_response(context, task: Task, with_tags: bool) -> dict:
    definition = definition_of(here(context), task.task_definition)
    data = definition.data if definition else {"containerDefinitions": []}
    answer = {name: task.data[name] for name in SHOWN if task.data.get(name) is not None} | {
        "taskArn": task.arn,
        "clusterArn": task.cluster,
        "taskDefinitionArn": task.task_definition,
        "lastStatus": task.status,
        "desiredStatus": task.wanted,
        "availabilityZone": task.data["zone"],
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "connectivity": "CONNECTED",
        "healthStatus": "UNKNOWN",
        "overrides": {"containerOverrides": []},
        "attributes": [],
        "containers": [container(task, one) for one in data["containerDefinitions"]],
        "attachments": [attachment(task)],
        "version": 1,
        "tags": tag_list(task.tags) if with_tags else [],
    }
    if strategy := task.data.get("strategy"):
        answer["capacityProviderName"] = strategy[0]["capacityProvider"]
    return answer | {name: data[name] for name in ("cpu", "memory") if name in data}


def container(task: Task, definition: dict) -> dict:
    number = f"{task.id}-{definition['name']}"
    answer = {
        "containerArn": task.arn.replace(":task/", ":container/") + f"/{number}",
        "taskArn": task.arn,
        "name": definition["name"],
        "image": definition["image"],
        "lastStatus": task.status if task.status in ("RUNNING", "STOPPED") else "PENDING",
        "networkBindings": [],
        "healthStatus": "UNKNOWN",
        "cpu": str(definition["cpu"]),
        "runtimeId": number,
        "networkInterfaces": [
            {"attachmentId": task.data["attachment"], "privateIpv4Address": task.data["ip"]}
        ],
    }
    if task.data.get("stopCode") == "TaskFailedToStart":
        answer["reason"] = task.data["stoppedReason"]
    return answer


def attachment(task: Task) -> dict:
    details = {
        "subnetId": task.data["subnet"],
        "networkInterfaceId": task.interfaces[0],
        "macAddress": task.data["mac"],
        "privateIPv4Address": task.data["ip"],
    }
    status = {"STOPPED": "DELETED", "RUNNING": "ATTACHED"}.get(
        task.status, "PRECREATED" if task.is_alive else "DETACHING"
    )
    return {
        "id": task.data["attachment"],
        "type": "ElasticNetworkInterface",
        "status": status,
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }
