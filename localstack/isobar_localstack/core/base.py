"""What the service files share: building a service, errors, small request helpers.

An operation is a function `f(context, request)`: `context` knows account and region of the
request, `request` is the parsed input as the AWS model names it, and the answer is a dict that
LocalStack serializes. Raise `error(...)` for an AWS error.
"""

import base64
import functools
import threading
import time

from localstack.aws.api import CommonServiceException
from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto as ask_moto
from localstack.services.plugins import SERVICE_PLUGINS, Service

# Operations whose names begin like this change nothing.
READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Test", "Search")


def error(code: str, message: str, status: int = 400) -> CommonServiceException:
    return CommonServiceException(code, message, status_code=status)


def on_localstack(name: str, operations: dict) -> Service:
    """LocalStack's own service with some operations replaced.

    `operations` maps a name to `f(original)`, which gives the handler that takes its place.
    """
    service = SERVICE_PLUGINS.plugin_manager.load(f"{name}:default").service
    table = service.skeleton.dispatch_table
    for operation, wrap in operations.items():
        table[operation] = wrap(table.get(operation))
    return service


def on_moto(name: str, operations: dict) -> Service:
    """A service whose other operations moto answers."""
    model = load_service(name)
    table = {operation: ask_moto for operation in model.operation_names}
    return Service(name, skeleton=Skeleton(model, table | operations))


def own_service(name: str, operations: dict) -> Service:
    """A service of which only these operations exist."""
    return Service(name, skeleton=Skeleton(load_service(name), one_at_a_time(operations)))


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


def page(items: list, token: str | None, size: int, bad_token=None) -> tuple[list, str | None]:
    """One page of a list and the token of the next one."""
    start = decode_token(token, bad_token) if token else 0
    end = start + size
    return items[start:end], encode_token(end) if end < len(items) else None


def encode_token(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def decode_token(token: str, bad_token=None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise bad_token or error("ValidationException", "Invalid pagination token") from None


def tag_dict(tags) -> dict:
    return {tag["Key"]: tag.get("Value", "") for tag in tags or []}


def tag_list(tags: dict) -> list:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def epoch() -> float:
    return round(time.time(), 3)
