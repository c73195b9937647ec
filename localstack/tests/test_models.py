"""Service models: those that requests are checked against, the calls of Isobar, and what a new pin changes."""

import gzip
import json
import os
import types
from pathlib import Path

import botocore
import pytest
from botocore.config import Config
from botocore.loaders import Loader
from conftest import FOLDER, fails
from localstack.aws.spec import load_service

from isobar_localstack.core.registry import services
from isobar_localstack.realism.strict import models
from launcher import calls, environment
from launcher import models as launcher_models

DATA = Path(os.environ[models.DIRECTORY])
SOURCES = FOLDER.parent / "src"


def test_the_models_are_the_pinned_ones_and_localstacks_botocore_stays():
    version = environment.pinned_models().partition("==")[2]
    assert (DATA.parent.parent / f"botocore-{version}.dist-info").is_dir()
    assert botocore.__version__ != version and DATA.parent != Path(botocore.__file__).parent


def test_every_service_that_is_checked_has_a_pinned_model():
    for service in services().values():
        assert set(service.rules) <= set(models.pinned(service.api).operation_names)


def test_the_pin_knows_what_localstack_does_not():
    """Replicas that leave with their data, and canaries in many locations."""

    def actions(model):
        return set(model.shape_for("ReplicationGroupUpdate").members)

    assert actions(models.pinned("dynamodb")) - actions(load_service("dynamodb")) == {"Disassociate"}
    assert (
        models.pinned("synthetics").operation_model("CreateCanary").input_shape.members.keys()
        - load_service("synthetics").operation_model("CreateCanary").input_shape.members.keys()
    )


# --- members that LocalStack's parser drops ---------------------------------------------------------


@pytest.fixture
def newest(endpoint):
    """A client that writes by the pinned models."""
    session = botocore.session.Session()
    session.register_component("data_loader", Loader(extra_search_paths=[str(DATA)]))
    session.set_credentials("test", "test")

    def client(service: str):
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        return session.create_client(service, "eu-west-1", endpoint_url=endpoint, config=config)

    return client


def new_members(api: str) -> dict[str, list[str]]:
    """Operation -> members of its input at the top that only the pinned model has."""
    pinned, own = models.pinned(api), load_service(api)
    found = {}
    for name in set(pinned.operation_names) & set(own.operation_names):
        shapes = [model.operation_model(name).input_shape for model in (pinned, own)]
        if all(shapes) and (new := set(shapes[0].members) - set(shapes[1].members)):
            found[name] = sorted(new)
    return found


def test_requests_are_read_again_where_the_models_differ():
    for api in ("acm", "ecs"):
        assert new_members(api), "the pin has nothing new: take another service for this test"
        assert all(models.is_parsed_again(api, name) for name in new_members(api))
    assert not models.is_parsed_again("sns", "GetTopicAttributes")


def test_a_new_member_is_checked_as_it_was_sent(newest):
    """By JSON and by query: certificates and rules have members that LocalStack drops."""
    with fails("ValidationException", "certificateUsage"):
        newest("acm").request_certificate(DomainName="a.example.com", CertificateUsage="MOON")
    assert newest("acm").request_certificate(DomainName="a.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    condition = {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"], "IpAddressType": "MOON"}}
    with fails("ValidationError", "sourceIpConfig.ipAddressType"):
        newest("elbv2").create_rule(ListenerArn="a", Priority=1, Conditions=[condition], Actions=[])


def test_an_operation_that_localstack_does_not_know(newest):
    new = sorted(set(models.pinned("ecs").operation_names) - set(load_service("ecs").operation_names))
    assert new, "the pin has no new operation: take another service for this test"
    with fails("InternalFailure", f"{new[0]} is newer than LocalStack"):
        newest("ecs")._make_api_call(new[0], {})


# --- the calls of Isobar ----------------------------------------------------------------------------


