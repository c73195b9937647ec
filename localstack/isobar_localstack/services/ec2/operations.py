"""EC2: LocalStack's own, with its networking made to behave like AWS's.

What replaces LocalStack's is in one file per subject, MODULES below; each exposes
`operations(original)`, which gives name -> handler. Here is what all operations have in common: one
lock, what is due is done first, client tokens, and ids that are too new to be known.

AWS rules followed: the same token with the same parameters gets the same answer, with others it is
IdempotentParameterMismatch; DryRun says what would happen; a new id is unknown for a moment, but not
to the calls that delete it [memory].
"""

import functools

from isobar_localstack.core.errors import error
from isobar_localstack.realism import consistency
from isobar_localstack.services.ec2 import (
    client_tokens,
    endpoints,
    interfaces,
    internet_gateways,
    launch_templates,
    nat_gateways,
    routes,
    security_group_rules,
    security_groups,
    state,
    subnets,
    tags,
    vpcs,
)

# Each exposes `operations(original)`; who takes further operations over adds a line here.
MODULES = (
    endpoints,
    internet_gateways,
    security_groups,
    interfaces,
    launch_templates,
    nat_gateways,
    routes,
    security_group_rules,
    subnets,
    tags,
    vpcs,
)


def operations(original: dict) -> dict:
    table = dict(original)
    for module in MODULES:
        table |= module.operations(dict(table))
    return {name: in_order(client_tokens.idempotent(name, handler)) for name, handler in table.items()}


def in_order(handler):
    @functools.wraps(handler)
    def run(context, request):
        with state.lock:
            state.settle()
            request = request or {}
            refuse_new_ids(context, request)
            if request.get("DryRun"):
                raise error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
            return handler(context, request)

    return run


def refuse_new_ids(context, request):
    if (
        not consistency.is_eventual()
        or context.is_internal_call
        or context.operation.name.startswith("Delete")
    ):
        return
    for value in texts(
        {
            name: value
            for name, value in request.items()
            if name not in ("Filter", "Filters", "TagSpecifications", "ClientToken")
        }
    ):
        if state.ID.fullmatch(value) and state.is_new(context.account_id, context.region, value):
            raise state.not_found(value, operation=context.operation.name)


def texts(value):
    """Every text in a request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from texts(entry)
