"""RDS: ModifyDBCluster, and the Data API's switch.

AWS rules followed: a cluster is changed when it is available; without ApplyImmediately version, retention, IAM
authentication, storage type, port and subnet group wait for the maintenance window, and with it a moment passes before
the status tells (`cluster_pending`); protection, password, parameter group, write forwarding and log exports are applied
at once in any case. Another subnet group is not for members of a global cluster; security groups that are not named
with it become the default one of the VPC [model].
"""

from dataclasses import dataclass

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.models import wire_request
from isobar_localstack.services.rds import cluster_pending as pending
from isobar_localstack.services.rds import (
    cluster_settings,
    engines,
    log_exports,
    network,
    passwords,
    subnet_groups,
    upgrades,
)
from isobar_localstack.services.rds.cluster_answers import to_response
from isobar_localstack.services.rds.engines import Version
from isobar_localstack.services.rds.state import (
    Cluster,
    check_available,
    contradictory,
    find_cluster,
    forwarding_status,
    here,
    instances_of,
    name_in,
)
from isobar_localstack.services.rds.upgrades import version_of

# Applied at once.
AT_ONCE = ("DeletionProtection", "CopyTagsToSnapshot", "AutoMinorVersionUpgrade")
WINDOWS = ("PreferredBackupWindow", "PreferredMaintenanceWindow")
SERVED = {
    *("DBClusterIdentifier", "ApplyImmediately", "EngineVersion", "AllowMajorVersionUpgrade"),
    *("MasterUserPassword", "ManageMasterUserPassword"),
    *("DBSubnetGroupName", "VpcSecurityGroupIds", "DBClusterParameterGroupName"),
    *("ServerlessV2ScalingConfiguration", "CloudwatchLogsExportConfiguration", "EnableGlobalWriteForwarding"),
    "EnableHttpEndpoint",  # has no effect here, as on AWS: it is for Serverless v1
    *pending.WAITING,
    *AT_ONCE,
    *WINDOWS,
}


def operations() -> dict:
    return {
        "ModifyDBCluster": modify,
        "EnableHttpEndpoint": switch_data_api(True),
        "DisableHttpEndpoint": switch_data_api(False),
    }


@dataclass(frozen=True)
class Change:
    """What a request asks for, checked; None and empty is what stays."""

    version: Version | None
    subnet_group: tuple[str, list[str]] | None  # with the security groups there
    scaling: dict | None
    parameter_group: str | None
    security_groups: list[str]
    log_exports: list[str] | None


def modify(context, request):
    # LocalStack's model does not have the subnet group.
    request = wire_request(context) or request
    cluster = find_cluster(context, request["DBClusterIdentifier"])
    cluster_settings.check_served(request, SERVED)
    check_available(cluster)
    check_password(cluster, request)
    change = checked(context, cluster, request)
    forward(cluster, request)
    pending.note(cluster, request, change.version)
    move(cluster, request, change)
    scales = change.scaling != cluster.settings["ServerlessV2ScalingConfiguration"]
    set_at_once(cluster, request, change)
    pending.begin(cluster, request, is_other=scales or bool(change.security_groups))
    return {"DBCluster": to_response(cluster)}


def checked(context, cluster: Cluster, request) -> Change:
    wanted, now = upgrades.check(context, cluster, request), version_of(cluster)
    return Change(
        wanted,
        checked_subnet_group(context, cluster, request),
        cluster_settings.scaling(
            wanted or now, cluster.settings["ServerlessV2ScalingConfiguration"], request
        ),
        checked_parameters(context, cluster, request, wanted),
        checked_groups(context, cluster, request),
        checked_exports(cluster, request),
    )


# --- checks ---------------------------------------------------------------------------------------


def check_password(cluster: Cluster, request):
    if request.get("ManageMasterUserPassword") and cluster.global_name:
        raise contradictory(
            "ManageMasterUserPassword is not supported for clusters that are members of a global cluster."
        )
    cluster_settings.check_own_password(request)
    if request.get("MasterUserPassword") is None:
        return
    if cluster.is_secondary:
        raise contradictory("The master user password of a secondary cluster is that of its primary cluster.")
    passwords.check(request["MasterUserPassword"])


