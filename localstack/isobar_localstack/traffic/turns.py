"""Turns: while a watch is on, calls that change what is looked at come one after the other, each with a look after it.

So no look sees half of a call. What happens in time happens at its moment, and is looked at there: before any
request sees what the clock has done, `catch_up` goes through all the moments at which something was over.
"""

import contextlib
import threading
import traceback

from isobar_localstack.core.clock import clock
from isobar_localstack.core.operations import READS
from isobar_localstack.services.apigateway import vpc_links as links_of_version_1
from isobar_localstack.services.apigatewayv2 import vpc_links as links_of_version_2
from isobar_localstack.services.autoscaling import state as autoscaling
from isobar_localstack.services.autoscaling import turns as autoscaling_turns
from isobar_localstack.services.ec2 import state as ec2
from isobar_localstack.services.ecs import state as ecs
from isobar_localstack.services.ecs import turns as ecs_turns
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.services.lambda_ import state as lambda_
from isobar_localstack.traffic.watch import Watch

SERVICES = {
    "acm",
    "apigateway",
    "apigatewayv2",
    "application-autoscaling",
    "autoscaling",
    "dynamodb",
    "ec2",
    "ecs",
    "elbv2",
    "iam",
    "lambda",
    "route53",
}
OF_ITEMS = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
WAITS = ("CreateDeployment",)  # of API Gateway for its links; others go on meanwhile
TIME = "time"
LONGEST_WAIT = 60  # real seconds

# As the services take them, from those that ask others to those that are asked.
LOCKS = (autoscaling.lock, ecs.lock, links_of_version_2.lock, elbv2.lock, lambda_.lock, ec2.lock)

_turn = threading.Lock()
_watch: Watch | None = None


def current() -> Watch | None:
    return _watch


def is_on() -> bool:
    return _watch is not None and _watch.is_on


@contextlib.contextmanager
def turn():
    taken = take_turn()
    try:
        yield
    finally:
        if taken:
            _turn.release()


def take_turn() -> bool:
    """False if somebody has had it for so long that it is better to go on, and to say so."""
    taken = _turn.acquire(timeout=LONGEST_WAIT)
    if not taken and _watch is not None:
        _watch.errors.append(f"a call has had its turn for {LONGEST_WAIT} seconds")
    return taken


@contextlib.contextmanager
def standing():
    """All that happens by itself stands still."""
    with contextlib.ExitStack() as stack:
        for lock in LOCKS:
            stack.enter_context(lock)
        settle()
        yield


def settle():
    autoscaling_turns.settle()
    ecs_turns.settle()
    links_of_version_1.scheduled.settle()
    links_of_version_2.settle()
    lambda_.scheduled.settle()
    ec2.settle()


# --- watching -------------------------------------------------------------------------------------


def start():
    global _watch
    with turn(), standing():
        clock.keep_moments(True)
        _watch = Watch()


def stop():
    if not is_on():
        return
    with turn():
        catch_up()
        with standing():
            _watch.stop()
        clock.keep_moments(False)


def forget():
    global _watch
    stop()
    _watch = None


def look(call: str):
    if not is_on():
        return
    try:
        with standing():
            _watch.look(call)
    except Exception:  # the request has nothing to do with it; whoever asks for the report sees it
        _watch.errors.append(f"{call}: {traceback.format_exc()}")


def catch_up():
    """Looks at every moment that has come since the last look."""
    now = clock.now()
    while is_on() and (moment := clock.next_until(now)) is not None:
        with clock.at(moment):
            look(TIME)


# --- requests -------------------------------------------------------------------------------------


def begin(chain, context, response):
    """Before a request of a client."""
    if not is_on() or context.operation is None or context.is_internal_call:
        return
    if changes(context) and context.operation.name not in WAITS:
        context.isobar_turn = take_turn()
        catch_up()
    elif clock.next_until(clock.now(), only_look=True) is not None:
        with turn():
            catch_up()


def changes(context) -> bool:
    name = context.operation.name
    return context.service.service_name in SERVICES and not name.startswith(READS) and name not in OF_ITEMS


def end(chain, context, response):
    """After the request: the look belongs to it."""
    if not is_on() or context.operation is None or context.is_internal_call or not changes(context):
        return release(chain, context, response)
    call = f"{context.service.service_name}.{context.operation.name}"
    if getattr(context, "isobar_turn", False):
        look(call)
        return release(chain, context, response)
    with turn():
        look(call)


def release(chain, context, response):
    """Also for a request that ends in another way."""
    if getattr(context, "isobar_turn", False):
        context.isobar_turn = False
        _turn.release()
