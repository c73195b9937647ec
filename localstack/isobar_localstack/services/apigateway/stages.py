"""API Gateway (REST): deployments and stages.

Gaps of LocalStack closed here: a deployment of a method without integration was accepted, one
that a stage points to could be deleted, patches of a stage were lost in part or came back in
other types, logging did not ask for the account's role.

LocalStack's own stage is kept in step (deployment and variables), since its request router reads
it; what clients see is kept here.
"""

import time

from isobar_localstack.core.errors import error
from isobar_localstack.services.apigateway import deployed
from isobar_localstack.services.apigateway import vpc_links as links
from isobar_localstack.services.apigateway.state import (
    Stage,
    answer_page,
    bad_request,
    find_api,
    logging_role,
    stages_of,
)

METHOD_SETTINGS = {
    "logging/loglevel": ("loggingLevel", str),
    "logging/dataTrace": ("dataTraceEnabled", bool),
    "metrics/enabled": ("metricsEnabled", bool),
    "throttling/rateLimit": ("throttlingRateLimit", float),
    "throttling/burstLimit": ("throttlingBurstLimit", int),
    "caching/enabled": ("cachingEnabled", bool),
    "caching/ttlInSeconds": ("cacheTtlInSeconds", int),
    "caching/dataEncrypted": ("cacheDataEncrypted", bool),
    "caching/requireAuthorizationForCacheControl": ("requireAuthorizationForCacheControl", bool),
    "caching/unauthorizedCacheControlHeaderStrategy": ("unauthorizedCacheControlHeaderStrategy", str),
}
METHOD_DEFAULTS = {
    "metricsEnabled": False,
    "dataTraceEnabled": False,
    "throttlingBurstLimit": 5000,
    "throttlingRateLimit": 10000.0,
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "cacheDataEncrypted": False,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}
PLAIN = ("description", "documentationVersion", "clientCertificateId", "cacheClusterSize")


def operations(original: dict) -> dict:
    return {
        "CreateDeployment": create_deployment(original["CreateDeployment"]),
        "GetDeployments": list_deployments,
        "GetDeployment": get_deployment,
        "DeleteDeployment": delete_deployment(original["DeleteDeployment"]),
        "CreateStage": create_stage(original["CreateStage"]),
        "GetStage": lambda context, request: describe(find(context, request)[1]),
        "GetStages": list_stages,
        "UpdateStage": update_stage,
        "DeleteStage": delete_stage(original["DeleteStage"]),
    }


# --- deployments ----------------------------------------------------------------------------------


def create_deployment(original):
    def create(context, request):
        api = find_api(context, request)
        methods = [m for resource in api.resources.values() for m in resource.resource_methods.values()]
        if not methods:
            raise bad_request("The REST API doesn't contain any methods")
        if not all(method.method_integration for method in methods):
            raise bad_request("No integration defined for method")
        answer = original(context, request)
        deployed.keep(api, answer["id"])
        name = request.get("stageName")
        if name:
            stage_from_deployment(context, api, name, answer["id"], request)
        return describe_deployment(api.deployments[answer["id"]])

    return create


def stage_from_deployment(context, api, name: str, deployment_id: str, request):
    stage = stages_of(api).get(name)
    if stage is None:
        data = new_stage(name, deployment_id, request | {"description": request.get("stageDescription")})
        stages_of(api)[name] = Stage(data, {})
        return
    stage.data["deploymentId"] = deployment_id
    if request.get("variables"):
        stage.data["variables"] = dict(request["variables"])
    stage.data["lastUpdatedDate"] = int(time.time())


def describe_deployment(deployment) -> dict:
    described = {"id": deployment.id, "createdDate": deployment.created_date}
    return described | ({"description": deployment.description} if deployment.description else {})


def find_deployment(context, request):
    api = find_api(context, request)
    try:
        return api, api.deployments[request["deploymentId"]]
    except KeyError:
        raise error("NotFoundException", "Invalid Deployment identifier specified", 404) from None


def get_deployment(context, request):
    return describe_deployment(find_deployment(context, request)[1])


def list_deployments(context, request):
    deployments = [describe_deployment(d) for d in find_api(context, request).deployments.values()]
    return answer_page("items", deployments, request)


def delete_deployment(original):
    def delete(context, request):
        api, deployment = find_deployment(context, request)
        if any(uses(stage, deployment.id) for stage in stages_of(api).values()):
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
        deployment.stage_name = None  # moto would ask the stage it was made with
        return original(context, request)

    return delete


