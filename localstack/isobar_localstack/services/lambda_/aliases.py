"""Lambda: weights of aliases.

Gap of LocalStack closed here: an update with weights was an internal error.
"""

import dataclasses

from isobar_localstack.core.errors import error
from isobar_localstack.services.lambda_.lifecycle import not_found
from isobar_localstack.services.lambda_.state import find


def updating(original):
    def handler(context, request):
        function, name = find(context, request["FunctionName"]), request["Name"]
        weights = (request.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
        alias = function.aliases.get(name) if function else None
        if not weights or alias is None:
            return original(context, request)
        check(context, function, request.get("FunctionVersion") or alias.function_version, weights)
        answer = original(context, {key: value for key, value in request.items() if key != "RoutingConfig"})
        set_weights(function, name, weights)
        return answer | {"RoutingConfig": {"AdditionalVersionWeights": dict(weights)}}

    return handler


def check(context, function, version: str, weights: dict):
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for other in weights:
        if other == version:
            raise invalid(
                f"Invalid function version {version}. Function version {version} is already included in routing configuration."
            )
        if "$LATEST" in (version, other):
            raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if other not in function.versions:
            raise not_found(context.account_id, context.region, f"{function.function_name}:{other}")


def invalid(message: str):
    return error("InvalidParameterValueException", message)


def set_weights(function, name: str, weights: dict):
    from localstack.services.lambda_.invocation.lambda_models import AliasRoutingConfig

    routing = AliasRoutingConfig(version_weights=dict(weights))
    function.aliases[name] = dataclasses.replace(function.aliases[name], routing_configuration=routing)
