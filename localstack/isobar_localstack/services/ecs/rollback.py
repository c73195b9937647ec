"""ECS: how deployments begin, fail and are rolled back.

AWS rules followed: a new deployment replaces one that is under way; what fails is FAILED with the reason,
and with rollback the last completed revision becomes the primary one again, within the same service
deployment; where none was ever completed there is nothing to go back to. An alarm that was in ALARM
when the deployment began does not count.
"""

from isobar_localstack.core.clock import epoch
from isobar_localstack.services.cloudwatch.alarms import store
from isobar_localstack.services.ecs import traffic
from isobar_localstack.services.ecs.state import (
    Deployment,
    Revision,
    Rollout,
    Service,
    due_after,
    later,
    new_id,
    new_number,
    regions,
    release_definition,
    service_due,
)

REVISION_FIELDS = (
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "platformFamily",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
SUPERSEDED = "Service deployment was stopped because a newer service deployment was started."
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


# --- beginning ------------------------------------------------------------------------------------


def deploy(service: Service, moment: float) -> Deployment:
    """Of what the service's settings are now."""
    sources = list(service.rollouts)
    for old in service.deployments:
        if not old.is_over:
            old.status, old.reason = "STOP_REQUESTED", SUPERSEDED
            traffic.restore_traffic(service, old)
    rollout = Rollout(f"ecs-svc/{new_number()}", new_revision(service))
    rollout.reason = f"ECS deployment {rollout.id} in progress."
    completed = last_completed(sources)
    was_in_alternate = bool(completed and traffic.in_alternate(completed))
    rollout.alternate = bool(completed and was_in_alternate != traffic.has_traffic(service))
    service.rollouts = [rollout, *sources]
    configuration = dict(service.data["deploymentConfiguration"])
    arn = service.arn.replace(":service/", ":service-deployment/")
    deployment = Deployment(f"{arn}/{new_id()[:21]}", rollout, sources, configuration, completed is None)
    deployment.times = {"createdAt": epoch(), "updatedAt": epoch()}
    service.deployments.insert(0, deployment)
    service.is_steady = False
    later(
        due_after(moment, "ecs.deployment_pending"),
        start,
        service.account_id,
        service.region,
        service.arn,
        deployment.arn,
    )
    return deployment


def new_revision(service: Service) -> Revision:
    data = {name: service.data[name] for name in REVISION_FIELDS if service.data.get(name) is not None}
    revision = Revision(service.arn.replace(":service/", ":service-revision/") + f"/{new_number()}", data)
    service.revisions.append(revision)
    return revision


def last_completed(rollouts: list[Rollout]) -> Rollout | None:
    return next((one for one in rollouts if one.state == "COMPLETED"), None)


def start(moment: float, account_id: str, region: str, service_arn: str, deployment_arn: str):
    service = regions[account_id, region].services.get(service_arn)
    if service is None or service.status != "ACTIVE":
        return
    deployment = next((one for one in service.deployments if one.arn == deployment_arn), None)
    for old in service.deployments:
        if old.status == "STOP_REQUESTED" and old is not deployment:
            finish(old, "STOPPED", old.reason)
    if deployment is None or deployment.status != "PENDING":
        return
    deployment.status = "IN_PROGRESS"
    deployment.times |= {"startedAt": epoch(), "updatedAt": epoch()}
    if breaker_is_on(deployment):
        deployment.breaker = "MONITORING"
    if (deployment.configuration.get("alarms") or {}).get("enable"):
        deployment.alarms = "MONITORING"
        deployment.ignored_alarms = alarms_in_alarm(service, deployment)
    traffic.begin(service, deployment, moment)
    service_due.publish(service, moment)


# --- failing --------------------------------------------------------------------------------------


def breaker_is_on(deployment: Deployment) -> bool:
    return (
        bool((deployment.configuration.get("deploymentCircuitBreaker") or {}).get("enable"))
        and deployment.status == "IN_PROGRESS"
    )


def threshold(desired: int) -> int:
    return max(3, min(200, -(-desired // 2)))


def failed(service: Service, deployment: Deployment, moment: float) -> bool:
    """True if the circuit breaker or an alarm has ended it."""
    if deployment.breaker == "MONITORING" and deployment.target.failed_tasks >= threshold(service.desired):
        deployment.breaker = "TRIGGERED"
        rollback = deployment.configuration["deploymentCircuitBreaker"].get("rollback")
        fail(
            service,
            deployment,
            moment,
            "tasks failed to start.",
            "ECS deployment circuit breaker",
            rollback,
            "Service deployment circuit breaker threshold was exceeded.",
        )
        return True
    if deployment.alarms == "MONITORING":
        triggered = [
            name for name in alarms_in_alarm(service, deployment) if name not in deployment.ignored_alarms
        ]
        if triggered:
            deployment.alarms, deployment.triggered_alarms = "TRIGGERED", triggered
            fail(
                service,
                deployment,
                moment,
                "alarm detected.",
                "ECS deployment alarm",
                deployment.configuration["alarms"].get("rollback"),
                f"Service deployment alarms were triggered: {', '.join(triggered)}.",
            )
            return True
    return False


def alarms_in_alarm(service: Service, deployment: Deployment) -> list[str]:
    named = deployment.configuration["alarms"].get("alarmNames") or []
    states = {
        entry.alarm["AlarmName"]: entry.alarm.get("StateValue")
        for entry in list(store(service.account_id, service.region).alarms.values())
    }
    return [name for name in named if states.get(name) == "ALARM"]


def fail(
    service: Service, deployment: Deployment, moment: float, why: str, who: str, rollback: bool, reason: str
):
    target = deployment.target
    target.state, target.reason, target.updated_at = "FAILED", f"{who}: {why}", epoch()
    service.say(f"(deployment {target.id}) deployment failed: {why}")
    if rollback:
        begin(service, deployment, moment, reason, who)
    else:
        traffic.restore_traffic(service, deployment)
        finish(deployment, "STOPPED", reason)


def finish(deployment: Deployment, status: str, reason: str):
    deployment.status, deployment.reason, deployment.stage = status, reason, None
    deployment.times |= {"stoppedAt": epoch(), "finishedAt": epoch(), "updatedAt": epoch()}


# --- rolling back ---------------------------------------------------------------------------------


def begin(service: Service, deployment: Deployment, moment: float, reason: str, who: str = "ECS deployment"):
    source = last_completed(deployment.sources)
    if deployment.target.state != "FAILED":
        deployment.target.state, deployment.target.reason = "FAILED", reason
    if source is None:
        finish(deployment, "ROLLBACK_FAILED", NO_CANDIDATE)
        return
    traffic.restore_traffic(service, deployment)
    deployment.status, deployment.reason, deployment.stage = "ROLLBACK_IN_PROGRESS", reason, None
    deployment.steady_since = deployment.stage_ends = None
    deployment.rollback = {"reason": reason, "startedAt": epoch(), "serviceRevisionArn": source.revision.arn}
    deployment.times["updatedAt"] = epoch()
    source.state, source.reason = "IN_PROGRESS", f"{who}: rolling back to deploymentId {source.id}."
    service.rollouts = [source, *(one for one in service.rollouts if one is not source)]
    service.data = {
        name: value for name, value in service.data.items() if name not in REVISION_FIELDS
    } | source.revision.data
    service.say(f"rolling back to deployment {source.id}.")


def release_definitions(service: Service, moment: float):
    """The rollouts that end no longer use their task definitions."""
    for arn in {rollout.revision.data["taskDefinition"] for rollout in service.rollouts}:
        later(moment, release_definition, service.account_id, service.region, arn)


# --- completing -----------------------------------------------------------------------------------


def complete(service: Service, deployment: Deployment, moment: float):
    primary = service.primary
    primary.state, primary.reason, primary.updated_at = (
        "COMPLETED",
        f"ECS deployment {primary.id} completed.",
        epoch(),
    )
    deployment.status = "ROLLBACK_SUCCESSFUL" if deployment.status == "ROLLBACK_IN_PROGRESS" else "SUCCESSFUL"
    deployment.times |= {"finishedAt": epoch(), "updatedAt": epoch()}
    deployment.stage = None
    for kind in ("breaker", "alarms"):
        if getattr(deployment, kind) == "MONITORING":
            setattr(deployment, kind, "MONITORING_COMPLETE")
    release_definitions(service, moment)
    service.rollouts = [primary]
    service.is_steady = True
    service.say(f"(deployment {primary.id}) deployment completed.")
    service.say("has reached a steady state.")
