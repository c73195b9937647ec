import json

import pytest
from conftest import ACCOUNT, create_role, create_zone, eventually, fails, issued_certificate

pytestmark = pytest.mark.usefixtures("step")

LAMBDA_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:{ACCOUNT}:function:f:live/invocations"


@pytest.fixture
def gateway(aws):
    return aws("apigateway")


@pytest.fixture
def api(gateway, name):
    return gateway.create_rest_api(
        name=name, endpointConfiguration={"types": ["REGIONAL"]}, tags={"isobar:stack": "x"}
    )["id"]


def document(title, integration=None, path="/orders", **more):
    integration = integration or {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": LAMBDA_URI,
        "timeoutInMillis": 5000,
    }
    method = {"responses": {}, "x-amazon-apigateway-integration": integration}
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "paths": {path: {"get": method}},
    } | more


def put(gateway, api, body):
    return gateway.put_rest_api(
        restApiId=api, mode="overwrite", failOnWarnings=True, body=json.dumps(body).encode()
    )


@pytest.fixture
def deployment(gateway, api, name):
    put(gateway, api, document(name))
    return gateway.create_deployment(restApiId=api, description="sha256:1")["id"]


@pytest.fixture
def stage(gateway, api, deployment):
    gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment, tags={"a": "1"})
    return "live"


def patch(path, value=None, op="replace"):
    return {"op": op, "path": path} | ({} if value is None else {"value": value})


def integration_of(gateway, api, path="/orders"):
    resources = gateway.get_resources(restApiId=api, embed=["methods"])["items"]
    resource = next(r for r in resources if r["path"] == path)
    return gateway.get_integration(restApiId=api, resourceId=resource["id"], httpMethod="GET")


# --- APIs and import


def test_import_keeps_the_integration(gateway, api, name):
    balancer = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/a/b"
    connection = gateway.create_vpc_link(name=name, targetArns=[balancer])["id"]
    link = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://internal/orders",
        "connectionType": "VPC_LINK",
        "connectionId": connection,
        "integrationTarget": balancer,
        "credentials": "arn:aws:iam::1:role/r",
        "timeoutInMillis": 7000,
    }
    put(gateway, api, document(name, link))
    found = integration_of(gateway, api)
    for field in (
        "connectionType",
        "connectionId",
        "integrationTarget",
        "credentials",
        "timeoutInMillis",
        "uri",
    ):
        assert found[field] == link[field], field


def test_overwrite_removes_what_the_document_lacks(gateway, api, name):
    put(gateway, api, document(name, path="/old"))
    gateway.update_rest_api(
        restApiId=api,
        patchOperations=[
            patch("/minimumCompressionSize", "10"),
            patch("/binaryMediaTypes/image~1png", op="add"),
        ],
    )
    put(gateway, api, document(name + "-renamed", path="/new"))
    assert {r["path"] for r in gateway.get_resources(restApiId=api)["items"]} == {"/", "/new"}
    described = gateway.get_rest_api(restApiId=api)
    assert described["name"] == name + "-renamed"
    assert "minimumCompressionSize" not in described and "binaryMediaTypes" not in described
    assert described["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert described["tags"] == {"isobar:stack": "x"}


def test_import_keeps_the_root_and_the_type_of_the_endpoint(gateway, api, name):
    before = gateway.get_rest_api(restApiId=api)
    extensions = {
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-minimum-compression-size": 5,
    }
    for _ in range(2):
        put(gateway, api, document(name, **extensions))
    after = gateway.get_rest_api(restApiId=api)
    assert after["rootResourceId"] == before["rootResourceId"]
    assert after["endpointConfiguration"] == before["endpointConfiguration"]
    assert (
        after["disableExecuteApiEndpoint"],
        after["binaryMediaTypes"],
        after["minimumCompressionSize"],
    ) == (True, ["image/png"], 5)
    found = {r["path"]: r for r in gateway.get_resources(restApiId=api)["items"]}
    assert found["/"]["id"] == before["rootResourceId"] == found["/orders"]["parentId"]
    assert integration_of(gateway, api)["httpMethod"] == "POST"


def test_a_refused_import_changes_nothing(gateway, api, name):
    put(gateway, api, document(name))
    with fails("BadRequestException"):
        gateway.put_rest_api(restApiId=api, mode="overwrite", body=b"this is no document")
    with fails("BadRequestException"):
        put(
            gateway,
            api,
            document(
                "other",
                {"type": "http_proxy", "httpMethod": "GET", "uri": "http://x", "connectionType": "VPC_LINK"},
            ),
        )
    assert gateway.get_rest_api(restApiId=api)["name"] == name
    assert integration_of(gateway, api)["timeoutInMillis"] == 5000


def test_api_patches_persist(gateway, api):
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    gateway.update_rest_api(
        restApiId=api,
        patchOperations=[
            patch("/description", "d"),
            patch("/disableExecuteApiEndpoint", "true"),
            patch("/minimumCompressionSize", "1024"),
            patch("/binaryMediaTypes/application~1zip", op="add"),
            patch("/policy", policy),
        ],
    )
    found = gateway.get_rest_api(restApiId=api)
    assert (found["description"], found["disableExecuteApiEndpoint"], found["minimumCompressionSize"]) == (
        "d",
        True,
        1024,
    )
    assert found["binaryMediaTypes"] == ["application/zip"]
    assert json.loads(json.loads(f'"{found["policy"]}"')) == json.loads(policy)
    gateway.update_rest_api(
        restApiId=api,
        patchOperations=[
            patch("/binaryMediaTypes/application~1zip", op="remove"),
            patch("/minimumCompressionSize"),
        ],
    )
    found = gateway.get_rest_api(restApiId=api)
    assert "binaryMediaTypes" not in found and "minimumCompressionSize" not in found
    with fails("BadRequestException"):
        gateway.update_rest_api(
            restApiId=api, patchOperations=[patch("/description", "kept?"), patch("/nonsense", "x")]
        )
    assert gateway.get_rest_api(restApiId=api)["description"] == "d"


def test_apis_are_listed_in_pages(gateway, name):
    ids = {gateway.create_rest_api(name=name)["id"] for _ in range(3)}
    pages = gateway.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 2})
    assert ids <= {api["id"] for page in pages for api in page["items"]}


