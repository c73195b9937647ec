"""Application Auto Scaling: scaling policies and the alarms that belong to them.

AWS rules followed: a policy needs its target and is changed by putting it again under its name; target
tracking makes two alarms in CloudWatch, TargetTracking-…-AlarmHigh-… and …-AlarmLow-…, one when it may not scale
in, which are replaced and deleted with the policy; ALBRequestCountPerTarget names a load balancer and a
target group attached to it. Step scaling makes none: its user does.
"""

import uuid

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.services.application_autoscaling.alarms import (
    ECS_METRICS,
    REQUESTS,
    delete_alarms,
    make_alarms,
)
from isobar_localstack.services.application_autoscaling.targets import (
    Target,
    described,
    find,
    invalid,
    key_of,
    listed,
    targets,
)
from isobar_localstack.services.elbv2 import state as elbv2_state

CONFIGURATIONS = (
    "StepScalingPolicyConfiguration",
    "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScalingPolicyConfiguration",
)


def put(context, request):
    target, name = find(context, request), request["PolicyName"]
    before = target.policies.get(name)
    kind = request.get("PolicyType") or (before["PolicyType"] if before else "StepScaling")
    if before and before["PolicyType"] != kind:
        raise invalid(
            f"The type of the scaling policy {name} cannot be changed from {before['PolicyType']} to {kind}"
        )
    given = {one: request[one] for one in CONFIGURATIONS if request.get(one)}
    if before is None and f"{kind}PolicyConfiguration" not in given:
        raise invalid(f"{kind}PolicyConfiguration must be given for the policy type {kind}")
    tracking = given.get("TargetTrackingScalingPolicyConfiguration")
    if tracking:
        check_metric(context, request, tracking)
        check_alone(target, name, tracking)
    data = {
        one: request[one] for one in ("ServiceNamespace", "ResourceId", "ScalableDimension", "PolicyName")
    }
    policy = (
        {"PolicyARN": arn_of(context, request), "CreationTime": epoch(), "Alarms": []}
        | (before or {})
        | data
        | {"PolicyType": kind}
        | given
    )
    if tracking:
        delete_alarms(context, policy)
        policy["Alarms"] = make_alarms(context, policy, tracking)
    target.policies[name] = policy
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def arn_of(context, request) -> str:
    return (
        f"arn:aws:autoscaling:{context.region}:{context.account_id}:scalingPolicy:{uuid.uuid4()}:resource/"
        f"{request['ServiceNamespace']}/{request['ResourceId']}:policyName/{request['PolicyName']}"
    )


# --- checks ---------------------------------------------------------------------------------------


def check_metric(context, request, tracking: dict):
    metric = tracking.get("PredefinedMetricSpecification")
    if not metric:
        return
    kind, label = metric["PredefinedMetricType"], metric.get("ResourceLabel")
    of_ecs = kind == REQUESTS or kind in ECS_METRICS
    if of_ecs != (request["ServiceNamespace"] == "ecs"):
        raise invalid(
            f"Unsupported PredefinedMetricType {kind} for the service namespace {request['ServiceNamespace']}"
        )
    if kind != REQUESTS:
        if label:
            raise invalid(f"Resource label can not be specified for the predefined metric type {kind}")
        return
    if not label:
        raise invalid(f"You must specify a resource label for the predefined metric type {REQUESTS}")
    check_label(context, label)


def check_label(context, label: str):
    """app/name/id/targetgroup/name/id of a target group that this load balancer forwards to."""
    parts = label.split("/")
    if len(parts) != 6 or parts[0] != "app" or parts[3] != "targetgroup":
        raise invalid(
            f"The resource label {label} must be of the form app/<load-balancer>/<id>/targetgroup/<target-group>/<id>"
        )
    there, prefix = (
        elbv2_state.regions[context.account_id, context.region],
        f"arn:aws:elasticloadbalancing:{context.region}:{context.account_id}:",
    )
    balancer, group = (
        f"{prefix}loadbalancer/{'/'.join(parts[:3])}",
        there.groups.get(prefix + "/".join(parts[3:])),
    )
    if group is None or balancer not in group.balancers:
        raise invalid(
            f"Invalid resource label: {label}. The load balancer does not route traffic to the target group."
        )


def check_alone(target: Target, name: str, tracking: dict):
    """Two policies of a target cannot follow the same predefined metric."""
    metric = tracking.get("PredefinedMetricSpecification")
    for other in target.policies.values():
        same = (other.get("TargetTrackingScalingPolicyConfiguration") or {}).get(
            "PredefinedMetricSpecification"
        )
        if (
            metric
            and other["PolicyName"] != name
            and same
            and same["PredefinedMetricType"] == metric["PredefinedMetricType"]
        ):
            raise invalid(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            )


# --- reading and deleting -------------------------------------------------------------------------


def describe(context, request):
    return listed(
        context,
        request,
        "ScalingPolicies",
        "PolicyNames",
        lambda target: target.policies.values(),
        lambda item: item["PolicyName"],
    )


def delete(context, request):
    key, name = key_of(context, request), request["PolicyName"]
    if key not in targets or name not in targets[key].policies:
        raise error(
            "ObjectNotFoundException", f"No scaling policy found for {described(key)}, policy name: {name}"
        )
    delete_alarms(context, targets[key].policies.pop(name))
    return {}