def checked_subnet_group(context, cluster: Cluster, request) -> tuple[str, list[str]] | None:
    """The group that the cluster is to be moved to, and its security groups there."""
    name = request.get("DBSubnetGroupName")
    if not name or name.lower() == cluster.subnet_group:
        return None
    group = subnet_groups.find(context, name)
    if cluster.global_name:
        raise error(
            "InvalidDBClusterStateFault",
            f"DB cluster {cluster.name} is a member of a global cluster and cannot be moved to another DB subnet group.",
        )
    zones = set(group.subnets.values())
    for one in instances_of(cluster):
        if one.settings["AvailabilityZone"] not in zones:
            raise error(
                "InvalidVPCNetworkStateFault",
                f"The DB subnet group {group.name} does not cover {one.settings['AvailabilityZone']}, in which "
                f"{one.name} stands.",
            )
        if one.waits_for_reboot:
            raise error("InvalidDBClusterStateFault", f"DB instance {one.name} waits for a reboot.")
    ids = request.get("VpcSecurityGroupIds") or []
    return group.name, network.security_groups(context, ids, group.vpc_id)


def checked_parameters(context, cluster: Cluster, request, wanted) -> str | None:
    name = request.get("DBClusterParameterGroupName")
    if not name and not (wanted and wanted.major != version_of(cluster).major):
        return None
    return cluster_settings.parameter_group(context, wanted or version_of(cluster), name)


def checked_groups(context, cluster: Cluster, request) -> list[str]:
    ids = request.get("VpcSecurityGroupIds") or []
    if not ids or request.get("DBSubnetGroupName"):
        return []
    vpc_id = here(context).subnet_groups[cluster.subnet_group].vpc_id
    return network.security_groups(context, ids, vpc_id)


def checked_exports(cluster: Cluster, request) -> list[str] | None:
    change = request.get("CloudwatchLogsExportConfiguration")
    if not change:
        return None
    on, off = change.get("EnableLogTypes") or [], change.get("DisableLogTypes") or []
    engines.check_log_types(version_of(cluster), [*on, *off])
    return sorted({*cluster.log_exports, *on} - set(off))


# --- what is applied at once ----------------------------------------------------------------------


def forward(cluster: Cluster, request):
    wanted = request.get("EnableGlobalWriteForwarding")
    if wanted is None or wanted == cluster.forwards:
        return
    if not cluster.global_name:
        raise contradictory(
            "EnableGlobalWriteForwarding can be specified for members of a global cluster only."
        )
    if wanted:
        engines.check_forwarding(version_of(cluster))
    if forwarding_status(cluster) in ("enabling", "disabling"):
        raise error("InvalidDBClusterStateFault", "Global write forwarding is being changed already.")
    cluster.forwards = wanted
    cluster.forwards_settled_at = due("rds.forwarding_changing") if cluster.is_secondary else 0.0


def set_at_once(cluster: Cluster, request, change: Change):
    cluster.settings |= {name: request[name] for name in AT_ONCE if request.get(name) is not None}
    cluster.settings |= {name: request[name].lower() for name in WINDOWS if request.get(name)}
    cluster.settings["ServerlessV2ScalingConfiguration"] = change.scaling
    change_groups(cluster, change.security_groups)
    export(cluster, change.log_exports)
    if change.version and change.version.major != version_of(cluster).major:
        cluster.pending["DBClusterParameterGroup"] = change.parameter_group
    else:
        name_parameters(cluster, change.parameter_group)


def move(cluster: Cluster, request, change: Change):
    """Later; to be where it is takes back what waits."""
    if change.subnet_group:
        cluster.pending["DBSubnetGroup"] = change.subnet_group
    elif request.get("DBSubnetGroupName"):
        cluster.pending.pop("DBSubnetGroup", None)


def name_parameters(cluster: Cluster, name: str | None):
    if not name or name == cluster.parameter_group:
        return
    cluster.parameter_group = name
    for instance in instances_of(cluster):
        instance.waits_for_reboot.add("cluster")


def change_groups(cluster: Cluster, groups: list[str]):
    if groups:
        cluster.security_groups = groups
        network.change_groups(cluster, instances_of(cluster))


def export(cluster: Cluster, exports: list[str] | None):
    if exports is not None:
        cluster.log_exports = exports
        log_exports.appear(cluster)


# --- the Data API ---------------------------------------------------------------------------------


def switch_data_api(on: bool):
    def switch(context, request):
        arn = request["ResourceArn"]
        cluster = here(context).clusters.get(name_in(arn))
        if cluster is None or cluster.arn != arn:
            raise error("ResourceNotFoundFault", f"The specified resource {arn} does not exist.", 404)
        if cluster.status != "available":
            raise error("InvalidResourceStateFault", f"DB cluster {cluster.name} is {cluster.status}.")
        cluster.settings["HttpEndpointEnabled"] = on
        return {"ResourceArn": arn, "HttpEndpointEnabled": on}

    return switch
