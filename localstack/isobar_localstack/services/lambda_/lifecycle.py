"""Lambda: the states of functions and versions, on the clock of lifecycles.

LocalStack starts a thread and a runtime for each version. This takes the place of that service:
nothing runs, and the states follow from the clock alone, so that they can be frozen, stepped, and
kept in a snapshot.

AWS rules followed: new functions are Pending, longer with an image or with subnets and security
groups that no other function uses; an update is InProgress; a version with SnapStart is Pending for
minutes; provisioned concurrency is IN_PROGRESS. With eventual consistency a new function is unknown
for a moment, and a deleted one is Deleting until it is gone [memory].
"""

import dataclasses
from concurrent.futures import Future

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism import consistency
from isobar_localstack.services.lambda_ import network as lambda_network
from isobar_localstack.services.lambda_.state import all_functions, lock, provisioned, scheduled
from isobar_localstack.services.logs import log_groups as logs


def patch_localstack():
    from localstack.services.lambda_ import provider

    provider.LambdaService = service_class()


def service_class():
    from localstack.services.lambda_.invocation.lambda_service import LambdaService

    class Lifecycles(LambdaService):
        def create_function_version(self, function_version):
            return begin(function_version, preparing(function_version))

        def update_version(self, new_version):
            return begin(new_version, preparing(new_version, "lambda.updating"))

        def publish_version(self, function_version):
            snap_start = function_version.config.snap_start or {}
            if snap_start.get("ApplyOn") == "PublishedVersions":
                return begin(function_version, "lambda.snap_start")
            function = functions(function_version.id)[function_version.id.function_name]
            return finish(function, function_version.id)

        publish_version_async = publish_version

        def stop_version(self, qualified_arn):
            provisioned.pop(qualified_arn, None)

        def get_lambda_version_manager(self, function_arn):
            return Provisioning(function_arn)

        def invoke(self, function_name, qualifier, region, account_id, *args, **kwargs):
            invoke(account_id, region, function_name)

    return Lifecycles


def functions(identity) -> dict:
    return all_functions(identity.account, identity.region)


def preparing(version, usual="lambda.preparing") -> str:
    network = network_of(version)
    if network and not any(
        network_of(other) == network
        for function in functions(version.id).values()
        if function.function_name != version.id.function_name
        for other in function.versions.values()
    ):
        return "lambda.preparing_vpc"
    return "lambda.preparing_image" if version.config.package_type == "Image" else usual


def network_of(version):
    vpc = version.config.vpc_config
    return (frozenset(vpc.subnet_ids), frozenset(vpc.security_group_ids)) if vpc and vpc.subnet_ids else None


def begin(version, duration: str) -> Future:
    with lock:
        function = functions(version.id)[version.id.function_name]
        scheduled.at(due(duration), finish, function, version.id)
    return done()


def done() -> Future:
    future = Future()
    future.set_result(None)
    return future


def finish(function, identity):
    """Unless it has been deleted meanwhile."""
    from localstack.aws.api.lambda_ import LastUpdateStatus, State
    from localstack.services.lambda_.invocation.lambda_models import UpdateStatus, VersionState

    version = function.versions.get(identity.qualifier)
    if (
        functions(identity).get(function.function_name) is function
        and version
        and version.config.state.state != State.Deleting
    ):
        set_state(function, version, VersionState(State.Active), UpdateStatus(LastUpdateStatus.Successful))


def set_state(function, version, state, update):
    config = dataclasses.replace(version.config, state=state, last_update=update)
    function.versions[version.id.qualifier] = dataclasses.replace(version, config=config)


def settled(handler):
    def run(context, request):
        with lock:
            scheduled.settle()
        return handler(context, request)

    return run


# --- provisioned concurrency ----------------------------------------------------------------------


