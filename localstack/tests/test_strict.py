"""Strict requests: what AWS refuses because of the request alone.

Most tests ask the checks directly, since they need no emulator; some go through one, for each protocol.
"""

import types

import boto3
import pytest
from botocore.config import Config
from conftest import FOLDER, ask, emulator, fails
from localstack.aws.api import CommonServiceException

from isobar_localstack.core.registry import services
from isobar_localstack.realism import strict
from isobar_localstack.realism.strict import facts, patterns
from isobar_localstack.realism.strict.model import check_of
from isobar_localstack.realism.strict.models import pinned

CHECKED = [service.api for service in services().values() if service.errors]


def refusal(service, operation, **request):
    """(code, message) of the refusal, or None."""
    model = pinned(service)
    context = types.SimpleNamespace(
        service=model,
        operation=model.operation_model(operation),
        service_request=request,
        is_internal_call=False,
        region="eu-west-1",
        account_id="000000000000",
        request=types.SimpleNamespace(content_length=0),
    )
    try:
        strict.check_request(context, request)
    except CommonServiceException as problem:
        return problem.code, problem.message
    return None


def refuses(service, operation, code, text="", **request):
    found = refusal(service, operation, **request)
    assert found is not None, "accepted"
    assert found[0] == code and text in found[1], found


def accepts(service, operation, **request):
    assert refusal(service, operation, **request) is None


# --- the model ------------------------------------------------------------------------------------


def test_every_pattern_in_use_can_be_checked():
    for service in CHECKED:
        model = pinned(service)
        for name in model.shape_names:
            check_of(service, model.shape_for(name))
    assert patterns.UNCHECKED == {}


def test_patterns_of_java():
    def matches(pattern, text):
        return patterns.matcher("test", "Test", pattern)(text) is not None

    tags = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
    assert matches(tags, "Größe 1") and not matches(tags, "a;b")
    assert matches(r"[\w-_]*", "a-b_c") and not matches(r"[\w-_]*", "a.b")
    assert matches(r"\p{ASCII}+", "abc") and not matches(r"\p{ASCII}+", "ä")
    pairs = r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*"
    assert matches(pairs, "a\U0001f600b") and not matches(pairs, "a\x01")
    assert not matches(r"\d+", "٣")  # digits are those of ASCII
    assert not matches(r"[a-z]+", "abc1")  # the whole value, without anchors too


def test_a_pattern_that_cannot_be_read_is_listed():
    assert patterns.matcher("test", "Broken", "[a") is None
    assert patterns.UNCHECKED.pop(("test", "Broken")).startswith("[a: ")


