"""RDS: Aurora clusters, their life from creation to the final snapshot.

AWS rules followed: a new cluster is creating, backing-up, available; its endpoints are known at once; it has no instances
until they are made; protection, membership, instances and a missing word about the final snapshot stand in the way of
its deletion, each with a code of its own; a taken name of the snapshot too. Deleting waits for its deleting instances.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.realism import quotas
from isobar_localstack.services.rds import cluster_settings as settings
from isobar_localstack.services.rds import (
    engines,
    membership,
    network,
    service_linked_role,
    snapshots,
    subnet_groups,
)
from isobar_localstack.services.rds.cluster_answers import describe_all, to_response
from isobar_localstack.services.rds.passwords import Password
from isobar_localstack.services.rds.reading import mark_new
from isobar_localstack.services.rds.state import (
    Cluster,
    check_available,
    contradictory,
    find_cluster,
    global_of,
    go_through,
    here,
    instances_of,
    region_of,
)

# Besides those that are available, without a final snapshot.
DELETABLE = (
    *("promoting", "failed", "incompatible-parameters", "incompatible-restore"),
    "inaccessible-encryption-credentials",
)


def operations() -> dict:
    return {"CreateDBCluster": create, "DescribeDBClusters": describe_all, "DeleteDBCluster": delete}


# --- making ---------------------------------------------------------------------------------------


def create(context, request):
    name, there = request["DBClusterIdentifier"].lower(), here(context).clusters
    settings.check_served(request, settings.SERVED)
    service_linked_role.check(context)
    if name in there:
        raise error("DBClusterAlreadyExistsFault", "DB Cluster already exists")
    version = engines.chosen(context, request["Engine"], request.get("EngineVersion"))
    is_member = bool(request.get("GlobalClusterIdentifier"))
    joined = membership.check_joining(context, request, version) if is_member else None
    check_forwarding(request, version, is_member)
    primary = joined.primary if joined else None
    if not primary:
        settings.check_own_password(request)
        settings.check_credentials(request)
    if joined and not primary and request.get("StorageEncrypted") is None:
        request = {**request, "StorageEncrypted": joined.settings["StorageEncrypted"]}
    quotas.check("db_clusters", len(there) + 1)
    cluster = make(context, request, version, primary)
    there[name] = cluster
    if joined:
        membership.join(cluster, joined)
        cluster.in_sync_at = cluster.ready_at
        cluster.forwards_settled_at = cluster.ready_at if cluster.is_secondary and cluster.forwards else 0.0
    mark_new(context, "cluster", name)
    return {"DBCluster": to_response(cluster)}


def check_forwarding(request, version, is_member: bool):
    if not request.get("EnableGlobalWriteForwarding"):
        return
    if not is_member:
        raise contradictory(
            "EnableGlobalWriteForwarding can be specified for members of a global cluster only."
        )
    engines.check_forwarding(version)


def make(context, request, version, primary: Cluster | None) -> Cluster:
    group = subnet_groups.find(context, request.get("DBSubnetGroupName") or subnet_groups.DEFAULT)
    cluster = Cluster(
        context.account_id,
        context.region,
        request["DBClusterIdentifier"].lower(),
        settings.of_new(context, request, version, primary),
        group.name,
        network.security_groups(context, request.get("VpcSecurityGroupIds") or [], group.vpc_id),
        settings.parameter_group(context, version, request.get("DBClusterParameterGroupName")),
        tag_dict(request.get("Tags")),
        log_exports=sorted(set(request.get("EnableCloudwatchLogsExports") or [])),
        forwards=bool(request.get("EnableGlobalWriteForwarding")),
    )
    if primary:
        go_through(cluster, ("creating", "rds.secondary_creating"), "available")
        cluster.ready_at = due("rds.secondary_creating")
    else:
        cluster.user = request["MasterUsername"]
        cluster.password = Password.of(request["MasterUserPassword"])
        steps = (("creating", "rds.cluster_creating"), ("backing-up", "rds.backing_up"))
        go_through(cluster, *steps, "available")
        cluster.ready_at = due("rds.cluster_creating")
    return cluster


# --- deleting -------------------------------------------------------------------------------------


def delete(context, request):
    cluster = find_cluster(context, request["DBClusterIdentifier"])
    final = request.get("FinalDBSnapshotIdentifier")
    if cluster.status == "deleting":
        raise error("InvalidDBClusterStateFault", f"DbCluster {cluster.name} is already being deleted")
    if cluster.settings["DeletionProtection"]:
        raise contradictory(
            "Cannot delete protected Cluster, please disable deletion protection and try again."
        )
    if not request.get("SkipFinalSnapshot") and not final:
        raise contradictory("FinalSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    if request.get("SkipFinalSnapshot") and final:
        raise contradictory(
            "FinalDBSnapshotIdentifier cannot be specified when SkipFinalSnapshot is enabled."
        )
    of = global_of(cluster)
    membership.check_deletion(cluster, of)
    instances = instances_of(cluster)
    if any(one.status != "deleting" for one in instances):
        raise error(
            "InvalidDBClusterStateFault",
            "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
        )
    check_state(cluster, final)
    if final:
        snapshots.take(context, cluster, final, snapshots.tags_of(cluster))
    begins = max([clock.now(), *(one.gone_at for one in instances)])
    cluster.is_changing = True
    go_through(cluster, ("deleting", "rds.cluster_deleting"), "deleted", then=(forget,), since=begins)
    return {"DBCluster": to_response(cluster)}


def check_state(cluster: Cluster, final: str | None):
    if final and (cluster.status != "available" or cluster.is_changing):
        raise error(
            "InvalidDBClusterStateFault",
            f"Can't create a snapshot because the database cluster {cluster.name} isn't currently in the available "
            "state",
        )
    if cluster.status not in DELETABLE:
        check_available(cluster)


def forget(cluster: Cluster, moment: float):
    there = region_of(cluster)
    there.clusters.pop(cluster.name, None)
    if of := global_of(cluster):
        membership.leave(cluster, of, moment)
    for snapshot in [one for one in there.snapshots.values() if snapshots.goes_with(one, cluster)]:
        there.snapshots.pop(snapshot.name, None)
