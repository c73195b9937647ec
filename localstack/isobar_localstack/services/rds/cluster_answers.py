"""RDS: clusters as DescribeDBClusters shows them.

AWS rules followed: `PendingModifiedValues` is there only while something is pending; of a global cluster's members the
secondaries name their primary as the source of replication and the primary names them, whoever made it so; the usual
storage type is not shown [model].
"""

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.tags import tag_list
from isobar_localstack.services.rds import endpoints
from isobar_localstack.services.rds.reading import filtered, is_new, paged, without_empty
from isobar_localstack.services.rds.state import (
    Cluster,
    Instance,
    find_cluster,
    forwarding_status,
    global_of,
    here,
    instances_of,
    is_applying,
    no_cluster,
)

SHOWN = (
    *("Engine", "EngineVersion", "EngineMode", "EngineLifecycleSupport", "DatabaseName", "Port"),
    *("BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow", "NetworkType"),
    *("IAMDatabaseAuthenticationEnabled", "DeletionProtection", "CopyTagsToSnapshot", "HttpEndpointEnabled"),
    *("AutoMinorVersionUpgrade", "AvailabilityZones", "ServerlessV2ScalingConfiguration"),
    *("StorageEncrypted", "StorageEncryptionType", "KmsKeyId"),
    "DatabaseInsightsMode",
)
SECRET = "****"


def describe_all(context, request):
    there = here(context).clusters
    if identifier := request.get("DBClusterIdentifier"):
        cluster = find_cluster(context, identifier)
        if is_new(context, "cluster", cluster.name):
            raise no_cluster(identifier)
        clusters = [cluster]
    else:
        clusters = [there[name] for name in sorted(there) if not is_new(context, "cluster", name)]
    clusters = filtered(clusters, request, FILTERS)
    return paged("DBClusters", [to_response(cluster) for cluster in clusters], request)


FILTERS = {
    "clone-group-id": lambda cluster: [],
    "db-cluster-id": lambda cluster: [cluster.name, cluster.arn],
    "db-cluster-resource-id": lambda cluster: [cluster.resource_id],
    "domain": lambda cluster: [],
    "engine": lambda cluster: [cluster.engine],
}


def to_response(cluster: Cluster) -> dict:
    settings, has_backup = cluster.settings, cluster.status != "creating"
    storage = settings["StorageType"]
    return without_empty(
        {
            **{name: settings.get(name) for name in SHOWN},
            **membership_of(cluster),
            "AllocatedStorage": 1,
            "DBClusterIdentifier": cluster.name,
            "DBClusterArn": cluster.arn,
            "DbClusterResourceId": cluster.resource_id,
            "DBClusterParameterGroup": cluster.parameter_group,
            "DBSubnetGroup": cluster.subnet_group,
            "Status": cluster.status,
            "ClusterCreateTime": cluster.created,
            "EarliestRestorableTime": cluster.created if has_backup else None,
            "LatestRestorableTime": epoch() if has_backup else None,
            "Endpoint": endpoints.writer(cluster),
            "ReaderEndpoint": endpoints.reader(cluster),
            "HostedZoneId": endpoints.hosted_zone(cluster.region),
            "MultiAZ": len({one.settings["AvailabilityZone"] for one in instances_of(cluster)}) > 1,
            "MasterUsername": cluster.user,
            "DBClusterMembers": [member_to_response(cluster, one) for one in instances_of(cluster)],
            "VpcSecurityGroups": [
                {"VpcSecurityGroupId": group, "Status": "active"} for group in cluster.security_groups
            ],
            "AssociatedRoles": [],
            "EnabledCloudwatchLogsExports": cluster.log_exports or None,
            "PendingModifiedValues": pending(cluster),
            "StorageType": storage if storage != "aurora" else None,
            "ActivityStreamStatus": "stopped",
            "CrossAccountClone": False,
            "DomainMemberships": [],
            "TagList": tag_list(cluster.tags),
            "LocalWriteForwardingStatus": "disabled",
        }
    )


def membership_of(cluster: Cluster) -> dict:
    of = global_of(cluster)
    answer = {
        "GlobalWriteForwardingRequested": cluster.forwards,
        "GlobalWriteForwardingStatus": forwarding_status(cluster),
    }
    if of is None:
        return {"ReadReplicaIdentifiers": []}
    answer["GlobalClusterIdentifier"] = of.name
    if cluster.is_secondary:
        return answer | {"ReadReplicaIdentifiers": [], "ReplicationSourceIdentifier": of.primary.arn}
    return answer | {"ReadReplicaIdentifiers": [one.arn for one in of.secondaries]}


def member_to_response(cluster: Cluster, instance: Instance) -> dict:
    return {
        "DBInstanceIdentifier": instance.name,
        "IsClusterWriter": cluster.writer == instance.name,
        "DBClusterParameterGroupStatus": parameters_status(instance, "cluster"),
        "PromotionTier": instance.settings["PromotionTier"],
    }


def parameters_status(instance: Instance, group: str) -> str:
    if group in instance.waits_for_reboot:
        return "pending-reboot"
    return "applying" if is_applying(instance) else "in-sync"


def pending(cluster: Cluster) -> dict | None:
    """Only what the API has a place for; a password is shown as stars."""
    answer = {
        name: cluster.pending[name]
        for name in (
            "EngineVersion",
            "BackupRetentionPeriod",
            "IAMDatabaseAuthenticationEnabled",
            "StorageType",
        )
        if name in cluster.pending
    }
    if cluster.status == "resetting-master-credentials":
        answer["MasterUserPassword"] = SECRET
    return answer or None
