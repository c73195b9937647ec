"""Report of the requests checked and refused since the start.

    GET    /_isobar/strict   {"on": true, "checked": 5, "refused": 1, "seconds": 0.001, "operations": {service: {operation: …}}, …}
    DELETE /_isobar/strict   starts again at zero

`down` prints the same in one line, and the log ends with it.
"""

import logging
import threading
from collections import Counter, defaultdict

from localstack.http import Resource
from localstack.runtime.shutdown import SHUTDOWN_HANDLERS
from localstack.services.internal import get_internal_apis

from isobar_localstack.realism.strict import facts
from isobar_localstack.realism.strict.patterns import UNCHECKED

LAST_REFUSALS = 200
LOG = logging.getLogger(__name__)

_lock = threading.Lock()
_passed: Counter = Counter()
_refused: Counter = Counter()
_skipped: Counter = Counter()
_seconds: Counter = Counter()  # of processor time, spent checking what passed
_refusals: list = []
_state = {"on": False}


def install(on: bool):
    _state["on"] = on
    get_internal_apis().add(Resource("/_isobar/strict", StrictResource()))
    if on:
        SHUTDOWN_HANDLERS.register(lambda: LOG.info(line()))


def passed(service, operation, seconds):
    with _lock:
        _passed[service, operation] += 1
        _seconds[service, operation] += seconds


def skipped(service, operation):
    with _lock:
        _skipped[service, operation] += 1


def refused(context, problem):
    service, operation = context.service.service_name, context.operation.name if context.operation else "?"
    code, message = (
        getattr(problem, "code", type(problem).__name__),
        getattr(problem, "message", str(problem)),
    )
    with _lock:
        _refused[service, operation] += 1
        _refusals.append(
            {
                "region": context.region,
                "service": service,
                "operation": operation,
                "code": code,
                "message": message,
            }
        )
        del _refusals[:-LAST_REFUSALS]


def snapshot() -> dict:
    with _lock:
        all_passed, all_refused, all_skipped, refusals = (
            dict(_passed),
            dict(_refused),
            dict(_skipped),
            list(_refusals),
        )
        seconds = sum(_seconds.values())
    operations = defaultdict(dict)
    for service, operation in sorted({*all_passed, *all_refused}):
        right, wrong = all_passed.get((service, operation), 0), all_refused.get((service, operation), 0)
        operations[service][operation] = {"checked": right + wrong, "refused": wrong}
    return {
        "on": _state["on"],
        "checked": sum(all_passed.values()) + sum(all_refused.values()),
        "refused": sum(all_refused.values()),
        "seconds": seconds,
        "operations": operations,
        "refusals": refusals,
        "not_checked": {
            f"{service}.{operation}": number for (service, operation), number in sorted(all_skipped.items())
        },
        "patterns_not_compiled": {
            f"{service}.{shape}": why for (service, shape), why in sorted(UNCHECKED.items())
        },
        "from_memory": facts.from_memory(),
    }


def line() -> str:
    report = snapshot()
    wrong = [
        f"{service}.{operation} {numbers['refused']}"
        for service, operations in report["operations"].items()
        for operation, numbers in operations.items()
        if numbers["refused"]
    ]
    return f"Strict requests: {report['checked']} checked, {report['refused']} refused" + (
        f" ({', '.join(wrong)})" if wrong else ""
    )


class StrictResource:
    def on_get(self, request):
        return snapshot() | {"line": line()}

    def on_delete(self, request):
        with _lock:
            for counter in (_passed, _refused, _skipped, _seconds, _refusals):
                counter.clear()
        return {}
