"""RDS: global clusters.

AWS rules followed: one is made empty or around a cluster that stands, which then gives engine, version, database and
encryption; it is of the account and found in every region; its version is changed only to another major one, for all
members at once, whose parameter groups then are the defaults; deleting one with members, or just after the last has
left, is refused, and so is a protected one.
"""

from isobar_localstack.core.durations import is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.realism import quotas
from isobar_localstack.services.rds import cluster_settings, endpoints, engines, membership, upgrades
from isobar_localstack.services.rds.reading import filtered, is_new, mark_new, paged, without_empty
from isobar_localstack.services.rds.state import (
    Cluster,
    GlobalCluster,
    check_available,
    contradictory,
    find_cluster,
    find_global,
    forwarding_status,
    global_clusters,
    global_of,
    go_through,
    invalid,
    no_global,
)

OF_THE_SOURCE = ("Engine", "EngineVersion", "DatabaseName", "StorageEncrypted")
SERVED = {"GlobalClusterIdentifier", "DeletionProtection", "EngineVersion", "AllowMajorVersionUpgrade"}


def operations() -> dict:
    return {
        "CreateGlobalCluster": create,
        "DescribeGlobalClusters": describe_all,
        "ModifyGlobalCluster": modify,
        "DeleteGlobalCluster": delete,
        "RemoveFromGlobalCluster": remove_member,
    }


# --- making ---------------------------------------------------------------------------------------


def create(context, request):
    name = request["GlobalClusterIdentifier"].lower()
    if (context.account_id, name) in global_clusters:
        raise error("GlobalClusterAlreadyExistsFault", f"Global cluster {name} already exists")
    source = source_of(context, request)
    settings = settings_of(source) if source else new_settings(context, request)
    of_account = [key for key in global_clusters if key[0] == context.account_id]
    quotas.check("rds_global_clusters", len(of_account) + 1)
    settings["DeletionProtection"] = bool(request.get("DeletionProtection"))
    settings["EngineLifecycleSupport"] = request.get("EngineLifecycleSupport") or cluster_settings.LIFECYCLE
    made = GlobalCluster(context.account_id, name, context.region, settings, tag_dict(request.get("Tags")))
    go_through(made, ("creating", "rds.global_creating"), "available")
    global_clusters[context.account_id, name] = made
    if source:
        membership.join(source, made)
    mark_new(context, "global", name)
    return {"GlobalCluster": to_response(made)}


def source_of(context, request) -> Cluster | None:
    identifier = request.get("SourceDBClusterIdentifier")
    if not identifier:
        return None
    if given := [name for name in OF_THE_SOURCE if request.get(name) is not None]:
        raise contradictory(f"{given[0]} cannot be specified when a source DB cluster is specified.")
    membership.check_arn(identifier)
    source = find_cluster(context, identifier)
    check_available(source)
    if global_of(source):
        raise error(
            "InvalidDBClusterStateFault", f"Cluster {source.arn} is a member of a global cluster already"
        )
    engines.check_global(engines.Version(source.engine, source.version))
    return source


def settings_of(source: Cluster) -> dict:
    return {name: source.settings.get(name) for name in (*OF_THE_SOURCE, "StorageEncryptionType")}


def new_settings(context, request) -> dict:
    if not request.get("Engine"):
        raise invalid("When creating standalone global cluster, value for engineName should be specified")
    version = engines.chosen(context, request["Engine"], request.get("EngineVersion"))
    engines.check_global(version)
    encrypted = bool(request.get("StorageEncrypted"))
    return {
        "Engine": version.engine,
        "EngineVersion": version.name,
        "DatabaseName": request.get("DatabaseName"),
        "StorageEncrypted": encrypted,
        "StorageEncryptionType": "sse-kms" if encrypted else "sse-rds",
    }


# --- describing -----------------------------------------------------------------------------------


def describe_all(context, request):
    if identifier := request.get("GlobalClusterIdentifier"):
        found = find_global(context, identifier)
        if is_new(context, "global", found.name):
            raise no_global(identifier)
        every = [found]
    else:
        own = sorted(key for key in global_clusters if key[0] == context.account_id)
        every = [global_clusters[key] for key in own if not is_new(context, "global", key[1])]
    every = filtered(every, request, {"region": lambda one: [member.region for member in one.members]})
    return paged("GlobalClusters", [to_response(one) for one in every], request)


def to_response(cluster: GlobalCluster) -> dict:
    return without_empty(
        {
            **cluster.settings,
            "GlobalClusterIdentifier": cluster.name,
            "GlobalClusterResourceId": cluster.resource_id,
            "GlobalClusterArn": cluster.arn,
            "Status": cluster.status,
            "GlobalClusterMembers": [member_to_response(cluster, member) for member in cluster.members],
            "Endpoint": endpoints.global_writer(cluster),
            "FailoverState": failover_state(cluster),
            "TagList": tag_list(cluster.tags),
        }
    )


def member_to_response(cluster: GlobalCluster, member: Cluster) -> dict:
    return {
        "DBClusterArn": member.arn,
        "Readers": [] if member.is_secondary else [one.arn for one in cluster.secondaries],
        "IsWriter": not member.is_secondary,
        "GlobalWriteForwardingStatus": forwarding_status(member),
        "SynchronizationStatus": "connected" if is_over(member.in_sync_at) else "pending-resync",
    }


def failover_state(cluster: GlobalCluster) -> dict | None:
    if cluster.failover is None:
        return None
    shown = {name: value for name, value in cluster.failover.items() if name != "begins_at"}
    return shown | {"Status": cluster.status if is_over(cluster.failover["begins_at"]) else "pending"}


# --- changing and deleting ------------------------------------------------------------------------


def modify(context, request):
    cluster = find_global(context, request["GlobalClusterIdentifier"])
    cluster_settings.check_served(request, SERVED)
    membership.check_settled(cluster)
    if request.get("EngineVersion"):
        upgrades.upgrade_all(context, cluster, request)
    if request.get("DeletionProtection") is not None:
        cluster.settings["DeletionProtection"] = request["DeletionProtection"]
    return {"GlobalCluster": to_response(cluster)}


def remove_member(context, request):
    return {"GlobalCluster": to_response(membership.remove(context, request))}


def delete(context, request):
    cluster = find_global(context, request["GlobalClusterIdentifier"])
    if cluster.settings["DeletionProtection"]:
        raise contradictory(
            "Cannot delete protected Global Cluster, please disable deletion protection and try again."
        )
    membership.check_empty(cluster)
    membership.check_settled(cluster)
    go_through(cluster, ("deleting", "rds.global_deleting"), "deleted", then=(forget,))
    return {"GlobalCluster": to_response(cluster)}


def forget(cluster: GlobalCluster, moment: float):
    global_clusters.pop((cluster.account_id, cluster.name), None)
