"""ECS: clusters.

AWS rules followed: creating a cluster that exists answers with it as it is; a deleted one is INACTIVE and
is revived, as new, by the same name; a cluster with services or tasks cannot be deleted; what is
described besides the essentials has to be asked for with `include`; a provider in the default strategy has
to be one of the cluster's. The first cluster of an account makes ECS's service-linked role, which with
eventual consistency cannot be used at once.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.services.ecs.state import (
    Cluster,
    arn_of,
    client_error,
    failure,
    find_cluster,
    here,
    invalid,
    last_part,
    service_linked,
    tag_dict,
    tag_list,
)
from isobar_localstack.services.ecs.turns import in_turn

MOST_DESCRIBED = 100
PER_PAGE = 100
AWS_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


def operations() -> dict:
    return {
        "CreateCluster": in_turn(create),
        "DescribeClusters": in_turn(describe),
        "ListClusters": in_turn(consistency.eventually_listed("clusterArns", None, "ecs")(list_all)),
        "UpdateCluster": in_turn(update),
        "UpdateClusterSettings": in_turn(update),
        "PutClusterCapacityProviders": in_turn(put_providers),
        "DeleteCluster": in_turn(delete),
    }


def create(context, request):
    check_service_linked_role(context)
    name = request.get("clusterName") or "default"
    cluster = here(context).clusters.get(name)
    if cluster is None or cluster.status == "INACTIVE":
        check_providers(request)
        cluster = Cluster(
            arn_of(context, f"cluster/{name}"),
            name,
            tag_dict(request.get("tags")),
            settings_of(request),
            request.get("configuration") or {},
            request.get("serviceConnectDefaults") or {},
            request.get("capacityProviders") or [],
            strategy_of(request.get("defaultCapacityProviderStrategy")),
        )
        here(context).clusters[name] = cluster
        consistency.mark_created(context, "ecs", cluster.arn)
    return {"cluster": to_response(context, cluster, {"TAGS", "SETTINGS", "CONFIGURATIONS"})}


def check_service_linked_role(context):
    """ECS makes it at the first use; who comes right after that is told to try again [doc]."""
    if context.account_id not in service_linked:
        service_linked.add(context.account_id)
        consistency.mark("consistency.ecs_service_linked_role", context.account_id)
    if consistency.not_visible_yet("consistency.ecs_service_linked_role", context.account_id):
        raise invalid(
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists."
        )


def settings_of(request) -> list[dict]:
    return request.get("settings") or [{"name": "containerInsights", "value": "disabled"}]


def strategy_of(strategy) -> list[dict]:
    return [{"weight": 0, "base": 0} | item for item in strategy or []]


def check_providers(request):
    for name in request.get("capacityProviders") or []:
        if last_part(name) not in AWS_PROVIDERS:
            raise invalid(
                f"The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again."
            )
    for item in request.get("defaultCapacityProviderStrategy") or []:
        if item["capacityProvider"] not in (request.get("capacityProviders") or []):
            raise invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
                "the cluster. Associate the capacity provider with the cluster and try again."
            )


def describe(context, request):
    names = request.get("clusters") or ["default"]
    if len(names) > MOST_DESCRIBED:
        raise invalid(f"Clusters cannot have more than {MOST_DESCRIBED} elements.")
    found, failures = [], []
    for name in names:
        cluster = here(context).clusters.get(last_part(name))
        if cluster is None:
            failures.append(failure(arn_of(context, f"cluster/{last_part(name)}")))
        else:
            found.append(to_response(context, cluster, set(request.get("include") or [])))
    return {"clusters": found, "failures": failures}


def to_response(context, cluster: Cluster, include: set) -> dict:
    services = [
        one for one in here(context).services.values() if one.cluster is cluster and one.status == "ACTIVE"
    ]
    tasks = [task for task in here(context).tasks.values() if task.cluster == cluster.arn]
    answer = {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "activeServicesCount": len(services),
        "runningTasksCount": sum(task.status == "RUNNING" for task in tasks),
        "pendingTasksCount": sum(task.status in ("PROVISIONING", "PENDING") for task in tasks),
        "statistics": [],
        "tags": tag_list(cluster.tags) if "TAGS" in include else [],
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacityProviders": cluster.providers,
        "defaultCapacityProviderStrategy": cluster.strategy,
    }
    if "CONFIGURATIONS" in include and cluster.configuration:
        answer["configuration"] = cluster.configuration
    if cluster.service_connect:
        answer["serviceConnectDefaults"] = cluster.service_connect
    return answer


def list_all(context, request):
    arns = sorted(cluster.arn for cluster in here(context).clusters.values() if cluster.status != "INACTIVE")
    listed, token = page(
        arns,
        request.get("nextToken"),
        min(request.get("maxResults") or PER_PAGE, PER_PAGE),
        invalid("Invalid token"),
    )
    return {"clusterArns": listed} | ({"nextToken": token} if token else {})


def update(context, request):
    cluster = find_cluster(context, request["cluster"])
    if request.get("settings"):
        new = {setting["name"]: setting for setting in request["settings"]}
        cluster.settings = [setting for setting in cluster.settings if setting["name"] not in new] + list(
            new.values()
        )
    if "configuration" in request:
        cluster.configuration = request["configuration"]
    if "serviceConnectDefaults" in request:
        cluster.service_connect = (
            {}
            if not request["serviceConnectDefaults"].get("namespace")
            else request["serviceConnectDefaults"]
        )
    return {"cluster": to_response(context, cluster, {"TAGS", "SETTINGS", "CONFIGURATIONS"})}


def put_providers(context, request):
    cluster = find_cluster(context, request["cluster"])
    check_providers(request)
    if gone := set(cluster.providers) - set(request["capacityProviders"]):
        check_not_used(context, cluster, gone)
    cluster.providers = request["capacityProviders"]
    cluster.strategy = strategy_of(request["defaultCapacityProviderStrategy"])
    return {"cluster": to_response(context, cluster, {"TAGS", "SETTINGS", "CONFIGURATIONS"})}


def check_not_used(context, cluster: Cluster, providers: set):
    for service in here(context).services.values():
        if service.cluster is cluster and service.status != "INACTIVE":
            used = {
                item["capacityProvider"] for item in service.data.get("capacityProviderStrategy") or []
            } & providers
            if used:
                raise error(
                    "ResourceInUseException",
                    f"The specified capacity provider is in use and cannot be removed: {sorted(used)[0]}",
                )


def delete(context, request):
    cluster = find_cluster(context, request["cluster"])
    if any(one.cluster is cluster and one.status != "INACTIVE" for one in here(context).services.values()):
        raise error(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if any(task.cluster == cluster.arn and task.status != "STOPPED" for task in here(context).tasks.values()):
        raise error("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    cluster.status = "INACTIVE"
    return {"cluster": to_response(context, cluster, set())}


def find_tagged(context, arn: str) -> Cluster:
    cluster = here(context).clusters.get(last_part(arn))
    if cluster is None or cluster.status == "INACTIVE":
        raise client_error("The specified cluster is inactive. Specify an active cluster and try again.")
    return cluster
