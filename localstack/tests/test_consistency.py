"""What is written is not seen everywhere at once."""

import io
import json
import zipfile

import pytest
from conftest import ACCOUNT, allow_role, create_role, eventually, fails
from test_clock import KEY

REGION = "eu-west-1"
KEPT = {"Key": "isobar:stack", "Value": "x"}


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "")
    return buffer.getvalue()


def create_function(aws, name, role, **more):
    return aws("lambda", REGION).create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="main.h", Code={"ZipFile": code()}, **more
    )


# --- roles and policies -----------------------------------------------------------------------------


def test_lambda_cannot_assume_a_new_role(aws, eventual, name):
    role = create_role(aws, name)
    with fails("InvalidParameterValueException", "cannot be assumed by Lambda"):
        create_function(aws, name, role)
    eventual(9)
    with fails("InvalidParameterValueException", "cannot be assumed by Lambda"):
        create_function(aws, name, role)
    eventual(1)
    assert create_function(aws, name, role)["State"] == "Pending"


def test_lambda_does_not_see_a_changed_trust_at_once(aws, eventual, name):
    role = create_role(aws, name, "ec2.amazonaws.com")
    eventual(10)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    aws("iam").update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    with fails("InvalidParameterValueException"):
        create_function(aws, name, role)
    eventual(10)
    create_function(aws, name, role)


def test_lambda_in_a_network_needs_the_policy(aws, eventual, name):
    ec2 = aws("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    eventual(3)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName=name, Description="d")["GroupId"]
    network = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    role = create_role(aws, name)
    eventual(10)
    refusal = fails("InvalidParameterValueException", "permissions to call CreateNetworkInterface on EC2")
    with refusal:
        create_function(aws, name, role, VpcConfig=network)
    aws("iam").attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )
    with fails("InvalidParameterValueException", "permissions to call CreateNetworkInterface on EC2"):
        create_function(aws, name, role, VpcConfig=network)
    eventual(10)
    create_function(aws, name, role, VpcConfig=network)


def test_api_gateway_waits_for_role_and_policy(aws, eventual, name):
    role = create_role(aws, name, "apigateway.amazonaws.com", may=["logs:*"])
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    with fails("BadRequestException", "does not have required permissions"):
        aws("apigateway", "sa-east-1").update_account(patchOperations=patch)
    eventual(10)
    aws("apigateway", "sa-east-1").update_account(patchOperations=patch)
    allow_role(aws, name, "logs:*")
    with fails("BadRequestException", "does not have required permissions"):
        aws("apigateway", "sa-east-1").update_account(patchOperations=patch)


def test_a_policy_cannot_name_a_new_role(aws, eventual, name):
    role = create_role(aws, name)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": role},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{name}/*",
            }
        ],
    }
    s3 = aws("s3")
    s3.create_bucket(Bucket=name)
    topic = aws("sns").create_topic(Name=name)["TopicArn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": role}, "Action": "sts:AssumeRole"}],
    }
    attempts = (
        ("MalformedPolicy", lambda: s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))),
        (
            "InvalidParameter",
            lambda: aws("sns").set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
            ),
        ),
        (
            "MalformedPolicyDocument",
            lambda: aws("iam").create_role(RoleName=f"{name}2", AssumeRolePolicyDocument=json.dumps(trust)),
        ),
        ("AccessDenied", lambda: aws("sts").assume_role(RoleArn=role, RoleSessionName="session")),
    )
    for problem, attempt in attempts:
        with fails(problem):
            attempt()
    eventual(10)
    for _, attempt in attempts:
        attempt()


def test_get_role_may_not_know_it_yet(aws, eventual, name):
    create_role(aws, name)
    with fails("NoSuchEntity"):
        aws("iam").get_role(RoleName=name)
    eventual(2)
    aws("iam").get_role(RoleName=name)


# --- things just made -------------------------------------------------------------------------------


def test_a_new_table_is_not_found_at_once(aws, eventual, name):
    dynamodb = aws("dynamodb")
    dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)
    with fails("ResourceNotFoundException"):
        dynamodb.describe_table(TableName=name)
    with fails("ResourceInUseException"):
        dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)
    eventual(1)
    assert dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "CREATING"