def uses(stage: Stage, deployment_id: str) -> bool:
    canary = stage.data.get("canarySettings") or {}
    return deployment_id in (stage.data["deploymentId"], canary.get("deploymentId"))


# --- stages ---------------------------------------------------------------------------------------


def find_or_none(api, name: str) -> Stage | None:
    return stages_of(api).get(name)


def find(context, request):
    api = find_api(context, request)
    stage = find_or_none(api, request["stageName"])
    if stage is None:
        raise error("NotFoundException", "Invalid stage identifier specified", 404)
    return api, stage


def describe(stage: Stage) -> dict:
    shown = {name: value for name, value in stage.data.items() if value not in (None, "")}
    if not shown.get("variables"):
        shown.pop("variables", None)
    settings = {path: METHOD_DEFAULTS | values for path, values in stage.settings.items()}
    return shown | {"methodSettings": settings, "tags": dict(stage.tags)}


def new_stage(name: str, deployment_id: str, request) -> dict:
    now = int(time.time())
    data = {
        "stageName": name,
        "deploymentId": deployment_id,
        "variables": dict(request.get("variables") or {}),
        "tracingEnabled": bool(request.get("tracingEnabled")),
        "cacheClusterEnabled": bool(request.get("cacheClusterEnabled")),
        "cacheClusterStatus": "AVAILABLE" if request.get("cacheClusterEnabled") else "NOT_AVAILABLE",
        "createdDate": now,
        "lastUpdatedDate": now,
    }
    data |= {field_name: request.get(field_name) for field_name in PLAIN}
    if request.get("canarySettings"):
        data["canarySettings"] = {"percentTraffic": 0.0, "useStageCache": False} | request["canarySettings"]
    return data


def create_stage(original):
    def create(context, request):
        api, name = find_api(context, request), request["stageName"]
        if name in stages_of(api):
            raise error("ConflictException", "Stage already exists", 409)
        if not set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"):
            raise bad_request("Stage name only allows a-zA-Z0-9_-")
        if request["deploymentId"] not in api.deployments:
            raise bad_request("Deployment id does not exist")
        check_variables(request.get("variables") or {})
        original(context, request)
        stage = Stage(new_stage(name, request["deploymentId"], request), dict(request.get("tags") or {}))
        stages_of(api)[name] = stage
        return describe(stage)

    return create


def list_stages(context, request):
    wanted = request.get("deploymentId")
    stages = stages_of(find_api(context, request)).values()
    return {"item": [describe(s) for s in stages if not wanted or s.data["deploymentId"] == wanted]}


def delete_stage(original):
    def delete(context, request):
        api, _ = find(context, request)
        links.check_not_mapped(context, api.id, request["stageName"])
        links.check_not_planned(context, api.id, request["stageName"])
        original(context, request)
        del stages_of(api)[request["stageName"]]

    return delete


def check_variables(variables: dict):
    import re

    for name, value in variables.items():
        if not re.fullmatch(r"[A-Za-z0-9_]+", name) or not re.fullmatch(
            r"[A-Za-z0-9\-._~:/?#&=,]+", value or ""
        ):
            raise bad_request(f"Stage variable {name} has a name or value that is not allowed")


# --- patches of a stage ---------------------------------------------------------------------------


def update_stage(context, request):
    import copy

    api, stage = find(context, request)
    changed = copy.deepcopy(stage)  # nothing may stay when a later patch is refused
    for patch in request.get("patchOperations") or []:
        patch_stage(context, api, changed, patch)
    changed.data["lastUpdatedDate"] = int(time.time())
    stages_of(api)[request["stageName"]] = changed
    keep_in_step(context, api, changed)
    return describe(changed)


def patch_stage(context, api, stage: Stage, patch):
    op, path, value = patch["op"], patch["path"], patch.get("value")
    parts = path.strip("/").split("/")
    if op == "copy":
        return promote_canary(stage, path, patch.get("from"))
    if op not in ("replace", "add", "remove"):
        raise bad_request(f"Invalid patch operation '{op}'")
    removed = op == "remove"
    if path == "/deploymentId":
        check_deployment(api, value)
        stage.data["deploymentId"] = value
    elif path in ("/tracingEnabled", "/cacheClusterEnabled"):
        stage.data[path[1:]] = str(value).lower() == "true"
    elif parts[0] in PLAIN and len(parts) == 1:
        stage.data[parts[0]] = None if removed else value
    elif parts[0] == "variables" and len(parts) == 2:
        patch_variable(stage.data["variables"], parts[1], removed, value)
    elif parts[0] == "accessLogSettings":
        patch_access_log(context, stage, parts[1:], removed, value)
    elif parts[0] == "canarySettings":
        patch_canary(api, stage, parts[1:], removed, value)
    else:
        patch_method_setting(context, stage, parts, removed, value)