# --- deployments and stages


def test_deployment_needs_methods_and_integrations(gateway, api, name):
    with fails("BadRequestException", "doesn't contain any methods"):
        gateway.create_deployment(restApiId=api)
    body = document(name)
    body["paths"]["/orders"]["post"] = {"responses": {}}
    put(gateway, api, body)
    with fails("BadRequestException", "No integration defined for method"):
        gateway.create_deployment(restApiId=api)


def test_a_deployment_in_use_stays(gateway, api, deployment, stage):
    second = gateway.create_deployment(restApiId=api, description="sha256:2")["id"]
    found = gateway.get_deployments(restApiId=api)["items"]
    assert {(d["id"], d["description"]) for d in found} == {(deployment, "sha256:1"), (second, "sha256:2")}
    with fails("BadRequestException", "Active stages pointing to this deployment must be moved or deleted"):
        gateway.delete_deployment(restApiId=api, deploymentId=deployment)
    gateway.update_stage(restApiId=api, stageName=stage, patchOperations=[patch("/deploymentId", second)])
    gateway.delete_deployment(restApiId=api, deploymentId=deployment)
    assert gateway.get_stage(restApiId=api, stageName=stage)["deploymentId"] == second


def test_stage_patches_persist(gateway, api, stage, aws, name):
    role = create_role(aws, name, "apigateway.amazonaws.com", may=["logs:*"])
    gateway.update_account(patchOperations=[patch("/cloudwatchRoleArn", role)])
    gateway.update_stage(
        restApiId=api,
        stageName=stage,
        patchOperations=[
            patch("/variables/color", "blue"),
            patch("/description", "d"),
            patch("/tracingEnabled", "true"),
            patch("/accessLogSettings/destinationArn", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"),
            patch("/accessLogSettings/format", "$context.requestId"),
            patch("/*/*/throttling/rateLimit", "12.5"),
            patch("/*/*/throttling/burstLimit", "7"),
            patch("/*/*/metrics/enabled", "true"),
            patch("/~1orders/GET/logging/loglevel", "INFO"),
        ],
    )
    found = gateway.get_stages(restApiId=api)["item"][0]
    assert (found["variables"], found["description"], found["tracingEnabled"]) == (
        {"color": "blue"},
        "d",
        True,
    )
    assert found["accessLogSettings"]["format"] == "$context.requestId"
    all_methods = found["methodSettings"]["*/*"]
    assert (
        all_methods["throttlingRateLimit"],
        all_methods["throttlingBurstLimit"],
        all_methods["metricsEnabled"],
    ) == (12.5, 7, True)
    assert found["methodSettings"]["~1orders/GET"]["loggingLevel"] == "INFO"
    gateway.update_stage(
        restApiId=api,
        stageName=stage,
        patchOperations=[
            patch("/variables/color", op="remove"),
            patch("/accessLogSettings", op="remove"),
            patch("/*/*", op="remove"),
        ],
    )
    found = gateway.get_stage(restApiId=api, stageName=stage)
    assert (
        "variables" not in found and "accessLogSettings" not in found and "*/*" not in found["methodSettings"]
    )


def test_stage_errors(gateway, api, deployment, stage):
    with fails("ConflictException"):
        gateway.create_stage(restApiId=api, stageName=stage, deploymentId=deployment)
    with fails("BadRequestException"):
        gateway.create_stage(restApiId=api, stageName="other", deploymentId="nope12")
    with fails("NotFoundException"):
        gateway.get_stage(restApiId=api, stageName="missing")
    gateway.delete_stage(restApiId=api, stageName=stage)
    with fails("NotFoundException"):
        gateway.get_stage(restApiId=api, stageName=stage)


def test_logging_needs_the_role_of_the_account(aws, name):
    gateway = aws("apigateway", "ap-south-1")
    assert "cloudwatchRoleArn" not in gateway.get_account()
    api = gateway.create_rest_api(name=name)["id"]
    put(gateway, api, document(name))
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment)
    with fails("BadRequestException", "CloudWatch Logs role ARN must be set"):
        gateway.update_stage(
            restApiId=api, stageName="live", patchOperations=[patch("/*/*/logging/loglevel", "INFO")]
        )
    with fails("BadRequestException"):
        gateway.update_account(
            patchOperations=[patch("/cloudwatchRoleArn", f"arn:aws:iam::{ACCOUNT}:role/missing")]
        )
    role = create_role(aws, name, "apigateway.amazonaws.com", may=["logs:*"])
    gateway.update_account(patchOperations=[patch("/cloudwatchRoleArn", role)])
    assert gateway.get_account()["cloudwatchRoleArn"] == role


