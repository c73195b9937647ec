"""ECS: requests and control endpoints take turns, and time passes before and after each."""

import functools

from isobar_localstack.core.clock import clock
from isobar_localstack.services.ecs.scheduler import look
from isobar_localstack.services.ecs.state import lock, regions, scheduled


def in_turn(handler):
    @functools.wraps(handler)
    def run(*arguments, **more):
        with lock:
            settle()
            answer = handler(*arguments, **more)
            settle()
            return answer

    return run


def settle():
    with lock:
        for _ in range(1000):  # where nothing takes time, one thing may follow from another many times
            scheduled.settle()
            services = [one for region in list(regions.values()) for one in list(region.services.values())]
            looked = [look(service, clock.now()) for service in services]  # at every one
            if not any(looked):
                return


def advance(chain, context, response):
    """Before requests of services that see what ECS does: tasks have targets, interfaces and alarms."""
    if context.operation is None or context.is_internal_call or not regions:
        return
    if context.service.service_name in ("ec2", "elbv2", "application-autoscaling"):
        settle()
