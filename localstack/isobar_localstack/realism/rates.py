"""Request rates: token buckets as AWS has them, and its answers when one is empty.

Off by default; ISOBAR_EMULATOR_RATES=1 switches them on. ISOBAR_EMULATOR_RATE_FACTOR multiplies rates
and bursts (2 = twice as many requests per second). The times are real seconds, whatever the pace.

A request takes one token from every bucket it matches, and nothing when one of them is empty.

    GET    /_isobar/rates   {"on": true, "factor": 1, "throttled": {region: {service: {operation: n}}}}
    DELETE /_isobar/rates   fills all buckets, starts counting again
"""

import fnmatch
import functools
import math
import os
import threading
import time
from collections import Counter, defaultdict

from localstack.http import Resource
from localstack.services.internal import get_internal_apis

from isobar_localstack.core.emulated import REGION, Limit
from isobar_localstack.core.middleware import Refusal, throttled
from isobar_localstack.core.registry import services


def is_on() -> bool:
    return os.environ.get("ISOBAR_EMULATOR_RATES", "0") not in ("", "0")


def factor() -> float:
    return float(os.environ.get("ISOBAR_EMULATOR_RATE_FACTOR") or 1)


@functools.cache
def limits_of(service: str, operation: str) -> tuple:
    def named(patterns):
        return any(fnmatch.fnmatchcase(operation, pattern) for pattern in patterns)

    limits = services()[service].limits if service in services() else ()
    return tuple(limit for limit in limits if named(limit.operations) and not named(limit.but))


class Bucket:
    def __init__(self, limit: Limit, scale: float, now: float):
        self.per_second, self.size = limit.per_second * scale, max(1.0, limit.burst * scale)
        self.tokens, self.filled = self.size, now

    def fill(self, now: float):
        self.tokens = min(self.size, self.tokens + (now - self.filled) * self.per_second)
        self.filled = now

    def wait(self) -> float:
        """Seconds until there is a token."""
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.per_second


class Buckets:
    def __init__(self, scale: float = 1.0, clock=time.monotonic):
        self.scale, self.clock = scale, clock
        self.lock = threading.Lock()
        self.buckets: dict = {}

    def take(self, account: str, region: str, service: str, operation: str) -> float:
        """Takes the tokens; when one is missing, none, and the seconds until there is one."""
        now = self.clock()
        with self.lock:
            wanted = [
                self.bucket(limit, account, region, service, operation, now)
                for limit in limits_of(service, operation)
            ]
            for bucket in wanted:
                bucket.fill(now)
            if wait := max((bucket.wait() for bucket in wanted), default=0.0):
                return wait
            for bucket in wanted:
                bucket.tokens -= 1
            return 0.0

    def bucket(self, limit, account, region, service, operation, now) -> Bucket:
        place = region if limit.scope == REGION else None
        key = (
            service,
            limit,
            account,
            place,
            operation if services()[service].bucket_per_operation else None,
        )
        if key not in self.buckets:
            self.buckets[key] = Bucket(limit, self.scale, now)
        return self.buckets[key]

    def refill(self):
        with self.lock:
            self.buckets.clear()


_throttled: Counter = Counter()
_buckets = Buckets()


def check(chain, context, response):
    if context.operation is None or context.is_internal_call:
        return
    service, operation = context.service.service_name, context.operation.name
    wait = _buckets.take(context.account_id, context.region, service, operation)
    if wait:
        _throttled[context.region, service, operation] += 1
        raise Refusal(throttled(service, retry_after=math.ceil(wait)))


class RatesResource:
    def on_get(self, request):
        counts = defaultdict(lambda: defaultdict(dict))
        for (region, service, operation), number in sorted(dict(_throttled).items()):
            counts[region][service][operation] = number
        return {"on": is_on(), "factor": factor(), "throttled": counts}

    def on_delete(self, request):
        _buckets.refill()
        _throttled.clear()
        return {}


def install():
    _buckets.scale = factor()
    get_internal_apis().add(Resource("/_isobar/rates", RatesResource()))
