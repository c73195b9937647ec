"""Lambda: functions that live like on AWS, without a runtime to run them.

Gaps of LocalStack closed here: outside Docker a function ended in State=Failed, since its runtime
cannot be started; any role was accepted; nothing stopped an update during an update. Invoking a
function is not possible here and fails. The states are in `lifecycle`.

AWS rules followed: a function is Pending, then Active; an update is InProgress, then Successful,
and meanwhile every other change is a ResourceConflictException; the role has to exist and to
trust Lambda; lists do not show states. Settings that LocalStack drops are in `settings`.
"""

import json

from plux import Plugin

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.realism.consistency import eventually_listed
from isobar_localstack.services.iam.roles import (
    check_principals,
    role_by_arn,
    trusts,
    usable_allows,
    usable_role,
)
from isobar_localstack.services.lambda_ import aliases, lifecycle, network, settings
from isobar_localstack.services.lambda_.state import find

STATE_FIELDS = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
)
CHANGE_NETWORKS = ("CreateFunction", "UpdateFunctionConfiguration", "PublishVersion", "DeleteFunction")


class NoRuntimePlugin(Plugin):
    """Entry point: the "executor" LocalStack would prepare and start functions with."""

    namespace = "localstack.lambda.runtime_executor"
    name = "isobar"

    def load(self, *args, **kwargs):
        from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

        class NoRuntime(RuntimeExecutor):
            """Runs nothing; `lifecycle` does not even ask it to."""

            @classmethod
            def prepare_version(cls, function_version):
                pass

            @classmethod
            def cleanup_version(cls, function_version):
                pass

            def start(self, env_vars):
                raise RuntimeError("this emulator keeps functions but cannot run them")

            def stop(self):
                pass

            def nothing(self, *args):
                raise RuntimeError("this emulator cannot run functions")

            get_address = get_endpoint_from_executor = get_runtime_endpoint = invoke = get_logs = nothing

        return NoRuntime


def operations(original: dict) -> dict:
    own = replaced(
        original,
        {
            "CreateFunction": lambda original: lifecycle.creating(
                settings.showing(settings.keeping(with_role_check(original)))
            ),
            "UpdateFunctionCode": lambda original: settings.showing(when_settled(original)),
            "UpdateFunctionConfiguration": update_configuration,
            "UpdateAlias": aliases.updating,
            "PublishVersion": lambda original: settings.showing(when_settled(original)),
            "DeleteFunction": lambda original: lifecycle.deleting(when_unreferenced(original)),
            "GetFunction": lambda original: lifecycle.getting(settings.get_function(original)),
            "GetFunctionConfiguration": lambda original: lifecycle.getting(
                settings.showing(through_alias(original))
            ),
            "ListFunctions": list_functions,
            "AddPermission": with_known_principal,
            "ListVersionsByFunction": lambda original: settings.showing_all("Versions")(
                without_states("Versions")(original)
            ),
        },
    )
    own |= {name: network.following(own.get(name) or original[name]) for name in CHANGE_NETWORKS}
    return {name: lifecycle.settled(handler) for name, handler in (original | own).items()}


def list_functions(original):
    handler = settings.showing_all("Functions")(without_states("Functions")(original))
    return eventually_listed("Functions", "FunctionName", "lambda")(handler)


def update_configuration(original):
    return settings.showing(when_settled(settings.keeping(with_role_check(original))))


def with_role_check(original):
    def handler(context, request):
        if request.get("Role"):
            check_role(context, request["Role"])
        check_network_permission(context, request)
        return original(context, request)

    return handler


def check_role(context, arn: str):
    role = usable_role(context.account_id, arn)
    if role is None or not trusts(role, "lambda.amazonaws.com"):
        raise error(
            "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
        )


def check_network_permission(context, request):
    """Lambda makes network interfaces with the rights of the function's role."""
    if not (request.get("VpcConfig") or {}).get("SubnetIds"):
        return
    function = find(context, request["FunctionName"])
    arn = request.get("Role") or (function.latest().config.role if function else "")
    role = role_by_arn(context.account_id, arn)
    if role and not usable_allows(context.account_id, role, "ec2:CreateNetworkInterface"):
        raise error(
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        )


def with_known_principal(original):
    def handler(context, request):
        policy = json.dumps({"Statement": {"Principal": {"AWS": request["Principal"]}}})
        check_principals(
            context,
            policy,
            error(
                "InvalidParameterValueException",
                "The provided principal was invalid. Please check the principal and try again.",
            ),
        )
        return original(context, request)

    return handler


def when_settled(original):
    def handler(context, request):
        check_settled(context, request["FunctionName"])
        return original(context, request)

    return handler


def check_settled(context, name_or_arn: str):
    function = find(context, name_or_arn)
    if function is None:
        return  # LocalStack answers that
    latest = function.latest()
    arn = latest.id.unqualified_arn()
    state = latest.config.state.state
    if state in ("Pending", "Deleting"):
        raise error(
            "ResourceConflictException",
            f"The operation cannot be performed at this time. The function is currently in the following state: {state}",
            409,
        )
    if latest.config.last_update and latest.config.last_update.status == "InProgress":
        raise error(
            "ResourceConflictException",
            f"The operation cannot be performed at this time. An update is in progress for resource: {arn}",
            409,
        )


def when_unreferenced(original):
    """A version that an alias points to cannot be deleted; the whole function can."""

    def handler(context, request):
        version, function = request.get("Qualifier"), find(context, request["FunctionName"])
        aliases = function.aliases.values() if function and version else []
        users = [alias.name for alias in aliases if version in versions_of(alias)]
        if users:
            raise error(
                "ResourceConflictException",
                f"Unable to delete version because the following aliases reference it: [{', '.join(users)}]",
                409,
            )
        return original(context, request)

    return handler


def through_alias(original):
    """LocalStack does not know that an alias is a qualifier too."""

    def handler(context, request):
        function, qualifier = find(context, request["FunctionName"]), request.get("Qualifier")
        alias = function.aliases.get(qualifier) if function and qualifier else None
        if alias is None:
            return original(context, request)
        answer = original(context, {**request, "Qualifier": alias.function_version})
        arn = f"{function.latest().id.unqualified_arn()}:{alias.name}"
        return {**answer, "FunctionArn": arn}

    return handler


def versions_of(alias) -> set:
    routing = alias.routing_configuration
    return {alias.function_version, *(routing.version_weights if routing else {})}


def without_states(key: str):
    def wrap(original):
        def handler(context, request):
            answer = original(context, request)
            shown = [{k: v for k, v in item.items() if k not in STATE_FIELDS} for item in answer.get(key, [])]
            return {**answer, key: shown}

        return handler

    return wrap


def tagged(account_id: str, region: str):
    from localstack.services.lambda_.invocation.models import lambda_stores

    store = lambda_stores[account_id][region]
    for function in list(store.functions.values()):
        arn = function.latest().id.unqualified_arn()
        yield arn, dict(store.tags.get_tags(arn))
