"""Route 53 health checks.

Gaps of LocalStack (moto) closed here: CallerReference was ignored, half of the settings were not
kept, versions were not checked.

AWS rules followed: the same reference with the same settings gives the existing check, with other
settings or after the check was deleted HealthCheckAlreadyExists, for ever; updates may carry the
version they were made for; a check on an alarm copies the alarm's definition when it is written,
refuses alarms Route 53 cannot evaluate, and does not follow the alarm afterwards; deleting never
asks whether a record still uses the check.
"""

import copy
import uuid
from dataclasses import dataclass

from isobar_localstack.core.errors import error
from isobar_localstack.services.route53 import health_status as status
from isobar_localstack.services.route53.state import after_marker

LIST_LIMIT = 1000
CHECKER_REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
ENDPOINT_TYPES = ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
RESETTABLE = {
    "FullyQualifiedDomainName": None,
    "ResourcePath": None,
    "Regions": None,
    "ChildHealthChecks": None,
}


@dataclass
class Check:
    id: str
    caller_reference: str
    config: dict
    version: int = 1
    alarm: dict | None = None
    last_known: bool = True
    told_unhealthy: bool = False


def operations(accounts) -> dict:
    """The handlers, bound to the accounts' state that `route53` keeps."""
    checks = Checks(accounts)
    return {
        "CreateHealthCheck": checks.create,
        "GetHealthCheck": checks.get,
        "GetHealthCheckCount": checks.count,
        "GetHealthCheckStatus": checks.status,
        "ListHealthChecks": checks.list,
        "UpdateHealthCheck": checks.update,
        "DeleteHealthCheck": checks.delete,
    }


def no_such_check(check_id):
    return error("NoSuchHealthCheck", f"No health check exists with the specified ID: {check_id}", 404)


class Checks:
    def __init__(self, accounts):
        self.accounts = accounts

    def find(self, context, request) -> Check:
        check_id = request["HealthCheckId"]
        try:
            return self.accounts[context.account_id].checks[check_id]
        except KeyError:
            raise no_such_check(check_id) from None

    def create(self, context, request):
        account = self.accounts[context.account_id]
        reference, wanted = request["CallerReference"], given(request["HealthCheckConfig"])
        if reference in account.check_references:
            return created(existing_check(account, reference, wanted))
        check = Check(str(uuid.uuid4()), reference, with_defaults(wanted))
        self.validate(context, account, check)
        account.checks[check.id] = check
        account.check_references[reference] = (check.id, wanted)
        return created(check)

    def get(self, context, request):
        return {"HealthCheck": describe(self.find(context, request))}

    def count(self, context, request):
        return {"HealthCheckCount": len(self.accounts[context.account_id].checks)}

    def status(self, context, request):
        check = self.find(context, request)
        if check.config["Type"] == "CALCULATED":
            raise error("InvalidInput", "The status of a CALCULATED health check cannot be queried.")
        report = status.report(
            status.is_healthy(context.account_id, self.accounts[context.account_id], check),
            check.config["Type"],
        )
        regions = check.config.get("Regions") or CHECKER_REGIONS
        return {
            "HealthCheckObservations": [
                {"Region": region, "IPAddress": f"192.0.2.{number}", "StatusReport": report}
                for number, region in enumerate(regions, 1)
            ]
        }

    def list(self, context, request):
        checks = sorted(self.accounts[context.account_id].checks.values(), key=lambda check: check.id)
        shown, following = after_marker(checks, request, lambda check: check.id, LIST_LIMIT)
        return {"HealthChecks": [describe(check) for check in shown]} | following

    def update(self, context, request):
        check = self.find(context, request)
        version = request.get("HealthCheckVersion")
        if version is not None and version != check.version:
            raise error(
                "HealthCheckVersionMismatch",
                "The value of HealthCheckVersion in the request does not match the version of the health check.",
                409,
            )
        changed = copy.deepcopy(check)
        settings = {"HealthCheckId", "HealthCheckVersion", "ResetElements"}
        changed.config |= {k: v for k, v in given(request).items() if k not in settings}
        for name in request.get("ResetElements") or []:
            changed.config.pop(name, RESETTABLE.get(name))
        self.validate(context, self.accounts[context.account_id], changed)
        changed.version += 1
        self.accounts[context.account_id].checks[check.id] = changed
        return {"HealthCheck": describe(changed)}

    def delete(self, context, request):
        check = self.find(context, request)
        account = self.accounts[context.account_id]
        del account.checks[check.id]
        account.tags.pop(("healthcheck", check.id), None)
        return {}

    def validate(self, context, account, check: Check):
        kind, config = check.config["Type"], check.config
        if kind in ENDPOINT_TYPES:
            if not config.get("FullyQualifiedDomainName") and not config.get("IPAddress"):
                raise invalid("FullyQualifiedDomainName or IPAddress must be specified")
            if kind.endswith("STR_MATCH") and not config.get("SearchString"):
                raise invalid("SearchString must be specified")
        elif kind == "CALCULATED":
            if unknown := [c for c in config.get("ChildHealthChecks", []) if c not in account.checks]:
                raise invalid(f"ChildHealthChecks contains unknown health checks: {', '.join(unknown)}")
            if config.get("HealthThreshold") is None:
                raise invalid("HealthThreshold must be specified")
        elif kind == "CLOUDWATCH_METRIC":
            check.alarm = alarm_definition(context.account_id, config.get("AlarmIdentifier"))


