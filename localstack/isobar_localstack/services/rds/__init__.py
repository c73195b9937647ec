"""RDS for Aurora, written here: LocalStack has none without an account.

state              what there is, statuses          reading             pages and filters
subnet_groups      parameter_groups                 parameters          the table of parameters
engines            the table of versions            engine_versions     instance_classes
global_clusters    membership, switchover           upgrades            newer versions
clusters           cluster_settings, cluster_answers                    their life and how they are shown
cluster_changes    cluster_pending                  passwords, login    the master user
instances          instance_changes, instance_answers                   roles: who writes; failing
snapshots          log_exports                      network, keys, endpoints, service_linked_role: what they stand in

Only Aurora is served, and of that neither restores nor clones, proxies, custom endpoints and activity streams.
"""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Quota, Throttling
from isobar_localstack.services.rds import (
    cluster_pending,
    engine_versions,
    failing,
    inventory,
    login,
    operations,
    rules,
    state,
    tags,
)

SERVICE = Emulated(
    "rds",
    based_on=Base.OWN,
    operations=operations.operations,
    throttling=Throttling("Throttling"),
    # Not published: what to budget.
    limits=(Limit(("*",), 5, 20, "memory"),),
    quotas={
        "db_clusters": Quota(
            40, 1000, "DBClusterQuotaExceededFault", "The DB cluster quota has been exceeded.", 403
        ),
        "db_instances": Quota(40, 1000, "InstanceQuotaExceeded", "The DB instance quota has been exceeded."),
        "rds_global_clusters": Quota(
            5, 1000, "GlobalClusterQuotaExceededFault", "The global cluster quota has been exceeded."
        ),
    },
    errors=rules.violation,
    unreadable="MalformedInput",
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=tags.tagged,
    state=(state.stores,),
    durations={
        "global_creating": 15,
        "global_deleting": 15,
        "global_emptying": 60,
        "cluster_creating": 240,
        "secondary_creating": 600,
        "backing_up": 60,
        "cluster_modifying": 60,
        "change_noticed": 10,
        "cluster_deleting": 120,
        "password_resetting": 45,
        "promoting": 180,
        "member_leaving": 60,
        "forwarding_changing": 120,
        "failover_pending": 10,
        "switchover": 120,
        "failover": 60,
        "resynchronising": 900,
        "failing_over": 35,
        "minor_upgrade": 600,
        "major_upgrade": 1800,
        "instance_creating": 420,
        "monitoring_configuring": 30,
        "instance_modifying": 240,
        "instance_rebooting": 45,
        "instance_deleting": 300,
        "interface_leaving": 360,  # after the deletion of its instance has begun
        "moved_interface_leaving": 60,
        "parameters_applying": 20,
        "snapshot_creating": 120,
    },
    controls={
        "rds/failing": failing.FailingResource,
        "rds/login": login.LoginResource,
        "rds/maintenance": cluster_pending.MaintenanceResource,
        "rds/withdrawn-versions": engine_versions.WithdrawnVersionsResource,
    },
    before_requests=state.advance,
)