def test_all_problems_are_told():
    code, message = refusal("dynamodb", "CreateTable", TableName=None, BillingMode="FREE", KeySchema=[])
    assert code == "ValidationException"
    assert message.startswith("3 validation errors detected: ")
    for part in (
        "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
        "Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
        "Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ):
        assert part in message


def test_paths_into_lists_and_maps():
    refuses(
        "iam",
        "TagRole",
        "ValidationError",
        "at 'tags.2.member.value'",
        RoleName="r",
        Tags=[{"Key": "a", "Value": ""}, {"Key": "b", "Value": "x" * 257}],
    )
    refuses(
        "lambda",
        "UpdateFunctionConfiguration",
        "ValidationException",
        "Map keys must satisfy constraint: [",
        FunctionName="f",
        Environment={"Variables": {"1": "x"}},
    )
    refuses(
        "apigateway",
        "CreateRestApi",
        "ValidationException",
        "'createRestApiInput.endpointConfiguration.types'",
        name="a",
        endpointConfiguration={"types": ["LOCAL"]},
    )


@pytest.mark.parametrize(
    "service, operation, code, request_",
    [
        ("acm", "RequestCertificate", "ValidationException", {"DomainName": "x" * 254}),
        ("apigateway", "CreateStage", "ValidationException", {"restApiId": "a", "stageName": "s"}),
        ("apigatewayv2", "CreateVpcLink", "BadRequestException", {"Name": "l"}),
        (
            "application-autoscaling",
            "RegisterScalableTarget",
            "ValidationException",
            {"ServiceNamespace": "x", "ResourceId": "r", "ScalableDimension": "ecs:service:DesiredCount"},
        ),
        ("autoscaling", "CreateAutoScalingGroup", "ValidationError", {"AutoScalingGroupName": "a"}),
        (
            "cloudwatch",
            "PutMetricAlarm",
            "ValidationError",
            {"AlarmName": "", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold"},
        ),
        ("dynamodb", "DescribeTable", "ValidationException", {"TableName": ""}),
        ("ec2", "CreateSecurityGroup", "MissingParameter", {"GroupName": "g"}),
        ("ecs", "CreateService", "InvalidParameterException", {"serviceName": "s", "launchType": "MOON"}),
        (
            "elbv2",
            "CreateListener",
            "ValidationError",
            {"LoadBalancerArn": "a", "DefaultActions": [], "Port": 70000},
        ),
        ("iam", "CreateRole", "ValidationError", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}),
        ("lambda", "GetFunction", "ValidationException", {"FunctionName": "a b"}),
        ("logs", "CreateLogGroup", "InvalidParameterException", {"logGroupName": "a b"}),
        (
            "resourcegroupstaggingapi",
            "GetResources",
            "InvalidParameterException",
            {"TagFilters": [{"Key": "k" * 129}]},
        ),
        (
            "route53",
            "CreateHostedZone",
            "InvalidInput",
            {"Name": "example.com", "CallerReference": "x" * 129},
        ),
        (
            "s3",
            "CreateBucket",
            "InvalidLocationConstraint",
            {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "moon-1"}},
        ),
        (
            "s3",
            "PutBucketVersioning",
            "MalformedXML",
            {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}},
        ),
        ("sns", "CreateTopic", "ValidationError", {"Name": None}),
        ("sts", "AssumeRole", "ValidationError", {"RoleArn": "x", "RoleSessionName": "s"}),
    ],
)
def test_each_service_has_its_code(service, operation, code, request_):
    refuses(service, operation, code, **request_)


def test_the_runtime_has_a_code_of_its_own():
    refuses(
        "lambda",
        "CreateFunction",
        "InvalidParameterValueException",
        "Value python9 at 'runtime' failed to satisfy constraint",
        FunctionName="f",
        Role="arn:aws:iam::123456789012:role/r",
        Code={},
        Runtime="python9",
    )


# --- through the emulator -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def careless(endpoint):
    """Clients that do not check anything themselves."""
    return clients_of(endpoint)


def clients_of(endpoint):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return lambda service, region="eu-central-1": session.client(
        service, region, endpoint_url=endpoint, config=config
    )


def test_over_json(careless):
    with fails("ValidationException", "Value null at 'keySchema'"):
        careless("dynamodb").create_table(TableName="abc", AttributeDefinitions=[])
    with fails("SerializationException"):
        careless("dynamodb").list_tables(Limit="5")
    with fails("SerializationException"):
        careless("lambda").create_function(FunctionName="f", Role="r", Code={}, Timeout="5")
    with fails("SerializationException", "NUMBER_VALUE can not be converted to a String"):
        careless("logs").create_log_group(logGroupName=5)


def test_over_rest_json(careless):
    with fails("ValidationException", "'functionName' failed"):
        careless("lambda").get_function(FunctionName="a!b")
    with fails("BadRequestException", "Stage name only allows"):
        careless("apigateway").create_stage(restApiId="a", stageName="a.b", deploymentId="d")


def test_over_query_and_xml(careless):
    with fails("ValidationError", "Value null at 'assumeRolePolicyDocument'"):
        careless("iam").create_role(RoleName="r")
    with fails("ValidationError", "'alarmName' failed"):
        careless("cloudwatch").put_metric_alarm(
            AlarmName="x" * 256, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold"
        )
    with fails("InvalidInput", "Member must satisfy enum value set"):
        change = {"Action": "ADD", "ResourceRecordSet": {"Name": "a.example.com", "Type": "A"}}
        careless("route53").change_resource_record_sets(HostedZoneId="Z1", ChangeBatch={"Changes": [change]})
    with fails("MalformedXML"):
        careless("s3").put_bucket_versioning(Bucket="strict-none", VersioningConfiguration={"Status": "On"})
    with fails("MissingParameter", "groupName"):
        careless("ec2").create_security_group(Description="d")


