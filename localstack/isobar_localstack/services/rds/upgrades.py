"""RDS: newer engine versions.

AWS rules followed: a minor version goes member by member through ModifyDBCluster, secondaries first, one at a time; a
major one goes through ModifyGlobalCluster for all members together, with the default parameter groups afterwards. The
instances are upgrading with their cluster.
"""

from isobar_localstack.services.rds import engines, membership
from isobar_localstack.services.rds.engines import MYSQL, Version
from isobar_localstack.services.rds.state import (
    Cluster,
    GlobalCluster,
    check_available,
    contradictory,
    global_of,
    go_through,
    instances_of,
    invalid,
    running,
)

# [issue] hashicorp/terraform-provider-aws#47448
MINOR = {
    engines.POSTGRESQL: "ModifyGlobalCluster doesn't support minor version upgrades for Aurora global databases.",
    MYSQL: "Amazon RDS can't perform minor version upgrades through ModifyGlobalCluster for this database engine.",
}


def version_of(cluster: Cluster) -> Version:
    return Version(cluster.engine, cluster.version)


def check(context, cluster: Cluster, request) -> Version | None:
    """The version that ModifyDBCluster asks for, if it is another."""
    if request.get("EngineVersion") in (None, cluster.version):
        return None
    version, wanted = version_of(cluster), Version(cluster.engine, request["EngineVersion"])
    if wanted.name in engines.DEFAULTS[cluster.engine]:
        wanted = engines.default(cluster.engine, wanted.name)
    engines.check_upgrade(context, version, wanted, bool(request.get("AllowMajorVersionUpgrade")))
    if of := global_of(cluster):
        check_member(cluster, of, version, wanted)
    return wanted


def check_member(cluster: Cluster, of: GlobalCluster, version: Version, wanted: Version):
    if wanted.major != version.major:
        raise contradictory(
            f"The major version of {cluster.name} cannot be upgraded by itself, because it is a member of a global "
            "cluster. Use ModifyGlobalCluster."
        )
    if any(member.status == "upgrading" for member in of.members):
        raise membership.invalid_global(f"Global cluster {of.name} is upgrading")
    if not cluster.is_secondary and any(version_of(one) < wanted for one in of.secondaries):
        raise invalid(
            f"Cannot upgrade DB cluster '{cluster.name}' to engine version {wanted.name} as global replica(s) are "
            "running lower version. Please upgrade global replicas first before upgrading the primary member."
        )


def upgrade(cluster: Cluster, wanted: Version, duration="rds.minor_upgrade", since=None):
    """The cluster and its instances; `is_changing` has been set by whoever has checked."""
    for instance in running(cluster):
        go_through(instance, ("upgrading", duration), "available", since=since)
    go_through(cluster, ("upgrading", duration), "available", then=(finish, wanted.name), since=since)


def finish(cluster: Cluster, moment: float, name: str):
    if Version(cluster.engine, name).major != version_of(cluster).major:
        take_parameters(cluster, Version(cluster.engine, name))
    cluster.settings["EngineVersion"], cluster.is_changing = name, False
    cluster.pending.pop("EngineVersion", None)
    of = global_of(cluster)
    if of and not cluster.is_secondary:
        of.settings["EngineVersion"] = name


def take_parameters(cluster: Cluster, version: Version):
    """Of another family: those that were named with the upgrade, the defaults else."""
    default = engines.default_group(version)
    cluster.parameter_group = cluster.pending.pop("DBClusterParameterGroup", default)
    for instance in instances_of(cluster):
        instance.parameter_group = default
        instance.waits_for_reboot.clear()


# --- major versions of global clusters ------------------------------------------------------------


def upgrade_all(context, of: GlobalCluster, request):
    version = Version(of.settings["Engine"], of.settings["EngineVersion"])
    wanted = Version(version.engine, request["EngineVersion"])
    if wanted == version:
        return
    if wanted.major == version.major:
        raise invalid(MINOR[version.engine])
    engines.check_upgrade(context, version, wanted, bool(request.get("AllowMajorVersionUpgrade")))
    engines.check_global(wanted)
    for member in of.members:
        check_available(member)
    if not of.members:
        of.settings["EngineVersion"] = wanted.name
        return
    go_through(of, ("upgrading", "rds.major_upgrade"), "available")
    for member in of.members:
        member.is_changing = True
        upgrade(member, wanted, "rds.major_upgrade")