# --- domain names and mappings


@pytest.fixture
def domain(name):
    return f"{name}.example.com"


def create_domain(aws, region, domain, arn):
    return aws("apigateway", region).create_domain_name(
        domainName=domain,
        regionalCertificateArn=arn,
        endpointConfiguration={"types": ["REGIONAL"]},
        tags={"a": "1"},
    )


def test_one_name_in_two_regions(aws, domain):
    zone = create_zone(aws, domain)
    for region in ("us-east-1", "eu-west-1"):
        arn = issued_certificate(aws, region, domain, zone)
        created = create_domain(aws, region, domain, arn)
        assert created["domainNameStatus"] == "PENDING"
        assert created["regionalDomainName"].endswith(f".execute-api.{region}.amazonaws.com")
        assert (
            created["regionalHostedZoneId"]
            == {"us-east-1": "Z1UJRXOUMOOFQ8", "eu-west-1": "ZLY8HYME6SFDD"}[region]
        )
        assert domain in [d["domainName"] for d in aws("apigateway", region).get_domain_names()["items"]]
        with fails("BadRequestException", "already exists"):
            create_domain(aws, region, domain, arn)
    assert domain not in [d["domainName"] for d in aws("apigateway", "us-west-2").get_domain_names()["items"]]


def test_certificate_of_a_domain(aws, domain):
    pending = aws("acm").request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    with fails("BadRequestException"):
        create_domain(aws, "us-east-1", domain, pending)
    with fails("BadRequestException", "Certificate must be in 'eu-west-1'"):
        create_domain(aws, "eu-west-1", domain, pending)


