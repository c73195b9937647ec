"""RDS: changes of a cluster that take their time or wait for the maintenance window.

    POST /_isobar/rds/maintenance {"region": "eu-west-1", "cluster": "orders"}     the window has come

AWS rules followed: what waits stands in `PendingModifiedValues` as far as that has a place for it; a later call with
ApplyImmediately brings it along; a moment passes in which the status still says available. A new password counts when
resetting-master-credentials is over, for the secondaries as well. Moving to another subnet group gives every instance a
new network interface; if it does not cover their zones any more, the cluster stays where it is.
"""

from isobar_localstack.services.rds import instance_changes, network, upgrades
from isobar_localstack.services.rds.engines import Version
from isobar_localstack.services.rds.passwords import Password
from isobar_localstack.services.rds.state import (
    Cluster,
    global_of,
    go_through,
    in_turn,
    instances_of,
    region_of,
    regions,
)

# Request -> setting.
WAITING = {
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "StorageType": "StorageType",
    "Port": "Port",
}


def note(cluster: Cluster, request, wanted: Version | None):
    """What is to be as it is no longer waits."""
    for name, setting in WAITING.items():
        if request.get(name) is None:
            continue
        if request[name] == cluster.settings[setting]:
            cluster.pending.pop(setting, None)
        else:
            cluster.pending[setting] = request[name]
    if wanted:
        cluster.pending["EngineVersion"] = wanted.name
    elif request.get("EngineVersion"):
        cluster.pending.pop("EngineVersion", None)


def begin(cluster: Cluster, request, is_other: bool):
    """`is_other`: something changes that does not wait, and takes its time."""
    at_once, password = bool(request.get("ApplyImmediately")), request.get("MasterUserPassword")
    if password is not None:
        cluster.is_changing = True
        go_through(
            cluster,
            ("resetting-master-credentials", "rds.password_resetting"),
            "available",
            then=(change_password, Password.of(password), at_once),
        )
    elif at_once and cluster.pending:
        apply_pending(cluster)
    elif is_other:
        cluster.is_changing = True
        go_through(cluster, ("modifying", "rds.cluster_modifying"), "available", then=(settle,))


def settle(cluster: Cluster, moment: float):
    cluster.is_changing = False


def change_password(cluster: Cluster, moment: float, new: Password, at_once: bool):
    of = global_of(cluster)
    for member in [cluster, *(of.secondaries if of else ())]:
        member.password = new
    cluster.is_changing = False
    if at_once and cluster.pending:
        apply_pending(cluster, moment)


def apply_pending(cluster: Cluster, since: float | None = None):
    cluster.is_changing = True
    go_through(cluster, ("available", "rds.change_noticed"), "available", then=(start,), since=since)


def start(cluster: Cluster, moment: float):
    if cluster.pending.keys() - {"EngineVersion", "DBClusterParameterGroup"}:
        go_through(cluster, ("modifying", "rds.cluster_modifying"), "available", then=(apply,), since=moment)
    else:
        apply(cluster, moment)


def apply(cluster: Cluster, moment: float):
    cluster.settings |= {
        name: cluster.pending.pop(name) for name in WAITING.values() if name in cluster.pending
    }
    if move := cluster.pending.pop("DBSubnetGroup", None):
        move_to(cluster, *move)
    cluster.is_changing = False
    if version := cluster.pending.get("EngineVersion"):
        cluster.is_changing = True
        upgrades.upgrade(cluster, Version(cluster.engine, version), since=moment)


def move_to(cluster: Cluster, name: str, groups: list[str]):
    group, instances = region_of(cluster).subnet_groups.get(name), instances_of(cluster)
    zones = {one.settings["AvailabilityZone"] for one in instances}
    if group is None or not zones <= set(group.subnets.values()):
        return
    cluster.subnet_group, cluster.security_groups = name, groups
    for instance in instances:
        network.place_interface(instance, group)


class MaintenanceResource:
    @in_turn
    def on_post(self, request):
        wanted = request.get_json(force=True)
        there = regions[wanted.get("account", "000000000000"), wanted["region"]]
        cluster = there.clusters[wanted["cluster"].lower()]
        if cluster.status == "available" and cluster.pending:
            apply_pending(cluster)
        for instance in instances_of(cluster):
            if instance.status == "available":
                instance_changes.begin(instance, {}, at_once=True)
        return {"status": cluster.status}
