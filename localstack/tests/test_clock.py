"""The clock of lifecycles, snapshots and the other endpoints of the emulator itself."""

import sys
import time
import types
import uuid

import pytest
from conftest import create_role, create_zone, eventually, fails
from moto.dynamodb.models import dynamodb_backends

from isobar_localstack.core import snapshots

KEY = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def new_table(aws, name, region="us-east-1"):
    aws("dynamodb", region).create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)


def status(aws, name, region="us-east-1"):
    return aws("dynamodb", region).describe_table(TableName=name)["Table"]["TableStatus"]


def test_it_runs_at_the_pace(aws, control, name):
    if control("clock")["pace"] > 0.05:
        pytest.skip("too slow to wait for")
    new_table(aws, name)
    eventually(lambda: status(aws, name) == "ACTIVE", seconds=5)


def test_it_stands_still_and_is_stepped(aws, control, step, name):
    new_table(aws, name)
    before = control("clock")
    assert before["frozen"]
    time.sleep(0.3)
    assert control("clock") == before and status(aws, name) == "CREATING"
    step(19)
    assert status(aws, name) == "CREATING"
    step(1)
    assert status(aws, name) == "ACTIVE"


def test_it_goes_on(aws, control, name):
    control("clock", {"freeze": True})
    new_table(aws, name)
    assert status(aws, name) == "CREATING"
    control("clock", {"freeze": False})
    eventually(lambda: status(aws, name) == "ACTIVE", seconds=5)


# --- reset, snapshot, restore -----------------------------------------------------------------------


def test_what_is_kept_is_named_by_what_it_is_and_not_by_where_it_was_found(monkeypatch):
    """A module that is loaded later may hold the same object, and come first."""

    def names():
        return {name for name, value in snapshots.backends().items() if value is dynamodb_backends}

    before = names()
    assert len(before) == 1
    monkeypatch.setitem(sys.modules, "moto.a", types.SimpleNamespace(kept=dynamodb_backends))
    assert names() == before


@pytest.fixture
def apart(control):
    """What the other tests made comes back afterwards."""
    control("snapshot", {"name": "others"})
    control("reset", {})
    yield
    control("restore", {"name": "others"})


def names(control):
    return {
        (thing["region"], thing["service"], thing["kind"], thing["name"].split()[0])
        for thing in control("inventory")
    }


def build(aws, name):
    """Something of every service."""
    create_zone(aws, f"{name}.example.com")
    role = create_role(aws, name)
    new_table(aws, name, "eu-west-1")
    aws("logs", "eu-west-1").create_log_group(logGroupName=name, tags={"a": "1"})
    aws("sns", "eu-west-1").create_topic(Name=name)
    aws("acm", "eu-west-1").request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")
    aws("cloudwatch", "eu-west-1").put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    aws("cloudwatch", "eu-west-1").put_metric_data(
        Namespace="n", MetricData=[{"MetricName": "m", "Value": 5}]
    )
    s3 = aws("s3", "eu-west-1")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=name, Key="k", Body=b"first")
    aws("apigateway", "eu-west-1").create_rest_api(name=name)
    from test_lambda import code

    aws("lambda", "eu-west-1").create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": code()}
    )
    here, there = ("eu-west-1", "global")
    return {
        (there, "route53", "hosted-zone", f"{name}.example.com."),
        (there, "iam", "role", name),
        (here, "dynamodb", "table", name),
        (here, "logs", "log-group", name),
        (here, "sns", "topic", name),
        (here, "acm", "certificate", f"{name}.example.com"),
        (here, "cloudwatch", "alarm", name),
        (here, "s3", "bucket", name),
        (here, "apigateway", "rest-api", name),
        (here, "lambda", "function", name),
    }


def test_nothing_is_left_after_a_reset(aws, control, apart, name):
    made = build(aws, name)
    assert names(control) == made
    control("reset", {})
    assert control("inventory") == []
    with fails("NoSuchBucket"):
        aws("s3", "eu-west-1").get_object(Bucket=name, Key="k")
    assert build(aws, name) == names(control)  # and all of it can be made again


