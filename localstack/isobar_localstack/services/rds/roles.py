"""RDS: which instance of a cluster writes.

AWS rules followed: the first instance does; when it goes, or on demand, the reader of the lowest promotion tier takes
over, of two such the larger one is not looked at here; in a secondary of a global cluster every instance is a reader.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.services.rds.state import (
    Cluster,
    Instance,
    check_available,
    find_cluster,
    find_instance,
    go_through,
    instances_of,
    name_in,
    running,
)


def choose_writer(cluster: Cluster, but: Instance | None = None):
    """The one that writes now, if it can go on, else the next in the order of promotion."""
    if cluster.is_secondary:
        cluster.writer = None
        return
    able = [one for one in instances_of(cluster) if one.status != "deleting" and one is not but]
    ready = [one for one in able if one.has_started] or able
    if cluster.writer in {one.name for one in able}:
        return
    best = min(ready, key=lambda one: one.settings["PromotionTier"], default=None)
    cluster.writer = best.name if best else None


def hand_over(cluster: Cluster, of: Instance):
    """Before the writer is interrupted; without another that can write it stays."""
    if cluster.writer != of.name or not [one for one in running(cluster) if one is not of]:
        return
    choose_writer(cluster, but=of)


def fail_over(context, request):
    cluster = find_cluster(context, request["DBClusterIdentifier"])
    check_available(cluster)
    readers = [one for one in running(cluster) if one.name != cluster.writer]
    wanted = request.get("TargetDBInstanceIdentifier")
    if cluster.is_secondary:
        raise error(
            "InvalidDBClusterStateFault",
            f"DB cluster {cluster.name} is a secondary cluster of a global cluster and has no writer to fail over.",
        )
    if not readers:
        raise error(
            "InvalidDBClusterStateFault",
            f"Cannot failover cluster {cluster.name}: it has no available replicas",
        )
    if wanted:
        find_instance(context, wanted)
        readers = [one for one in readers if one.name == name_in(wanted)]
        if not readers:
            raise error(
                "InvalidDBInstanceState",
                f"DB instance {wanted} is not an available replica of {cluster.name}",
            )
    target = min(readers, key=lambda one: one.settings["PromotionTier"])
    cluster.is_changing = True
    go_through(cluster, ("failing-over", "rds.failing_over"), "available", then=(take_over, target.name))
    return cluster


def take_over(cluster: Cluster, moment: float, name: str):
    cluster.is_changing = False
    if name in cluster.instances:
        cluster.writer = name
