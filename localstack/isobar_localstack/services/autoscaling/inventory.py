"""EC2 Auto Scaling: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    for group in names_of(
        client, "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupName"
    ):
        yield "auto-scaling-group", group
    for policy in collect(client.get_paginator("describe_policies").paginate(), "ScalingPolicies"):
        yield "scaling-policy", f"{policy['AutoScalingGroupName']}/{policy['PolicyName']}"
    for action in collect(
        client.get_paginator("describe_scheduled_actions").paginate(), "ScheduledUpdateGroupActions"
    ):
        yield "scheduled-action", f"{action['AutoScalingGroupName']}/{action['ScheduledActionName']}"
