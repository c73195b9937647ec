"""ECS: the scheduler, which brings every service's tasks to what is wanted.

AWS rules followed: a rolling deployment keeps between minimumHealthyPercent, rounded up, and
maximumPercent, rounded down, of the desired count; a task that cannot start or is unhealthy after the grace
period is replaced and counts as failed, and the count starts again with a task that is healthy [doc].
With the circuit breaker max(3, min(200, half of the desired count)) failed tasks fail the deployment, with
rollback the last completed one comes back; without it ECS goes on trying for ever, ever more slowly.
"""

import math

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.durations import SECONDS
from isobar_localstack.services.ecs import rollback, traffic
from isobar_localstack.services.ecs.state import (
    Deployment,
    Rollout,
    Service,
    Task,
    due_after,
    later,
    look_at,
    regions,
    scheduled,
    service_due,
    task_failed,
)
from isobar_localstack.services.ecs.tasks import (
    alive,
    healthy,
    is_healthy,
    start,
    stop,
    try_to_end,
    unhealthy_group,
)

SLOWEST_RETRY = 900
BECAUSE_OF_DEPLOYMENT = "Scaling activity initiated by (deployment {})"
UNHEALTHY = "Task failed ELB health checks in (target-group {})"
NO_INSTANCES = (
    "was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found "
    "in your cluster. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
)
INCONSISTENT = (
    "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS "
    "Developer Guide."
)


@service_due.subscribe
def look(service: Service, moment: float) -> bool:
    """Does what can be done for the service now; whether it did anything."""
    if service.status == "INACTIVE":
        return False
    before = progress(service)
    watch_tasks(service, moment)
    if service.status == "DRAINING":
        drain(service, moment)
    else:
        watch_deployment(service, moment)
        place(service, moment)
        watch_steadiness(service, moment)
    return progress(service) != before


def progress(service: Service) -> tuple:
    """Facts that change whenever something has been done."""
    states = [(one.status, one.stage, one.step) for one in service.deployments[:2]]
    return service.status, service.is_steady, scheduled.number, len(service.events), states


# --- tasks ----------------------------------------------------------------------------------------


def watch_tasks(service: Service, moment: float):
    place = (service.account_id, service.region)
    for task in service.tasks():
        if not task.is_alive:
            try_to_end(moment, *place, task.arn)
        elif task.status == "RUNNING" and not task.was_healthy and is_healthy(*place, task):
            task.was_healthy = True
            if rollout := rollout_of(service, task):
                rollout.failed_tasks = rollout.failures_in_a_row = 0
        elif task.status == "RUNNING" and moment >= task.grace_ends:
            check_health(service, task, moment)


def check_health(service: Service, task: Task, moment: float):
    place = (service.account_id, service.region)
    group = unhealthy_group(*place, task, ("healthy", "unavailable", "initial", "unused", "draining", None))
    if group is None:
        return
    port = next(target["Port"] for one, target in task.targets if one == group)
    service.say(
        f"(task {task.id}) (port {port}) is unhealthy in (target-group {group}) due to (reason Health checks failed)."
    )
    stop(*place, task, moment, "ServiceSchedulerInitiated", UNHEALTHY.format(group))
    service.say(f"has stopped 1 running tasks: (task {task.id}).")
    note_failure(*place, task, moment, "")


def rollout_of(service: Service, task: Task) -> Rollout | None:
    return next((one for one in service.rollouts if one.id == task.rollout), None)


@task_failed.subscribe
def note_failure(account_id: str, region: str, task: Task, moment: float, reason: str):
    service = regions[account_id, region].services.get(task.service)
    rollout = rollout_of(service, task) if service else None
    if rollout is None:
        return
    rollout.failed_tasks += 1
    rollout.failures_in_a_row += 1
    rollout.updated_at = epoch()
    if "unable to assume" in reason:
        service.say(f"was unable to place a task. Reason: {reason}")
    if rollout.failures_in_a_row == 10:
        service.say(INCONSISTENT)
    delay_next(service, rollout, moment)


def delay_next(service: Service, rollout: Rollout, moment: float):
    """Up to the circuit breaker's threshold retries follow at once; endless ones take their time at every pace."""
    deployment, base = service.deployment, SECONDS["ecs.task_retry"]
    if deployment and deployment.target is rollout and rollback.breaker_is_on(deployment):
        rollout.next_start = clock.after(moment, base)
    else:
        rollout.next_start = moment + min(SLOWEST_RETRY, base * 2 ** min(rollout.failures_in_a_row, 20))
    later(rollout.next_start, look_at, service.account_id, service.region, service.arn)


# --- starting and stopping ------------------------------------------------------------------------


def place(service: Service, moment: float):
    deployment = service.deployment
    if deployment and deployment.status == "PENDING":
        return
    if deployment and traffic.is_shifting(deployment):
        for rollout in service.rollouts:
            keep(service, rollout, traffic.wanted(service, deployment, rollout), moment)
        return
    roll(service, moment)


def keep(service: Service, rollout: Rollout, wanted: int, moment: float):
    there = alive(service, rollout)
    if len(there) < wanted:
        start_tasks(service, rollout, wanted - len(there), moment)
    stop_tasks(service, there[wanted:], moment, rollout)


