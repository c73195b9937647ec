import base64
import hashlib
import io
import zipfile

import pytest
from conftest import ACCOUNT, create_role, eventually, fails


def code(text="def handler(event, context): return 1"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), text)
    return buffer.getvalue()


def sha(archive):
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


@pytest.fixture
def lambda_(aws):
    return aws("lambda", "eu-west-1")


def create(aws, lambda_, name, **more):
    role = create_role(aws, name)
    return lambda_.create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": code()}, **more
    )


def config(lambda_, name):
    return lambda_.get_function_configuration(FunctionName=name)


def settled(lambda_, name):
    return eventually(lambda: (c := config(lambda_, name))["State"] == "Active" and c["LastUpdateStatus"] == "Successful" and c)


@pytest.fixture
def function(aws, lambda_, name):
    create(aws, lambda_, name)
    settled(lambda_, name)
    return name


def test_a_function_becomes_active(aws, lambda_, name):
    created = create(aws, lambda_, name, Tags={"isobar:stack": "x"})
    assert (created["State"], created["CodeSha256"]) == ("Pending", sha(code()))
    with fails("ResourceConflictException"):
        lambda_.update_function_configuration(FunctionName=name, Timeout=9)
    settled(lambda_, name)
    with fails("ResourceConflictException", "Function already exist"):
        lambda_.create_function(FunctionName=name, Role=created["Role"], Runtime="python3.13", Handler="m.h", Code={"ZipFile": code()})
    arn = created["FunctionArn"]
    assert lambda_.list_tags(Resource=arn)["Tags"] == {"isobar:stack": "x"}
    lambda_.tag_resource(Resource=arn, Tags={"b": "2"})
    lambda_.untag_resource(Resource=arn, TagKeys=["isobar:stack"])
    assert lambda_.get_function(FunctionName=name)["Tags"] == {"b": "2"}


def test_the_role_has_to_exist_and_to_trust_lambda(aws, lambda_, name):
    for role in (f"arn:aws:iam::{ACCOUNT}:role/missing", create_role(aws, name, "ec2.amazonaws.com")):
        with fails("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."):
            lambda_.create_function(FunctionName=name, Role=role, Runtime="python3.13", Handler="m.h", Code={"ZipFile": code()})


def test_updates_are_in_progress_first(lambda_, function):
    changed = code("x = 2")
    updated = lambda_.update_function_code(FunctionName=function, ZipFile=changed)
    assert (updated["LastUpdateStatus"], updated["CodeSha256"]) == ("InProgress", sha(changed))
    for again in (
        lambda: lambda_.update_function_configuration(FunctionName=function, Timeout=9),
        lambda: lambda_.update_function_code(FunctionName=function, ZipFile=code()),
        lambda: lambda_.publish_version(FunctionName=function),
    ):
        with fails("ResourceConflictException", "An update is in progress"):
            again()
    assert settled(lambda_, function)["CodeSha256"] == sha(changed)
    lambda_.update_function_configuration(FunctionName=function, Timeout=9, Environment={"Variables": {"A": "1"}})
    found = settled(lambda_, function)
    assert (found["Timeout"], found["Environment"]["Variables"]) == (9, {"A": "1"})


def test_publishing_is_idempotent(lambda_, function):
    first = lambda_.publish_version(FunctionName=function)
    assert lambda_.publish_version(FunctionName=function)["Version"] == first["Version"] == "1"
    lambda_.update_function_code(FunctionName=function, ZipFile=code("x = 3"))
    settled(lambda_, function)
    assert lambda_.publish_version(FunctionName=function)["Version"] == "2"
    versions = lambda_.list_versions_by_function(FunctionName=function)["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST", "1", "2"]
    everything = lambda_.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    assert len([f for page in everything for f in page["Functions"] if f["FunctionName"] == function]) == 3


def test_lists_show_no_states(lambda_, function):
    found = [f for f in lambda_.list_functions()["Functions"] if f["FunctionName"] == function][0]
    assert "State" not in found and "LastUpdateStatus" not in found


def test_aliases(lambda_, function):
    lambda_.publish_version(FunctionName=function)
    lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    with fails("ResourceConflictException"):
        lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    with fails("ResourceConflictException"):
        lambda_.delete_function(FunctionName=function, Qualifier="1")
    lambda_.update_function_code(FunctionName=function, ZipFile=code("x = 4"))
    settled(lambda_, function)
    version = lambda_.publish_version(FunctionName=function)["Version"]
    lambda_.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
    assert lambda_.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == version
    assert lambda_.get_function_configuration(FunctionName=function, Qualifier="live")["Version"] == version


def test_permissions(lambda_, function):
    lambda_.publish_version(FunctionName=function)
    lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    statement = {"FunctionName": function, "Qualifier": "live", "StatementId": "api", "Action": "lambda:InvokeFunction",
                 "Principal": "apigateway.amazonaws.com", "SourceArn": f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:abc/*/*/*"}
    with fails("ResourceNotFoundException"):
        lambda_.get_policy(FunctionName=function, Qualifier="live")
    lambda_.add_permission(**statement)
    with fails("ResourceConflictException"):
        lambda_.add_permission(**statement)
    assert '"api"' in lambda_.get_policy(FunctionName=function, Qualifier="live")["Policy"]
    with fails("ResourceNotFoundException"):
        lambda_.get_policy(FunctionName=function)
    lambda_.remove_permission(FunctionName=function, Qualifier="live", StatementId="api")
    with fails("ResourceNotFoundException"):
        lambda_.get_policy(FunctionName=function, Qualifier="live")


def test_deleting(lambda_, function):
    lambda_.delete_function(FunctionName=function)
    with fails("ResourceNotFoundException"):
        lambda_.get_function(FunctionName=function)
    with fails("ResourceNotFoundException"):
        lambda_.delete_function(FunctionName=function)
