"""Faults: errors, lost answers and lost regions on demand."""

import threading
import time
import urllib.error

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from conftest import ask, eventually, fails

HERE, THERE = "ap-south-1", "ap-northeast-2"


@pytest.fixture
def fault(endpoint):
    """fault(rule, …) sets rules, which end with the test."""
    yield lambda *rules: ask(endpoint, "faults", "POST", list(rules))["ids"]
    ask(endpoint, "faults", "DELETE")


@pytest.fixture
def client(endpoint):
    def make(service, region=HERE, patience=10):
        return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test").client(
            service,
            region,
            endpoint_url=endpoint,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=patience),
        )

    return make


def outcomes(call, number):
    """'.' for what went well, 'x' for what failed."""

    def one():
        try:
            call()
            return "."
        except (ClientError, ConnectionClosedError):
            return "x"

    return "".join(one() for _ in range(number))


def test_the_nth_call_fails(client, fault):
    topics = client("sns").list_topics
    fault(
        {
            "region": HERE,
            "service": "sns",
            "operation": "ListTopics",
            "nth": 3,
            "action": "error",
            "code": "AuthorizationError",
            "status": 403,
        }
    )
    assert outcomes(topics, 4) == "..x."


def test_how_often(client, fault, endpoint):
    topics = client("sns").list_topics
    for numbers, expected in (
        ({"every": 2}, ".x.x"),
        ({"first": 2}, "xx.."),
        ({"times": 3}, "xxx."),
        ({"nth": [1, 4]}, "x..x"),
    ):
        fault({"region": HERE, "action": "throttle", **numbers})
        assert outcomes(topics, 4) == expected
        shown = ask(endpoint, "faults")["rules"][0]
        assert (shown["matched"], shown["acted"]) == (4, expected.count("x"))
        ask(endpoint, "faults", "DELETE")


def test_chance_is_repeatable(client, fault, endpoint):
    def run():
        fault({"region": HERE, "probability": 0.5, "seed": 7, "action": "5xx"})
        found = outcomes(client("sns").list_topics, 12)
        ask(endpoint, "faults", "DELETE")
        return found

    first = run()
    assert first == run() and 0 < first.count("x") < 12


def test_names_may_be_patterns(client, fault):
    fault(
        {
            "service": "s*",
            "operation": ["Create*", "Delete*"],
            "region": "ap-*",
            "not_service": "sqs",
            "action": "error",
            "code": "Broken",
            "message": "by hand",
        }
    )
    with fails("Broken", "by hand"):
        client("sns").create_topic(Name="t")
    client("sns").list_topics()
    client("logs").describe_log_groups()
    client("sns", "eu-north-1").create_topic(Name="t")


def test_only_what_changes_something(client, fault, endpoint, name):
    topics = client("sns")
    fault(
        {"region": HERE, "mutating": True, "nth": 2, "action": "error", "code": "Broken"},
        {"region": HERE, "mutating": False, "nth": 3, "action": "error", "code": "Blind"},
    )
    topics.list_topics()
    topics.create_topic(Name=name)
    topics.list_topics()
    with fails("Broken"):
        topics.create_topic(Name=f"{name}-b")
    with fails("Blind"):
        topics.list_topics()
    shown = ask(endpoint, "faults")["rules"]
    assert [(rule["matched"], rule["acted"], rule["last"]) for rule in shown] == [
        (2, 1, f"{HERE} sns CreateTopic"),
        (3, 1, f"{HERE} sns ListTopics"),
    ]


def test_errors_are_in_the_protocol_of_the_service(client, fault):
    fault({"region": HERE, "action": "error", "code": "Odd", "status": 418})
    calls = (
        client("dynamodb").list_tables,
        client("lambda").list_functions,
        client("iam").list_roles,
        client("route53").list_hosted_zones,
        client("ec2").describe_vpcs,
        client("cloudwatch").list_metrics,
        client("s3").list_buckets,
    )
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "Odd"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 418


