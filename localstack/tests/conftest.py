"""Starts an emulator of its own for the tests and stops it afterwards.

With ISOBAR_TEST_ENDPOINT set, a running one is used instead.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

from isobar_localstack.core.control import CONTROLS
from isobar_localstack.core.registry import services
from launcher.home import home

pytest.register_assert_rewrite("scaling")

FOLDER = Path(__file__).resolve().parent.parent
ACCOUNT = "000000000000"
STEP_SECONDS = 5
OF_OTHERS = os.environ.get("ISOBAR_TEST_ENDPOINT")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def emulator(**settings):
    """The endpoint of an emulator of its own, with nothing set but `settings`."""
    port = str(free_port())
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ISOBAR_EMULATOR_")} | settings
    up = subprocess.run(
        ["sh", FOLDER / "up", "--port", port], stdout=subprocess.PIPE, text=True, env=environment, check=True
    )
    yield up.stdout.strip()
    subprocess.run(["sh", FOLDER / "down", "--port", port], check=True)


@pytest.fixture(scope="session")
def endpoint():
    if OF_OTHERS:
        yield OF_OTHERS
        return
    with emulator() as started:
        yield started


def ask(endpoint, part, method="GET", body=None):
    """Asks one of the emulator's own endpoints, /_isobar/<part>."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{endpoint}/_isobar/{part}", data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.fixture(scope="module", autouse=True)
def nothing(endpoint):
    """Every file of tests begins with nothing, far from quotas; what was there in an emulator of others comes back."""
    if OF_OTHERS:
        ask(endpoint, "snapshot", "POST", {"name": "before"})
    ask(endpoint, "reset", "POST", {})
    yield
    if OF_OTHERS:
        ask(endpoint, "restore", "POST", {"name": "before"})


@pytest.fixture(scope="session")
def aws(endpoint):
    """aws("service", "region") gives a client."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    clients = {}

    def client(service: str, region: str = "us-east-1"):
        if (service, region) not in clients:
            clients[service, region] = session.client(
                service,
                region_name=region,
                endpoint_url=endpoint,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return clients[service, region]

    return client


@pytest.fixture
def name():
    """A name nothing else uses."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def control(endpoint):
    """control("clock", {"freeze": True}) posts, control("clock") gets; method="DELETE" deletes."""

    def call(path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{endpoint}/_isobar/{path}", data, method=method or ("GET" if body is None else "POST")
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    return call


@pytest.fixture
def said(endpoint, control):
    """said() is all that the emulator has said beside AWS's answers: its log, and what its own endpoints tell."""

    def everything() -> bytes:
        log = home() / f"port-{urllib.parse.urlsplit(endpoint).port}" / "localstack.log"
        paths = {path for service in services().values() for path in service.controls}
        paths |= CONTROLS.keys() | {"calls", "consistency", "faults", "quotas", "rates", "strict", "traffic"}
        answers = []
        for path in sorted(paths):
            with contextlib.suppress(urllib.error.HTTPError):  # some can only be posted to
                answers.append(json.dumps(control(path)).encode())
        assert len(answers) > 10
        return b"\n".join([log.read_bytes(), *answers])

    return everything


@pytest.fixture
def exposed(endpoint):
    """exposed(text) tells whose secret values are in the text."""

    def find(text: bytes) -> list[str]:
        request = urllib.request.Request(f"{endpoint}/_isobar/secretsmanager/exposed", text)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["found"]

    return find


_stepping: list = []


@pytest.fixture
def step(control):
    """The clock of lifecycles stands still; step(60) lets a minute of AWS pass. For what lies between two states.

    `eventually` moves it on its own, so that tests take the same course at every pace.
    """
    control("clock", {"freeze": True})

    def move(seconds):
        control("clock", {"step": seconds})

    _stepping.append(move)
    yield move
    _stepping.remove(move)
    control("clock", {"freeze": False})


@pytest.fixture(autouse=True)
def strict(control):
    """Most tests read what they have just written, so they ask for that, however the emulator was started."""
    before = control("consistency")
    control("consistency", {"mode": "strict"})
    yield
    control("consistency", before)


@pytest.fixture
def eventual(control, strict, step):
    """Eventual consistency, with the clock standing still."""
    control("consistency", {"mode": "eventual"})
    return step


@contextlib.contextmanager
def fails(code: str, text: str = ""):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    problem = caught.value.response["Error"]
    assert problem["Code"] == code, problem
    assert text in problem["Message"], problem


def refused(endpoint, service, operation, **request):
    """The refusal of a request that no SDK would send."""
    targets = {"secretsmanager": "secretsmanager", "kms": "TrentService"}
    scope = f"test/20260101/eu-west-1/{service}/aws4_request"
    headers = {
        "X-Amz-Target": f"{targets[service]}.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(endpoint, json.dumps(request).encode(), headers))
    return caught.value.code, json.load(caught.value)


def eventually(check, seconds: float = 10):
    """The first true answer of `check`, which is asked until then."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, "it did not happen"
        if _stepping:
            _stepping[-1](STEP_SECONDS)
        else:
            time.sleep(0.02)
    return answer


def changes(*triples):
    """A change batch from (action, record) pairs."""
    return {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in triples]}


def record(name, type_="A", value="192.0.2.1", **more):
    return {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": value}]} | more


def create_zone(aws, domain):
    zone = aws("route53").create_hosted_zone(Name=domain, CallerReference=uuid.uuid4().hex)
    return zone["HostedZone"]["Id"].removeprefix("/hostedzone/")


def issued_certificate(aws, region, domain, zone):
    """Requests a certificate, publishes its record in the zone and waits until it is issued."""
    acm = aws("acm", region)
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]

    def resource_record():
        return acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0].get(
            "ResourceRecord"
        )

    cname = eventually(resource_record)
    batch = changes(("UPSERT", record(cname["Name"], "CNAME", cname["Value"])))
    aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    eventually(lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED")
    return arn


def create_role(aws, name, service="lambda.amazonaws.com", may=()):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    if may:
        allow_role(aws, name, *may)
    return arn


def allow_role(aws, name, *actions):
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }
    aws("iam").put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy))
