"""RDS: another primary for a global cluster, with all data (switchover) or at once (failover).

AWS rules followed: a switchover wants every member available, an instance in the old and the new primary, and the same
version on both; a failover that may lose data wants these of its target alone. Meanwhile the status of the global
cluster tells which it is, `FailoverState` is pending first, and then `switching-over` (which the enumeration does not
have) or `failing-over`. The topology stays: the old primary is a secondary afterwards, forwards writes if it has been
told to, and after a failover is rebuilt, with a snapshot of what had not been replicated [doc].
"""

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import after, due
from isobar_localstack.core.errors import error
from isobar_localstack.services.rds import membership, roles, snapshots
from isobar_localstack.services.rds.global_clusters import to_response
from isobar_localstack.services.rds.state import (
    Cluster,
    GlobalCluster,
    check_available,
    contradictory,
    find_global,
    go_through,
    invalid,
    running,
)


def operations() -> dict:
    return {"SwitchoverGlobalCluster": switch_over, "FailoverGlobalCluster": fail_over}


def switch_over(context, request):
    return begin(context, request, loses_data=False)


def fail_over(context, request):
    if request.get("AllowDataLoss") and request.get("Switchover"):
        raise contradictory("AllowDataLoss and Switchover cannot be specified together.")
    return begin(context, request, loses_data=bool(request.get("AllowDataLoss")))


def begin(context, request, loses_data: bool):
    cluster = find_global(context, request["GlobalClusterIdentifier"])
    membership.check_arn(request["TargetDbClusterIdentifier"])
    target = membership.member_of(cluster, request["TargetDbClusterIdentifier"])
    membership.check_settled(cluster)
    if not target.is_secondary:
        raise invalid(f"Cluster {target.arn} is the primary of global cluster {cluster.name} already.")
    old = cluster.primary
    check_healthy(target)
    if not loses_data:
        for member in cluster.members:
            check_available(member)
        check_healthy(old)
        check_versions(old, target)
    start(cluster, old, target, loses_data)
    return {"GlobalCluster": to_response(cluster)}


def check_healthy(member: Cluster):
    check_available(member)
    if not running(member):
        raise error(
            "InvalidDBClusterStateFault", f"Cluster {member.arn} does not have any available DB instances"
        )


def check_versions(old: Cluster, target: Cluster):
    if old.version != target.version:
        raise error(
            "InvalidGlobalClusterStateFault",
            f"The engine versions of the primary {old.arn} ({old.version}) and the target {target.arn} "
            f"({target.version}) are not the same",
        )


def start(cluster: GlobalCluster, old: Cluster, target: Cluster, loses_data: bool):
    status, duration = (
        ("failing-over", "rds.failover") if loses_data else ("switching-over", "rds.switchover")
    )
    cluster.failover = {
        "FromDbClusterArn": old.arn,
        "ToDbClusterArn": target.arn,
        "IsDataLossAllowed": loses_data,
        "begins_at": due("rds.failover_pending"),
    }
    go_through(
        cluster,
        (status, "rds.failover_pending"),
        (status, duration),
        "available",
        then=(finish, old, target, loses_data),
    )
    for member in (old, target):
        go_through(member, (status, "rds.failover_pending"), (status, duration), "available")


def finish(cluster: GlobalCluster, moment: float, old: Cluster, target: Cluster, loses_data: bool):
    cluster.failover = None
    old.is_secondary, target.is_secondary = True, False
    cluster.settings["EngineVersion"] = target.version
    for member in (old, target):
        member.is_changing = False  # a failover does not wait for what the old primary was about to do
        roles.choose_writer(member)
    old.forwards_settled_at = after(moment, "rds.forwarding_changing") if old.forwards else 0.0
    target.forwards_settled_at = 0.0
    if loses_data:
        old.in_sync_at = after(moment, "rds.resynchronising")
        old.password = target.password
        snapshots.keep_unreplicated(old, f"rds:unplanned-global-failover-{old.name}-{int(epoch())}")