def test_server_errors_and_throttling(client, fault):
    fault(
        {"region": HERE, "nth": 1, "action": "5xx"},
        {"region": HERE, "nth": 1, "action": "5xx", "status": 503},
        {"region": HERE, "action": "throttle", "retry_after": 7},
    )
    found = []
    for _ in range(3):
        with pytest.raises(ClientError) as caught:
            client("apigateway").get_rest_apis()
        found.append(
            (
                caught.value.response["ResponseMetadata"]["HTTPStatusCode"],
                caught.value.response["Error"]["Code"],
            )
        )
    assert found == [(500, "InternalFailure"), (503, "ServiceUnavailable"), (429, "TooManyRequestsException")]
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"


def test_dropped_before_the_work(client, fault, name):
    fault({"region": HERE, "operation": "CreateTopic", "nth": 1, "action": "drop"})
    with pytest.raises(ConnectionClosedError):
        client("sns").create_topic(Name=name)
    assert not any(name in topic["TopicArn"] for topic in client("sns").list_topics()["Topics"])


def test_dropped_after_the_work(client, fault, name):
    fault({"region": HERE, "operation": "CreateTopic", "nth": 1, "action": "drop", "after": True})
    with pytest.raises(ConnectionClosedError):
        client("sns").create_topic(Name=name)
    assert any(name in topic["TopicArn"] for topic in client("sns").list_topics()["Topics"])


def test_an_error_after_the_work(client, fault, name):
    fault({"region": HERE, "operation": "CreateTopic", "action": "5xx", "after": True})
    with fails("InternalFailure"):
        client("sns").create_topic(Name=name)
    assert any(name in topic["TopicArn"] for topic in client("sns").list_topics()["Topics"])


def test_hanging(client, fault):
    topics = client("sns")
    fault(
        {"region": HERE, "nth": 1, "action": "hang", "seconds": 0.4, "then": "serve"},
        {"region": HERE, "nth": 1, "action": "hang", "seconds": 0.2},
    )
    began = time.monotonic()
    topics.list_topics()
    assert 0.4 <= time.monotonic() - began < 5
    with pytest.raises(ConnectionClosedError):
        topics.list_topics()


def test_a_rule_taken_back_frees_who_hangs(client, fault, endpoint):
    [rule] = fault({"region": HERE, "action": "hang"})
    found = []
    waiting = threading.Thread(target=lambda: found.append(outcomes(client("sns").list_topics, 1)))
    waiting.start()
    eventually(lambda: ask(endpoint, "faults")["rules"][0]["acted"])
    assert found == []
    ask(endpoint, f"faults/{rule}", "DELETE")
    waiting.join(5)
    assert found == ["x"]
    client("sns").list_topics()


def seconds_of(call, rounds=3, number=30):
    """For this number of calls, in the least disturbed round."""

    def one_round():
        began = time.monotonic()
        for _ in range(number):
            call()
        return time.monotonic() - began

    call()
    return min(one_round() for _ in range(rounds))


@pytest.mark.parametrize("action", ["drop", "5xx", "hang"])
def test_a_region_is_gone_and_the_other_does_not_notice(client, fault, endpoint, action):
    there = client("sns", THERE).list_topics
    usual = seconds_of(there)
    callers = [client("sns", patience=60) for _ in range(20)]
    [rule] = fault({"region": HERE, "action": action})
    waiting = [threading.Thread(target=outcomes, args=(one.list_topics, 1)) for one in callers]
    for thread in waiting:
        thread.start()
    eventually(lambda: ask(endpoint, "faults")["rules"][0]["acted"] == len(callers))
    meanwhile = seconds_of(there)
    print(f"\n{action}: 30 calls to the other region took {usual:.3f} s before, {meanwhile:.3f} s meanwhile")
    assert action != "hang" or all(thread.is_alive() for thread in waiting)
    # Whoever stood in line behind the lost region would wait out the patience of its callers.
    assert meanwhile < usual + 1
    expected = {"drop": ConnectionClosedError, "5xx": ClientError, "hang": ReadTimeoutError}[action]
    with pytest.raises(expected):
        client("logs", patience=0.5).describe_log_groups()
    ask(endpoint, f"faults/{rule}", "DELETE")
    for thread in waiting:
        thread.join(10)


def test_wrong_rules_are_refused(endpoint):
    for rule in (
        {"action": "explode"},
        {"action": "error"},
        {"action": "drop", "when": 1},
        {"action": "throttle", "after": True},
        5,
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(endpoint, "faults", "POST", rule)
        assert caught.value.code == 400
    assert ask(endpoint, "faults") == {"rules": []}
