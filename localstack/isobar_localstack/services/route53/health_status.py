"""Route 53: whether a health check is healthy.

AWS rules followed: a check on an alarm evaluates the data of the metric itself, with the alarm's
definition as it was when the check was written; the state of the alarm is irrelevant. Without
data counts InsufficientDataHealthStatus; LastKnownStatus starts as healthy. A calculated check
counts its healthy children. Disabled is healthy; Inverted turns the answer round.

Nothing probes endpoints here: their checks are healthy unless a test says otherwise. GetHealthCheckStatus
does not answer for calculated checks, as on AWS; the control endpoint does for all:

    GET  /_isobar/health-checks                         {id: {"type": …, "healthy": true}}
    POST /_isobar/health-checks {"<id>": "unhealthy"}   or "healthy", for checks of endpoints
"""

import datetime

from isobar_localstack.core.clock import epoch
from isobar_localstack.services.route53.state import accounts

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, limit: value >= limit,
    "GreaterThanThreshold": lambda value, limit: value > limit,
    "LessThanThreshold": lambda value, limit: value < limit,
    "LessThanOrEqualToThreshold": lambda value, limit: value <= limit,
}


def is_healthy(account_id: str, account, check) -> bool:
    config = check.config
    if config.get("Disabled"):
        return True
    if config["Type"] == "CLOUDWATCH_METRIC":
        healthy = metric_is_healthy(account_id, check)
    elif config["Type"] == "CALCULATED":
        children = [
            account.checks[child] for child in config.get("ChildHealthChecks", []) if child in account.checks
        ]
        healthy = (
            sum(is_healthy(account_id, account, child) for child in children) >= config["HealthThreshold"]
        )
    else:
        healthy = not getattr(check, "told_unhealthy", False)
    return healthy != bool(config.get("Inverted"))


def metric_is_healthy(account_id: str, check) -> bool:
    verdict = verdict_of_metric(account_id, check)
    if verdict is None:
        wanted = check.config.get("InsufficientDataHealthStatus") or "LastKnownStatus"
        return check.last_known if wanted == "LastKnownStatus" else wanted == "Healthy"
    check.last_known = verdict
    return verdict


def verdict_of_metric(account_id: str, check) -> bool | None:
    """None without enough data for the alarm's number of periods."""
    from localstack.aws.connect import connect_to

    alarm, periods = check.alarm, check.alarm["EvaluationPeriods"]
    period, now = alarm["Period"], epoch()
    end = (now // period + 1) * period  # the running period counts as soon as it has data
    client = connect_to(
        aws_access_key_id=account_id, region_name=check.config["AlarmIdentifier"]["Region"]
    ).cloudwatch
    points = client.get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm.get("Dimensions") or [],
        StartTime=moment(end - (periods + 1) * period),
        EndTime=moment(end),
        Period=period,
        Statistics=[alarm["Statistic"]],
    )["Datapoints"]
    values = [point[alarm["Statistic"]] for point in sorted(points, key=lambda point: point["Timestamp"])][
        -periods:
    ]
    breaches = [COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]) for value in values]
    if not all(breaches):
        return True
    return False if len(breaches) == periods else None


def moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def report(healthy: bool, kind: str) -> dict:
    if kind == "CLOUDWATCH_METRIC":
        words = "Success: The alarm is in OK state" if healthy else "Failure: The alarm is in ALARM state"
    elif kind == "TCP":
        words = "Success: TCP connection established" if healthy else "Failure: Connection timed out"
    else:
        words = (
            "Success: HTTP Status Code 200, OK"
            if healthy
            else "Failure: HTTP Status Code 503, Service Unavailable"
        )
    return {"Status": words, "CheckedTime": epoch()}


class HealthChecksResource:
    def on_get(self, request):
        return {
            check.id: {"type": check.config["Type"], "healthy": is_healthy(account_id, account, check)}
            for account_id, account in list(accounts.items())
            for check in list(account.checks.values())
        }

    def on_post(self, request):
        for check_id, wanted in request.get_json(force=True).items():
            for account in list(accounts.values()):
                if check_id in account.checks:
                    account.checks[check_id].told_unhealthy = wanted == "unhealthy"
        return self.on_get(request)
