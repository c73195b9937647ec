"""EC2 Auto Scaling: requests take turns, and find everything as it is by now."""

import functools

from isobar_localstack.core.clock import clock
from isobar_localstack.services.autoscaling import health
from isobar_localstack.services.autoscaling.state import groups, lock, scheduled

SEES_INSTANCES = ("ec2", "elbv2")  # services whose answers depend on what has become of instances


def settle():
    with lock:
        scheduled.settle()
        for group in list(groups.values()):
            health.inspect(group, clock.now())


def settled(handler):
    """A handler that finds everything as it is by now."""

    @functools.wraps(handler)
    def handle(context, request):
        with lock:
            settle()
            return handler(context, request or {})

    return handle


def observe(chain, context, response):
    """Before a request of another service that sees the instances."""
    if context.operation is not None and context.service.service_name in SEES_INSTANCES and groups:
        settle()
