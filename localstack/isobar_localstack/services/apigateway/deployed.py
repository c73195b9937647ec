"""API Gateway (REST): what is deployed: the methods of an API as they were when the deployment was made.

AWS rule followed: a deployment is a snapshot; what is changed in the API afterwards is served by no stage before it
is deployed in its turn.
"""

from collections.abc import Iterator

from isobar_localstack.services.apigateway.state import Stage, stages_of

INTEGRATION = {
    "type": "integration_type",
    "uri": "uri",
    "credentials": "credentials",
    "connectionType": "connection_type",
    "connectionId": "connection_id",
    "integrationTarget": "integration_target",
}


def keep(api, deployment_id: str):
    """The deployment takes its snapshot."""
    api.deployments[deployment_id].isobar_methods = {
        (name, resource.get_path()): {"resource": resource.id, "integration": integration_of(method)}
        for resource in api.resources.values()
        for name, method in resource.resource_methods.items()
    }


def integration_of(method) -> dict:
    made = method.method_integration
    return {name: getattr(made, attribute, None) for name, attribute in INTEGRATION.items()} if made else {}


def methods(api, deployment_id: str | None) -> dict[tuple[str, str], dict] | None:
    """By method and path, what a deployment has; None if there is no such deployment."""
    deployment = api.deployments.get(deployment_id)
    return None if deployment is None else getattr(deployment, "isobar_methods", {})


def deployments_of(stage: Stage) -> list[str]:
    """The stage's deployment and that of its canary, if this gets requests."""
    canary = stage.data.get("canarySettings") or {}
    second = [canary["deploymentId"]] if canary.get("percentTraffic") and canary.get("deploymentId") else []
    return list(dict.fromkeys([stage.data["deploymentId"], *second]))


def served(api) -> Iterator[tuple[str, str, dict]]:
    """Stage, method and what it leads to, for every method that any stage serves."""
    for name, stage in list(stages_of(api).items()):
        canary = (stage.data.get("canarySettings") or {}).get("deploymentId")
        for deployment_id in dict.fromkeys([stage.data["deploymentId"], canary]):
            for (method, _), made in (methods(api, deployment_id) or {}).items():
                yield name, method, made
