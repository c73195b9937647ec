"""RDS: snapshots of clusters, which stay when their cluster goes.

AWS rules followed: a manual snapshot, as the final one is, stays until somebody deletes it, and its name is taken as
long; it is creating for a while and can be deleted when it is available; automated ones go with their cluster, and
nobody else deletes them; tags of the cluster are copied to it on demand only.
"""

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.services.rds.reading import filtered, paged
from isobar_localstack.services.rds.state import (
    Cluster,
    Snapshot,
    arn_of,
    check_available,
    contradictory,
    find_cluster,
    go_through,
    here,
    invalid,
    name_in,
    region_of,
)

COPIED = (
    *("AvailabilityZones", "Engine", "EngineMode", "EngineVersion", "Port", "BackupRetentionPeriod"),
    *("PreferredBackupWindow", "StorageEncrypted", "StorageEncryptionType", "KmsKeyId", "StorageType"),
    "IAMDatabaseAuthenticationEnabled",
)
TYPES = ("automated", "awsbackup", "manual", "public", "shared")


def operations() -> dict:
    return {
        "CreateDBClusterSnapshot": create,
        "DescribeDBClusterSnapshots": describe_all,
        "DeleteDBClusterSnapshot": delete,
    }


def create(context, request):
    cluster = find_cluster(context, request["DBClusterIdentifier"])
    check_name(context, request["DBClusterSnapshotIdentifier"])
    check_available(cluster)
    tags = tags_of(cluster) | tag_dict(request.get("Tags"))
    return {
        "DBClusterSnapshot": to_response(take(context, cluster, request["DBClusterSnapshotIdentifier"], tags))
    }


def tags_of(cluster: Cluster) -> dict:
    return dict(cluster.tags) if cluster.settings["CopyTagsToSnapshot"] else {}


def check_name(context, name: str):
    if name.lower() in here(context).snapshots:
        raise error(
            "DBClusterSnapshotAlreadyExistsFault",
            f"Cannot create the snapshot because one with the identifier {name} already exists.",
        )


def take(context, cluster: Cluster, name: str, tags: dict) -> Snapshot:
    check_name(context, name)
    return keep(cluster, name.lower(), "manual", tags)


def keep_unreplicated(cluster: Cluster, name: str):
    """What a failover would have lost."""
    keep(cluster, name, "automated", tags_of(cluster))


def keep(cluster: Cluster, name: str, kind: str, tags: dict) -> Snapshot:
    there = region_of(cluster)
    data = {key: cluster.settings[key] for key in COPIED if cluster.settings.get(key) is not None} | {
        "DBClusterIdentifier": cluster.name,
        "DbClusterResourceId": cluster.resource_id,
        "SnapshotCreateTime": epoch(),
        "ClusterCreateTime": cluster.created,
        "MasterUsername": cluster.user,
        "VpcId": there.subnet_groups[cluster.subnet_group].vpc_id,
        "SnapshotType": kind,
        "AllocatedStorage": 1,
    }
    snapshot = Snapshot(cluster.account_id, cluster.region, name, data, tags)
    go_through(snapshot, ("creating", "rds.snapshot_creating"), "available")
    there.snapshots[name] = snapshot
    return snapshot


def goes_with(snapshot: Snapshot, cluster: Cluster) -> bool:
    of_it = snapshot.data["DbClusterResourceId"] == cluster.resource_id
    return of_it and snapshot.data["SnapshotType"] == "automated"


# --- describing and deleting ----------------------------------------------------------------------


def find(context, name: str) -> Snapshot:
    snapshot = here(context).snapshots.get(name_in(name))
    if snapshot is None:
        raise error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {name} not found.", 404)
    return snapshot


def describe_all(context, request):
    name, of, kind = (
        request.get(key) for key in ("DBClusterSnapshotIdentifier", "DBClusterIdentifier", "SnapshotType")
    )
    if name and of:
        raise contradictory("DBClusterIdentifier and DBClusterSnapshotIdentifier cannot be used together.")
    if kind and kind not in TYPES:
        raise invalid(f"SnapshotType must be one of {', '.join(TYPES)}")
    there = here(context).snapshots
    every = [find(context, name)] if name else [there[key] for key in sorted(there)]
    every = [
        one
        for one in every
        if (not of or one.data["DBClusterIdentifier"] == name_in(of))
        and kind in (None, one.data["SnapshotType"])
        and request.get("DbClusterResourceId") in (None, one.data["DbClusterResourceId"])
    ]
    every = filtered(every, request, FILTERS)
    return paged("DBClusterSnapshots", [to_response(one) for one in every], request)


FILTERS = {
    "db-cluster-id": lambda one: [
        one.data["DBClusterIdentifier"],
        arn_of(one.account_id, one.region, "cluster", one.data["DBClusterIdentifier"]),
    ],
    "db-cluster-snapshot-id": lambda one: [one.name],
    "snapshot-type": lambda one: [one.data["SnapshotType"]],
    "engine": lambda one: [one.data["Engine"]],
}


def to_response(snapshot: Snapshot) -> dict:
    return snapshot.data | {
        "DBClusterSnapshotIdentifier": snapshot.name,
        "DBClusterSnapshotArn": snapshot.arn,
        "Status": snapshot.status,
        "PercentProgress": 100 if snapshot.status == "available" else 0,
        "TagList": tag_list(snapshot.tags),
    }


def delete(context, request):
    snapshot = find(context, request["DBClusterSnapshotIdentifier"])
    if snapshot.data["SnapshotType"] != "manual" or snapshot.status != "available":
        raise error(
            "InvalidDBClusterSnapshotStateFault",
            f"Cannot delete the snapshot {snapshot.name}: it is {snapshot.data['SnapshotType']} and {snapshot.status}",
        )
    del here(context).snapshots[snapshot.name]
    return {"DBClusterSnapshot": to_response(snapshot) | {"Status": "deleted"}}
