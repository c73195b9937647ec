import io
import uuid
import zipfile

import pytest
from conftest import ACCOUNT, create_role, create_zone, eventually, fails, issued_certificate
from test_apigateway import document, put

pytestmark = pytest.mark.usefixtures("step")

REGION = "eu-west-1"
ALARM = {
    "MetricName": "m",
    "Namespace": "n",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def find(aws, stack, region=REGION, **more):
    filters = [{"Key": "isobar:stack", "Values": [stack]}]
    pages = (
        aws("resourcegroupstaggingapi", region)
        .get_paginator("get_resources")
        .paginate(TagFilters=filters, **more)
    )
    return {item["ResourceARN"] for page in pages for item in page["ResourceTagMappingList"]}


def make_everything(aws, name):
    """One of each kind, tagged; gives their ARNs."""
    tags, pairs = {"isobar:stack": name}, [{"Key": "isobar:stack", "Value": name}]
    domain = f"{name}.example.com"
    certificate = issued_certificate(aws, REGION, domain, create_zone(aws, domain))
    aws("acm", REGION).add_tags_to_certificate(CertificateArn=certificate, Tags=pairs)
    gateway = aws("apigateway", REGION)
    api = gateway.create_rest_api(name=name, tags=tags)["id"]
    put(gateway, api, document(name))
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="live", deploymentId=deployment, tags=tags)
    gateway.create_domain_name(
        domainName=domain,
        regionalCertificateArn=certificate,
        endpointConfiguration={"types": ["REGIONAL"]},
        tags=tags,
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("main.py", "")
    function = aws("lambda", REGION).create_function(
        FunctionName=name,
        Role=create_role(aws, name),
        Runtime="python3.13",
        Handler="main.h",
        Code={"ZipFile": archive.getvalue()},
        Tags=tags,
    )["FunctionArn"]
    table = aws("dynamodb", REGION).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        Tags=pairs,
    )["TableDescription"]["TableArn"]
    aws("cloudwatch", REGION).put_metric_alarm(AlarmName=name, **ALARM, Tags=pairs)
    aws("logs", REGION).create_log_group(logGroupName=f"/x/{name}", tags=tags)
    topic = aws("sns", REGION).create_topic(Name=name, Tags=pairs)["TopicArn"]
    prefix = f"arn:aws:apigateway:{REGION}::"
    return {
        certificate,
        function,
        table,
        topic,
        f"{prefix}/restapis/{api}",
        f"{prefix}/restapis/{api}/stages/live",
        f"{prefix}/domainnames/{domain}",
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/x/{name}",
    }


def test_everything_tagged_is_found_in_its_region(aws, name):
    arns = make_everything(aws, name)
    assert find(aws, name) == arns == find(aws, name, ResourcesPerPage=2)
    assert not find(aws, name, "us-west-2")
    assert find(aws, name, ResourceTypeFilters=["lambda:function", "apigateway:restapis", "acm"]) == {
        arn
        for arn in arns
        if ":lambda:" in arn or ":acm:" in arn or ("/restapis/" in arn and "/stages/" not in arn)
    }
    client = aws("resourcegroupstaggingapi", REGION)
    one = sorted(arns)[0]
    assert client.get_resources(ResourceARNList=[one])["ResourceTagMappingList"][0]["ResourceARN"] == one
    with fails("InvalidParameterException"):
        client.get_resources(ResourceARNList=[one], ResourcesPerPage=5)


def test_global_things_are_found_in_us_east_1(aws, name):
    zone = create_zone(aws, f"{name}.example.com")
    check = aws("route53").create_health_check(
        CallerReference=uuid.uuid4().hex,
        HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 80},
    )["HealthCheck"]["Id"]
    for kind, thing in (("hostedzone", zone), ("healthcheck", check)):
        aws("route53").change_tags_for_resource(
            ResourceType=kind, ResourceId=thing, AddTags=[{"Key": "isobar:stack", "Value": name}]
        )
    assert find(aws, name, "us-east-1") == {
        f"arn:aws:route53:::hostedzone/{zone}",
        f"arn:aws:route53:::healthcheck/{check}",
    }
    assert not find(aws, name)


def test_filters_combine(aws, name):
    sns = aws("sns", REGION)
    for number, color in enumerate(("red", "blue", "green")):
        sns.create_topic(
            Name=f"{name}-{number}",
            Tags=[{"Key": "isobar:stack", "Value": name}, {"Key": "color", "Value": color}],
        )

    def count(**wanted):
        filters = [{"Key": key, "Values": values} for key, values in wanted.items()] + [
            {"Key": "isobar:stack", "Values": [name]}
        ]
        return len(
            aws("resourcegroupstaggingapi", REGION).get_resources(TagFilters=filters)[
                "ResourceTagMappingList"
            ]
        )

    assert (count(), count(color=["red", "blue"]), count(color=[]), count(colour=["red"])) == (3, 2, 3, 0)


def test_what_is_gone_or_untagged_is_not_found(aws, name):
    arn = aws("sns", REGION).create_topic(Name=name, Tags=[{"Key": "isobar:stack", "Value": name}])[
        "TopicArn"
    ]
    assert find(aws, name) == {arn}
    aws("sns", REGION).delete_topic(TopicArn=arn)
    eventually(lambda: not find(aws, name))
