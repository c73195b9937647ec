"""RDS: instances of Aurora clusters, which write or read.

AWS rules followed: an instance has engine, version, user, backups and security groups of its cluster and must not be
given them; its class is offered for the version, `db.serverless` wants the cluster's capacities, a burstable class has
no part in a global cluster; it stands in a zone of the subnet group, with a network interface; its endpoint is known when
it has started. Deleting one needs no word about snapshots and takes none; protection of the cluster does not stop it; the
last instance of a primary stays while there are secondaries.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.realism import quotas
from isobar_localstack.services.iam.roles import trusts, usable_role
from isobar_localstack.services.rds import (
    engines,
    instance_classes,
    keys,
    log_exports,
    network,
    roles,
    service_linked_role,
)
from isobar_localstack.services.rds.cluster_settings import check_served
from isobar_localstack.services.rds.instance_answers import describe_all, to_response
from isobar_localstack.services.rds.parameter_groups import OF_INSTANCES, check_family
from isobar_localstack.services.rds.parameter_groups import find as find_parameters
from isobar_localstack.services.rds.reading import mark_new
from isobar_localstack.services.rds.state import (
    Cluster,
    Instance,
    SubnetGroup,
    contradictory,
    find_cluster,
    find_instance,
    global_of,
    go_through,
    here,
    instances_of,
    invalid,
    region_of,
)
from isobar_localstack.services.rds.upgrades import version_of

MOST_IN_A_CLUSTER = 16
MAINTENANCE_WINDOW = "sun:05:00-sun:05:30"
# What an instance has of its cluster -> how AWS calls it when it is set on the instance.
OF_THE_CLUSTER = {
    "MasterUsername": "master user name",
    "MasterUserPassword": "master user password",
    "DBName": "database name",
    "VpcSecurityGroupIds": "vpc security group",
    "BackupRetentionPeriod": "backup retention period",
    "PreferredBackupWindow": "preferred backup window",
    "Port": "database endpoint port",
    "DBPortNumber": "database endpoint port",
    "StorageEncrypted": "storage encryption property",
    "KmsKeyId": "KMS key",
    "StorageType": "storage type",
    "EnableIAMDatabaseAuthentication": "IAM database authentication",
    "DeletionProtection": "deletion protection",
    "EnableCloudwatchLogsExports": "CloudWatch Logs exports",
    "CloudwatchLogsExportConfiguration": "CloudWatch Logs exports",
    "ManageMasterUserPassword": "master user password",
}
SERVED = {
    *("DBInstanceIdentifier", "DBInstanceClass", "Engine", "EngineVersion", "DBClusterIdentifier", "Tags"),
    *("DBSubnetGroupName", "DBParameterGroupName", "AvailabilityZone", "PubliclyAccessible", "PromotionTier"),
    *(
        "AutoMinorVersionUpgrade",
        "PreferredMaintenanceWindow",
        "CACertificateIdentifier",
        "CopyTagsToSnapshot",
    ),
    *("MonitoringInterval", "MonitoringRoleArn", "EnablePerformanceInsights"),
    *("PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId"),
    *OF_THE_CLUSTER,
}
ACCEPTING = ("creating", "backing-up", "available", "modifying")


def operations() -> dict:
    return {"CreateDBInstance": create, "DescribeDBInstances": describe_all, "DeleteDBInstance": delete}


# --- making ---------------------------------------------------------------------------------------


def create(context, request):
    name, there = request["DBInstanceIdentifier"].lower(), here(context).instances
    check_served(request, SERVED)
    service_linked_role.check(context)
    if name in there:
        raise error("DBInstanceAlreadyExists", "DB instance already exists")
    engines.check_engine(request["Engine"])
    if not request.get("DBClusterIdentifier"):
        raise contradictory(f"DBClusterIdentifier must be specified for instances of {request['Engine']}.")
    cluster = find_cluster(context, request["DBClusterIdentifier"])
    check_cluster(cluster, request)
    check_class(cluster, request["DBInstanceClass"])
    quotas.check("db_instances", len(there) + 1)
    group = here(context).subnet_groups[cluster.subnet_group]
    instance = Instance(
        context.account_id,
        context.region,
        name,
        cluster,
        settings_of(context, request, cluster, group),
        parameter_group(context, cluster, request.get("DBParameterGroupName")),
        tag_dict(request.get("Tags")),
    )
    network.place_interface(instance, group)
    begin(instance)
    there[name] = instance
    cluster.instances.append(name)
    roles.choose_writer(cluster)
    mark_new(context, "instance", name)
    return {"DBInstance": to_response(instance)}


def check_cluster(cluster: Cluster, request):
    if cluster.status not in ACCEPTING:
        raise error(
            "InvalidDBClusterStateFault",
            f"DB cluster {cluster.name} is {cluster.status} and cannot take instances now",
        )
    if request["Engine"] != cluster.engine:
        raise contradictory(
            f"The Engine Name that you requested for your DB instance ({request['Engine']}) does not match that of "
            f"your DB cluster ({cluster.engine})."
        )
    if request.get("EngineVersion") not in (None, cluster.version):
        raise contradictory(
            f"The engine version that you requested for your DB instance ({request['EngineVersion']}) does not match "
            f"the engine version of your DB cluster ({cluster.version})"
        )
    if request.get("DBSubnetGroupName") and request["DBSubnetGroupName"].lower() != cluster.subnet_group:
        raise contradictory("The DB subnet group must be that of the DB cluster.")
    check_own(request)
    if len(cluster.instances) >= MOST_IN_A_CLUSTER:
        raise error(
            "InstanceQuotaExceeded", f"DB cluster {cluster.name} has {MOST_IN_A_CLUSTER} instances already"
        )


def check_own(request):
    for name, called in OF_THE_CLUSTER.items():
        if request.get(name) not in (None, [], {}):
            raise contradictory(
                f"The requested DB Instance will be a member of a DB Cluster and its {called} should not be set "
                f"directly. Set {called} for the DB Cluster."
            )


def check_class(cluster: Cluster, name: str):
    instance_classes.check(version_of(cluster), name)
    if name == instance_classes.SERVERLESS and not cluster.settings["ServerlessV2ScalingConfiguration"]:
        raise error(
            "InvalidDBClusterStateFault",
            "Set the Serverless v2 scaling configuration on the parent DB cluster before creating a Serverless v2 DB "
            "instance.",
        )
    if cluster.global_name and instance_classes.is_burstable(name):
        raise contradictory(f"DB instance class {name} is not supported for members of a global cluster.")


def settings_of(context, request, cluster: Cluster, group: SubnetGroup) -> dict:
    if request.get("PubliclyAccessible"):
        network.check_internet_gateway(context, group.vpc_id)
    tier = request.get("PromotionTier")
    return {
        "DBInstanceClass": request["DBInstanceClass"],
        "AvailabilityZone": zone_of(request, cluster, group),
        "PubliclyAccessible": bool(request.get("PubliclyAccessible")),
        "PromotionTier": 1 if tier is None else tier,
        "AutoMinorVersionUpgrade": request.get("AutoMinorVersionUpgrade") is not False,
        "PreferredMaintenanceWindow": (
            request.get("PreferredMaintenanceWindow") or MAINTENANCE_WINDOW
        ).lower(),
        "CACertificateIdentifier": certificate(request) or instance_classes.CERTIFICATES[0],
        "CopyTagsToSnapshot": bool(request.get("CopyTagsToSnapshot")),
        **monitoring(context, request),
        **insights(context, request),
    }


def zone_of(request, cluster: Cluster, group: SubnetGroup) -> str:
    """The one that is asked for, else the one with the fewest instances of the cluster."""
    zones = list(dict.fromkeys(group.subnets.values()))
    if (wanted := request.get("AvailabilityZone")) and wanted not in zones:
        raise error(
            "InvalidVPCNetworkStateFault",
            f"The DB subnet group {group.name} does not cover the availability zone {wanted}",
        )
    taken = [one.settings["AvailabilityZone"] for one in instances_of(cluster)]
    return wanted or min(zones, key=taken.count)


def certificate(request) -> str | None:
    name = request.get("CACertificateIdentifier")
    if name and name not in instance_classes.CERTIFICATES:
        raise error("CertificateNotFound", f"Certificate not found: {name}", 404)
    return name


def monitoring(context, request) -> dict:
    interval, arn = request.get("MonitoringInterval") or 0, request.get("MonitoringRoleArn")
    if interval and not arn:
        raise contradictory(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."
        )
    if arn and not interval:
        raise contradictory(
            "A MonitoringInterval value other than 0 is required if you specify a MonitoringRoleARN value."
        )
    if arn:
        role = usable_role(context.account_id, arn)
        if role is None or not trusts(role, "monitoring.rds.amazonaws.com"):
            raise invalid(
                "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING"
            )
    return {"MonitoringInterval": interval, "MonitoringRoleArn": arn}


def insights(context, request) -> dict:
    enabled = bool(request.get("EnablePerformanceInsights"))
    days, key = request.get("PerformanceInsightsRetentionPeriod"), request.get("PerformanceInsightsKMSKeyId")
    if not enabled and (days or key):
        raise contradictory(
            "Performance Insights is not enabled: its retention period and key cannot be specified."
        )
    return {
        "PerformanceInsightsEnabled": enabled,
        "PerformanceInsightsRetentionPeriod": (days or 7) if enabled else None,
        "PerformanceInsightsKMSKeyId": keys.checked(context, key) if enabled else None,
    }


def parameter_group(context, cluster: Cluster, name: str | None) -> str:
    version = version_of(cluster)
    if not name:
        return engines.default_group(version)
    group = find_parameters(context, OF_INSTANCES, name)
    check_family(group, version.family)
    return group.name


def begin(instance: Instance):
    """It waits for its cluster; the first one of a cluster is backed up."""
    cluster = instance.cluster
    steps = [("creating", "rds.instance_creating")]
    if instance.settings["MonitoringInterval"]:
        steps.append(("configuring-enhanced-monitoring", "rds.monitoring_configuring"))
    if not cluster.instances and not cluster.is_secondary:
        steps.append(("backing-up", "rds.backing_up"))
    since = max(clock.now(), cluster.ready_at)
    go_through(instance, *steps, "available", then=(started,), since=since)


def started(instance: Instance, moment: float):
    instance.has_started = True
    log_exports.appear(instance.cluster)


# --- deleting -------------------------------------------------------------------------------------


def delete(context, request):
    instance = find_instance(context, request["DBInstanceIdentifier"])
    if instance.status == "deleting":
        raise error("InvalidDBInstanceState", f"Instance {instance.name} is already being deleted.")
    if request.get("FinalDBSnapshotIdentifier"):
        raise contradictory("FinalDBSnapshotIdentifier can not be specified when deleting a cluster instance")
    check_not_last(instance)
    instance.gone_at = due("rds.instance_deleting")
    go_through(instance, ("deleting", "rds.instance_deleting"), "deleted", then=(forget,))
    network.release_interface(instance, "rds.interface_leaving")
    roles.choose_writer(instance.cluster)
    return {"DBInstance": to_response(instance)}


def check_not_last(instance: Instance):
    cluster, of = instance.cluster, global_of(instance.cluster)
    others = [one for one in instances_of(cluster) if one is not instance and one.status != "deleting"]
    if of and not cluster.is_secondary and of.secondaries and not others:
        raise error(
            "InvalidDBClusterStateFault",
            "Cannot delete the last instance of the master cluster. Delete the replica cluster before deleting the "
            "last master cluster instance.",
        )


def forget(instance: Instance, moment: float):
    region_of(instance).instances.pop(instance.name, None)
    instance.cluster.instances.remove(instance.name)
    roles.choose_writer(instance.cluster)