def roll(service: Service, moment: float):
    primary, desired = service.primary, service.desired
    if primary.state == "FAILED":
        return  # without a rollback everything stays as it is
    new, old = alive(service, primary), alive(service, *service.rollouts[1:])
    low = math.ceil(desired * service.data["deploymentConfiguration"]["minimumHealthyPercent"] / 100)
    high = math.floor(desired * service.data["deploymentConfiguration"]["maximumPercent"] / 100)
    missing, room = desired - len(new), max(high, 1) - len(new) - len(old)
    if missing < 0:
        stop_tasks(
            service, sorted(new, key=lambda task: task.status == "RUNNING")[:-missing], moment, primary
        )
    elif missing and room > 0:
        start_tasks(service, primary, min(missing, room), moment)
    ready, old_ready = healthy(service, new), healthy(service, old)
    surplus = len(ready) + len(old_ready) - low
    if room >= missing:
        surplus = min(surplus, len(ready) if missing or len(ready) < desired else len(old_ready))
    idle = [task for task in old if task not in old_ready]
    stop_tasks(service, idle + old_ready[: max(surplus, 0)], moment, primary)


def start_tasks(service: Service, rollout: Rollout, number: int, moment: float):
    from localstack.aws.api import CommonServiceException

    if moment < rollout.next_start:
        return
    if not runs_on_fargate(rollout):
        if not rollout.unplaced:
            rollout.unplaced = True
            service.say(NO_INSTANCES)
        return
    try:
        started = start(service, rollout, number, moment)
    except CommonServiceException as problem:
        service.say(f"was unable to place a task. Reason: {problem.message}")
        rollout.failed_tasks += 1
        rollout.failures_in_a_row += 1
        delay_next(service, rollout, moment)
        return
    service.is_steady = False
    service.say(f"has started {number} tasks: {' '.join(f'(task {task.id})' for task in started)}.")


def runs_on_fargate(rollout: Rollout) -> bool:
    data = rollout.revision.data
    providers = [item["capacityProvider"] for item in data.get("capacityProviderStrategy") or []]
    return (
        data.get("launchType") == "FARGATE"
        or bool(providers)
        and all(name.startswith("FARGATE") for name in providers)
    )


def stop_tasks(service: Service, tasks: list[Task], moment: float, rollout: Rollout | None = None):
    if not tasks:
        return
    service.is_steady = False
    reason = BECAUSE_OF_DEPLOYMENT.format(rollout.id if rollout else service.primary.id)
    if any(task.targets for task in tasks):
        service.say(f"has begun draining connections on {len(tasks)} tasks.")
    for group in sorted({group for task in tasks for group, _ in task.targets}):
        number = sum(group == one for task in tasks for one, _ in task.targets)
        service.say(f"deregistered {number} targets in (target-group {group})")
    for task in tasks:
        stop(service.account_id, service.region, task, moment, "ServiceSchedulerInitiated", reason)
    service.say(f"has stopped {len(tasks)} running tasks: {' '.join(f'(task {task.id})' for task in tasks)}.")


def drain(service: Service, moment: float):
    """A service that is being deleted is INACTIVE when its tasks have stopped."""
    stop_tasks(service, [task for task in service.tasks() if task.is_alive], moment)
    if all(task.status == "STOPPED" for task in service.tasks()) and service.deletion_ends <= moment:
        service.status = "INACTIVE"
        rollback.release_definitions(service, moment)


# --- deployments ----------------------------------------------------------------------------------


def watch_deployment(service: Service, moment: float):
    deployment = service.deployment
    if deployment is None or deployment.status == "PENDING":
        return
    if deployment.status == "ROLLBACK_REQUESTED":
        rollback.begin(
            service, deployment, moment, "Service deployment rolled back because of a user request."
        )
        return
    if deployment.status != "IN_PROGRESS":
        return
    if rollback.failed(service, deployment, moment):
        return
    if traffic.is_shifting(deployment) and traffic.go_on(service, deployment, moment):
        rollback.complete(service, deployment, moment)


def watch_steadiness(service: Service, moment: float):
    deployment, primary = service.deployment, service.primary
    if (
        primary.state == "FAILED"
        or deployment
        and (deployment.status == "PENDING" or traffic.is_shifting(deployment))
    ):
        return
    tasks = alive(service, primary)
    steady = len(tasks) == service.desired == len(healthy(service, tasks)) and not alive(
        service, *service.rollouts[1:]
    )
    if deployment is not None and not settled(service, deployment, steady, moment):
        return
    if deployment is not None:
        rollback.complete(service, deployment, moment)
    elif steady and not service.is_steady:
        service.is_steady = True
        service.say("has reached a steady state.")


def settled(service: Service, deployment: Deployment, steady: bool, moment: float) -> bool:
    """True if it has been steady long enough: for the time of settling and of baking."""
    if not steady:
        deployment.steady_since, deployment.stage_ends = None, None
        return False
    if deployment.steady_since is None:
        deployment.steady_since = moment
        deployment.stage = "BAKE_TIME" if bake_seconds(deployment) else None
        deployment.stage_ends = clock.after(
            due_after(moment, "ecs.deployment_settling"), bake_seconds(deployment)
        )
        later(deployment.stage_ends, look_at, service.account_id, service.region, service.arn)
    return moment >= deployment.stage_ends


def bake_seconds(deployment: Deployment) -> float:
    if deployment.status != "IN_PROGRESS" or deployment.is_first:
        return 0
    if minutes := deployment.configuration.get("bakeTimeInMinutes"):
        return 60 * minutes
    return SECONDS["ecs.alarm_baking"] if (deployment.configuration.get("alarms") or {}).get("enable") else 0
