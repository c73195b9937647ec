"""What the tests of the traffic share: a function behind an API, and short words for what is asked."""

import contextlib
import json
from types import SimpleNamespace

import pytest
from conftest import ACCOUNT, create_role
from test_lambda import code

REGION = "eu-west-1"
PROBE = "traffic"


def entrances(control, part=""):
    """(entrance, region) -> what is said to it, of those with this part in their names."""
    found = control(PROBE)["entrances"]
    return {(one["entrance"], one["region"]): one for one in found if part in one["entrance"]}


def why(control, entrance, region=REGION):
    """None if it is answered."""
    return entrances(control)[entrance, region].get("why")


def by(control, entrance, region=REGION):
    return entrances(control)[entrance, region]["by"]


@contextlib.contextmanager
def watched(control):
    """The report of a watch over what is done within, filled in when it ends."""
    report = {}
    control(PROBE, {"watch": True})
    yield report
    report |= control(PROBE, {"watch": False})
    assert report["errors"] == []


def missed(report):
    return {(gap["entrance"], gap["region"], gap["since_call"]) for gap in report["unanswered"]}


@pytest.fixture
def lambda_(aws):
    return aws("lambda", REGION)


@pytest.fixture
def gateway(aws):
    return aws("apigateway", REGION)


# --- a function behind an API ---------------------------------------------------------------------


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allowing(*pairs):
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def function_arn(name, region=REGION):
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"


def make_function(aws, name, step, region=REGION):
    """A function with a role and a version that the alias `live` leads to; answers the version's number."""
    client = aws("lambda", region)
    role = create_role(aws, f"{name}-{region}")
    client.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": code(name)},
    )
    step(10)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return version


def lambda_integration(name, region=REGION, role=None):
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function_arn(name, region)}:live/invocations"
    given = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    return given | ({"credentials": role} if role else {})


def document(title, **integrations):
    """`get_orders=…` is GET /orders."""
    paths = {
        f"/{name.partition('_')[2]}": {
            name.partition("_")[0]: {"responses": {}, "x-amazon-apigateway-integration": integration}
        }
        for name, integration in integrations.items()
    }
    return json.dumps({"openapi": "3.0.1", "info": {"title": title, "version": "1"}, "paths": paths})


def caller_role(aws, name, *functions, region=REGION):
    """A role that API Gateway calls functions with."""
    arn = create_role(aws, f"{name}-api-{region}", service="apigateway.amazonaws.com")
    may_call(aws, name, *functions, region=region)
    return arn


def may_call(aws, name, *functions, region=REGION):
    pairs = [("lambda:InvokeFunction", f"{function_arn(one, region)}:live") for one in functions]
    aws("iam").put_role_policy(
        RoleName=f"{name}-api-{region}", PolicyName="invoke", PolicyDocument=allowing(*pairs)
    )


def make_api(aws, name, body, region=REGION):
    gateway = aws("apigateway", region)
    api = gateway.create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]})["id"]
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=body)
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
    return api


@pytest.fixture
def served(aws, name, step):
    """A function and an API that leads to it with a role of its own."""
    version = make_function(aws, name, step)
    role = caller_role(aws, name, name)
    api = make_api(aws, name, document(name, get_orders=lambda_integration(name, role=role)))
    entrance = f"{name}/live GET /orders"
    return SimpleNamespace(name=name, api=api, role=role, version=version, entrance=entrance)
