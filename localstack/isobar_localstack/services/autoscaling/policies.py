"""EC2 Auto Scaling: scaling policies and scheduled actions.

No metric is followed: a test or whoever wants it scales by SetDesiredCapacity or the control
`/_isobar/autoscaling/desired`. What is kept is what a deployer has to do with: target tracking has
alarms of its own in CloudWatch, called TargetTracking-…, which go with the policy or the group.

AWS rules followed: a policy of the same name is overwritten; requests per target are counted for a
target group that is attached; the alarms of step and simple policies are their owner's and stay.
"""

import uuid

from isobar_localstack.core.paging import page
from isobar_localstack.services.autoscaling.state import Group, find, group_of, groups_in, invalid

PER_PAGE = 100
TYPES = ("SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling")
# predefined metric -> (namespace, metric, statistic)
METRICS = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization", "Average"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn", "Average"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
}
CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingConfiguration",
    "PredictiveScaling": "PredictiveScalingConfiguration",
    "StepScaling": "StepAdjustments",
}
KEPT = (
    "AdjustmentType",
    "MinAdjustmentStep",
    "MinAdjustmentMagnitude",
    "ScalingAdjustment",
    "Cooldown",
    "MetricAggregationType",
    "StepAdjustments",
    "EstimatedInstanceWarmup",
    "TargetTrackingConfiguration",
    "PredictiveScalingConfiguration",
)


def operations() -> dict:
    return {
        "PutScalingPolicy": put_policy,
        "DescribePolicies": describe_policies,
        "DeletePolicy": delete_policy,
        "PutScheduledUpdateGroupAction": put_action,
        "DescribeScheduledActions": describe_actions,
        "DeleteScheduledAction": delete_action,
    }


# --- policies -------------------------------------------------------------------------------------


def put_policy(context, request):
    group, name = group_of(context, request), request["PolicyName"]
    kind = request.get("PolicyType") or "SimpleScaling"
    check(group, kind, request)
    before = group.policies.get(name)
    if before and before["PolicyType"] != kind:
        raise invalid(
            f"The policy type of the existing policy {name} is {before['PolicyType']} and cannot be changed."
        )
    arn = before["PolicyARN"] if before else new_arn(group, "scalingPolicy", f"policyName/{name}")
    policy = {
        "AutoScalingGroupName": group.name,
        "PolicyName": name,
        "PolicyARN": arn,
        "PolicyType": kind,
        "Enabled": request.get("Enabled", True),
    } | {key: request[key] for key in KEPT if request.get(key) is not None}
    policy["Alarms"] = tracking_alarms(group, policy, before) if kind == "TargetTrackingScaling" else []
    group.policies[name] = policy
    return {"PolicyARN": arn, "Alarms": policy["Alarms"]}


def new_arn(group: Group, what: str, rest: str) -> str:
    return f"arn:aws:autoscaling:{group.region}:{group.account}:{what}:{uuid.uuid4()}:autoScalingGroupName/{group.name}:{rest}"


def check(group: Group, kind: str, request):
    if kind not in TYPES:
        raise invalid(f"PolicyType must be one of {', '.join(TYPES)}")
    needed = CONFIGURATIONS.get(kind)
    if needed and not request.get(needed):
        raise invalid(f"You must specify {needed} for policy type: {kind}")
    for other, configuration in CONFIGURATIONS.items():
        if other != kind and request.get(configuration):
            raise invalid(f"{configuration} is not supported for policy type: {kind}")
    if kind in ("SimpleScaling", "StepScaling") and not request.get("AdjustmentType"):
        raise invalid(f"You must specify an AdjustmentType for policy type: {kind}")
    if kind == "TargetTrackingScaling":
        check_tracking(group, request["TargetTrackingConfiguration"])


def check_tracking(group: Group, configuration: dict):
    predefined, customized = (
        configuration.get(f"{kind}MetricSpecification") for kind in ("Predefined", "Customized")
    )
    if bool(predefined) == bool(customized):
        raise invalid(
            "You must specify exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification."
        )
    if not predefined:
        return
    label = predefined.get("ResourceLabel")
    if predefined["PredefinedMetricType"] != "ALBRequestCountPerTarget":
        if label:
            raise invalid("ResourceLabel is only supported for the metric type ALBRequestCountPerTarget.")
        return
    parts = (label or "").split("/")
    if len(parts) != 6 or parts[0] != "app" or parts[3] != "targetgroup":
        raise invalid(
            "The resource label must be of the form app/<load balancer>/<id>/targetgroup/<target group>/<id>."
        )
    if not any(arn.endswith("/".join(parts[3:])) for arn in group.sources):
        raise invalid(
            f"The target group of the resource label {label} is not attached to the Auto Scaling group {group.name}."
        )


def cloudwatch(group: Group):
    from localstack.aws.connect import connect_to

    return connect_to(aws_access_key_id=group.account, region_name=group.region).cloudwatch