def check_deployment(api, deployment_id):
    if deployment_id not in api.deployments:
        raise bad_request("Deployment id does not exist")


def patch_variable(variables: dict, name: str, removed: bool, value):
    if removed:
        variables.pop(name, None)
        return
    check_variables({name: value})
    variables[name] = value


def patch_access_log(context, stage: Stage, parts: list, removed: bool, value):
    if removed and not parts:
        stage.data.pop("accessLogSettings", None)
        return
    if parts not in (["destinationArn"], ["format"]):
        raise bad_request(f"Invalid patch path /accessLogSettings/{'/'.join(parts)}")
    current = dict(stage.data.get("accessLogSettings") or {})
    current.pop(parts[0], None)
    if not removed:
        require_logging_role(context)
        current[parts[0]] = value
    stage.data["accessLogSettings"] = current or None


def require_logging_role(context):
    if not logging_role(context):
        raise bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")


def patch_method_setting(context, stage: Stage, parts: list, removed: bool, value):
    """`/{resource with ~1 for /}/{METHOD}/{setting}`; `/*/*/...` is for all methods."""
    method, setting = "/".join(parts[:2]), "/".join(parts[2:])
    if removed and len(parts) == 2:
        if stage.settings.pop(method, None) is None:
            raise bad_request(
                f"Cannot remove method setting {method} because there is no method setting for this method"
            )
        return
    if setting not in METHOD_SETTINGS:
        raise bad_request(f"Invalid method setting path: /{'/'.join(parts)}")
    name, kind = METHOD_SETTINGS[setting]
    if removed:
        stage.settings.get(method, {}).pop(name, None)
        return
    if name == "loggingLevel":
        if value not in ("OFF", "ERROR", "INFO"):
            raise bad_request("Invalid value for loggingLevel: it must be OFF, ERROR or INFO")
        if value != "OFF":
            require_logging_role(context)
    stage.settings.setdefault(method, {})[name] = typed(kind, value)


def typed(kind, value):
    if kind is bool:
        return str(value).lower() == "true"
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise bad_request(f"Invalid value {value} for a method setting") from None


def patch_canary(api, stage: Stage, parts: list, removed: bool, value):
    if removed and not parts:
        stage.data.pop("canarySettings", None)
        return
    defaults = {"deploymentId": stage.data["deploymentId"], "percentTraffic": 0.0, "useStageCache": False}
    canary = defaults | (stage.data.get("canarySettings") or {})
    match parts:
        case ["deploymentId"]:
            check_deployment(api, value)
            canary["deploymentId"] = value
        case ["percentTraffic"]:
            canary["percentTraffic"] = typed(float, value)
        case ["useStageCache"]:
            canary["useStageCache"] = typed(bool, value)
        case ["stageVariableOverrides", name]:
            overrides = dict(canary.get("stageVariableOverrides") or {})
            patch_variable(overrides, name, removed, value)
            canary["stageVariableOverrides"] = overrides
        case _:
            raise bad_request(f"Invalid patch path /canarySettings/{'/'.join(parts)}")
    stage.data["canarySettings"] = canary


def promote_canary(stage: Stage, path: str, source: str | None):
    canary = stage.data.get("canarySettings")
    if not canary:
        raise bad_request("Promotion not available. Canary does not exist.")
    if (path, source) == ("/deploymentId", "/canarySettings/deploymentId"):
        stage.data["deploymentId"] = canary["deploymentId"]
    elif (path, source) == ("/variables", "/canarySettings/stageVariableOverrides"):
        stage.data["variables"] |= canary.get("stageVariableOverrides") or {}
    else:
        raise bad_request(f"Invalid copy operation with path: {path} and from {source}")


def keep_in_step(context, api, stage: Stage):
    from localstack.services.apigateway.models import apigateway_stores

    name, deployment_id = stage.data["stageName"], stage.data["deploymentId"]
    inner = api.stages[name]
    inner.deployment_id, inner.variables = deployment_id, dict(stage.data["variables"])
    active = apigateway_stores[context.account_id][context.region].active_deployments
    active.setdefault(api.id.lower(), {})[name] = deployment_id
