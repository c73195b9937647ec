"""RDS: the settings of a new cluster, checked against what there is.

AWS rules followed: user and password have to be given unless the cluster is a secondary, which has them of its primary;
the parameter group is of the version's family; with `StorageEncrypted` data are encrypted with a key of KMS, else with
one that AWS owns [memory]; Serverless v2 has the bounds of the version.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.services.rds import engines, keys, network, passwords
from isobar_localstack.services.rds.engines import Version
from isobar_localstack.services.rds.parameter_groups import OF_CLUSTERS, check_family
from isobar_localstack.services.rds.parameter_groups import find as find_parameters
from isobar_localstack.services.rds.state import Cluster, contradictory, invalid

AUTO_PAUSE = 300
BACKUP_WINDOW, MAINTENANCE_WINDOW = "03:00-03:30", "sun:04:00-sun:04:30"
LIFECYCLE = "open-source-rds-extended-support"
SERVED = {
    *(
        "DBClusterIdentifier",
        "Engine",
        "EngineVersion",
        "EngineMode",
        "EngineLifecycleSupport",
        "Port",
        "Tags",
    ),
    *("DatabaseName", "MasterUsername", "MasterUserPassword", "ManageMasterUserPassword"),
    *("GlobalClusterIdentifier", "EnableGlobalWriteForwarding", "DBClusterParameterGroupName"),
    *("DBSubnetGroupName", "VpcSecurityGroupIds", "AvailabilityZones", "NetworkType"),
    *("StorageEncrypted", "KmsKeyId", "StorageType", "ServerlessV2ScalingConfiguration"),
    *("BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow", "CopyTagsToSnapshot"),
    *("DeletionProtection", "EnableCloudwatchLogsExports", "EnableIAMDatabaseAuthentication"),
    *("EnableHttpEndpoint", "AutoMinorVersionUpgrade"),
}


def check_served(request, served: set):
    """No member is dropped in silence: AWS has more of them than there are here."""
    for name, value in request.items():
        if value and name not in served:
            raise error("InternalFailure", f"{name} is not served here.", 501)


def check_own_password(request):
    if request.get("ManageMasterUserPassword"):
        raise error("InternalFailure", "ManageMasterUserPassword is not served here.", 501)


def of_new(context, request, version: Version, primary: Cluster | None) -> dict:
    """As the API shows them. `primary` is that of a secondary."""
    engines.check_log_types(version, request.get("EnableCloudwatchLogsExports") or [])
    return {
        "Engine": version.engine,
        "EngineVersion": version.name,
        "EngineMode": "provisioned",
        "EngineLifecycleSupport": request.get("EngineLifecycleSupport") or LIFECYCLE,
        "DatabaseName": primary.settings["DatabaseName"] if primary else request.get("DatabaseName"),
        "Port": request.get("Port") or engines.PORTS[version.engine],
        "BackupRetentionPeriod": request.get("BackupRetentionPeriod") or 1,
        "PreferredBackupWindow": request.get("PreferredBackupWindow") or BACKUP_WINDOW,
        "PreferredMaintenanceWindow": (
            request.get("PreferredMaintenanceWindow") or MAINTENANCE_WINDOW
        ).lower(),
        "StorageType": request.get("StorageType") or "aurora",
        "NetworkType": request.get("NetworkType") or "IPV4",
        "IAMDatabaseAuthenticationEnabled": bool(request.get("EnableIAMDatabaseAuthentication")),
        "DeletionProtection": bool(request.get("DeletionProtection")),
        "CopyTagsToSnapshot": bool(request.get("CopyTagsToSnapshot")),
        "HttpEndpointEnabled": bool(request.get("EnableHttpEndpoint")),
        "AutoMinorVersionUpgrade": request.get("AutoMinorVersionUpgrade") is not False,
        "AvailabilityZones": storage_zones(context, request),
        "ServerlessV2ScalingConfiguration": scaling(version, None, request),
        "DatabaseInsightsMode": "standard",
        **encryption(context, request, primary),
    }


def storage_zones(context, request) -> list[str]:
    there, wanted = network.zones(context), request.get("AvailabilityZones") or []
    if unknown := [zone for zone in wanted if zone not in there]:
        raise error("InvalidVPCNetworkStateFault", f"Availability zone '{unknown[0]}' is not available here.")
    return sorted([*wanted, *(zone for zone in there if zone not in wanted)][:3])


def encryption(context, request, primary: Cluster | None) -> dict:
    encrypted, key = request.get("StorageEncrypted"), request.get("KmsKeyId")
    if primary:
        its_own = primary.settings["StorageEncrypted"]
        if encrypted is not None and encrypted != its_own:
            kind = ("encrypted", "unencrypted") if encrypted else ("unencrypted", "encrypted")
            raise contradictory("Cannot create a cross region {} cluster from {} source.".format(*kind))
        if its_own and not key:
            raise contradictory(
                "KmsKeyId must be specified for an encrypted cross region replication cluster."
            )
        encrypted = its_own
    if key and not encrypted:
        raise contradictory("KmsKeyId can be specified for encrypted clusters only.")
    if not encrypted:
        return {"StorageEncrypted": False, "StorageEncryptionType": "sse-rds"}
    return {
        "StorageEncrypted": True,
        "StorageEncryptionType": "sse-kms",
        "KmsKeyId": keys.checked(context, key),
    }


def scaling(version: Version, now: dict | None, request) -> dict | None:
    """What is not said stays as it is."""
    wanted = request.get("ServerlessV2ScalingConfiguration")
    if not wanted:
        return now
    if version.capacities is None:
        raise contradictory(f"Serverless v2 is not supported for {version.engine} version {version.name}.")
    new, (least, most) = (now or {}) | wanted, version.capacities
    low, high = new.get("MinCapacity"), new.get("MaxCapacity")
    if low is None or high is None:
        raise invalid(
            "Both MinCapacity and MaxCapacity must be specified when you initialize Serverless v2 scaling configuration."
        )
    if not least <= low <= most or not max(1, least) <= high <= most:
        raise invalid(
            f"Serverless v2 capacity must be between {least} and {most} ACUs for engine version {version.name}, "
            "its maximum at least 1."
        )
    if low > high:
        raise contradictory("The minimum Serverless v2 capacity cannot be greater than the maximum.")
    pause = wanted.get("SecondsUntilAutoPause")
    if pause is not None and low > 0:
        raise contradictory("SecondsUntilAutoPause can be specified for a minimum capacity of 0 ACUs only.")
    answer = {"MinCapacity": float(low), "MaxCapacity": float(high)}
    return answer | (
        {"SecondsUntilAutoPause": new.get("SecondsUntilAutoPause") or AUTO_PAUSE} if low == 0 else {}
    )


def parameter_group(context, version: Version, name: str | None) -> str:
    if not name:
        return engines.default_group(version)
    group = find_parameters(context, OF_CLUSTERS, name, "DBClusterParameterGroupNotFound")
    check_family(group, version.family)
    return group.name


def check_credentials(request):
    """Of a cluster that is no secondary."""
    if not request.get("MasterUsername"):
        raise invalid("The parameter MasterUsername must be provided and must not be blank.")
    passwords.check(request.get("MasterUserPassword"))
