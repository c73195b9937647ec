"""EC2: LocalStack's own, with its networking made to behave like AWS's.

What replaces LocalStack's is in one file per subject, MODULES below; each exposes
`operations(original)`, which gives name -> handler. Here is what all operations have in common: one
lock, what is due is done first, client tokens, and ids that are too new to be known.

AWS rules followed: the same token with the same parameters gets the same answer, with others it is
IdempotentParameterMismatch; DryRun says what would happen; a new id is unknown for a moment, but not
to the calls that delete it [memory].
"""

import functools
import importlib

from isobar_localstack.realism import consistency
from isobar_localstack.core.base import error, on_localstack
from isobar_localstack.services.ec2 import state
from isobar_localstack.services.ec2 import client_tokens

# Whoever takes further operations over adds a line here.
MODULES = (
    "endpoints",
    "internet_gateways",
    "security_groups",
    "interfaces",
    "launch_templates",
    "nat_gateways",
    "routes",
    "security_group_rules",
    "subnets",
    "tags",
    "vpcs",
)


def service():
    service = on_localstack("ec2", {})
    table = service.skeleton.dispatch_table
    for name in MODULES:
        module = importlib.import_module(f"isobar_localstack.services.ec2.{name}")
        table |= module.operations(dict(table))
    table |= {name: in_order(client_tokens.idempotent(name, handler)) for name, handler in table.items()}
    return service


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
    if not consistency.is_eventual() or context.is_internal_call or context.operation.name.startswith("Delete"):
        return
    for value in texts({name: value for name, value in request.items() if name not in ("Filter", "Filters", "TagSpecifications", "ClientToken")}):
        if state.ID.fullmatch(value) and state.is_new(context.account_id, context.region, value):
            raise state.not_found(value, operation=context.operation.name)


def texts(value):
    """Every text in a request."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from texts(entry)


# --- the tagging API ------------------------------------------------------------------------------


def tagged(account_id: str, region: str):
    with state.lock:
        state.settle()
        for resource_id, tags in list(state.moto(account_id, region).tags.items()):
            if tags and state.kind_of(resource_id):
                yield state.arn(account_id, region, resource_id), dict(tags)
