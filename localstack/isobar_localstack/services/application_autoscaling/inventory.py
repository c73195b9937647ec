"""Application Auto Scaling: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect


def live(client):
    for namespace in ("dynamodb", "ecs", "rds"):
        for kind, operation, key, name in (
            ("scalable-target", "describe_scalable_targets", "ScalableTargets", None),
            ("scaling-policy", "describe_scaling_policies", "ScalingPolicies", "PolicyName"),
            ("scheduled-action", "describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"),
        ):
            for item in collect(client.get_paginator(operation).paginate(ServiceNamespace=namespace), key):
                yield (
                    kind,
                    " ".join(filter(None, (item["ResourceId"], item["ScalableDimension"], item.get(name)))),
                )
