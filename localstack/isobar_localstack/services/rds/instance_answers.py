"""RDS: instances as DescribeDBInstances shows them.

AWS rules followed: there is no endpoint before the instance has started; what belongs to the cluster is shown here, too.
"""

from isobar_localstack.core.tags import tag_list
from isobar_localstack.services.rds import endpoints, engines
from isobar_localstack.services.rds.cluster_answers import parameters_status
from isobar_localstack.services.rds.reading import filtered, is_new, paged, without_empty
from isobar_localstack.services.rds.state import (
    Instance,
    find_instance,
    here,
    no_instance,
    region_of,
)
from isobar_localstack.services.rds.subnet_groups import to_response as subnet_group_to_response


def describe_all(context, request):
    there = here(context).instances
    if identifier := request.get("DBInstanceIdentifier"):
        instance = find_instance(context, identifier)
        if is_new(context, "instance", instance.name):
            raise no_instance(identifier)
        instances = [instance]
    else:
        instances = [there[name] for name in sorted(there) if not is_new(context, "instance", name)]
    instances = filtered(instances, request, FILTERS)
    return paged("DBInstances", [to_response(one) for one in instances], request)


FILTERS = {
    "db-cluster-id": lambda one: [one.cluster.name, one.cluster.arn],
    "db-instance-id": lambda one: [one.name, one.arn],
    "dbi-resource-id": lambda one: [one.resource_id],
    "domain": lambda one: [],
    "engine": lambda one: [one.cluster.engine],
}


def to_response(instance: Instance) -> dict:
    cluster = instance.cluster
    return without_empty(
        {
            **instance.settings,
            **of_cluster(instance),
            "DBInstanceIdentifier": instance.name,
            "DBInstanceArn": instance.arn,
            "DbiResourceId": instance.resource_id,
            "DBClusterIdentifier": cluster.name,
            "DBInstanceStatus": instance.status,
            "InstanceCreateTime": instance.created,
            "Endpoint": endpoint(instance) if instance.has_started else None,
            "DBParameterGroups": [
                {
                    "DBParameterGroupName": instance.parameter_group,
                    "ParameterApplyStatus": parameters_status(instance, "instance"),
                }
            ],
            "PendingModifiedValues": dict(instance.pending),
            "TagList": tag_list(instance.tags),
            "DBSubnetGroup": subnet_group_to_response(
                instance, region_of(instance).subnet_groups[cluster.subnet_group]
            ),
            "AllocatedStorage": 1,
            "MultiAZ": False,
            "DbInstancePort": 0,
            "DBSecurityGroups": [],
            "AssociatedRoles": [],
            "DomainMemberships": [],
            "ReadReplicaDBInstanceIdentifiers": [],
            "CertificateDetails": {"CAIdentifier": instance.settings["CACertificateIdentifier"]},
        }
    )


def endpoint(instance: Instance) -> dict:
    return {
        "Address": endpoints.of_instance(instance),
        "Port": instance.cluster.settings["Port"],
        "HostedZoneId": endpoints.hosted_zone(instance.region),
    }


def of_cluster(instance: Instance) -> dict:
    cluster, settings = instance.cluster, instance.cluster.settings
    return {
        "Engine": cluster.engine,
        "EngineVersion": cluster.version,
        "LicenseModel": "general-public-license" if cluster.engine == engines.MYSQL else "postgresql-license",
        "MasterUsername": cluster.user,
        "DBName": settings["DatabaseName"],
        "BackupRetentionPeriod": settings["BackupRetentionPeriod"],
        "PreferredBackupWindow": settings["PreferredBackupWindow"],
        "StorageType": settings["StorageType"],
        "StorageEncrypted": settings["StorageEncrypted"],
        "StorageEncryptionType": settings["StorageEncryptionType"],
        "KmsKeyId": settings.get("KmsKeyId"),
        "IAMDatabaseAuthenticationEnabled": settings["IAMDatabaseAuthenticationEnabled"],
        "DeletionProtection": False,
        "NetworkType": settings["NetworkType"],
        "VpcSecurityGroups": [
            {"VpcSecurityGroupId": group, "Status": "active"} for group in cluster.security_groups
        ],
    }