def test_the_report(careless, endpoint):
    before = ask(endpoint, "strict")
    with fails("InvalidParameterException"):
        careless("logs").create_log_group(logGroupName="a b")
    careless("logs").describe_log_groups()
    after = ask(endpoint, "strict")
    assert (after["checked"] - before["checked"], after["refused"] - before["refused"]) == (2, 1)
    assert after["operations"]["logs"]["CreateLogGroup"]["refused"] >= 1
    last = after["refusals"][-1]
    assert (last["region"], last["service"], last["operation"], last["code"]) == (
        "eu-central-1",
        "logs",
        "CreateLogGroup",
        "InvalidParameterException",
    )
    assert after["line"].startswith(
        f"Strict requests: {after['checked']} checked, {after['refused']} refused ("
    )
    assert after["patterns_not_compiled"] == {}


def test_it_can_be_switched_off():
    with emulator(ISOBAR_EMULATOR_STRICT="0") as lax:
        clients_of(lax)("logs").create_log_group(logGroupName="a b")
        assert ask(lax, "strict")["on"] is False


# --- text rules -----------------------------------------------------------------------------------


def test_every_rule_belongs_to_an_operation():
    for service in CHECKED:
        assert set(services()[service].rules) <= set(pinned(service).operation_names), service


def test_every_fact_has_its_evidence():
    assert {mark for _, mark in facts.FACTS.values()} <= {"model", "doc", "memory"}


def test_tags():
    def tags(number):
        return [{"Key": f"k{n}", "Value": ""} for n in range(number)]

    accepts("sns", "CreateTopic", Name="t", Tags=tags(50))
    refuses("sns", "CreateTopic", "TagLimitExceeded", Name="t", Tags=tags(51))
    refuses("iam", "TagRole", "InvalidInput", "reserved", RoleName="r", Tags=[{"Key": "aws:x", "Value": ""}])
    refuses("elbv2", "AddTags", "DuplicateTagKeys", ResourceArns=["a"], Tags=[{"Key": "a"}, {"Key": "a"}])
    refuses(
        "ec2",
        "CreateVpc",
        "InvalidParameterValue",
        "reserved",
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "aws:a"}]}],
    )
    refuses("apigateway", "TagResource", "BadRequestException", "tag key", resourceArn="a", tags={"a b": "c"})
    accepts("apigateway", "TagResource", resourceArn="a", tags={"isobar:stack": "a b@c"})


def function(**more):
    code = {"ZipFile": b"zip"}
    return {
        "FunctionName": "f",
        "Role": "arn:aws:iam::123456789012:role/r",
        "Code": code,
        "Runtime": "python3.13",
        "Handler": "h.h",
    } | more


def test_lambda():
    accepts("lambda", "CreateFunction", **function(Timeout=900, MemorySize=10240))
    for code, text, change in (
        ("ValidationException", "less than or equal to 900", {"Timeout": 901}),
        ("InvalidParameterValueException", "10240", {"MemorySize": 10241}),
        (
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
            {"Environment": {"Variables": {"AB": "x" * 4096}}},
        ),
        (
            "InvalidParameterValueException",
            "reserved keys",
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
        ),
        ("InvalidParameterValueException", "no longer supported", {"Runtime": "nodejs12.x"}),
        ("InvalidParameterValueException", "mandatory", {"Handler": None}),
        ("InvalidParameterValueException", "coexist", {"VpcConfig": {"SubnetIds": ["subnet-1"]}}),
        ("ValidationException", "functionName", {"FunctionName": "f" * 65}),
        ("InvalidParameterValueException", "only one of", {"Code": {"ZipFile": b"x", "ImageUri": "i"}}),
    ):
        refuses("lambda", "CreateFunction", code, text, **function(**change))


