"""Answers that are given instead of a service's: errors in the service's own protocol, throttling,
dropped connections.

`gate` runs first for every request of a client, before any service. What it raises becomes the
answer; a `Refusal` may carry headers.
"""

import threading

from localstack.aws import handlers
from localstack.aws.protocol.serializer import create_serializer

from isobar_localstack.core.emulated import Throttling
from isobar_localstack.core.errors import error
from isobar_localstack.core.registry import services

TWISTED_REQUEST = "isobar.twisted_request"


class Refusal(Exception):
    """An answer with headers of its own: (code, message, status, headers)."""

    def __init__(self, answer):
        self.code, self.message, self.status, self.headers = answer
        super().__init__(f"{self.code}: {self.message}")


# --- throttling -------------------------------------------------------------------------------------


def throttled(service: str, retry_after: int = 1):
    how = services()[service].throttling if service in services() else Throttling("ThrottlingException")
    return how.code, how.message, how.status, {"Retry-After": str(retry_after)} if how.retry_after else {}


# --- the gate ---------------------------------------------------------------------------------------


def install(checks):
    """`checks`: handlers f(chain, context, response), in this order, before every service."""

    def gate(chain, context, response):
        for check in checks:
            try:
                check(chain, context, response)
            except Refusal as refusal:
                answer(context, response, refusal)
                chain.stop()
            if chain.stopped or chain.terminated:
                return

    handlers.serve_custom_service_request_handlers.append(gate)
    remember_connections()


def answer(context, response, refusal: Refusal):
    """Writes the error as the service's protocol wants it."""
    exception = error(refusal.code, refusal.message, refusal.status)
    context.service_exception = exception
    serializer = create_serializer(context.service, context.protocol)
    written = serializer.serialize_error_to_response(
        exception, context.operation, context.request.headers, context.request_id
    )
    response.update_from(written)
    response.headers.update(refusal.headers)


# --- connections ------------------------------------------------------------------------------------


def remember_connections():
    """Lets a handler reach the connection its request came over."""
    from rolo.serving import twisted as serving

    update = serving.update_wsgi_environment

    def with_connection(environ, request):
        update(environ, request)
        environ[TWISTED_REQUEST] = request

    serving.update_wsgi_environment = with_connection


def drop_connection(context):
    """Resets the connection; whatever is written to it afterwards goes nowhere."""
    from twisted.internet import reactor

    request = context.request.environ.get(TWISTED_REQUEST)
    if request is None:
        return
    dropped = threading.Event()

    def drop():
        if request.channel is not None:
            request.channel.transport.abortConnection()
        dropped.set()

    reactor.callFromThread(drop)
    dropped.wait(5)


def client_has_gone(context) -> threading.Event:
    """Set when the client closes the connection."""
    from twisted.internet import reactor

    gone = threading.Event()
    request = context.request.environ.get(TWISTED_REQUEST)
    if request is not None:

        def watch():
            if request.channel is None:
                gone.set()
            else:
                request.notifyFinish().addBoth(lambda _: gone.set())

        reactor.callFromThread(watch)
    return gone
