"""RDS: changes and reboots of instances.

AWS rules followed: another class or certificate waits for the maintenance window unless it is to be applied
immediately, and restarts the instance; a writer whose class changes hands its role over if somebody can take it; another
parameter group is named at once and counts after a reboot, which also brings the static parameters of both groups.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.services.rds import instances, network, roles
from isobar_localstack.services.rds.cluster_settings import check_served
from isobar_localstack.services.rds.instance_answers import to_response
from isobar_localstack.services.rds.state import (
    Instance,
    contradictory,
    find_instance,
    go_through,
    here,
)

RESTARTING = ("DBInstanceClass", "CACertificateIdentifier")
MONITORING = ("MonitoringInterval", "MonitoringRoleArn")
INSIGHTS = ("EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId")
# Applied at once, whatever is said, and without another status.
PLAIN = ("PromotionTier", "AutoMinorVersionUpgrade", "PubliclyAccessible", "CopyTagsToSnapshot")
SERVED = {
    *("DBInstanceIdentifier", "DBParameterGroupName", "EngineVersion", "PreferredMaintenanceWindow"),
    *("ApplyImmediately", "CertificateRotationRestart", "AllowMajorVersionUpgrade"),
    *RESTARTING,
    *MONITORING,
    *INSIGHTS,
    *PLAIN,
    *instances.OF_THE_CLUSTER,
}


def operations() -> dict:
    return {"ModifyDBInstance": modify, "RebootDBInstance": reboot}


def check_state(instance: Instance):
    if instance.status != "available":
        raise error("InvalidDBInstanceState", f"Database instance {instance.name} is not in available state.")


def modify(context, request):
    instance = find_instance(context, request["DBInstanceIdentifier"])
    check_served(request, SERVED)
    check_state(instance)
    instances.check_own(request)
    if request.get("EngineVersion") not in (None, instance.cluster.version):
        raise contradictory(
            "The specified DB Instance is a member of a cluster. Modify the DB engine version for the DB Cluster using "
            "the ModifyDbCluster API"
        )
    restarting = restarting_changes(instance, request)
    now = {name: request[name] for name in PLAIN if request.get(name) is not None}
    slow = slow_changes(context, instance, request)
    if now.get("PubliclyAccessible"):
        group = here(context).subnet_groups[instance.cluster.subnet_group]
        network.check_internet_gateway(context, group.vpc_id)
    name_parameters(context, instance, request)
    instance.settings |= now
    if window := request.get("PreferredMaintenanceWindow"):
        instance.settings["PreferredMaintenanceWindow"] = window.lower()
    network.set_public(instance)
    instance.pending |= restarting
    begin(instance, slow, bool(request.get("ApplyImmediately")))
    return {"DBInstance": to_response(instance)}


def restarting_changes(instance: Instance, request) -> dict:
    instances.certificate(request)
    given = {name: request[name] for name in RESTARTING if request.get(name)}
    wanted = {name: value for name, value in given.items() if value != instance.settings[name]}
    for name in given.keys() - wanted.keys():
        instance.pending.pop(name, None)  # as it is: what was to become of it is taken back
    if wanted.get("DBInstanceClass"):
        instances.check_class(instance.cluster, wanted["DBInstanceClass"])
    return wanted


def slow_changes(context, instance: Instance, request) -> dict:
    """Monitoring and Performance Insights; what is not said stays."""
    changes = {}
    if any(request.get(name) is not None for name in MONITORING):
        merged = {name: instance.settings[name] for name in MONITORING}
        given = {name: request[name] for name in MONITORING if request.get(name) is not None}
        if given.get("MonitoringInterval") == 0:
            merged["MonitoringRoleArn"] = None
        changes |= instances.monitoring(context, merged | given)
    if any(request.get(name) is not None for name in INSIGHTS):
        enabled = request.get("EnablePerformanceInsights")
        now = instance.settings["PerformanceInsightsEnabled"]
        wanted = {**request, "EnablePerformanceInsights": now if enabled is None else enabled}
        changes |= instances.insights(context, wanted)
    return {name: value for name, value in changes.items() if value != instance.settings[name]}


def name_parameters(context, instance: Instance, request):
    if not request.get("DBParameterGroupName"):
        return
    group = instances.parameter_group(context, instance.cluster, request["DBParameterGroupName"])
    if group != instance.parameter_group:
        instance.parameter_group = group
        instance.waits_for_reboot.add("instance")


def begin(instance: Instance, slow: dict, at_once: bool):
    restarts = at_once and bool(instance.pending)
    if not slow and not restarts:
        return
    if restarts:
        roles.hand_over(instance.cluster, instance)
    steps = [("modifying", "rds.instance_modifying")]
    if restarts:
        steps.append(("rebooting", "rds.instance_rebooting"))
    go_through(instance, *steps, "available", then=(finish, slow, restarts))


def finish(instance: Instance, moment: float, slow: dict, restarts: bool):
    instance.settings |= slow
    if restarts:
        instance.settings |= instance.pending
        instance.pending.clear()
        instance.waits_for_reboot.clear()


def reboot(context, request):
    instance = find_instance(context, request["DBInstanceIdentifier"])
    check_state(instance)
    if request.get("ForceFailover"):
        raise contradictory(
            "ForceFailover cannot be specified since the instance is not configured for MultiAZ."
        )
    go_through(instance, ("rebooting", "rds.instance_rebooting"), "available", then=(restarted,))
    return {"DBInstance": to_response(instance)}


def restarted(instance: Instance, moment: float):
    instance.waits_for_reboot.clear()
