"""Counts the AWS calls served since the start, for benchmarks.

    GET    /_isobar/calls   {"total": 3, "calls": {"us-east-1": {"iam": {"GetRole": 3}}}}
    DELETE /_isobar/calls   starts again at zero

Calls that LocalStack makes to itself are left out: only what a client sent is counted.
"""

import threading
from collections import Counter, defaultdict

from localstack.aws import handlers
from localstack.http import Resource
from localstack.services.internal import get_internal_apis

_lock = threading.Lock()
_counts: Counter = Counter()


def count(chain, context, response):
    if context.operation is None or context.is_internal_call:
        return
    key = (context.region, context.service.service_name, context.operation.name)
    with _lock:
        _counts[key] += 1


class CallsResource:
    def on_get(self, request):
        with _lock:
            snapshot = dict(_counts)
        calls = defaultdict(lambda: defaultdict(dict))
        for (region, service, operation), number in sorted(snapshot.items()):
            calls[region][service][operation] = number
        return {"total": sum(snapshot.values()), "calls": calls}

    def on_delete(self, request):
        with _lock:
            _counts.clear()
        return {}


def install():
    handlers.run_custom_response_handlers.append(count)
    get_internal_apis().add(Resource("/_isobar/calls", CallsResource()))