def test_apigateway():
    stage = {"restApiId": "a", "deploymentId": "d"}
    accepts("apigateway", "CreateStage", stageName="live-1_a", variables={"a_1": "https://x/y?z=1"}, **stage)
    refuses("apigateway", "CreateStage", "BadRequestException", "Stage name", stageName="x" * 129, **stage)
    refuses(
        "apigateway",
        "CreateStage",
        "BadRequestException",
        "Stage variable value",
        stageName="s",
        variables={"a": "b c"},
        **stage,
    )
    refuses(
        "apigateway",
        "CreateRestApi",
        "BadRequestException",
        "compression",
        name="a",
        minimumCompressionSize=10485761,
    )
    method = {"restApiId": "a", "resourceId": "r", "httpMethod": "GET", "type": "MOCK"}
    accepts("apigateway", "PutIntegration", timeoutInMillis=29000, **method)
    refuses(
        "apigateway",
        "PutIntegration",
        "BadRequestException",
        "Timeout should be between",
        timeoutInMillis=29001,
        **method,
    )
    accepts("apigateway", "CreateResource", restApiId="a", parentId="p", pathPart="{proxy+}")
    refuses(
        "apigateway",
        "CreateResource",
        "BadRequestException",
        "path part",
        restApiId="a",
        parentId="p",
        pathPart="{a",
    )
    refuses(
        "apigateway",
        "CreateBasePathMapping",
        "BadRequestException",
        "slash",
        domainName="a.b",
        restApiId="a",
        basePath="v1/x",
    )
    refuses(
        "apigateway",
        "CreateDomainName",
        "BadRequestException",
        "Invalid domain name",
        domainName="Under_score.example.com",
    )


def alarm(**more):
    return {
        "AlarmName": "a",
        "EvaluationPeriods": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
        "MetricName": "5XXError",
        "Namespace": "AWS/ApiGateway",
        "Statistic": "Sum",
        "Period": 60,
    } | more