def test_a_new_function_is_not_found_at_once_and_a_deleted_one_lingers(aws, eventual, name):
    role, client = create_role(aws, name), aws("lambda", REGION)
    eventual(10)
    create_function(aws, name, role)
    with fails("ResourceNotFoundException", "Function not found"):
        client.get_function(FunctionName=name)
    eventual(5)
    assert client.get_function(FunctionName=name)["Configuration"]["State"] == "Active"
    client.delete_function(FunctionName=name)
    assert client.get_function(FunctionName=name)["Configuration"]["State"] == "Deleting"
    for attempt in (
        lambda: client.delete_function(FunctionName=name),
        lambda: client.update_function_configuration(FunctionName=name, Timeout=5),
        lambda: create_function(aws, name, role),
    ):
        with fails("ResourceConflictException"):
            attempt()
    eventual(3)
    with fails("ResourceNotFoundException"):
        client.get_function(FunctionName=name)
    create_function(aws, name, role)


def test_a_new_certificate_has_no_options_yet(aws, eventual, name):
    acm = aws("acm")
    arn = acm.request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")["CertificateArn"]
    assert "DomainValidationOptions" not in acm.describe_certificate(CertificateArn=arn)["Certificate"]
    eventual(3)
    assert (
        "ResourceRecord"
        not in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    )
    eventual(2)
    assert (
        "ResourceRecord"
        in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    )


@pytest.mark.parametrize("kind", ["function", "log-group", "table", "role", "certificate", "bucket"])
def test_lists_lag(aws, eventual, name, kind):
    role = create_role(aws, f"{name}-other")
    eventual(10)
    make, listed = {
        "function": (
            lambda: create_function(aws, name, role),
            lambda: [f["FunctionName"] for f in aws("lambda", REGION).list_functions()["Functions"]],
        ),
        "log-group": (
            lambda: aws("logs").create_log_group(logGroupName=name),
            lambda: [
                g["logGroupName"]
                for g in aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
            ],
        ),
        "table": (
            lambda: aws("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY),
            lambda: aws("dynamodb").list_tables()["TableNames"],
        ),
        "role": (
            lambda: create_role(aws, name),
            lambda: [r["RoleName"] for r in aws("iam").list_roles(MaxItems=1000)["Roles"]],
        ),
        "certificate": (
            lambda: aws("acm").request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS"),
            lambda: [
                c["DomainName"].split(".")[0]
                for c in aws("acm").list_certificates()["CertificateSummaryList"]
            ],
        ),
        "bucket": (
            lambda: aws("s3").create_bucket(Bucket=name),
            lambda: [b["Name"] for b in aws("s3").list_buckets()["Buckets"]],
        ),
    }[kind]
    make()
    assert name not in listed()
    eventual(5)
    assert name in listed()


# --- tags -------------------------------------------------------------------------------------------


def test_tags_of_a_table_lag(aws, eventual, name):
    dynamodb = aws("dynamodb")
    arn = dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY)["TableDescription"][
        "TableArn"
    ]
    eventual(20)
    dynamodb.tag_resource(ResourceArn=arn, Tags=[KEPT])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    eventual(2)
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    eventual(1)
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [KEPT]  # each write at its own time
    eventual(2)
    assert len(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]) == 2


def test_the_tagging_api_shows_what_was(aws, eventual, name):
    def found():
        filters = [{"Key": "isobar:stack", "Values": [name]}]
        answer = aws("resourcegroupstaggingapi").get_resources(TagFilters=filters)
        return [
            {tag["Key"]: tag["Value"] for tag in entry["Tags"]} for entry in answer["ResourceTagMappingList"]
        ]

    sns = aws("sns")
    arn = sns.create_topic(Name=name, Tags=[{"Key": "isobar:stack", "Value": name}])["TopicArn"]
    assert found() == []
    eventual(30)
    assert found() == [{"isobar:stack": name}]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    eventual(20)
    assert found() == [{"isobar:stack": name}]
    sns.delete_topic(TopicArn=arn)
    eventual(10)
    assert found() == [{"isobar:stack": name, "a": "1"}]  # it is gone by now
    eventual(20)
    assert found() == []


def test_strict_is_at_once(aws, step, name):
    create_function(aws, name, create_role(aws, name))
    assert name in [f["FunctionName"] for f in aws("lambda", REGION).list_functions()["Functions"]]
    assert aws("iam").get_role(RoleName=name)["Role"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/{name}"


def test_things_spread_by_themselves(aws, control, name):
    if control("clock")["pace"] > 0.05:
        pytest.skip("too slow to wait for")
    control("consistency", {"mode": "eventual"})
    role = create_role(aws, name)

    def assumed():
        try:
            return create_function(aws, name, role)
        except aws("lambda", REGION).exceptions.InvalidParameterValueException:
            return None

    eventually(assumed)
    eventually(
        lambda: name in [f["FunctionName"] for f in aws("lambda", REGION).list_functions()["Functions"]]
    )
