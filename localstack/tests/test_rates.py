"""Rates: token buckets, asked directly with a clock of their own, and through an emulator."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import FOLDER, ask, emulator
from localstack.aws.spec import load_service

from isobar_localstack.core.registry import services
from isobar_localstack.realism.rates import Buckets, limits_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def served(buckets, service, operation, number, region="eu-west-1", account="1"):
    return sum(buckets.take(account, region, service, operation) == 0 for _ in range(number))


def test_every_limit_names_operations():
    for service in services().values():
        names = load_service(service.api).operation_names
        for limit in service.limits:
            assert limit.mark in ("doc", "model", "memory")
            assert any(limit in limits_of(service.api, name) for name in names), limit


def test_a_bucket_empties_and_fills(clock):
    buckets = Buckets(clock=clock)
    assert served(buckets, "ecs", "CreateService", 60) == 50
    clock.now = 2
    assert served(buckets, "ecs", "UpdateService", 60) == 10  # the same bucket
    assert served(buckets, "ecs", "DescribeServices", 10) == 10


def test_the_time_to_wait(clock):
    buckets = Buckets(clock=clock)
    assert buckets.take("1", "eu-west-1", "apigateway", "DeleteRestApi") == 0
    clock.now = 10
    assert buckets.take("1", "eu-west-1", "apigateway", "DeleteRestApi") == pytest.approx(20)
    clock.now = 30.01
    assert buckets.take("1", "eu-west-1", "apigateway", "DeleteRestApi") == 0


def test_what_is_refused_costs_nothing(clock):
    buckets = Buckets(clock=clock)
    assert served(buckets, "apigateway", "DeleteRestApi", 100) == 1
    assert served(buckets, "apigateway", "GetRestApis", 100) == 39  # of 40 in all


def test_regions_are_apart_but_not_for_route53(clock):
    buckets = Buckets(clock=clock)
    assert served(buckets, "apigateway", "PutRestApi", 2, "eu-west-1") == 1
    assert served(buckets, "apigateway", "PutRestApi", 2, "us-east-1") == 1
    assert served(buckets, "route53", "GetChange", 9, "eu-west-1") == 5
    assert served(buckets, "route53", "ListHostedZones", 9, "us-east-1") == 0
    assert served(buckets, "route53", "ListHostedZones", 9, account="2") == 5


def test_ec2_has_a_bucket_per_action(clock):
    buckets = Buckets(clock=clock)
    assert served(buckets, "ec2", "CreateVpc", 60) == 50
    assert served(buckets, "ec2", "CreateSubnet", 60) == 50
    assert served(buckets, "ec2", "DescribeVpcs", 110) == 100


def test_the_factor(clock):
    assert served(Buckets(2, clock), "route53", "GetChange", 20) == 10
    assert served(Buckets(0.01, clock), "route53", "GetChange", 20) == 1


@pytest.fixture(scope="module")
def slow():
    with emulator(ISOBAR_EMULATOR_RATES="1") as endpoint:
        yield endpoint


def throttled(endpoint, service, call, number):
    """The first refusal of `number` calls."""
    client = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test").client(
        service, "eu-west-1", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1})
    )
    for _ in range(number):
        try:
            call(client)
        except ClientError as problem:
            return problem.response["Error"]["Code"], problem.response["ResponseMetadata"]
    return None, None


def test_throttled_answers(slow):
    code, answer = throttled(slow, "apigateway", lambda client: client.update_account(), 2)
    assert (code, answer["HTTPStatusCode"]) == ("TooManyRequestsException", 429)
    assert 15 <= int(answer["HTTPHeaders"]["retry-after"]) <= 20
    code, answer = throttled(slow, "route53", lambda client: client.list_hosted_zones(), 30)
    assert (code, answer["HTTPStatusCode"]) == ("Throttling", 400)
    code, answer = throttled(slow, "lambda", lambda client: client.list_functions(), 90)
    assert (code, answer["HTTPStatusCode"], answer["HTTPHeaders"]["retry-after"]) == (
        "TooManyRequestsException",
        429,
        "1",
    )
    counted = ask(slow, "rates")
    assert counted["on"] and counted["throttled"]["eu-west-1"]["apigateway"] == {"UpdateAccount": 1}
    ask(slow, "rates", "DELETE")
    assert ask(slow, "rates")["throttled"] == {}
    assert throttled(slow, "apigateway", lambda client: client.update_account(), 1) == (None, None)


def test_it_is_off_by_default(endpoint):
    assert ask(endpoint, "rates")["on"] is False
