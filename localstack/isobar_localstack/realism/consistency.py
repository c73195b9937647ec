"""Eventual consistency: what was written is not seen everywhere at once.

Off by default; on with ISOBAR_EMULATOR_CONSISTENCY=eventual at `up`, or over the control endpoint:

    GET  /_isobar/consistency                         {"mode": "strict"}
    POST /_isobar/consistency {"mode": "eventual"}

How long things take to be seen is in DURATIONS. Services `mark` what they
write and ask whether it is still `unseen`; what waits for it is told in each service's file:

    iam       a new or changed role or policy cannot be used by other services; GetRole, lists
    acm       DescribeCertificate knows no validation options yet; lists
    dynamodb  DescribeTable of a new table; tags; lists
    ec2       Describe calls leave new things out; calls that use their ids do not know them
    ecs       its service-linked role cannot be assumed; DescribeServices of a new service; lists
    kms       new keys and aliases are not found; what was changed is read later; lists
    lambda    GetFunction of a new function; a deleted one is Deleting; lists
    logs, s3  lists
    rds       its service-linked role cannot be assumed; a new cluster, instance or global cluster is not found
    secretsmanager  DescribeSecret and GetSecretValue of a new secret; lists
    tagging   GetResources shows what was a while ago: tags, things made and things deleted

Calls that LocalStack makes to itself see everything at once.
"""

import functools
import json
import os

from localstack.http import Resource, Response
from localstack.services.internal import get_internal_apis

from isobar_localstack.core.durations import declare, due, is_over
from isobar_localstack.core.state import State

# In seconds, from memory; these count only with ISOBAR_EMULATOR_CONSISTENCY=eventual.
DURATIONS = {
    "iam_role": 10,
    "iam_policy": 10,
    "iam_profile": 20,
    "iam_read": 2,
    "acm_describe": 3,
    "dynamodb_describe": 1,
    "dynamodb_tags": 3,
    "ec2": 3,
    "ecs_describe": 2,
    "ecs_service_linked_role": 10,
    "elbv2_describe": 2,
    "kms": 5,
    "kms_alias": 3,
    "kms_key": 3,
    "lambda_get": 1,
    "lambda_deleting": 3,
    "list": 5,
    "rds_describe": 3,
    "rds_service_linked_role": 10,
    "s3_list": 5,
    "secretsmanager": 2,
    "tagging": 30,
}
declare("consistency", DURATIONS)

_control = {"mode": os.environ.get("ISOBAR_EMULATOR_CONSISTENCY") or "strict"}
state = State("consistency")
visible_at: dict[tuple, float] = state.store("visible_at", {})


def is_eventual() -> bool:
    return _control["mode"] == "eventual"


def mark(duration: str, *key):
    """The thing with this key begins to spread now."""
    if not is_eventual():
        return
    for old in [old for old, moment in list(visible_at.items()) if is_over(moment)]:
        visible_at.pop(old, None)
    visible_at[duration, *key] = due(duration)


def forget(duration: str, *key):
    visible_at.pop((duration, *key), None)


def not_visible_yet(duration: str, *key) -> bool:
    moment = visible_at.get((duration, *key))
    return moment is not None and is_eventual() and not is_over(moment)


def write(history: list, duration: str, before, value):
    """Notes a value that is seen later; each write at its own time, however many follow."""
    pending = seen_part(history)
    history[:] = pending if len(pending) > 1 else [(0.0, before)]
    history.append((due(duration), value))


def seen_part(history: list) -> list:
    """Without what a later value, seen by now, has replaced."""
    while len(history) > 1 and is_over(history[1][0]):
        history.pop(0)
    return history


def seen(history: list, now):
    """The value as others see it; `now` when nothing is on its way."""
    history = seen_part(history)
    return history[0][1] if is_eventual() and len(history) > 1 else now


# --- handlers -------------------------------------------------------------------------------------


def eventually_listed(list_key: str, name_key: str | None, service: str, everywhere=False):
    """Leaves new things out of a list. `created` has to mark them."""

    def wrap(original):
        @functools.wraps(original)
        def handler(context, request):
            answer = original(context, request)
            if not is_eventual() or context.is_internal_call or not isinstance(answer, dict):
                return answer
            region = "" if everywhere else context.region

            def is_visible(item):
                return not not_visible_yet(
                    "consistency.list",
                    service,
                    context.account_id,
                    region,
                    item[name_key] if name_key else item,
                )

            return {**answer, list_key: [item for item in answer.get(list_key) or [] if is_visible(item)]}

        return handler

    return wrap


def mark_created(context, service: str, name: str, everywhere=False):
    mark("consistency.list", service, context.account_id, "" if everywhere else context.region, name)


class ConsistencyResource:
    def on_get(self, request):
        return {"mode": _control["mode"]}

    def on_post(self, request):
        mode = request.get_json(force=True).get("mode")
        if mode not in ("strict", "eventual"):
            return Response(json.dumps({"message": "mode is strict or eventual"}), 400)
        _control["mode"] = mode
        return self.on_get(request)


def install():
    get_internal_apis().add(Resource("/_isobar/consistency", ConsistencyResource()))
