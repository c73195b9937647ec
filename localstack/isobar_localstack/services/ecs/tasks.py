"""ECS: the life of tasks.

AWS rules followed: PROVISIONING → PENDING → RUNNING → DEACTIVATING → STOPPED; a task has a network
interface of its own, which goes some time after it; once running it is registered with its service's
target groups, and before it stops its targets drain; stopped tasks are shown for an hour. A task whose
role cannot be assumed, whose log group is missing or whose image cannot be pulled fails to start.
"""

import fnmatch
import uuid

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces
from isobar_localstack.services.ecs.state import (
    Rollout,
    Service,
    Task,
    definition_of,
    due_after,
    failing_images,
    later,
    look_at,
    new_id,
    regions,
    release_definition,
    task_failed,
)
from isobar_localstack.services.elbv2 import targets as elbv2_targets
from isobar_localstack.services.iam.roles import trusts, usable_role
from isobar_localstack.services.logs import log_groups as logs

CANNOT_PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: {image}: not found"
CANNOT_ASSUME = (
    "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the "
    "proper trust relationship and permissions and that your IAM user has permissions to pass this role."
)
NO_LOG_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create "
    "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
)
HEALTHY = ("healthy", "unavailable")  # without health checks every target gets traffic


def tasks_of(account_id: str, region: str) -> dict:
    return regions[account_id, region].tasks


# --- starting -------------------------------------------------------------------------------------


def start(service: Service, rollout: Rollout, number: int, moment: float) -> list[Task]:
    """Of a service; an error when the network does not allow it."""
    revision = rollout.revision.data
    balancers = revision.get("loadBalancers") or []
    data = {
        "group": f"service:{service.name}",
        "startedBy": rollout.id,
        "network": revision["networkConfiguration"]["awsvpcConfiguration"],
        "launchType": revision.get("launchType"),
        "strategy": revision.get("capacityProviderStrategy") or [],
        "balancers": [
            (group_of(balancer, rollout), balancer["containerPort"])
            for balancer in balancers
            if balancer.get("targetGroupArn")
        ],
        "grace": service.data.get("healthCheckGracePeriodSeconds") or 0,
        "enableExecuteCommand": bool(service.data.get("enableExecuteCommand")),
    }
    tags = propagated(service, revision["taskDefinition"])
    place = (service.account_id, service.region)
    return [
        launch(
            *place, service.cluster, revision["taskDefinition"], data, tags, moment, service.arn, rollout.id
        )
        for _ in range(number)
    ]


