"""CloudWatch Logs: log groups.

Gaps of LocalStack closed here: tags written later were lost, tags outlived their group, lists
knew no pages and no identifiers, every group was of class STANDARD, any number of days was taken
for the retention, the key of a group could not be changed.

AWS rules followed: ARNs are taken with and without the trailing `:*`; DescribeLogGroups shows both.
A key belongs to a log group or to the results of all queries; whether it exists is not checked. Logs
arrive late: the group of a function that has run comes back when it is deleted before the function
or shortly after it. Since nothing runs here, a test says so:

    POST /_isobar/late-logs {"region": "eu-west-1", "function": "carts"}      it has run
    POST /_isobar/late-logs {"region": "eu-west-1", "group": "/aws/lambda/x"} comes back once, when deleted
"""

import threading

from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.core.paging import page
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency

PAGE_LIMIT = 50
RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)

FUNCTION_GROUP = "/aws/lambda/"
lock = threading.RLock()
stores = State("logs")
scheduled = stores.store("scheduled", Scheduled())
# (account, region, function) -> when its logs end; None while it exists
functions_run: dict = stores.store("functions_run", {})
late_groups: set = stores.store("late_groups", set())  # (account, region, group)


def operations(original: dict) -> dict:
    own = replaced(
        original,
        {
            "CreateLogGroup": create_group,
            "DeleteLogGroup": delete_group,
            "DescribeLogGroups": lambda original: consistency.eventually_listed(
                "logGroups", "logGroupName", "logs"
            )(describe_groups),
            "PutRetentionPolicy": put_retention,
            "AssociateKmsKey": lambda original: associate_key,
            "DisassociateKmsKey": lambda original: disassociate_key,
            "PutLogGroupDeletionProtection": lambda original: put_protection,
            "ListTagsForResource": lambda original: list_tags,
            "TagResource": lambda original: tag,
            "UntagResource": lambda original: untag,
        },
    )
    return {name: settled(handler) for name, handler in (original | own).items()}


def settled(handler):
    def run(context, request):
        with lock:
            scheduled.settle()
        return handler(context, request)

    return run


def groups(account_id: str, region: str) -> dict:
    from moto.logs.models import logs_backends

    return logs_backends[account_id][region].groups


def all_tags(account_id: str, region: str) -> dict:
    from localstack.services.logs.models import logs_stores

    return logs_stores[account_id][region].TAGS


def arn_of(account_id: str, region: str, name: str) -> str:
    return f"arn:aws:logs:{region}:{account_id}:log-group:{name}"


def name_in(identifier: str) -> str:
    return identifier.split(":log-group:")[-1].removesuffix(":*")


def find(context, identifier: str):
    group = groups(context.account_id, context.region).get(name_in(identifier))
    if group is None:
        raise error("ResourceNotFoundException", "The specified log group does not exist.")
    return group


# --- groups ---------------------------------------------------------------------------------------


def create_group(original):
    def handler(context, request):
        name = request["logGroupName"]
        if name.startswith("aws/"):
            raise error("InvalidParameterException", "Log groups starting with aws/ are reserved for AWS.")
        answer = original(context, request)
        group = find(context, name)
        group.isobar_class = request.get("logGroupClass") or "STANDARD"
        group.isobar_protected = bool(request.get("deletionProtectionEnabled"))
        consistency.mark_created(context, "logs", name)
        return answer

    return handler


def delete_group(original):
    def handler(context, request):
        group = find(context, request["logGroupName"])
        if getattr(group, "isobar_protected", False):
            raise error("ValidationException", "The log group is protected against deletion.")
        answer = original(context, request)
        all_tags(context.account_id, context.region).pop(
            arn_of(context.account_id, context.region, group.name), None
        )
        if logs_are_late(context.account_id, context.region, group.name):
            scheduled.at(due("logs.late_group"), appear, context.account_id, context.region, group.name)
        return answer

    return handler


# --- late logs ------------------------------------------------------------------------------------


def function_ran(account_id: str, region: str, function: str):
    functions_run[account_id, region, function] = None
    with lock:
        appear(account_id, region, FUNCTION_GROUP + function)


def function_deleted(account_id: str, region: str, function: str):
    if (account_id, region, function) in functions_run:
        functions_run[account_id, region, function] = due("lambda.late_logs_after_delete")


