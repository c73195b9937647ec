"""Application Auto Scaling: its operations."""

from isobar_localstack.services.application_autoscaling import policies, targets


def operations(original: dict) -> dict:
    return {
        "RegisterScalableTarget": targets.register,
        "DescribeScalableTargets": targets.describe_targets,
        "DeregisterScalableTarget": targets.deregister,
        "PutScalingPolicy": policies.put,
        "DescribeScalingPolicies": policies.describe,
        "DeleteScalingPolicy": policies.delete,
        "PutScheduledAction": targets.put_action,
        "DescribeScheduledActions": targets.describe_actions,
        "DeleteScheduledAction": targets.delete_action,
        "DescribeScalingActivities": targets.describe_activities,
        "TagResource": targets.tag,
        "UntagResource": targets.untag,
        "ListTagsForResource": targets.list_tags,
    }
