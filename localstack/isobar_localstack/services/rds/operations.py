"""RDS: its operations."""

from isobar_localstack.services.rds import (
    cluster_answers,
    cluster_changes,
    clusters,
    engine_versions,
    global_clusters,
    instance_changes,
    instance_classes,
    instances,
    parameter_groups,
    roles,
    snapshots,
    subnet_groups,
    switchover,
    tags,
)
from isobar_localstack.services.rds.state import in_turn

PARTS = (
    cluster_changes,
    clusters,
    engine_versions,
    global_clusters,
    instance_changes,
    instance_classes,
    instances,
    parameter_groups,
    snapshots,
    subnet_groups,
    switchover,
    tags,
)


def fail_over_cluster(context, request):
    return {"DBCluster": cluster_answers.to_response(roles.fail_over(context, request))}


def operations(original: dict) -> dict:
    own = {name: handler for part in PARTS for name, handler in part.operations().items()}
    own["FailoverDBCluster"] = fail_over_cluster
    return {name: in_turn(handler) for name, handler in own.items()}
