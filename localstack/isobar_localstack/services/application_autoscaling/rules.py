"""Application Auto Scaling: targets and the dimensions that belong to them."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.texts import matches

# namespace: (resource ids, the dimension begins with)
FORMS = {
    "ecs": (r"service/[^/]+/[^/]+", "ecs:service:"),
    "dynamodb": (r"table/[^/]+(/index/[^/]+)?", "dynamodb:"),
    "rds": (r"cluster:[^:]+", "rds:cluster:"),
}


def invalid(message):
    return error("ValidationException", message)


def target(context, request):
    form, dimension = FORMS.get(request["ServiceNamespace"], (r".+", ""))
    if not request["ScalableDimension"].startswith(dimension):
        raise invalid("Unsupported service namespace, resource type or scalable dimension")
    if not matches(form, request["ResourceId"]):
        raise invalid(
            f"Resource id {request['ResourceId']} is not valid for the service namespace {request['ServiceNamespace']}"
        )


def capacity(context, request):
    low, high = request.get("MinCapacity"), request.get("MaxCapacity")
    if low is not None and low < 0 or high is not None and high < 0:
        raise invalid("Capacity must not be negative")
    if low is not None and high is not None and low > high:
        raise invalid("Maximum capacity cannot be less than minimum capacity")


def policy(context, request):
    kinds = {
        "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
        "StepScaling": "StepScalingPolicyConfiguration",
        "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
    }
    for kind, member in kinds.items():
        if request.get(member) and request.get("PolicyType", "StepScaling") != kind:
            raise invalid(f"{member} can only be given for the policy type {kind}")
    tracking = request.get("TargetTrackingScalingPolicyConfiguration")
    if tracking and bool(tracking.get("PredefinedMetricSpecification")) == bool(
        tracking.get("CustomizedMetricSpecification")
    ):
        raise invalid(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given"
        )


def schedule(context, request):
    text = request.get("Schedule")
    if text and not matches(
        r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)|rate\(\d+ (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)", text
    ):
        raise invalid(f"Invalid schedule expression: {text}")
    action = request.get("ScalableTargetAction")
    if action is not None:
        if action.get("MinCapacity") is None and action.get("MaxCapacity") is None:
            raise invalid("ScalableTargetAction must have a minimum or a maximum capacity")
        capacity(context, action)


RULES = {
    "RegisterScalableTarget": [target, capacity],
    "DeregisterScalableTarget": [target],
    "PutScalingPolicy": [target, policy],
    "DeleteScalingPolicy": [target],
    "PutScheduledAction": [target, schedule],
    "DeleteScheduledAction": [target],
}
