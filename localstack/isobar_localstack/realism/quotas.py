"""Quotas: how many of a thing there can be.

    GET  /_isobar/quotas                    {"vpcs": {"aws": 5, "here": 1000}, …}
    POST /_isobar/quotas {"addresses": 5}   from now on, in every region
    POST /_isobar/quotas {"as": "aws"}      what a new account has; {"as": "raised"} is how it starts

An account that runs things has had its quotas raised, and many stacks share one emulator: so this one
starts with more than AWS gives, unless ISOBAR_EMULATOR_QUOTAS=aws. Default VPCs and what services manage do not
count. Each service declares its own; the names are those of all services together.
"""

import functools
import json
import os

from localstack.http import Resource, Response
from localstack.services.internal import get_internal_apis

from isobar_localstack.core.emulated import Quota
from isobar_localstack.core.errors import error
from isobar_localstack.core.registry import services


@functools.cache
def declared() -> dict[str, Quota]:
    return {name: quota for service in services().values() for name, quota in service.quotas.items()}


@functools.cache
def limits() -> dict[str, int]:
    """The limits that hold now."""
    return as_named(os.environ.get("ISOBAR_EMULATOR_QUOTAS") or "raised")


def as_named(whose: str) -> dict[str, int]:
    return {name: quota.of_aws if whose == "aws" else quota.raised for name, quota in declared().items()}


def check(name: str, number: int):
    """Refuses when there would be so many."""
    if number > limits()[name]:
        quota = declared()[name]
        raise error(quota.code, quota.message, quota.status)


class QuotasResource:
    def on_get(self, request):
        return {name: {"aws": quota.of_aws, "here": limits()[name]} for name, quota in declared().items()}

    def on_post(self, request):
        wanted = request.get_json(force=True)
        if wanted.get("as") in ("aws", "raised"):
            wanted = as_named(wanted["as"])
        if unknown := sorted(set(wanted) - set(declared())):
            return Response(json.dumps({"message": f"no such quota: {', '.join(unknown)}"}), 400)
        limits().update(wanted)
        return self.on_get(request)


def install():
    get_internal_apis().add(Resource("/_isobar/quotas", QuotasResource()))