def test_mutual_tls_of_a_domain(aws, gateway, domain):
    create_domain(
        aws, "us-east-1", domain, issued_certificate(aws, "us-east-1", domain, create_zone(aws, domain))
    )
    eventually(lambda: gateway.get_domain_name(domainName=domain)["domainNameStatus"] == "AVAILABLE")

    def change(**fields):
        patches = [patch(f"/mutualTlsAuthentication/{name}", value) for name, value in fields.items()]
        answer = gateway.update_domain_name(domainName=domain, patchOperations=patches)
        found = eventually(
            lambda: (d := gateway.get_domain_name(domainName=domain))["domainNameStatus"] == "AVAILABLE" and d
        )
        assert answer.get("mutualTlsAuthentication") == found.get("mutualTlsAuthentication")
        return found.get("mutualTlsAuthentication")

    with fails("BadRequestException", "requires a truststore URI"):
        change(truststoreVersion="1")
    with fails("BadRequestException", "s3://"):
        change(truststoreUri="https://example.com/a.pem")
    assert change(truststoreUri="s3://bucket/a.pem") == {"truststoreUri": "s3://bucket/a.pem"}
    assert change(truststoreVersion="1") == {"truststoreUri": "s3://bucket/a.pem", "truststoreVersion": "1"}
    both = {"truststoreUri": "s3://bucket/b.pem", "truststoreVersion": "2"}
    assert change(**both) == both
    assert change(truststoreUri="") is None


def test_base_path_mappings(aws, gateway, api, stage, domain):
    create_domain(
        aws, "us-east-1", domain, issued_certificate(aws, "us-east-1", domain, create_zone(aws, domain))
    )
    with fails("BadRequestException", "Invalid stage identifier specified"):
        gateway.create_base_path_mapping(domainName=domain, restApiId=api, stage="missing")
    created = gateway.create_base_path_mapping(domainName=domain, restApiId=api, stage=stage)
    assert created["basePath"] == "(none)"
    with fails("ConflictException", "Base path already exists"):
        gateway.create_base_path_mapping(domainName=domain, restApiId=api, stage=stage)
    assert gateway.get_base_path_mappings(domainName=domain)["items"][0]["basePath"] == "(none)"
    with fails("BadRequestException", "base path mappings"):
        gateway.delete_rest_api(restApiId=api)
    gateway.update_base_path_mapping(
        domainName=domain, basePath="(none)", patchOperations=[patch("/basePath", "v1")]
    )
    assert gateway.get_base_path_mapping(domainName=domain, basePath="v1")["stage"] == stage
    gateway.delete_base_path_mapping(domainName=domain, basePath="v1")
    with fails("NotFoundException"):
        gateway.get_base_path_mapping(domainName=domain, basePath="v1")
    gateway.delete_rest_api(restApiId=api)


# --- tags


def test_tags_show_wherever_they_are_written(aws, gateway, api, stage, domain):
    create_domain(
        aws, "us-east-1", domain, issued_certificate(aws, "us-east-1", domain, create_zone(aws, domain))
    )
    prefix = "arn:aws:apigateway:us-east-1::"
    for arn, get in (
        (f"{prefix}/restapis/{api}", lambda: gateway.get_rest_api(restApiId=api)),
        (
            f"{prefix}/restapis/{api}/stages/{stage}",
            lambda: gateway.get_stage(restApiId=api, stageName=stage),
        ),
        (f"{prefix}/domainnames/{domain}", lambda: gateway.get_domain_name(domainName=domain)),
    ):
        before = get()["tags"]
        assert before
        gateway.tag_resource(resourceArn=arn, tags={"new": "1"})
        assert get()["tags"] == before | {"new": "1"} == gateway.get_tags(resourceArn=arn)["tags"]
        gateway.untag_resource(resourceArn=arn, tagKeys=["new"])
        assert get()["tags"] == before
    with fails("NotFoundException"):
        gateway.get_tags(resourceArn=f"{prefix}/restapis/nothing")


def test_an_api_has_300_resources(gateway, name, control):
    """Too many of them are refused as a whole, and what was there stays."""
    many = document(name) | {"paths": {f"/r{n}": document(name)["paths"]["/orders"] for n in range(300)}}
    few = many | {"paths": dict(list(many["paths"].items())[:298])}
    api = gateway.create_rest_api(name=name)["id"]
    before = {name: quota["here"] for name, quota in control("quotas").items()}
    control("quotas", {"as": "aws"})
    try:
        put(gateway, api, few)
        with fails("LimitExceededException", "Maximum number of Resources for this API has been reached."):
            put(gateway, api, many)
        resources = gateway.get_resources(restApiId=api, limit=500)["items"]
        assert len(resources) == 299
        root = next(one["id"] for one in resources if one["path"] == "/")
        gateway.create_resource(restApiId=api, parentId=root, pathPart="one")
        with fails("LimitExceededException"):
            gateway.create_resource(restApiId=api, parentId=root, pathPart="two")
    finally:
        control("quotas", before)
    put(gateway, api, many)
