"""CloudWatch alarms.

Gaps of LocalStack closed here: an overwritten alarm lost its state and took tags, lists knew
neither types nor pages, unknown things could be tagged and deleted.

AWS rules followed: PutMetricAlarm replaces the whole definition but keeps the state; tags count
at creation only; DescribeAlarms shows metric alarms unless asked for composite ones;
a composite alarm needs its children and holds them.
"""

import re
import time

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.core.paging import page

NAMES_LIMIT = 100
PAGE_LIMIT = 100
DAY, HOUR = 86400, 3600
STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)


def first_evaluation_after_a_period():
    """LocalStack evaluates at once, in a thread, which undid the state that an overwritten alarm keeps."""
    from localstack.services.cloudwatch import alarm_scheduler

    class Patient(alarm_scheduler.Scheduler):
        def schedule(self, func, period=None, start=None, **more):
            return super().schedule(
                func=func, period=period, start=start or time.time() + (period or 0), **more
            )

    alarm_scheduler.Scheduler = Patient


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "PutMetricAlarm": put_alarm,
            "PutCompositeAlarm": put_alarm,
            "DescribeAlarms": lambda original: describe_alarms,
            "DeleteAlarms": delete_alarms,
            "ListTagsForResource": of_existing_thing,
            "TagResource": of_existing_thing,
            "UntagResource": of_existing_thing,
        },
    )


def store(account_id: str, region: str):
    from localstack.services.cloudwatch.models import cloudwatch_stores

    return cloudwatch_stores[account_id][region]


def invalid(message: str):
    return error("ValidationError", message)


def arn_of(context, name: str) -> str:
    return f"arn:aws:cloudwatch:{context.region}:{context.account_id}:alarm:{name}"


def put_alarm(original):
    def handler(context, request):
        if context.operation.name == "PutMetricAlarm":
            check_metric_alarm(request)
        else:
            check_children(context, request)
        alarms = store(context.account_id, context.region).alarms
        arn = arn_of(context, request["AlarmName"])
        before = alarms.get(arn)
        if before is None:
            return original(context, request)
        answer = original(context, {name: value for name, value in request.items() if name != "Tags"})
        alarms[arn].alarm.update({name: before.alarm[name] for name in STATE if name in before.alarm})
        return answer

    return handler


def children(rule: str) -> set[str]:
    """The alarms a rule names: ALARM(name), OK("name"), INSUFFICIENT_DATA(arn)."""
    named = re.findall(r'\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]+?)"?\s*\)', rule or "")
    return {name.split(":alarm:")[-1] for name in named}


def check_children(context, request):
    known = {alarm["AlarmName"] for alarm in all_alarms(context)}
    if missing := sorted(children(request["AlarmRule"]) - known):
        raise invalid(
            f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        )


def check_metric_alarm(request):
    if bool(request.get("MetricName")) == bool(request.get("Metrics")):
        raise invalid("Exactly one of MetricName and Metrics must be specified")
    if request.get("MetricName"):
        missing = [name for name in ("Namespace", "Period") if not request.get(name)]
        if missing or bool(request.get("Statistic")) == bool(request.get("ExtendedStatistic")):
            raise invalid(
                "An alarm on a metric needs Namespace, Period and exactly one of Statistic and ExtendedStatistic"
            )
        period, span = request["Period"], request["Period"] * request["EvaluationPeriods"]
        if span > (7 * DAY if period >= HOUR else DAY):
            raise invalid(
                "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400)."
            )
    datapoints = request.get("DatapointsToAlarm")
    if datapoints and datapoints > request["EvaluationPeriods"]:
        raise invalid("DatapointsToAlarm must be at most EvaluationPeriods")


def describe_alarms(context, request):
    names = request.get("AlarmNames")
    if names and len(names) > NAMES_LIMIT:
        raise invalid(f"AlarmNames can have at most {NAMES_LIMIT} members")
    if names and request.get("AlarmNamePrefix"):
        raise invalid("AlarmNames and AlarmNamePrefix cannot be used together")
    types = request.get("AlarmTypes") or ["MetricAlarm"]
    chosen = [alarm for alarm in all_alarms(context) if kind_of(alarm) in types and is_wanted(alarm, request)]
    size = min(request.get("MaxRecords") or PAGE_LIMIT, PAGE_LIMIT)
    shown, token = page(
        chosen, request.get("NextToken"), size, error("InvalidNextToken", "The next token is not valid.")
    )
    answer = {
        "MetricAlarms": [alarm for alarm in shown if kind_of(alarm) == "MetricAlarm"],
        "CompositeAlarms": [alarm for alarm in shown if kind_of(alarm) == "CompositeAlarm"],
    }
    return answer | ({"NextToken": token} if token else {})


def all_alarms(context) -> list[dict]:
    alarms = [entry.alarm for entry in list(store(context.account_id, context.region).alarms.values())]
    return sorted(alarms, key=lambda alarm: alarm["AlarmName"])


def kind_of(alarm: dict) -> str:
    return "CompositeAlarm" if alarm.get("AlarmRule") else "MetricAlarm"


def is_wanted(alarm: dict, request) -> bool:
    names, prefix, action = (
        request.get("AlarmNames"),
        request.get("AlarmNamePrefix"),
        request.get("ActionPrefix"),
    )
    return (
        (not names or alarm["AlarmName"] in names)
        and (not prefix or alarm["AlarmName"].startswith(prefix))
        and (not request.get("StateValue") or alarm["StateValue"] == request["StateValue"])
        and (not action or any(arn.startswith(action) for arn in alarm.get("AlarmActions") or []))
    )


def delete_alarms(original):
    def handler(context, request):
        names = request["AlarmNames"]
        if len(names) > NAMES_LIMIT:
            raise invalid(f"AlarmNames can have at most {NAMES_LIMIT} members")
        known = store(context.account_id, context.region).alarms
        there = [name for name in names if arn_of(context, name) in known]
        if sum(kind_of(known[arn_of(context, name)].alarm) == "CompositeAlarm" for name in there) > 1:
            raise invalid("At most one composite alarm can be deleted in one call")
        check_not_needed(context, set(there))
        original(context, {**request, "AlarmNames": there})
        if missing := sorted(set(names) - set(there)):
            raise error("ResourceNotFound", f"Alarms not found: {', '.join(missing)}", 404)

    return handler


def check_not_needed(context, names: set[str]):
    for alarm in all_alarms(context):
        if alarm["AlarmName"] not in names and (held := sorted(children(alarm.get("AlarmRule")) & names)):
            raise invalid(f"Cannot delete {held[0]} as there are composite alarm(s) depending on it.")


def of_existing_thing(original):
    def handler(context, request):
        arn = request["ResourceARN"]
        if ":alarm:" in arn and arn not in store(context.account_id, context.region).alarms:
            raise error("ResourceNotFoundException", f"Unknown resource: {arn}", 404)
        return original(context, request)

    return handler


def tagged(account_id: str, region: str):
    state = store(account_id, region)
    for arn in list(state.alarms):
        yield arn, state.tags.get_tags(arn)