def operations_of(api: str):
    return launcher_models.Model(DATA, api).operations


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the sources of Isobar are not here")
def test_the_calls_are_found_in_the_sources():
    found = calls.called(SOURCES, operations_of)
    assert set(found) <= set(services()) and len(found) >= 18
    for call in (
        "acm.RequestCertificate",
        "autoscaling.StartInstanceRefresh",
        "dynamodb.UpdateTable",
        "ec2.CreateVpc",
        "ecs.CreateService",
        "elbv2.CreateListener",
        "iam.CreateRole",
        "lambda.PublishVersion",
        "logs.CreateLogGroup",
        "resourcegroupstaggingapi.GetResources",
        "route53.ChangeResourceRecordSets",
        "s3.PutObject",
        "sns.CreateTopic",
        "sts.GetCallerIdentity",
    ):
        api, operation = call.split(".")
        assert operation in found[api], call
    assert "CreateCanary" not in found.get("synthetics", ())


def test_calls_are_read_from_rust(tmp_path):
    (tmp_path / "cx.rs").write_text(
        "services! {\n    /// Tables.\n    dynamodb: aws_sdk_dynamodb;\n    logs: aws_sdk_cloudwatchlogs;\n}\n"
    )
    (tmp_path / "table.rs").write_text(
        "cx.dynamodb()\n    .update_time_to_live()\n    .table_name(name).send().await?;"
    )
    (tmp_path / "group.rs").write_text(
        "use aws_sdk_cloudwatchlogs::types::X;\nlet call = client.create_log_group();"
    )
    names = {"dynamodb": ["UpdateTimeToLive", "CreateTable"], "logs": ["CreateLogGroup"]}
    assert calls.called(tmp_path, names.__getitem__) == {
        "dynamodb": {"UpdateTimeToLive"},
        "logs": {"CreateLogGroup"},
    }


@pytest.mark.parametrize(
    "operation, method",
    [
        ("DescribeVpcEndpoints", "describe_vpc_endpoints"),
        ("CreateDBCluster", "create_db_cluster"),
        ("GetWebACL", "get_web_acl"),
    ],
)
def test_names_of_methods(operation, method):
    assert calls.snake(operation) == method


# --- what a new pin changes -------------------------------------------------------------------------


def written(folder, shapes):
    file = folder / "things" / "2020-01-01" / "service-2.json.gz"
    file.parent.mkdir(parents=True)
    model = {"operations": {"PutThing": {"input": {"shape": "In"}}}, "shapes": shapes}
    file.write_bytes(gzip.compress(json.dumps(model).encode()))
    return launcher_models.Model(folder, "things")


def test_all_that_changes_is_told(tmp_path):
    old = written(
        tmp_path / "old",
        {
            "In": {
                "type": "structure",
                "members": {
                    "Name": {"shape": "Name"},
                    "Gone": {"shape": "Name"},
                    "Kind": {"shape": "Kind"},
                    "In": {"shape": "In"},
                },
            },
            "Name": {"type": "string", "max": 10},
            "Kind": {"type": "string", "enum": ["A", "B"]},
        },
    )
    new = written(
        tmp_path / "new",
        {
            "In": {
                "type": "structure",
                "required": ["Name"],
                "members": {
                    "Name": {"shape": "Name"},
                    "Kind": {"shape": "Kind"},
                    "In": {"shape": "In"},
                    "Sizes": {"shape": "Sizes"},
                },
            },
            "Name": {"type": "string", "max": 20, "pattern": "a+"},
            "Kind": {"type": "string", "enum": ["B", "C"]},
            "Sizes": {"type": "list", "member": {"shape": "Size"}},
            "Size": {"type": "structure", "members": {}},
        },
    )
    assert launcher_models.differences(old, new, "PutThing") == [
        "+ input.Sizes (list)",
        "- input.Gone",
        "~ input.Kind: enum +C -A",
        "~ input.Name: required False -> True, max 10 -> 20, pattern None -> a+",
    ]
    assert launcher_models.differences(old, old, "PutThing") == []
    assert launcher_models.differences(old, types.SimpleNamespace(operations={}), "PutThing") == [
        "the operation is gone"
    ]
