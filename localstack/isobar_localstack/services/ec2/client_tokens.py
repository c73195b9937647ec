"""EC2: client tokens, which make a repeated request have no second effect.

Gap of LocalStack closed here: tokens were ignored, so that a repeated request made a second thing.

AWS rules followed: the same token with the same parameters gets the answer of the first call; with
other parameters it is IdempotentParameterMismatch. Tokens are those of one operation and region; they
end with what was made: a token whose thing is gone makes a new one [memory].
"""

import json

from isobar_localstack.core.errors import error
from isobar_localstack.services.ec2 import endpoints, nat_gateways, state

# operation: where the id is in the answer; None keeps the token for good.
OPERATIONS = {
    "CreateLaunchTemplate": ("LaunchTemplate", "LaunchTemplateId"),
    "CreateLaunchTemplateVersion": ("LaunchTemplateVersion", "LaunchTemplateId"),
    "CreateNatGateway": ("NatGateway", "NatGatewayId"),
    "CreateNetworkInterface": ("NetworkInterface", "NetworkInterfaceId"),
    "CreateRouteTable": ("RouteTable", "RouteTableId"),
    "CreateVpcEndpoint": ("VpcEndpoint", "VpcEndpointId"),
    "RunInstances": None,
}
# (account, region, operation, token) -> (parameters, answer)
first_answers: dict = state.stores.store("first_answers", {})


def idempotent(operation: str, handler):
    if operation not in OPERATIONS:
        return handler

    def run(context, request):
        token = request.get("ClientToken")
        if not token:
            return handler(context, request)
        key = (context.account_id, context.region, operation, token)
        parameters = json.dumps(
            {name: value for name, value in request.items() if name != "ClientToken"},
            sort_keys=True,
            default=str,
        )
        if key in first_answers and is_there(context, operation, first_answers[key][1]):
            before, answer = first_answers[key]
            if before != parameters:
                raise error(
                    "IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                )
            return now(context, operation, answer)
        answer = handler(context, request)
        if isinstance(answer, dict) and "ClientToken" in context.operation.output_shape.members:
            answer = {**answer, "ClientToken": token}
        first_answers[key] = (parameters, answer)
        return answer

    return run


def is_there(context, operation: str, answer) -> bool:
    if OPERATIONS[operation] is None:
        return True
    resource_id = id_in(operation, answer)
    return resource_id in state.all_of(context.account_id, context.region, resource_id.rpartition("-")[0])


def id_in(operation: str, answer) -> str:
    holder, key = OPERATIONS[operation]
    return answer[holder][key]


def now(context, operation: str, answer):
    """The answer shows the thing as it is by now, where we have it."""
    shown = {"CreateNatGateway": nat_gateways.to_response, "CreateVpcEndpoint": endpoints.to_response}.get(
        operation
    )
    if shown is None:
        return answer
    resource_id, place = id_in(operation, answer), (context.account_id, context.region)
    thing = state.all_of(*place, resource_id.rpartition("-")[0])[resource_id]
    return {**answer, OPERATIONS[operation][0]: shown(*place, thing)}
