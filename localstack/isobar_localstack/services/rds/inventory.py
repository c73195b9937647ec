"""RDS: what is alive, as (kind, name).

A global cluster is listed in the region that it was made from; the groups that AWS makes are left out.
"""

from isobar_localstack.core.inventory import pages_of
from isobar_localstack.services.rds.state import global_clusters


def live(client):
    for group in pages_of(client, "describe_db_subnet_groups", "DBSubnetGroups"):
        if group["DBSubnetGroupName"] != "default":
            yield "subnet-group", group["DBSubnetGroupName"]
    for own, kind in (
        ("DBClusterParameterGroup", "cluster-parameter-group"),
        ("DBParameterGroup", "parameter-group"),
    ):
        operation = (
            "describe_db_cluster_parameter_groups" if "Cluster" in own else "describe_db_parameter_groups"
        )
        for group in pages_of(client, operation, f"{own}s"):
            if not group[f"{own}Name"].startswith("default."):
                yield kind, group[f"{own}Name"]
    for cluster in pages_of(client, "describe_db_clusters", "DBClusters"):
        yield "cluster", f"{cluster['DBClusterIdentifier']} {cluster['Status']}"
    for instance in pages_of(client, "describe_db_instances", "DBInstances"):
        yield "instance", f"{instance['DBInstanceIdentifier']} {instance['DBInstanceStatus']}"
    for snapshot in pages_of(client, "describe_db_cluster_snapshots", "DBClusterSnapshots"):
        yield "cluster-snapshot", snapshot["DBClusterSnapshotIdentifier"]
    homes = {one.name: one.home for one in list(global_clusters.values())}
    for one in pages_of(client, "describe_global_clusters", "GlobalClusters"):
        if homes.get(one["GlobalClusterIdentifier"]) == client.meta.region_name:
            yield "global-cluster", one["GlobalClusterIdentifier"]