def group_of(balancer: dict, rollout: Rollout) -> str:
    alternate = (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
    return alternate if rollout.alternate and alternate else balancer["targetGroupArn"]


def propagated(service: Service, definition_arn: str) -> dict:
    managed = (
        {"aws:ecs:clusterName": service.cluster.name, "aws:ecs:serviceName": service.name}
        if service.data.get("enableECSManagedTags")
        else {}
    )
    if service.data.get("propagateTags") == "SERVICE":
        return service.tags | managed
    if service.data.get("propagateTags") == "TASK_DEFINITION":
        definition = definition_of(regions[service.account_id, service.region], definition_arn)
        return (definition.tags if definition else {}) | managed
    return managed


def launch(
    account_id, region, cluster, definition_arn, data, tags, moment, service=None, rollout=None
) -> Task:
    there = tasks_of(account_id, region)
    network = data["network"]
    subnet = network["subnets"][len(there) % len(network["subnets"])]
    attachment = str(uuid.uuid4())
    description = f"arn:aws:ecs:{region}:{account_id}:attachment/{attachment}"
    groups = network.get("securityGroups") or []
    public = network.get("assignPublicIp") == "ENABLED"
    interfaces = ec2_interfaces.attach_interfaces(
        account_id, region, [subnet], groups, description, requester_id="amazon-ecs", public=public
    )
    interface = ec2_interfaces.existing(account_id, region, interfaces)[0]
    arn = f"arn:aws:ecs:{region}:{account_id}:task/{cluster.name}/{new_id()}"
    task = Task(
        arn,
        definition_arn.rsplit("/", 1)[1].split(":")[0],
        definition_arn,
        cluster.arn,
        data,
        tags,
        service,
        rollout,
        interfaces=interfaces,
    )
    task.data = data | {
        "createdAt": epoch(),
        "attachment": attachment,
        "subnet": subnet,
        "ip": interface.private_ip_address,
        "mac": interface.mac_address,
        "zone": interface.subnet.availability_zone,
    }
    there[arn] = task
    later(due_after(moment, "ecs.task_provisioning"), provisioned, account_id, region, arn)
    return task


def provisioned(moment: float, account_id: str, region: str, arn: str):
    task = tasks_of(account_id, region).get(arn)
    if task is None or task.status != "PROVISIONING" or not task.is_alive:
        return
    task.status = "PENDING"
    later(due_after(moment, "ecs.task_starting"), run, account_id, region, arn)


def run(moment: float, account_id: str, region: str, arn: str):
    task = tasks_of(account_id, region).get(arn)
    if task is None or task.status != "PENDING" or not task.is_alive:
        return
    if reason := obstacle(account_id, region, task):
        # first, so that the next one is not started at once
        task_failed.publish(account_id, region, task, moment, reason)
        stop(account_id, region, task, moment, "TaskFailedToStart", reason)
    else:
        task.status = "RUNNING"
        task.data["startedAt"] = epoch()
        task.grace_ends = clock.after(moment, task.data.get("grace", 0))
        for group, port in task.data.get("balancers", ()):
            target = {"Id": task.data["ip"], "Port": port}
            elbv2_targets.register(account_id, region, group, [target])
            task.targets.append((group, target))
        later(task.grace_ends, look_at, account_id, region, task.service)
    look_at(moment, account_id, region, task.service)


def obstacle(account_id: str, region: str, task: Task) -> str | None:
    """Why the task cannot start, in the words of its stoppedReason."""
    definition = definition_of(regions[account_id, region], task.task_definition)
    if definition is None:
        return "TaskDefinition not found."
    return (
        role_refusal(account_id, definition.data)
        or missing_logs(account_id, definition.data)
        or image_refusal(region, definition.data)
    )


def role_refusal(account_id: str, definition: dict) -> str | None:
    for arn in filter(None, (definition.get("executionRoleArn"), definition.get("taskRoleArn"))):
        role = usable_role(account_id, arn)
        if role is None or not trusts(role, "ecs-tasks.amazonaws.com"):
            return CANNOT_ASSUME.format(role=arn)
    return None


def missing_logs(account_id: str, definition: dict) -> str | None:
    for container in definition["containerDefinitions"]:
        log = container.get("logConfiguration") or {}
        options = log.get("options") or {}
        name, region = options.get("awslogs-group"), options.get("awslogs-region")
        if (
            log.get("logDriver") != "awslogs"
            or not name
            or not region
            or name in logs.groups(account_id, region)
        ):
            continue
        if options.get("awslogs-create-group") != "true":
            return NO_LOG_GROUP
        logs.appear(account_id, region, name)
    return None


def image_refusal(region: str, definition: dict) -> str | None:
    for container in definition["containerDefinitions"]:
        for (where, pattern), reason in list(failing_images.items()):
            if where in (None, region) and (
                pattern in container["image"] or fnmatch.fnmatchcase(container["image"], pattern)
            ):
                return reason or CANNOT_PULL.format(image=container["image"])
    return None


# --- health ---------------------------------------------------------------------------------------


def is_healthy(account_id: str, region: str, task: Task) -> bool:
    return (
        task.is_alive and task.status == "RUNNING" and not unhealthy_group(account_id, region, task, HEALTHY)
    )


def unhealthy_group(account_id: str, region: str, task: Task, good) -> str | None:
    """A target group in which the task is in none of these states."""
    return next(
        (
            group
            for group, target in task.targets
            if elbv2_targets.state(account_id, region, group, target) not in good
        ),
        None,
    )


def alive(service: Service, *rollouts: Rollout) -> list[Task]:
    ids = {rollout.id for rollout in rollouts}
    return [task for task in service.tasks() if task.is_alive and task.rollout in ids]


def healthy(service: Service, tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if is_healthy(service.account_id, service.region, task)]


# --- stopping -------------------------------------------------------------------------------------


def stop(account_id: str, region: str, task: Task, moment: float, code: str, reason: str):
    if not task.is_alive:
        return
    task.wanted = "STOPPED"
    task.data |= {"stopCode": code, "stoppedReason": reason, "stoppingAt": epoch()}
    for group, target in task.targets:
        elbv2_targets.deregister(account_id, region, group, [target])
    if code == "TaskFailedToStart":
        ended(moment, account_id, region, task.arn)
        return
    task.status = "DEACTIVATING" if task.status == "RUNNING" else "DEPROVISIONING"
    task.stopped_enough = due_after(moment, "ecs.task_stopping")
    later(task.stopped_enough, try_to_end, account_id, region, task.arn)


def try_to_end(moment: float, account_id: str, region: str, arn: str):
    """The last step when its targets do not drain any more; otherwise whoever looks next tries again."""
    task = tasks_of(account_id, region).get(arn)
    if task is None or task.status == "STOPPED" or task.is_alive or moment < (task.stopped_enough or 0):
        return
    if not draining(account_id, region, task):
        ended(moment, account_id, region, arn)


def draining(account_id: str, region: str, task: Task) -> bool:
    return any(
        elbv2_targets.state(account_id, region, group, target) == "draining" for group, target in task.targets
    )


def ended(moment: float, account_id: str, region: str, arn: str):
    task = tasks_of(account_id, region)[arn]
    task.status = "STOPPED"
    task.data |= {"stoppedAt": epoch(), "executionStoppedAt": epoch()}
    ec2_interfaces.release_interfaces(account_id, region, task.interfaces, "ecs.interface_leaving")
    later(due_after(moment, "ecs.stopped_task_shown"), forget, account_id, region, arn)
    release_definition(moment, account_id, region, task.task_definition)
    look_at(moment, account_id, region, task.service)


def forget(moment: float, account_id: str, region: str, arn: str):
    tasks_of(account_id, region).pop(arn, None)
