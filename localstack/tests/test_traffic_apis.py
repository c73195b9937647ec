"""Traffic through REST APIs: stages, deployments, integrations, functions and who may call them."""

import json

import pytest
from conftest import ACCOUNT
from traffic import (
    REGION,
    by,
    document,
    entrances,
    function_arn,
    gateway,
    lambda_,
    lambda_integration,
    make_api,
    may_call,
    served,
    trust,
    why,
)

pytestmark = pytest.mark.usefixtures("step")


# --- functions ------------------------------------------------------------------------------------


def test_an_api_answers_by_the_version_that_the_alias_leads_to(lambda_, served, control):
    assert by(control, served.entrance) == f"function {served.name}:1"
    lambda_.update_function_configuration(FunctionName=served.name, Timeout=9)
    assert by(control, served.entrance) == f"function {served.name}:1"


def test_an_alias_that_is_gone_answers_nothing(lambda_, served, control):
    lambda_.delete_alias(FunctionName=served.name, Name="live")
    assert why(control, served.entrance) == f"function {served.name}:live does not exist"


def test_a_function_that_is_gone_answers_nothing(lambda_, served, control):
    lambda_.delete_function(FunctionName=served.name)
    assert why(control, served.entrance) == f"function {served.name} does not exist"


def test_a_version_keeps_the_role_that_it_was_published_with(aws, lambda_, served, control, step):
    other = f"{served.name}-new"
    arn = aws("iam").create_role(RoleName=other, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    lambda_.update_function_configuration(FunctionName=served.name, Role=arn["Role"]["Arn"])
    step(10)
    old = f"{served.name}-{REGION}"
    aws("iam").delete_role(RoleName=old)
    assert f"role arn:aws:iam::{ACCOUNT}:role/{old} does not exist" in why(control, served.entrance)
    version = lambda_.publish_version(FunctionName=served.name)["Version"]
    lambda_.update_alias(FunctionName=served.name, Name="live", FunctionVersion=version)
    assert by(control, served.entrance) == f"function {served.name}:2"


def test_every_version_that_an_alias_sends_calls_to_answers(aws, lambda_, served, control, step):
    lambda_.update_function_configuration(FunctionName=served.name, Timeout=9)
    step(10)
    lambda_.publish_version(FunctionName=served.name)
    weights = {"AdditionalVersionWeights": {"2": 0.1}}
    lambda_.update_alias(FunctionName=served.name, Name="live", RoutingConfig=weights)
    assert by(control, served.entrance) == f"function {served.name}:1 and function {served.name}:2"


def test_a_role_that_lambda_cannot_assume_answers_nothing(aws, served, control):
    aws("iam").update_assume_role_policy(
        RoleName=f"{served.name}-{REGION}", PolicyDocument=trust("ec2.amazonaws.com")
    )
    assert "does not let lambda.amazonaws.com assume it" in why(control, served.entrance)


def test_a_function_without_concurrency_answers_nothing(lambda_, served, control):
    lambda_.put_function_concurrency(FunctionName=served.name, ReservedConcurrentExecutions=0)
    assert "reserved concurrency is 0" in why(control, served.entrance)


# --- who may call ---------------------------------------------------------------------------------


def test_an_api_whose_role_may_not_call_answers_nothing(aws, served, control):
    may_call(aws, served.name, "another")
    assert why(control, served.entrance).endswith(f"may not call {function_arn(served.name)}:live")
    may_call(aws, served.name, "another", served.name)
    assert why(control, served.entrance) is None


def test_an_api_whose_role_is_gone_answers_nothing(aws, served, control):
    role = f"{served.name}-api-{REGION}"
    aws("iam").delete_role_policy(RoleName=role, PolicyName="invoke")
    aws("iam").delete_role(RoleName=role)
    assert why(control, served.entrance) == f"role {served.role} does not exist"


def test_a_denial_wins(aws, served, control):
    statements = [
        {"Effect": effect, "Action": "lambda:*", "Resource": resource}
        for effect, resource in (("Allow", "*"), ("Deny", f"{function_arn(served.name)}*"))
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws("iam").put_role_policy(
        RoleName=f"{served.name}-api-{REGION}", PolicyName="invoke", PolicyDocument=policy
    )
    assert "may not call" in why(control, served.entrance)


def test_an_api_without_a_role_needs_a_permission_of_the_alias(aws, lambda_, gateway, served, control):
    body = document(served.name, get_orders=lambda_integration(served.name))
    gateway.put_rest_api(restApiId=served.api, mode="overwrite", body=body)
    assert why(control, served.entrance) is None, "nothing of it is deployed yet"
    gateway.create_deployment(restApiId=served.api, stageName="live")
    assert "has no permission to call" in why(control, served.entrance)
    permission = {
        "FunctionName": served.name,
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{served.api}"
    for qualifier, path in (("1", "*/GET/orders"), ("live", "*/POST/orders")):
        sid = f"s{qualifier}"
        lambda_.add_permission(
            StatementId=sid, Qualifier=qualifier, SourceArn=f"{source}/{path}", **permission
        )
        assert "has no permission to call" in why(control, served.entrance)
    lambda_.add_permission(
        StatementId="right", Qualifier="live", SourceArn=f"{source}/live/GET/orders", **permission
    )
    assert why(control, served.entrance) is None
    lambda_.remove_permission(FunctionName=served.name, Qualifier="live", StatementId="right")
    assert "has no permission to call" in why(control, served.entrance)


# --- stages and deployments -----------------------------------------------------------------------


def test_a_stage_serves_its_deployment_and_not_the_api(gateway, served, control):
    body = document(served.name, get_other=lambda_integration("nobody", role=served.role))
    gateway.put_rest_api(restApiId=served.api, mode="overwrite", body=body)
    assert list(entrances(control, served.name)) == [(served.entrance, REGION)]
    deployment = gateway.create_deployment(restApiId=served.api)["id"]
    assert list(entrances(control, served.name)) == [(served.entrance, REGION)]
    patch = [{"op": "replace", "path": "/deploymentId", "value": deployment}]
    gateway.update_stage(restApiId=served.api, stageName="live", patchOperations=patch)
    assert list(entrances(control, served.name)) == [(f"{served.name}/live GET /other", REGION)]
    assert why(control, f"{served.name}/live GET /other") == "function nobody does not exist"


def test_a_stage_that_is_gone_is_no_entrance(gateway, served, control):
    gateway.delete_stage(restApiId=served.api, stageName="live")
    assert entrances(control, served.name) == {}


def test_an_address_that_is_switched_off_is_no_entrance(gateway, served, control):
    patch = [{"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"}]
    gateway.update_rest_api(restApiId=served.api, patchOperations=patch)
    assert entrances(control, served.name) == {}


def test_a_canary_answers_too(gateway, served, control):
    body = document(served.name, get_orders=lambda_integration("nobody", role=served.role))
    gateway.put_rest_api(restApiId=served.api, mode="overwrite", body=body)
    deployment = gateway.create_deployment(restApiId=served.api)["id"]
    patches = [
        {"op": "replace", "path": f"/canarySettings/{name}", "value": value}
        for name, value in (("deploymentId", deployment), ("percentTraffic", "0.0"))
    ]
    gateway.update_stage(restApiId=served.api, stageName="live", patchOperations=patches)
    assert why(control, served.entrance) is None
    patches[1]["value"] = "10.0"
    gateway.update_stage(restApiId=served.api, stageName="live", patchOperations=patches)
    assert why(control, served.entrance) == "function nobody does not exist"


def test_stage_variables_are_filled_in(gateway, served, control):
    integration = lambda_integration(served.name, role=served.role)
    integration["uri"] = integration["uri"].replace(":live/", ":${stageVariables.alias}/")
    gateway.put_rest_api(
        restApiId=served.api, mode="overwrite", body=document(served.name, get_orders=integration)
    )
    gateway.create_deployment(restApiId=served.api, stageName="live", variables={"alias": "live"})
    assert why(control, served.entrance) is None
    patch = [{"op": "replace", "path": "/variables/alias", "value": "none"}]
    gateway.update_stage(restApiId=served.api, stageName="live", patchOperations=patch)
    assert why(control, served.entrance).endswith(f"may not call {function_arn(served.name)}:none")


@pytest.mark.parametrize(
    "integration",
    [
        {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {"type": "http_proxy", "httpMethod": "GET", "uri": "https://example.com/orders"},
    ],
)
def test_what_leads_out_of_the_account_is_answered(aws, name, control, integration):
    make_api(aws, name, document(name, get_orders=integration))
    assert why(control, f"{name}/live GET /orders") is None
