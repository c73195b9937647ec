"""ECS: service deployments and service revisions, as they are listed, described and stopped.

AWS rules followed: the newest first; stopping means rolling back to the last completed revision, and only
one that is under way can be stopped.
"""

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.services.ecs import rollback
from isobar_localstack.services.ecs.service_checks import check_controller
from isobar_localstack.services.ecs.services import counted
from isobar_localstack.services.ecs.state import (
    Deployment,
    Revision,
    Service,
    failure,
    find_cluster,
    find_service,
    here,
    invalid,
    regions,
)
from isobar_localstack.services.ecs.traffic import STAGES
from isobar_localstack.services.ecs.turns import in_turn

PER_PAGE = 20
MOST_DESCRIBED = 20
STOPPABLE = ("PENDING", "IN_PROGRESS")


def operations() -> dict:
    return {
        "ListServiceDeployments": in_turn(list_all),
        "DescribeServiceDeployments": in_turn(describe),
        "StopServiceDeployment": in_turn(stop),
        "DescribeServiceRevisions": in_turn(describe_revisions),
    }


def list_all(context, request):
    cluster = find_cluster(context, request.get("cluster") or cluster_in(request["service"]))
    service = find_service(context, cluster, request["service"])
    check_controller(service)
    wanted, created = request.get("status") or [], request.get("createdAt") or {}
    chosen = [
        brief(service, one)
        for one in service.deployments
        if (not wanted or one.status in wanted) and is_between(one.times["createdAt"], created)
    ]
    size = min(request.get("maxResults") or PER_PAGE, 100)
    listed, token = page(chosen, request.get("nextToken"), size, invalid("Invalid token"))
    if consistency.not_visible_yet("consistency.ecs_describe", service.arn):
        listed, token = [], None
    return {"serviceDeployments": listed} | ({"nextToken": token} if token else {})


def cluster_in(name_or_arn: str) -> str | None:
    """From the ARN of a service."""
    parts = name_or_arn.split("/")
    return parts[-2] if len(parts) > 2 else None


def is_between(moment: float, limits: dict) -> bool:
    before, after = limits.get("before"), limits.get("after")
    return (before is None or moment <= seconds(before)) and (after is None or moment >= seconds(after))


def seconds(value) -> float:
    return value.timestamp() if hasattr(value, "timestamp") else float(value)


def brief(service: Service, deployment: Deployment) -> dict:
    times = {
        name: deployment.times[name]
        for name in ("createdAt", "startedAt", "finishedAt")
        if name in deployment.times
    }
    return (
        {
            "serviceDeploymentArn": deployment.arn,
            "serviceArn": service.arn,
            "clusterArn": service.cluster.arn,
            "targetServiceRevisionArn": deployment.target.revision.arn,
            "status": deployment.status,
        }
        | times
        | ({"statusReason": deployment.reason} if deployment.reason else {})
    )


def find(context, arn: str) -> tuple[Service, Deployment] | None:
    for service in regions[context.account_id, context.region].services.values():
        for deployment in service.deployments:
            if deployment.arn == arn:
                return service, deployment
    return None


def describe(context, request):
    arns = request["serviceDeploymentArns"]
    if len(arns) > MOST_DESCRIBED:
        raise invalid(f"Service deployments cannot have more than {MOST_DESCRIBED} elements.")
    found = {arn: find(context, arn) for arn in arns}
    return {
        "serviceDeployments": [to_response(*there) for there in found.values() if there],
        "failures": [failure(arn) for arn, there in found.items() if there is None],
    }


def to_response(service: Service, deployment: Deployment) -> dict:
    shifts = deployment.stage in STAGES or deployment.weight
    target = counted(service, deployment.target)
    sources = [counted(service, one) for one in deployment.sources]
    if shifts:
        target |= weights(deployment.test_weight, deployment.weight)
        sources = [one | weights(100 - deployment.test_weight, 100 - deployment.weight) for one in sources]
    answer = {
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "status": deployment.status,
        "sourceServiceRevisions": sources,
        "targetServiceRevision": target,
        "deploymentConfiguration": deployment.configuration,
        "deploymentCircuitBreaker": {
            "status": deployment.breaker,
            "failureCount": deployment.target.failed_tasks,
            "threshold": rollback.threshold(service.desired),
        },
        "alarms": {
            "status": deployment.alarms,
            "alarmNames": (deployment.configuration.get("alarms") or {}).get("alarmNames") or [],
            "triggeredAlarmNames": deployment.triggered_alarms,
        },
    } | deployment.times
    optional = {
        "statusReason": deployment.reason,
        "lifecycleStage": deployment.stage,
        "rollback": deployment.rollback,
    }
    return answer | {name: value for name, value in optional.items() if value}


def weights(test: float, production: float) -> dict:
    return {"requestedTestTrafficWeight": test, "requestedProductionTrafficWeight": production}


def stop(context, request):
    if (request.get("stopType") or "ROLLBACK") != "ROLLBACK":
        raise invalid("The stop type is not supported. Specify ROLLBACK and try again.")
    found = find(context, request["serviceDeploymentArn"])
    if found is None:
        raise error("ServiceDeploymentNotFoundException", "Service deployment not found.")
    service, deployment = found
    if deployment.status not in STOPPABLE:
        raise error(
            "ConflictException",
            f"Service deployment cannot be stopped because its status is {deployment.status}.",
        )
    deployment.status = "ROLLBACK_REQUESTED"
    deployment.times["updatedAt"] = epoch()
    return {"serviceDeploymentArn": deployment.arn}


def describe_revisions(context, request):
    there = {
        one.arn: (service, one) for service in here(context).services.values() for one in service.revisions
    }
    arns = request["serviceRevisionArns"]
    if len(arns) > MOST_DESCRIBED:
        raise invalid(f"Service revisions cannot have more than {MOST_DESCRIBED} elements.")
    return {
        "serviceRevisions": [revision_to_response(*there[arn]) for arn in arns if arn in there],
        "failures": [failure(arn) for arn in arns if arn not in there],
    }


def revision_to_response(service: Service, revision: Revision) -> dict:
    return revision.data | {
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster.arn,
        "createdAt": revision.created_at,
        "guardDutyEnabled": False,
    }