def invalid(text: str):
    return error("InvalidInput", f"Invalid parameter : {text}")


def given(config: dict) -> dict:
    return {name: value for name, value in config.items() if value is not None}


def created(check: Check) -> dict:
    return {
        "HealthCheck": describe(check),
        "Location": f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check.id}",
    }


def describe(check: Check) -> dict:
    described = {
        "Id": check.id,
        "CallerReference": check.caller_reference,
        "HealthCheckConfig": check.config,
        "HealthCheckVersion": check.version,
    }
    return described | ({"CloudWatchAlarmConfiguration": check.alarm} if check.alarm else {})


def existing_check(account, reference: str, wanted: dict) -> Check:
    check_id, settings = account.check_references[reference]
    if check_id not in account.checks or settings != wanted:
        raise error(
            "HealthCheckAlreadyExists",
            "A health check with this caller reference and different settings already exists, or it was deleted.",
            409,
        )
    return account.checks[check_id]


def with_defaults(config: dict) -> dict:
    kind = config["Type"]
    defaults = {"Inverted": False, "Disabled": False}
    if kind in ENDPOINT_TYPES:
        secure = kind.startswith("HTTPS")
        defaults |= {
            "RequestInterval": 30,
            "FailureThreshold": 3,
            "MeasureLatency": False,
            "EnableSNI": secure,
        }
        if kind != "TCP":
            defaults["Port"] = 443 if secure else 80
    return defaults | config


def alarm_definition(account_id: str, identifier: dict | None) -> dict:
    """The part of the alarm Route 53 copies; raises for alarms it cannot evaluate."""
    from localstack.services.cloudwatch.models import cloudwatch_stores

    if not identifier:
        raise invalid("AlarmIdentifier must be specified")
    alarms = cloudwatch_stores[account_id][identifier["Region"]].alarms
    alarm = next((a.alarm for a in alarms.values() if a.alarm["AlarmName"] == identifier["Name"]), None)
    if alarm is None:
        raise invalid(f"the alarm {identifier['Name']} does not exist in {identifier['Region']}")
    if alarm.get("AlarmRule") or alarm.get("Metrics"):
        raise invalid("composite alarms and alarms on metric math are not supported")
    if alarm.get("ExtendedStatistic"):
        raise invalid("alarms on extended statistics are not supported")
    if alarm.get("DatapointsToAlarm") not in (None, alarm["EvaluationPeriods"]):
        raise invalid("'M out of N' alarms are not supported")
    if alarm["Period"] < 60:
        raise invalid("alarms on high-resolution metrics are not supported")
    copied = (
        "EvaluationPeriods",
        "Threshold",
        "ComparisonOperator",
        "Period",
        "MetricName",
        "Namespace",
        "Statistic",
        "Dimensions",
    )
    return {name: alarm[name] for name in copied if name in alarm}
