"""Answers that are given instead of a service's: errors in the service's own protocol, throttling,
dropped connections.

`gate` runs first for every request of a client, before any service. What it raises becomes the
answer; a `Refusal` may carry headers.
"""

import threading

from localstack.aws import handlers
from localstack.aws.protocol.serializer import create_serializer

from isobar_localstack.core.base import error

TWISTED_REQUEST = "isobar.twisted_request"


class Refusal(Exception):
    """An answer with headers of its own: (code, message, status, headers)."""

    def __init__(self, answer):
        self.code, self.message, self.status, self.headers = answer
        super().__init__(f"{self.code}: {self.message}")


# --- throttling -------------------------------------------------------------------------------------

# service: (code, status, message, whether a Retry-After is sent). [model] for codes that are in a model.
THROTTLING = {
    "acm": ("ThrottlingException", 400, "Rate exceeded", False),
    "apigateway": ("TooManyRequestsException", 429, "Too Many Requests", True),       # [model]
    "apigatewayv2": ("TooManyRequestsException", 429, "Too Many Requests", False),    # [model]
    "application-autoscaling": ("ThrottlingException", 400, "Rate exceeded", False),
    "autoscaling": ("Throttling", 400, "Rate exceeded", False),
    "backup": ("ThrottlingException", 400, "Rate exceeded", False),
    "cloudwatch": ("Throttling", 400, "Rate exceeded", False),
    "dynamodb": ("ThrottlingException", 400, "Rate exceeded", False),                 # [doc]
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded.", False),
    "ecs": ("ThrottlingException", 400, "Rate exceeded", False),
    "elbv2": ("Throttling", 400, "Rate exceeded", False),
    "iam": ("Throttling", 400, "Rate exceeded", False),
    "kms": ("ThrottlingException", 400, "Rate exceeded", False),
    "lambda": ("TooManyRequestsException", 429, "Rate exceeded", True),               # [model]
    "logs": ("ThrottlingException", 400, "Rate exceeded", False),
    "rds": ("Throttling", 400, "Rate exceeded", False),
    "resourcegroupstaggingapi": ("ThrottledException", 400, "Rate exceeded", False),  # [model]
    "route53": ("Throttling", 400, "Rate exceeded", False),
    "s3": ("SlowDown", 503, "Please reduce your request rate.", False),
    "secretsmanager": ("ThrottlingException", 400, "Rate exceeded", False),
    "sns": ("Throttling", 400, "Rate exceeded", False),
    "sts": ("Throttling", 400, "Rate exceeded", False),
    "synthetics": ("TooManyRequestsException", 429, "Rate exceeded", False),          # [model]
}


def throttled(service: str, retry_after: int = 1):
    code, status, message, header = THROTTLING.get(service, ("ThrottlingException", 400, "Rate exceeded", False))
    return code, message, status, {"Retry-After": str(retry_after)} if header else {}


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
    written = serializer.serialize_error_to_response(exception, context.operation, context.request.headers, context.request_id)
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