def test_cloudwatch():
    accepts("cloudwatch", "PutMetricAlarm", **alarm(AlarmActions=["arn:aws:sns:eu-west-1:123456789012:t"]))
    for text, change in (
        ("multiple of 60", {"Period": 90}),
        ("less than 60", {"Period": 30}),
        ("more than a day", {"Period": 300, "EvaluationPeriods": 289}),
        ("Invalid region us-east-1", {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"]}),
        ("Invalid arn", {"OKActions": ["topic"]}),
        ("length less than or equal to 5", {"AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:t"] * 6}),
        ("must not be specified together", {"Metrics": [{"Id": "a", "Expression": "1"}]}),
        ("Threshold", {"Threshold": None}),
    ):
        refuses("cloudwatch", "PutMetricAlarm", "ValidationError", text, **alarm(**change))
    accepts("cloudwatch", "PutMetricAlarm", **alarm(Namespace="mine", Period=10, EvaluationPeriods=3))
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    two = [{"Id": "a", "MetricStat": stat}, {"Id": "b", "Expression": "a * 2"}]
    bare = {
        name: value
        for name, value in alarm().items()
        if name not in ("MetricName", "Namespace", "Statistic", "Period")
    }
    refuses("cloudwatch", "PutMetricAlarm", "ValidationError", "Exactly one element", **bare, Metrics=two)
    accepts("cloudwatch", "PutMetricAlarm", **bare, Metrics=[two[0] | {"ReturnData": False}, two[1]])
    refuses("cloudwatch", "PutDashboard", "InvalidParameterInput", DashboardName="d", DashboardBody="[")


def test_dynamodb():
    key = {
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    }
    accepts("dynamodb", "CreateTable", TableName="abc", **key)
    refuses("dynamodb", "CreateTable", "ValidationException", "at least 3 characters", TableName="ab", **key)
    refuses(
        "dynamodb", "CreateTable", "ValidationException", "Invalid table/index name", TableName="a b c", **key
    )
    index = {"IndexName": "i-1", "KeySchema": key["KeySchema"], "Projection": {"ProjectionType": "ALL"}}
    refuses(
        "dynamodb",
        "CreateTable",
        "ValidationException",
        "limit of 20",
        TableName="abc",
        GlobalSecondaryIndexes=[index] * 21,
        **key,
    )


def test_iam():
    import json

    def policy(**statement):
        return json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"} | statement],
            }
        )

    lambdas = {"Principal": {"Service": "lambda.amazonaws.com"}}
    accepts("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=policy(**lambdas))
    for text, document in (
        ("invalid Json", "{"),
        ("prohibited field Resource", policy(Resource="*", **lambdas)),
        ("Principal", policy()),
    ):
        refuses(
            "iam",
            "CreateRole",
            "MalformedPolicyDocument",
            text,
            RoleName="r",
            AssumeRolePolicyDocument=document,
        )
    refuses(
        "iam",
        "CreateRole",
        "LimitExceeded",
        "2048",
        RoleName="r",
        AssumeRolePolicyDocument=policy(Sid="x" * 2048, **lambdas),
    )
    refuses(
        "iam",
        "PutRolePolicy",
        "MalformedPolicyDocument",
        "resources",
        RoleName="r",
        PolicyName="p",
        PolicyDocument=policy(),
    )
    refuses(
        "iam",
        "CreatePolicy",
        "LimitExceeded",
        "6144",
        PolicyName="p",
        PolicyDocument=policy(Resource="x" * 6144),
    )


def test_route53():
    def change(name="a.example.com", kind="A", value="192.0.2.1", **more):
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]} | more
        return {
            "HostedZoneId": "Z1",
            "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        }

    accepts("route53", "ChangeResourceRecordSets", **change())
    refuses(
        "route53",
        "ChangeResourceRecordSets",
        "InvalidChangeBatch",
        "DomainLabelTooLong",
        **change("x" * 64 + ".example.com"),
    )
    refuses(
        "route53",
        "ChangeResourceRecordSets",
        "InvalidChangeBatch",
        "MXRRDATA",
        **change(kind="MX", value="mail.example.com"),
    )
    both = {"SetIdentifier": "a", "GeoLocation": {"ContinentCode": "EU", "CountryCode": "DE"}}
    refuses("route53", "ChangeResourceRecordSets", "InvalidInput", "ContinentCode", **change(**both))
    check = {
        "CallerReference": "c",
        "HealthCheckConfig": {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "RequestInterval": 20},
    }
    refuses("route53", "CreateHealthCheck", "InvalidInput", "10 or 30", **check)
    refuses("route53", "CreateHostedZone", "InvalidDomainName", Name="a..example.com", CallerReference="c")


def test_elbv2():
    two = {"Subnets": ["subnet-1", "subnet-2"]}
    accepts("elbv2", "CreateLoadBalancer", Name="a" * 32, **two)
    for text, name in (
        ("cannot be longer than '32'", "a" * 33),
        ("hyphen", "-a"),
        ("alphanumeric", "a_b"),
        ("internal-", "internal-a"),
    ):
        refuses("elbv2", "CreateLoadBalancer", "ValidationError", text, Name=name, **two)
    refuses(
        "elbv2",
        "CreateLoadBalancer",
        "ValidationError",
        "At least two subnets",
        Name="a",
        Subnets=["subnet-1"],
    )
    accepts("elbv2", "CreateTargetGroup", Name="t", Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="ip")
    refuses("elbv2", "CreateTargetGroup", "ValidationError", "A VPC ID", Name="t", Protocol="HTTP", Port=80)
    refuses(
        "elbv2",
        "CreateTargetGroup",
        "ValidationError",
        "interval",
        Name="t",
        Protocol="HTTP",
        Port=80,
        VpcId="v",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=5,
    )
    refuses(
        "elbv2",
        "CreateTargetGroup",
        "ValidationError",
        "499",
        Name="t",
        Protocol="HTTP",
        Port=80,
        VpcId="v",
        Matcher={"HttpCode": "200-599"},
    )
    accepts(
        "elbv2",
        "CreateTargetGroup",
        Name="t",
        Protocol="TCP",
        Port=80,
        VpcId="v",
        HealthCheckProtocol="HTTP",
        Matcher={"HttpCode": "200-599"},
    )
    balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/1"
    refuses(
        "elbv2", "SetSubnets", "ValidationError", "At least one subnet", LoadBalancerArn=balancer, Subnets=[]
    )
    forward = [{"Type": "forward", "TargetGroupArn": "t"}]
    refuses(
        "elbv2",
        "CreateListener",
        "ValidationError",
        "certificate",
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        DefaultActions=forward,
    )
    refuses(
        "elbv2",
        "CreateListener",
        "ValidationError",
        "not supported",
        LoadBalancerArn=balancer,
        Protocol="TCP",
        Port=80,
        DefaultActions=forward,
    )
    rule = {"ListenerArn": "l", "Priority": 1, "Actions": forward}
    accepts("elbv2", "CreateRule", Conditions=[{"Field": "path-pattern", "Values": ["/a"]}], **rule)
    accepts("elbv2", "CreateRule", Conditions=[{"Field": "path-pattern", "RegexValues": ["^/a+$"]}], **rule)
    refuses(
        "elbv2",
        "CreateRule",
        "ValidationError",
        "5",
        Conditions=[{"Field": "path-pattern", "Values": list("abcdef")}],
        **rule,
    )
    refuses("elbv2", "CreateRule", "ValidationError", "50000", Conditions=[], **rule | {"Priority": 50001})


def task(**more):
    container = {"name": "c", "image": "i"}
    return {
        "family": "f",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container],
    } | more


