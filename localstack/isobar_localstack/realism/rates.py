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
from dataclasses import dataclass

from localstack.http import Resource
from localstack.services.internal import get_internal_apis

from isobar_localstack.core.middleware import Refusal, throttled

REGION, ACCOUNT = "region", "account"  # one bucket per account and region, or one per account


@dataclass(frozen=True)
class Limit:
    service: str
    operations: tuple  # patterns; operations of one limit share its bucket
    per_second: float
    burst: float
    mark: str  # evidence: doc, model, memory
    scope: str = REGION
    but: tuple = ()  # operations that do not count


def per(seconds: float) -> float:
    return 1 / seconds


EC2_READS = ("Describe*", "Get*", "Search*")

LIMITS = (
    # Route 53 and IAM: one control plane for all regions.
    Limit("route53", ("*",), 5, 5, "memory", ACCOUNT),
    Limit("iam", ("*",), 5, 30, "memory", ACCOUNT),
    # API Gateway: everything together, and single operations.
    Limit("apigateway", ("*",), 10, 40, "doc"),
    Limit("apigateway", ("CreateDeployment",), per(5), 1, "doc"),
    Limit("apigateway", ("CreateDomainName",), per(30), 1, "doc"),
    Limit("apigateway", ("UpdateDomainName",), per(30), 1, "doc"),
    Limit("apigateway", ("DeleteDomainName",), per(30), 1, "doc"),
    Limit("apigateway", ("CreateRestApi",), per(3), 1, "doc"),
    Limit("apigateway", ("ImportRestApi",), per(3), 1, "doc"),
    Limit("apigateway", ("DeleteRestApi",), per(30), 1, "doc"),
    Limit("apigateway", ("PutRestApi",), 1, 1, "doc"),
    Limit("apigateway", ("CreateResource",), 5, 5, "doc"),
    Limit("apigateway", ("DeleteResource",), 5, 5, "doc"),
    Limit("apigateway", ("GetResources",), 2.5, 5, "doc"),
    Limit("apigateway", ("UpdateAccount",), per(20), 1, "doc"),
    Limit("apigateway", ("UpdateUsagePlan",), per(20), 1, "doc"),
    Limit("apigateway", ("CreateDocumentationVersion",), per(20), 1, "doc"),
    Limit("apigatewayv2", ("*",), 10, 40, "doc"),
    Limit("apigatewayv2", ("CreateVpcLink",), per(15), 1, "doc"),
    Limit("apigatewayv2", ("DeleteVpcLink",), per(30), 1, "doc"),
    # ECS
    Limit("ecs", ("RegisterTaskDefinition", "DeregisterTaskDefinition"), 1, 20, "doc"),
    Limit("ecs", ("DeleteTaskDefinitions",), 1, 5, "doc"),
    Limit("ecs", ("DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"), 20, 50, "doc"),
    Limit("ecs", ("CreateService", "UpdateService", "DeleteService"), 5, 50, "doc"),
    Limit("ecs", ("DescribeServices", "ListServices"), 20, 100, "doc"),
    Limit("ecs", ("DescribeServiceDeployments", "ListServiceDeployments", "DescribeServiceRevisions"), 20, 50, "doc"),
    Limit("ecs", ("CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider"), 1, 10, "doc"),
    Limit("ecs", ("TagResource", "UntagResource"), 10, 20, "doc"),
    Limit("ecs", ("PutAccountSetting*", "DeleteAccountSetting", "ListAccountSettings"), 1, 10, "doc"),
    Limit("ecs", ("RunTask", "StopTask"), 40, 100, "doc"),
    Limit("ecs", ("CreateCluster", "DeleteCluster", "UpdateCluster*", "PutClusterCapacityProviders"), 1, 20, "memory"),
    # CloudWatch
    Limit("cloudwatch", ("PutMetricAlarm",), 3, 3, "memory"),
    Limit("cloudwatch", ("PutCompositeAlarm",), 3, 3, "memory"),
    Limit("cloudwatch", ("DeleteAlarms",), 3, 3, "memory"),
    Limit("cloudwatch", ("SetAlarmState",), 3, 3, "memory"),
    Limit("cloudwatch", ("DescribeAlarms",), 9, 9, "memory"),
    Limit("cloudwatch", ("PutDashboard",), 10, 10, "memory"),
    Limit("cloudwatch", ("GetDashboard",), 10, 10, "memory"),
    # Lambda: reads of functions and policies apart, all other management together; invocations are no management.
    Limit("lambda", ("GetFunction",), 100, 100, "memory"),
    Limit("lambda", ("GetPolicy",), 15, 15, "memory"),
    Limit("lambda", ("*",), 15, 15, "memory", but=("GetFunction", "GetPolicy", "Invoke*")),
    # KMS
    Limit("kms", ("CreateKey",), 5, 5, "memory"),
    Limit("kms", ("CreateAlias",), 5, 5, "memory"),
    Limit("kms", ("ReplicateKey",), 5, 5, "memory"),
    Limit("kms", ("ScheduleKeyDeletion",), 15, 15, "memory"),
    Limit("kms", ("PutKeyPolicy",), 15, 15, "memory"),
    Limit("kms", ("DescribeKey",), 2000, 2000, "memory"),
    # SNS
    Limit("sns", ("CreateTopic",), 30, 30, "memory"),
    Limit("sns", ("Subscribe",), 100, 100, "model"),
    Limit("sns", ("ListTopics",), 30, 30, "model"),
    # Secrets Manager
    Limit("secretsmanager", ("Create*", "Update*", "Put*", "Delete*", "Restore*", "Replicate*", "Remove*", "Stop*", "Tag*", "Untag*"), 50, 50, "memory"),
    # ACM
    Limit("acm", ("RequestCertificate",), 5, 5, "memory"),
    Limit("acm", ("DescribeCertificate",), 10, 10, "memory"),
    Limit("acm", ("ListCertificates",), 8, 8, "memory"),
    Limit("acm", ("DeleteCertificate",), 5, 5, "memory"),
    # EC2: every action has its own bucket.
    Limit("ec2", EC2_READS, 20, 100, "memory"),
    Limit("ec2", ("*",), 5, 50, "memory", but=EC2_READS),
    # The tagging API
    Limit("resourcegroupstaggingapi", ("GetResources",), 15, 15, "memory"),
    # Not published: what to budget.
    *(
        Limit(service, ("*",), 5, 20, "memory")
        for service in ("rds", "elbv2", "autoscaling", "application-autoscaling", "synthetics", "backup")
    ),
)

# These services have one bucket per operation, not one for all that a limit names.
BUCKET_PER_OPERATION = ("ec2",)


def is_on() -> bool:
    return os.environ.get("ISOBAR_EMULATOR_RATES", "0") not in ("", "0")


def factor() -> float:
    return float(os.environ.get("ISOBAR_EMULATOR_RATE_FACTOR") or 1)


@functools.cache
def limits_of(service: str, operation: str) -> tuple:
    def named(patterns):
        return any(fnmatch.fnmatchcase(operation, pattern) for pattern in patterns)

    return tuple(limit for limit in LIMITS if limit.service == service and named(limit.operations) and not named(limit.but))


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
            wanted = [self.bucket(limit, account, region, operation, now) for limit in limits_of(service, operation)]
            for bucket in wanted:
                bucket.fill(now)
            if wait := max((bucket.wait() for bucket in wanted), default=0.0):
                return wait
            for bucket in wanted:
                bucket.tokens -= 1
            return 0.0

    def bucket(self, limit, account, region, operation, now) -> Bucket:
        place = region if limit.scope == REGION else None
        key = (limit, account, place, operation if limit.service in BUCKET_PER_OPERATION else None)
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
