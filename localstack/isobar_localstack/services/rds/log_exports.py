"""RDS: logs that a cluster exports to CloudWatch Logs.

AWS rules followed: the groups `/aws/rds/cluster/<cluster>/<type>` appear by themselves when an instance writes there,
without tags and retention, and stay behind when the cluster or the export ends [memory].
"""

from isobar_localstack.services.logs import log_groups
from isobar_localstack.services.rds.state import Cluster, running


def appear(cluster: Cluster):
    if not running(cluster):
        return
    with log_groups.lock:
        for kind in cluster.log_exports:
            log_groups.appear(cluster.account_id, cluster.region, f"/aws/rds/cluster/{cluster.name}/{kind}")