def test_ecs():
    accepts("ecs", "RegisterTaskDefinition", **task())
    accepts("ecs", "RegisterTaskDefinition", **task(cpu="1 vCPU", memory="2 GB"))
    for text, change in (
        (
            "No Fargate configuration exists for given values: 1024 CPU, 1024 memory",
            {"cpu": "1024", "memory": "1024"},
        ),
        ("'cpu' be defined", {"cpu": None}),
        ("awsvpc", {"networkMode": "bridge"}),
        (
            "execution role",
            {
                "containerDefinitions": [
                    {"name": "c", "image": "i", "secrets": [{"name": "n", "valueFrom": "v"}]}
                ]
            },
        ),
        ("essential", {"containerDefinitions": [{"name": "c", "image": "i", "essential": False}]}),
        (
            "must match",
            {
                "containerDefinitions": [
                    {"name": "c", "image": "i", "portMappings": [{"containerPort": 80, "hostPort": 81}]}
                ]
            },
        ),
    ):
        refuses("ecs", "RegisterTaskDefinition", "ClientException", text, **task(**change))
    refuses("ecs", "CreateCluster", "InvalidParameterException", "Cluster must match", clusterName="a b")
    service = {"serviceName": "s", "launchType": "FARGATE", "desiredCount": 1, "taskDefinition": "t"}
    network = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
    accepts("ecs", "CreateService", **service, **network)
    refuses("ecs", "CreateService", "InvalidParameterException", "Network Configuration", **service)
    refuses(
        "ecs",
        "CreateService",
        "InvalidParameterException",
        "clientToken",
        **service,
        **network,
        clientToken="x" * 37,
    )
    blocked = {"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}}
    refuses(
        "ecs",
        "CreateService",
        "InvalidParameterException",
        "block deployments",
        **service,
        **network,
        **blocked,
    )
    refuses("ecs", "DescribeServices", "InvalidParameterException", "10", services=list("abcdefghijk"))


def test_ec2_and_scaling():
    refuses("ec2", "CreateVpc", "InvalidVpc.Range", CidrBlock="10.0.0.0/8")
    refuses("ec2", "CreateSubnet", "InvalidSubnet.Range", VpcId="vpc-1", CidrBlock="10.0.0.0/29")
    refuses("ec2", "CreateVpc", "InvalidParameterValue", "not a valid CIDR", CidrBlock="ten")
    refuses(
        "ec2",
        "CreateSecurityGroup",
        "InvalidParameterValue",
        "sg-",
        GroupName="sg-a",
        Description="d",
        VpcId="v",
    )
    refuses(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        "InvalidParameterValue",
        "port",
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80}],
    )
    group = {
        "AutoScalingGroupName": "a",
        "LaunchTemplate": {"LaunchTemplateName": "tpl"},
        "VPCZoneIdentifier": "subnet-1",
    }
    accepts("autoscaling", "CreateAutoScalingGroup", MinSize=1, MaxSize=2, DesiredCapacity=2, **group)
    refuses(
        "autoscaling",
        "CreateAutoScalingGroup",
        "ValidationError",
        "between",
        MinSize=1,
        MaxSize=2,
        DesiredCapacity=3,
        **group,
    )
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/c/s",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    accepts("application-autoscaling", "RegisterScalableTarget", MinCapacity=1, MaxCapacity=2, **target)
    refuses(
        "application-autoscaling",
        "RegisterScalableTarget",
        "ValidationException",
        "Maximum",
        MinCapacity=3,
        MaxCapacity=2,
        **target,
    )
    refuses(
        "application-autoscaling",
        "RegisterScalableTarget",
        "ValidationException",
        "Resource id",
        **target | {"ResourceId": "s"},
    )
