import json
import subprocess
import urllib.request
from pathlib import Path

import pytest
from conftest import FOLDER, create_zone


def call(endpoint, method="GET"):
    request = urllib.request.Request(f"{endpoint}/_isobar/calls", method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_calls_are_counted(aws, endpoint):
    aws("sns", "eu-west-1").list_topics()
    call(endpoint, "DELETE")
    assert call(endpoint) == {"total": 0, "calls": {}}
    aws("sns", "eu-west-1").list_topics()
    aws("sns", "eu-west-1").list_topics()
    aws("iam").list_roles()
    assert call(endpoint) == {
        "total": 3,
        "calls": {"eu-west-1": {"sns": {"ListTopics": 2}}, "us-east-1": {"iam": {"ListRoles": 1}}},
    }


def inventory(endpoint, *arguments):
    command = ["sh", FOLDER / "inventory", "--port", endpoint.rsplit(":", 1)[1], *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_inventory_lists_what_is_alive(aws, endpoint, name):
    zone = create_zone(aws, f"{name}.example.com")
    aws("sns", "eu-west-1").create_topic(Name=name)
    aws("sns", "us-west-2").create_topic(Name=name)
    lines = inventory(endpoint, "--regions", "eu-west-1,us-east-1").splitlines()
    assert f"eu-west-1 sns topic {name}" in lines
    assert f"global route53 hosted-zone {name}.example.com. {zone}" in lines
    assert not any(line.startswith("us-west-2") or f"record {name}.example.com. NS" in line for line in lines)
    aws("sns", "eu-west-1").delete_topic(TopicArn=aws("sns", "eu-west-1").create_topic(Name=name)["TopicArn"])
    found = json.loads(inventory(endpoint, "--regions", "eu-west-1,us-west-2", "--json"))
    assert [thing["region"] for thing in found if thing["name"] == name] == ["us-west-2"]


def test_an_inventory_finds_what_is_elsewhere(aws, endpoint, name):
    """Buckets are asked for in one region and may be in another, and so are replicas of tables."""
    aws("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
    assert f"ap-south-1 s3 bucket {name}" in inventory(endpoint).splitlines()
    aws("s3", "ap-south-1").delete_bucket(Bucket=name)
    assert name not in inventory(endpoint)


def test_up_is_idempotent(endpoint):
    again = subprocess.run(
        ["sh", FOLDER / "up", "--port", endpoint.rsplit(":", 1)[1]], stdout=subprocess.PIPE, text=True
    )
    if again.returncode == 0:  # not when a foreign endpoint is under test
        assert again.stdout.strip() == endpoint


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux only")
def test_it_listens_on_this_machine_only(endpoint):
    port = int(endpoint.rsplit(":", 1)[1])
    with open("/proc/net/tcp") as table:
        listening = [line.split()[1] for line in table.readlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