def test_a_restore_is_exact(aws, control, apart, step, name):
    made = build(aws, name)
    step(10)
    now = control("clock")["now"]
    control("snapshot", {"name": name})
    for number in range(2):
        step(1000)
        assert status(aws, name, "eu-west-1") == "ACTIVE"
        aws("s3", "eu-west-1").put_object(Bucket=name, Key="k", Body=b"second")
        aws("s3", "eu-west-1").put_object(Bucket=name, Key="more", Body=b"x")
        aws("lambda", "eu-west-1").delete_function(FunctionName=name)
        aws("iam").delete_role(RoleName=name)
        aws("logs", "eu-west-1").delete_log_group(logGroupName=name)
        new_table(aws, f"{name}-other")
        aws("cloudwatch", "eu-west-1").put_metric_data(
            Namespace="n", MetricData=[{"MetricName": f"other{number}", "Value": 5}]
        )
        control("restore", {"name": name})
        assert names(control) == made and control("clock")["now"] == now
        assert aws("s3", "eu-west-1").get_object(Bucket=name, Key="k")["Body"].read() == b"first"
        assert aws("logs", "eu-west-1").list_tags_for_resource(
            resourceArn=f"arn:aws:logs:eu-west-1:000000000000:log-group:{name}"
        )["tags"] == {"a": "1"}
        metrics = aws("cloudwatch", "eu-west-1").list_metrics(Namespace="n")["Metrics"]
        assert [metric["MetricName"] for metric in metrics] == ["m"]
        assert status(aws, name, "eu-west-1") == "CREATING"  # half done, as then
        step(10)
        assert status(aws, name, "eu-west-1") == "ACTIVE"
        function = aws("lambda", "eu-west-1").get_function(FunctionName=name)
        assert function["Configuration"]["State"] == "Active" and function["Code"]["Location"]


def test_a_global_table_survives(aws, control, apart, step, name):
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    aws("dynamodb").create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", StreamSpecification=stream, **KEY
    )
    step(20)
    aws("dynamodb").update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": "eu-west-1"}}])
    control("snapshot", {"name": name})
    control("restore", {"name": name})
    assert status(aws, name) == "UPDATING" and status(aws, name, "eu-west-1") == "CREATING"
    step(120)
    aws("dynamodb").put_item(TableName=name, Item={"id": {"S": "a"}})
    control("snapshot", {"name": name})
    control("restore", {"name": name})
    aws("dynamodb", "eu-west-1").put_item(TableName=name, Item={"id": {"S": "b"}})
    for region in ("us-east-1", "eu-west-1"):
        assert aws("dynamodb", region).scan(TableName=name)["Count"] == 2


def test_a_caller_reference_is_kept(aws, control, apart):
    reference = uuid.uuid4().hex
    zone = aws("route53").create_hosted_zone(Name="a.example.com", CallerReference=reference)["HostedZone"][
        "Id"
    ]
    aws("route53").delete_hosted_zone(Id=zone)
    control("snapshot", {"name": "reference"})
    control("restore", {"name": "reference"})
    with fails("HostedZoneAlreadyExists"):
        aws("route53").create_hosted_zone(Name="a.example.com", CallerReference=reference)


def test_parameters_are_kept(aws, control, apart, name):
    ssm = aws("ssm", "eu-west-1")
    ssm.put_parameter(Name=f"/{name}/image", Value="first", Type="String")
    control("snapshot", {"name": name})
    ssm.put_parameter(Name=f"/{name}/image", Value="second", Type="String", Overwrite=True)
    ssm.put_parameter(Name=f"/{name}/other", Value="x", Type="String")
    control("restore", {"name": name})
    found = ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"]
    assert [(one["Name"], one["Value"], one["Version"]) for one in found] == [(f"/{name}/image", "first", 1)]
    assert ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")[
        "Parameter"
    ]["Value"].startswith("ami-")
    with fails("ParameterNotFound"):
        ssm.get_parameter(Name=f"/{name}/other")


def test_the_inventory_endpoint_is_not_counted(aws, control, name):
    aws("sns", "eu-west-1").create_topic(Name=name)
    control("calls", method="DELETE")
    assert {"region": "eu-west-1", "service": "sns", "kind": "topic", "name": name} in control("inventory")
    assert control("inventory?regions=eu-west-3") == [
        t for t in control("inventory?regions=eu-west-3") if t["region"] in ("eu-west-3", "global")
    ]
    assert control("calls")["total"] == 0