def logs_are_late(account_id: str, region: str, name: str) -> bool:
    if (account_id, region, name) in late_groups:
        late_groups.discard((account_id, region, name))
        return True
    key = (account_id, region, name.removeprefix(FUNCTION_GROUP))
    if not name.startswith(FUNCTION_GROUP) or key not in functions_run:
        return False
    ends = functions_run[key]
    return ends is None or not is_over(ends)


def appear(account_id: str, region: str, name: str):
    """As its writer makes it: without retention, key and tags."""
    from moto.logs.models import logs_backends

    if name not in groups(account_id, region):
        logs_backends[account_id][region].create_log_group(name, {})


class LateLogsResource:
    def on_post(self, request):
        wanted = request.get_json(force=True)
        account_id, region = wanted.get("account", "000000000000"), wanted["region"]
        if wanted.get("function"):
            function_ran(account_id, region, wanted["function"])
        if wanted.get("group"):
            late_groups.add((account_id, region, wanted["group"]))
        return {}


def put_retention(original):
    def handler(context, request):
        if request["retentionInDays"] not in RETENTION_DAYS:
            raise error(
                "InvalidParameterException",
                f"Invalid retention value. Valid values are: {list(RETENTION_DAYS)}",
            )
        find(context, request["logGroupName"])
        return original(context, request)

    return handler


def put_protection(context, request):
    find(context, request["logGroupIdentifier"]).isobar_protected = bool(request["deletionProtectionEnabled"])


def describe_groups(context, request):
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    identifiers, wanted_class = request.get("logGroupIdentifiers"), request.get("logGroupClass")
    if bool(prefix) + bool(pattern) + bool(identifiers) > 1:
        raise error(
            "InvalidParameterException", "Prefix, pattern and identifiers are mutually exclusive parameters."
        )
    names = [name_in(identifier) for identifier in identifiers or []]
    chosen = [
        group
        for name, group in sorted(groups(context.account_id, context.region).items())
        if (not prefix or name.startswith(prefix))
        and (not pattern or pattern.lower() in name.lower())
        and (not names or name in names)
        and (not wanted_class or class_of(group) == wanted_class)
    ]
    shown, token = page(chosen, request.get("nextToken"), min(request.get("limit") or PAGE_LIMIT, PAGE_LIMIT))
    return {"logGroups": [describe(context, group) for group in shown]} | (
        {"nextToken": token} if token else {}
    )


def class_of(group) -> str:
    return getattr(group, "isobar_class", "STANDARD")


def describe(context, group) -> dict:
    arn = arn_of(context.account_id, context.region, group.name)
    return group.to_describe_dict() | {
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": class_of(group),
        "deletionProtectionEnabled": getattr(group, "isobar_protected", False),
    }


# --- keys -----------------------------------------------------------------------------------------


def associate_key(context, request):
    set_key(context, request, request["kmsKeyId"])


def disassociate_key(context, request):
    set_key(context, request, None)


def set_key(context, request, key: str | None):
    name, resource = request.get("logGroupName"), request.get("resourceIdentifier")
    if bool(name) == bool(resource):
        raise error(
            "InvalidParameterException", "Exactly one of logGroupName and resourceIdentifier has to be given."
        )
    if resource == f"arn:aws:logs:{context.region}:{context.account_id}:query-result:*":
        return  # no operation shows this key
    if resource and ":log-group:" not in resource:
        raise error("InvalidParameterException", f"Invalid resourceIdentifier: {resource}")
    find(context, name or resource).kms_key_id = key


# --- tags -----------------------------------------------------------------------------------------


def tags_of(context, arn: str) -> dict:
    if ":log-group:" in arn:
        find(context, arn)
    return all_tags(context.account_id, context.region).setdefault(arn.removesuffix(":*"), {})


def list_tags(context, request):
    return {"tags": dict(tags_of(context, request["resourceArn"]))}


def tag(context, request):
    tags_of(context, request["resourceArn"]).update(request["tags"])


def untag(context, request):
    tags = tags_of(context, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)


def tagged(account_id: str, region: str):
    tags = all_tags(account_id, region)
    for name in list(groups(account_id, region)):
        arn = arn_of(account_id, region, name)
        yield arn, dict(tags.get(arn, {}))
