"""CloudWatch: periods, spans and actions of alarms; names of dashboards."""

import json

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def invalid(message):
    return error("ValidationError", message)


def is_period(seconds: int) -> bool:
    return seconds in fact("cloudwatch.short_periods") or (seconds > 0 and seconds % 60 == 0)


def periods(context, request):
    queries = request.get("Metrics") or []
    found = [request.get("Period"), *(query.get("Period") for query in queries)]
    found += [(query.get("MetricStat") or {}).get("Period") for query in queries]
    found = [seconds for seconds in found if seconds is not None]
    for seconds in found:
        if not is_period(seconds):
            raise invalid("Period must be 10, 20, 30 or a multiple of 60")
    if request.get("Namespace", "").startswith("AWS/") and any(seconds < 60 for seconds in found):
        raise invalid("Period must not be less than 60 for metrics of AWS services")
    span = max(found, default=0) * request["EvaluationPeriods"]
    day, week = fact("cloudwatch.evaluation_seconds"), fact("cloudwatch.evaluation_seconds_hourly")
    if span > (week if found and max(found) >= 3600 else day):
        raise invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."
        )


def queries(context, request):
    metrics = request.get("Metrics") or []
    if not metrics:
        return
    given = [
        name
        for name in (
            "MetricName",
            "Namespace",
            "Dimensions",
            "Period",
            "Unit",
            "Statistic",
            "ExtendedStatistic",
        )
        if request.get(name)
    ]
    if given:
        raise invalid(f"Metrics list must not be specified together with {', '.join(given)}")
    if len({query["Id"] for query in metrics}) != len(metrics):
        raise invalid("The values for parameter id in class MetricDataQuery must be unique")
    for query in metrics:
        if bool(query.get("MetricStat")) == bool(query.get("Expression")):
            raise invalid("Exactly one of MetricStat and Expression must be given in a metric data query")
    # The band of an anomaly alarm stands beside what is watched, and counts for nothing here.
    watched = [query for query in metrics if query["Id"] != request.get("ThresholdMetricId")]
    if sum(query.get("ReturnData") is not False for query in watched) != 1:
        raise invalid("Exactly one element of the metrics list should return data.")


def actions(context, request):
    for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for action in request.get(kind) or []:
            parts = action.split(":")
            if len(parts) < 6 or parts[0] != "arn":
                raise invalid(f"Invalid arn syntax: {action}")
            if parts[3] != context.region:
                raise invalid(f"Invalid region {parts[3]} specified. Only {context.region} is supported.")


def thresholds(context, request):
    if (
        request.get("Threshold") is None
        and not request.get("ThresholdMetricId")
        and not request.get("EvaluationCriteria")
    ):
        raise invalid("Threshold must be specified")
    statistic = request.get("ExtendedStatistic")
    if statistic and not matches(
        r"(p|tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)|IQM|(PR|TM|TC|TS|WM)\(.*\)", statistic
    ):
        raise invalid(f"The value {statistic} for parameter ExtendedStatistic is not supported.")


def dashboard(context, request):
    if not matches(fact("cloudwatch.dashboard_name"), request["DashboardName"]):
        raise error("InvalidParameterValue", "The value of DashboardName may contain only A-Za-z0-9-_")
    try:
        body = json.loads(request["DashboardBody"])
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise error("InvalidParameterInput", "The field DashboardBody must be a valid JSON object")


RULES = {
    "PutMetricAlarm": [periods, queries, actions, thresholds],
    "PutCompositeAlarm": [actions],
    "PutDashboard": [dashboard],
}
