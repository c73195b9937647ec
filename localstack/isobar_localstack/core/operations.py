"""Operations: functions `f(context, request)`.

`context` knows account and region of the request, `request` is the parsed input as the AWS model names it, and
the answer is a dict that LocalStack serializes. `error(...)` is raised for an AWS error.
"""

import functools
import threading

# Operations whose names begin like this change nothing.
READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Test", "Search")


def replaced(original: dict, wrappers: dict) -> dict:
    """`wrappers` maps a name to `f(original)`, which gives the handler that takes the original one's place."""
    return {name: wrap(original.get(name)) for name, wrap in wrappers.items()}


def one_at_a_time(operations: dict) -> dict:
    """Requests come in on many threads; one lock per service keeps its checks and writes together."""
    lock = threading.RLock()

    def locked(handler):
        @functools.wraps(handler)
        def run(context, request):
            with lock:
                return handler(context, request or {})

        return run

    return {name: locked(handler) for name, handler in operations.items()}
