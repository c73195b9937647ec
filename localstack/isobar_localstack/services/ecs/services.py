"""ECS: services.

AWS rules followed: a client token makes a second creation answer with the first service; a name is taken
while its service is ACTIVE or DRAINING; only what a service runs starts a deployment when it changes
[model], the desired count and the way of deploying do not; a service with a desired count has to be forced to
be deleted, is DRAINING until its tasks have stopped and then INACTIVE.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.services.ecs import rollback, scheduler
from isobar_localstack.services.ecs.service_checks import (
    check_creation,
    check_update,
    configuration_of,
    definition_for,
)
from isobar_localstack.services.ecs.state import (
    Cluster,
    Rollout,
    Service,
    arn_of,
    due_after,
    failure,
    find_active_service,
    find_cluster,
    find_service,
    here,
    invalid,
    last_part,
    later,
    regions,
    service_named,
    tag_dict,
    tag_list,
)
from isobar_localstack.services.ecs.turns import in_turn

PER_PAGE = 10
MOST_DESCRIBED = 10
REVISION_SHOWN = (
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
)
NOT_SETTINGS = ("cluster", "serviceName", "desiredCount", "clientToken", "tags", "role")
NOT_CHANGES = ("cluster", "service", "desiredCount", "forceNewDeployment")
PENDING = ("PROVISIONING", "PENDING", "ACTIVATING")


def operations() -> dict:
    return {
        "CreateService": in_turn(create),
        "UpdateService": in_turn(update),
        "DeleteService": in_turn(delete),
        "DescribeServices": in_turn(describe),
        "ListServices": in_turn(consistency.eventually_listed("serviceArns", None, "ecs")(list_all)),
    }


# --- writing --------------------------------------------------------------------------------------


def create(context, request):
    cluster = find_cluster(context, request.get("cluster"))
    before = service_named(context, cluster, request["serviceName"])
    if before is not None and before.status != "INACTIVE":
        if before.status == "DRAINING":
            raise invalid("Unable to Start a service that is still Draining.")
        if before.token and before.token == request.get("clientToken"):
            return {"service": to_response(before, True)}
        raise invalid("Creation of service was not idempotent.")
    data = settings_of(context, cluster, request)
    check_creation(context, cluster, data)
    arn = arn_of(context, f"service/{cluster.name}/{request['serviceName']}")
    service = Service(
        context.account_id,
        context.region,
        arn,
        request["serviceName"],
        cluster,
        data,
        request.get("desiredCount") or 0,
        tag_dict(request.get("tags")),
        request.get("clientToken"),
    )
    here(context).services[arn] = service
    consistency.mark("consistency.ecs_describe", arn)
    consistency.mark_created(context, "ecs", arn)
    rollback.deploy(service, clock.now())
    return {"service": to_response(service, True)}


def settings_of(context, cluster: Cluster, request) -> dict:
    data = {name: value for name, value in request.items() if name not in NOT_SETTINGS and value is not None}
    data["taskDefinition"] = definition_for(context, request).arn
    data["deploymentConfiguration"] = configuration_of(data.get("deploymentConfiguration"))
    data.setdefault("schedulingStrategy", "REPLICA")
    data.setdefault("deploymentController", {"type": "ECS"})
    data.setdefault("availabilityZoneRebalancing", "ENABLED")
    data.setdefault("propagateTags", "NONE")
    for name in ("enableECSManagedTags", "enableExecuteCommand"):
        data.setdefault(name, False)
    if not data.get("launchType") and not data.get("capacityProviderStrategy"):
        if cluster.strategy:
            data["capacityProviderStrategy"] = cluster.strategy
        else:
            data["launchType"] = "EC2"
    if scheduler.runs_on_fargate(Rollout("", rollback.Revision("", data))):
        data.setdefault("platformVersion", "LATEST")
        data.setdefault("platformFamily", "Linux")
    if vpc := (data.get("networkConfiguration") or {}).get("awsvpcConfiguration"):
        data["networkConfiguration"] = {
            "awsvpcConfiguration": {"securityGroups": [], "assignPublicIp": "DISABLED"} | vpc
        }
    return data


def update(context, request):
    service = find_active_service(context, request)
    changed = {
        name: value for name, value in request.items() if name not in NOT_CHANGES and value is not None
    }
    if request.get("taskDefinition"):
        changed["taskDefinition"] = definition_for(context, request).arn
    if "deploymentConfiguration" in changed:
        changed["deploymentConfiguration"] = merged(
            service.data["deploymentConfiguration"], changed["deploymentConfiguration"]
        )
    if vpc := (changed.get("networkConfiguration") or {}).get("awsvpcConfiguration"):
        changed["networkConfiguration"] = {
            "awsvpcConfiguration": {"securityGroups": [], "assignPublicIp": "DISABLED"} | vpc
        }
    data = service.data | changed
    if changed.get("capacityProviderStrategy"):
        data.pop("launchType", None)
    elif changed.get("capacityProviderStrategy") == []:
        data["launchType"] = "FARGATE" if data.get("platformVersion") else "EC2"
    check_update(context, service, data, changed)
    starts = request.get("forceNewDeployment") or any(
        service.data.get(name) != data.get(name)
        for name in rollback.REVISION_FIELDS
        if name in changed and name != "capacityProviderStrategy"
    )
    service.data = data
    if request.get("desiredCount") is not None:
        set_desired(service, request["desiredCount"])
    if starts:
        rollback.deploy(service, clock.now())
    return {"service": to_response(service, True)}


def merged(before: dict, given: dict) -> dict:
    strategy = given.get("strategy") or before.get("strategy")
    kept = {
        name: value
        for name, value in before.items()
        if name not in ("linearConfiguration", "canaryConfiguration")
    }
    if strategy == before.get("strategy"):
        kept = before
    return configuration_of(kept | given)


def set_desired(service: Service, desired: int):
    if desired != service.desired:
        service.desired = desired
        service.is_steady = False


def delete(context, request):
    service = find_service(context, find_cluster(context, request.get("cluster")), request["service"])
    if service.status == "INACTIVE":
        raise error("ServiceNotFoundException", "Service not found.")
    if service.desired and not request.get("force") and service.data["schedulingStrategy"] == "REPLICA":
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    if service.status == "ACTIVE":
        service.status, service.desired = "DRAINING", 0
        service.deletion_ends = due_after(clock.now(), "ecs.service_deleting")
        for deployment in service.deployments:
            if not deployment.is_over:
                rollback.finish(deployment, "STOPPED", "The service was deleted.")
        later(service.deletion_ends, scheduler.look_at, service.account_id, service.region, service.arn)
    return {"service": to_response(service, False)}


# --- reading --------------------------------------------------------------------------------------


def describe(context, request):
    names = request["services"]
    if len(names) > MOST_DESCRIBED:
        raise invalid(f"Services cannot have more than {MOST_DESCRIBED} elements.")
    cluster = find_cluster(context, request.get("cluster"))
    found, failures = [], []
    for name in names:
        service = service_named(context, cluster, name)
        if service is None or consistency.not_visible_yet("consistency.ecs_describe", service.arn):
            failures.append(failure(arn_of(context, f"service/{cluster.name}/{last_part(name)}")))
        else:
            found.append(to_response(service, "TAGS" in (request.get("include") or [])))
    return {"services": found, "failures": failures}


def to_response(service: Service, with_tags: bool) -> dict:
    data = dict(service.data)
    tasks = service.tasks()
    answer = (
        {"loadBalancers": [], "serviceRegistries": [], "placementConstraints": [], "placementStrategy": []}
        | data
        | {
            "serviceArn": service.arn,
            "serviceName": service.name,
            "clusterArn": service.cluster.arn,
            "status": service.status,
            "desiredCount": service.desired,
            "runningCount": sum(task.status == "RUNNING" for task in tasks),
            "pendingCount": sum(task.is_alive and task.status in PENDING for task in tasks),
            "deployments": []
            if service.status == "INACTIVE"
            else [rollout_to_response(service, one) for one in service.rollouts],
            "events": list(service.events),
            "createdAt": service.created_at,
            "createdBy": f"arn:aws:iam::{service.account_id}:root",
            "roleArn": f"arn:aws:iam::{service.account_id}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        }
    )
    if service.deployments:
        answer["currentServiceDeployment"] = service.deployments[0].arn
        answer["currentServiceRevisions"] = [counted(service, service.primary)]
    return answer | ({"tags": tag_list(service.tags)} if with_tags else {})


def rollout_to_response(service: Service, rollout: Rollout) -> dict:
    tasks = [task for task in service.tasks() if task.rollout == rollout.id]
    alive = [task for task in tasks if task.is_alive]
    is_primary = rollout is service.primary
    data = {name: rollout.revision.data[name] for name in REVISION_SHOWN if name in rollout.revision.data}
    if data.get("platformVersion") == "LATEST":
        data["platformVersion"] = "1.4.0"
    return data | {
        "id": rollout.id,
        "status": "PRIMARY" if is_primary else "ACTIVE",
        "taskDefinition": rollout.revision.data["taskDefinition"],
        "desiredCount": service.desired if is_primary else len(alive),
        "failedTasks": rollout.failed_tasks,
        "runningCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingCount": sum(task.status in PENDING for task in alive),
        "createdAt": rollout.created_at,
        "updatedAt": rollout.updated_at,
        "rolloutState": rollout.state,
        "rolloutStateReason": rollout.reason,
    }


def counted(service: Service, rollout: Rollout) -> dict:
    tasks = [task for task in service.tasks() if task.rollout == rollout.id and task.is_alive]
    running = sum(task.status == "RUNNING" for task in tasks)
    wanted = service.desired if rollout is service.primary else len(tasks)
    return {
        "arn": rollout.revision.arn,
        "requestedTaskCount": wanted,
        "runningTaskCount": running,
        "pendingTaskCount": len(tasks) - running,
    }


def list_all(context, request):
    cluster = find_cluster(context, request.get("cluster"))
    launch, scheduling = request.get("launchType"), request.get("schedulingStrategy")
    arns = sorted(
        service.arn
        for service in here(context).services.values()
        if service.cluster is cluster
        and service.status == "ACTIVE"
        and launch in (None, service.data.get("launchType"))
        and scheduling in (None, service.data["schedulingStrategy"])
    )
    size = min(request.get("maxResults") or PER_PAGE, 100)
    listed, token = page(arns, request.get("nextToken"), size, invalid("Invalid token"))
    return {"serviceArns": listed} | ({"nextToken": token} if token else {})


# --- for scaling ----------------------------------------------------------------------------------


def active_service(account_id: str, region: str, cluster: str, name: str) -> Service | None:
    service = regions[account_id, region].services.get(
        f"arn:aws:ecs:{region}:{account_id}:service/{cluster}/{name}"
    )
    return service if service is not None and service.status == "ACTIVE" else None