def tracking_alarms(group: Group, policy: dict, before: dict | None) -> list[dict]:
    """Writes the alarms of the policy; those of an earlier version keep their names."""
    configuration = policy["TargetTrackingConfiguration"]
    target = configuration["TargetValue"]
    wanted = {"High": (target, "GreaterThanThreshold", 3)}
    if not configuration.get("DisableScaleIn"):
        wanted["Low"] = (target * 0.9, "LessThanThreshold", 15)
    old = {
        alarm["AlarmName"].rsplit("-Alarm", 1)[1].split("-")[0]: alarm["AlarmName"]
        for alarm in (before or {}).get("Alarms", [])
    }
    drop_alarms(group, [name for side, name in old.items() if side not in wanted])
    alarms = []
    for side, (threshold, comparison, periods) in wanted.items():
        name = old.get(side) or f"TargetTracking-{group.name}-Alarm{side}-{uuid.uuid4()}"
        cloudwatch(group).put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
            AlarmActions=[policy["PolicyARN"]],
            Threshold=threshold,
            ComparisonOperator=comparison,
            EvaluationPeriods=periods,
            **metric_of(group, configuration),
        )
        alarms.append(
            {"AlarmName": name, "AlarmARN": f"arn:aws:cloudwatch:{group.region}:{group.account}:alarm:{name}"}
        )
    return alarms


def metric_of(group: Group, configuration: dict) -> dict:
    customized = configuration.get("CustomizedMetricSpecification")
    if customized and customized.get("Metrics"):
        queries = [
            {key: value for key, value in query.items() if value is not None}
            for query in customized["Metrics"]
        ]
        for query in queries:
            if query.get("MetricStat"):
                query["MetricStat"] = {"Period": 60} | query["MetricStat"]
        return {"Metrics": queries}
    if customized:
        return {
            "Namespace": customized["Namespace"],
            "MetricName": customized["MetricName"],
            "Statistic": customized["Statistic"],
            "Dimensions": customized.get("Dimensions") or [],
            "Period": customized.get("Period") or 60,
        }
    predefined = configuration["PredefinedMetricSpecification"]
    namespace, metric, statistic = METRICS[predefined["PredefinedMetricType"]]
    dimensions = {"AutoScalingGroupName": group.name}
    if label := predefined.get("ResourceLabel"):
        balancer, _, target = label.partition("/targetgroup/")
        dimensions = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{target}"}
    return {
        "Namespace": namespace,
        "MetricName": metric,
        "Statistic": statistic,
        "Period": 60,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def drop_alarms(group: Group, names: list[str]):
    if names:
        cloudwatch(group).delete_alarms(AlarmNames=names)


def described(context, request) -> list[Group]:
    if name := request.get("AutoScalingGroupName"):
        return [find(context.account_id, context.region, name)]
    return groups_in(context)


def answer(key: str, items: list, request) -> dict:
    shown, token = page(
        items,
        request.get("NextToken"),
        min(request.get("MaxRecords") or PER_PAGE, PER_PAGE),
        invalid("Invalid token"),
    )
    return {key: shown} | ({"NextToken": token} if token else {})


def describe_policies(context, request):
    names, kinds = request.get("PolicyNames"), request.get("PolicyTypes")
    policies = [
        policy
        for group in described(context, request)
        for policy in group.policies.values()
        if (not names or policy["PolicyName"] in names or policy["PolicyARN"] in names)
        and (not kinds or policy["PolicyType"] in kinds)
    ]
    return answer("ScalingPolicies", policies, request)


def delete_policy(context, request):
    wanted = request["PolicyName"]
    for group in (
        [find(context.account_id, context.region, request["AutoScalingGroupName"])]
        if request.get("AutoScalingGroupName")
        else groups_in(context)
    ):
        for name, policy in list(group.policies.items()):
            if policy["PolicyARN"] == wanted or (name == wanted and request.get("AutoScalingGroupName")):
                drop_alarms(group, [alarm["AlarmName"] for alarm in policy["Alarms"]])
                del group.policies[name]
                return {}
    raise invalid(f"No scaling policy found with name {wanted}")


def drop_all(group: Group):
    """With the group go its policies and every alarm that did nothing but call them [model]."""
    arns = {policy["PolicyARN"] for policy in group.policies.values()}
    if not arns:
        return
    alarms = [
        alarm
        for page_ in cloudwatch(group).get_paginator("describe_alarms").paginate()
        for alarm in page_["MetricAlarms"]
    ]
    gone = []
    for alarm in alarms:
        actions = alarm["AlarmActions"] + alarm["OKActions"] + alarm["InsufficientDataActions"]
        if actions and set(actions) <= arns:
            gone.append(alarm["AlarmName"])
    drop_alarms(group, gone)
    group.policies.clear()


# --- scheduled actions ----------------------------------------------------------------------------


def put_action(context, request):
    group, name = group_of(context, request), request["ScheduledActionName"]
    if all(request.get(size) is None for size in ("MinSize", "MaxSize", "DesiredCapacity")):
        raise invalid("At least one of MinSize, MaxSize and DesiredCapacity must be specified.")
    before = group.scheduled.get(name) or {}
    arn = before.get("ScheduledActionARN") or new_arn(
        group, "scheduledUpdateGroupAction", f"scheduledActionName/{name}"
    )
    kept = {key: value for key, value in request.items() if value is not None}
    group.scheduled[name] = kept | {"ScheduledActionARN": arn, "AutoScalingGroupName": group.name}
    return {}


def describe_actions(context, request):
    names = request.get("ScheduledActionNames")
    actions = [
        action
        for group in described(context, request)
        for name, action in group.scheduled.items()
        if not names or name in names
    ]
    return answer("ScheduledUpdateGroupActions", actions, request)


def delete_action(context, request):
    group = group_of(context, request)
    if group.scheduled.pop(request["ScheduledActionName"], None) is None:
        raise invalid(
            f"Scheduled action name not found - no scheduled action named {request['ScheduledActionName']}"
        )
    return {}
