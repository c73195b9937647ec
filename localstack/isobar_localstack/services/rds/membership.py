"""RDS: how clusters join a global cluster and leave it.

AWS rules followed: the first to join is the primary, the others are secondaries, one in a region, ten at most, of the
same engine and version; a secondary takes user, password and database of its primary and must not be given them, nor
does any member leave its password to Secrets Manager [doc]; the primary has to be available with an instance before a
secondary is made, and one is made after the other. Who leaves is promoted and then stands alone; the primary leaves
last; a global cluster is not empty for a while after the last has left.
"""

from isobar_localstack.core.clock import clock
from isobar_localstack.core.durations import after, due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.services.rds import engines, roles
from isobar_localstack.services.rds.engines import Version
from isobar_localstack.services.rds.state import (
    Cluster,
    GlobalCluster,
    check_available,
    contradictory,
    find_global,
    go_through,
    instances_of,
    invalid,
    scheduled,
)

MOST_SECONDARIES = 10
OF_THE_PRIMARY = {
    "MasterUsername": "user name",
    "MasterUserPassword": "password",
    "DatabaseName": "database name",
}


# --- joining --------------------------------------------------------------------------------------


def check_joining(context, request, version: Version) -> GlobalCluster:
    """The global cluster that a new cluster of this request can become a member of."""
    joined = find_global(context, request["GlobalClusterIdentifier"])
    check_settled(joined)
    engines.check_global(version)
    if request.get("ManageMasterUserPassword"):
        raise contradictory(
            "ManageMasterUserPassword is not supported for clusters that are members of a global cluster."
        )
    check_same("engine", version.engine, joined.settings["Engine"], joined)
    if joined.members:
        check_secondary(context, request, version, joined)
    else:
        check_primary(request, version, joined)
    return joined


def check_settled(joined: GlobalCluster):
    if joined.status != "available":
        raise invalid_global(f"Global cluster {joined.name} is {joined.status}")


def invalid_global(message: str):
    return error("InvalidGlobalClusterStateFault", message)


def check_same(name: str, value, wanted, joined: GlobalCluster):
    if value != wanted:
        raise invalid(f"Value for {name} should match setting for global cluster {joined.name}")


def check_primary(request, version: Version, joined: GlobalCluster):
    check_same("engineVersion", version.name, joined.settings["EngineVersion"], joined)
    database, of_global = request.get("DatabaseName"), joined.settings.get("DatabaseName")
    if database and of_global:
        check_same("databaseName", database, of_global, joined)
    if request.get("StorageEncrypted") is not None:
        check_same(
            "storageEncrypted", request["StorageEncrypted"], joined.settings["StorageEncrypted"], joined
        )


def check_secondary(context, request, version: Version, joined: GlobalCluster):
    for name, called in OF_THE_PRIMARY.items():
        if request.get(name):
            raise contradictory(f"Cannot specify {called} for cross region replication cluster")
    if any(member.region == context.region for member in joined.members):
        raise invalid(f"Global cluster {joined.name} has a member in the region {context.region} already.")
    if len(joined.secondaries) >= MOST_SECONDARIES:
        raise invalid_global(
            f"Global cluster {joined.name} has {MOST_SECONDARIES} secondary clusters already."
        )
    primary = joined.primary
    check_same("engineVersion", version.name, primary.version, joined)
    is_joining = any(one.status == "creating" for one in joined.secondaries)
    if primary.status != "available" or primary.is_changing or is_joining:
        raise error(
            "InvalidDBClusterStateFault",
            f"Source cluster: {primary.arn} is in a state which is not valid for physical replication",
        )
    if not any(one.status in ("available", "creating") for one in instances_of(primary)):
        raise error(
            "InvalidDBClusterStateFault",
            f"Source cluster: {primary.arn} does not have any available or creating instances",
        )


def join(cluster: Cluster, joined: GlobalCluster):
    primary = joined.primary
    cluster.global_name = joined.name
    if primary:
        cluster.is_secondary = True
        cluster.user, cluster.password = primary.user, primary.password
    elif not cluster.settings["DatabaseName"]:
        cluster.settings["DatabaseName"] = joined.settings.get("DatabaseName")
    joined.members.append(cluster)


# --- leaving --------------------------------------------------------------------------------------


def remove(context, request):
    left, identifier = (
        find_global(context, request["GlobalClusterIdentifier"]),
        request["DbClusterIdentifier"],
    )
    check_arn(identifier)
    member = member_of(left, identifier)
    check_settled(left)
    if not member.is_secondary and left.secondaries:
        raise invalid_global(
            f"Unable to remove cluster {member.arn} that is the primary member of global cluster {left.name} "
            "while there are other global cluster members"
        )
    check_available(member)
    if member.is_secondary:
        go_through(member, ("promoting", "rds.promoting"), "available", then=(stand_alone,))
        over = due("rds.member_leaving")
        scheduled.at(over, leave, member, left, over)
    else:
        leave(member, left, clock.now())
    return left


def check_arn(identifier: str):
    if not identifier.startswith("arn:"):
        raise invalid(f"Invalid database cluster identifier: {identifier}. Specify its ARN.")


def member_of(of: GlobalCluster, arn: str) -> Cluster:
    found = next((member for member in of.members if member.arn == arn), None)
    if found is None:
        raise invalid(f"Cluster {arn} is not found in global cluster {of.name}")
    return found


def leave(cluster: Cluster, left: GlobalCluster, moment: float):
    """It is no longer listed; a secondary goes on being promoted."""
    if cluster not in left.members:
        return
    left.members.remove(cluster)
    cluster.global_name, cluster.forwards, cluster.forwards_settled_at = None, False, 0.0
    if not left.members:
        left.empty_at = after(moment, "rds.global_emptying")


def stand_alone(cluster: Cluster, moment: float):
    cluster.is_secondary = False
    roles.choose_writer(cluster)


def check_empty(cluster: GlobalCluster):
    if cluster.members or not is_over(cluster.empty_at):
        raise invalid_global(f"Global Cluster {cluster.arn} is not empty")


def check_deletion(cluster: Cluster, of: GlobalCluster | None):
    if of is None:
        return
    if cluster.is_secondary:
        raise error(
            "InvalidDBClusterStateFault",
            "This cluster is a part of a global cluster, please remove it from globalcluster first",
        )
    if of.secondaries:
        raise invalid_global(
            "Unable to delete cluster that is a primary member of global cluster while there are other global "
            "cluster members"
        )