class Provisioning:
    """The manager of a version, as far as LocalStack asks it."""

    def __init__(self, arn: str):
        self.arn = arn

    @property
    def provisioned_state(self):
        return provisioned.get(self.arn)

    def update_provisioned_concurrency_config(self, number: int):
        from localstack.services.lambda_.invocation.lambda_models import ProvisionedConcurrencyState

        with lock:
            provisioned.pop(self.arn, None)
            if number:
                state = provisioned[self.arn] = ProvisionedConcurrencyState()
                scheduled.at(due("lambda.provisioning"), finish_provisioning, state, number)
        return done()


def finish_provisioning(state, number: int):
    from localstack.aws.api.lambda_ import ProvisionedConcurrencyStatusEnum

    state.allocated = state.available = number
    state.status = ProvisionedConcurrencyStatusEnum.READY


# --- invoking -------------------------------------------------------------------------------------


def invoke(account_id: str, region: str, name: str):
    """Fails, since nothing runs here; but it counts as an invocation, which writes logs."""
    function = all_functions(account_id, region).get(name)
    if function is None:
        raise not_found(account_id, region, name)
    state = function.latest().config.state.state
    if state != "Active":
        raise error(
            "ResourceConflictException",
            f"The operation cannot be performed at this time. The function is currently in the following state: {state}",
            409,
        )
    logs.function_ran(account_id, region, name)
    raise error("ServiceException", "This emulator keeps functions but cannot run them.", 500)


# --- creating and deleting ------------------------------------------------------------------------


def not_found(account_id: str, region: str, name: str):
    return error(
        "ResourceNotFoundException",
        f"Function not found: arn:aws:lambda:{region}:{account_id}:function:{name}",
        404,
    )


def plain_name(name_or_arn: str) -> str:
    return name_or_arn.split(":function:")[-1].split(":")[0]


def creating(original):
    def handler(context, request):
        answer = original(context, request)
        name = plain_name(request["FunctionName"])
        # a new one, which has not run
        logs.functions_run.pop((context.account_id, context.region, name), None)
        consistency.mark("consistency.lambda_get", context.account_id, context.region, name)
        consistency.mark_created(context, "lambda", name)
        return answer

    return handler


def getting(original):
    def handler(context, request):
        name = plain_name(request["FunctionName"])
        if (
            consistency.not_visible_yet("consistency.lambda_get", context.account_id, context.region, name)
            and not context.is_internal_call
        ):
            raise not_found(context.account_id, context.region, name)
        return original(context, request)

    return handler


def deleting(original):
    def handler(context, request):
        account_id, region, name = context.account_id, context.region, plain_name(request["FunctionName"])
        function = all_functions(account_id, region).get(name)
        if function and not request.get("Qualifier"):
            if function.latest().config.state.state == "Deleting":
                raise error(
                    "ResourceConflictException",
                    "The operation cannot be performed at this time. The function is currently in the following state: Deleting",
                    409,
                )
            if consistency.is_eventual():
                begin_deleting(account_id, region, function)
                return {"StatusCode": 204}
        answer = original(context, request)
        if function and not request.get("Qualifier"):
            forget_logs(account_id, region, name)
        return answer

    return handler


def begin_deleting(account_id: str, region: str, function):
    from localstack.aws.api.lambda_ import State
    from localstack.services.lambda_.invocation.lambda_models import VersionState

    with lock:
        for version in list(function.versions.values()):
            set_state(function, version, VersionState(State.Deleting), version.config.last_update)
        scheduled.at(due("consistency.lambda_deleting"), finish_deleting, account_id, region, function)


def finish_deleting(account_id: str, region: str, function):
    from localstack.services.lambda_.invocation.models import lambda_stores

    store, name = lambda_stores[account_id][region], function.function_name
    if store.functions.get(name) is not function:
        return
    store.tags.delete_all_tags(function.latest().id.unqualified_arn())
    del store.functions[name]
    for version in function.versions.values():
        provisioned.pop(version.id.qualified_arn(), None)
        if version.config.code:
            version.config.code.destroy()
    forget_logs(account_id, region, name)
    lambda_network.refresh(account_id, region)


def forget_logs(account_id: str, region: str, name: str):
    logs.function_deleted(account_id, region, name)
