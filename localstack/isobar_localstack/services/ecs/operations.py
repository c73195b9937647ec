"""ECS: its operations, and account settings."""

from isobar_localstack.services.ecs import (
    clusters,
    deployments,
    services,
    tags,
    task_definitions,
    task_operations,
)

SETTINGS = {
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "containerInstanceLongArnFormat": "enabled",
    "defaultLogDriverMode": "non-blocking",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "serviceLongArnFormat": "enabled",
    "tagResourceAuthorization": "off",
    "taskLongArnFormat": "enabled",
}
PARTS = (clusters, task_definitions, services, deployments, task_operations, tags)


def operations(original: dict) -> dict:
    own = {name: handler for part in PARTS for name, handler in part.operations().items()}
    return own | {"ListAccountSettings": list_account_settings}


def list_account_settings(context, request):
    wanted, value = request.get("name"), request.get("value")
    principal = request.get("principalArn") or f"arn:aws:iam::{context.account_id}:root"
    chosen = {
        name: set_to
        for name, set_to in SETTINGS.items()
        if wanted in (None, name) and value in (None, set_to)
    }
    if not request.get("effectiveSettings"):
        return {"settings": []}  # nothing was ever set here
    shown = [
        {"name": name, "value": set_to, "principalArn": principal, "type": "user"}
        for name, set_to in chosen.items()
    ]
    return {"settings": shown}
