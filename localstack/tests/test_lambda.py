import base64
import hashlib
import io
import zipfile

import pytest
from conftest import ACCOUNT, create_role, eventually, fails

pytestmark = pytest.mark.usefixtures("step")


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
    role = create_role(aws, name, may=["ec2:*"])
    return lambda_.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": code()},
        **more,
    )


def config(lambda_, name):
    return lambda_.get_function_configuration(FunctionName=name)


def settled(lambda_, name):
    return eventually(
        lambda: (
            (c := config(lambda_, name))["State"] == "Active" and c["LastUpdateStatus"] == "Successful" and c
        )
    )


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
        lambda_.create_function(
            FunctionName=name,
            Role=created["Role"],
            Runtime="python3.13",
            Handler="m.h",
            Code={"ZipFile": code()},
        )
    arn = created["FunctionArn"]
    assert lambda_.list_tags(Resource=arn)["Tags"] == {"isobar:stack": "x"}
    lambda_.tag_resource(Resource=arn, Tags={"b": "2"})
    lambda_.untag_resource(Resource=arn, TagKeys=["isobar:stack"])
    assert lambda_.get_function(FunctionName=name)["Tags"] == {"b": "2"}


def test_the_role_has_to_exist_and_to_trust_lambda(aws, lambda_, name):
    for role in (f"arn:aws:iam::{ACCOUNT}:role/missing", create_role(aws, name, "ec2.amazonaws.com")):
        with fails(
            "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
        ):
            lambda_.create_function(
                FunctionName=name, Role=role, Runtime="python3.13", Handler="m.h", Code={"ZipFile": code()}
            )


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
    lambda_.update_function_configuration(
        FunctionName=function, Timeout=9, Environment={"Variables": {"AA": "1"}}
    )
    found = settled(lambda_, function)
    assert (found["Timeout"], found["Environment"]["Variables"]) == (9, {"AA": "1"})


def everywhere(lambda_, name, version="$LATEST"):
    """The configuration, after a look that all operations show the same one."""
    pages = lambda_.get_paginator("list_functions").paginate(FunctionVersion="ALL")
    found = [
        lambda_.get_function(FunctionName=name, Qualifier=version)["Configuration"],
        lambda_.get_function_configuration(FunctionName=name, Qualifier=version),
        *(
            f
            for page in pages
            for f in page["Functions"]
            if (f["FunctionName"], f["Version"]) == (name, version)
        ),
        *(
            f
            for f in lambda_.list_versions_by_function(FunctionName=name)["Versions"]
            if f["Version"] == version
        ),
    ]
    answers = [{key: one.get(key) for key in SETTINGS} for one in found]
    assert len(found) == 4 and all(answer == answers[0] for answer in answers)
    return answers[0]


SETTINGS = (
    "KMSKeyArn",
    "VpcConfig",
    "FileSystemConfigs",
    "Layers",
    "DeadLetterConfig",
    "TracingConfig",
    "LoggingConfig",
    "EphemeralStorage",
    "SnapStart",
    "PackageType",
    "ImageConfigResponse",
    "CodeSha256",
    "Handler",
    "Runtime",
)


@pytest.fixture
def network(aws, name):
    """Two subnets and two security groups in a VPC of their own."""
    ec2 = aws("ec2", "eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in range(2)
    ]
    groups = [
        ec2.create_security_group(VpcId=vpc, GroupName=f"{name}{n}", Description="d")["GroupId"]
        for n in range(2)
    ]
    return vpc, subnets, groups


def layer(number, version=1, region="eu-west-1"):
    return f"arn:aws:lambda:{region}:123456789012:layer:layer-{number}:{version}"


def test_all_settings_are_kept(aws, lambda_, name, network):
    vpc, subnets, groups = network
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    files = [
        {
            "Arn": f"arn:aws:elasticfilesystem:eu-west-1:{ACCOUNT}:access-point/fsap-0123456789abcdef0",
            "LocalMountPath": "/mnt/a",
        }
    ]
    plain = {
        "DeadLetterConfig": {"TargetArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"},
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 1024},
        "LoggingConfig": {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "WARN",
            "SystemLogLevel": "DEBUG",
            "LogGroup": "/own",
        },
        "FileSystemConfigs": files,
        "KMSKeyArn": key,
    }
    network = {"SubnetIds": subnets, "SecurityGroupIds": groups, "Ipv6AllowedForDualStack": True}
    created = create(
        aws,
        lambda_,
        name,
        **plain,
        VpcConfig=network,
        Layers=[layer(1), layer(2)],
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    settled(lambda_, name)
    found = everywhere(lambda_, name)
    assert {key: created.get(key) for key in SETTINGS} == found
    assert {key: found[key] for key in plain} == plain
    assert found["VpcConfig"] == network | {"VpcId": vpc}
    assert [one["Arn"] for one in found["Layers"]] == [layer(1), layer(2)]
    assert found["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}

    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, Timeout=9)
    settled(lambda_, name)
    assert everywhere(lambda_, name) == found  # what is left out stays
    lambda_.update_function_configuration(
        FunctionName=name,
        KMSKeyArn="",
        FileSystemConfigs=[],
        Layers=[],
        DeadLetterConfig={"TargetArn": ""},
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        TracingConfig={"Mode": "PassThrough"},
        EphemeralStorage={"Size": 512},
        SnapStart={"ApplyOn": "None"},
        LoggingConfig={"LogFormat": "Text"},
    )
    settled(lambda_, name)
    cleared = everywhere(lambda_, name)
    assert not any(cleared[key] for key in ("KMSKeyArn", "FileSystemConfigs", "Layers", "DeadLetterConfig"))
    assert not any(cleared["VpcConfig"].values())
    assert cleared["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/own"}
    assert (cleared["SnapStart"]["ApplyOn"], cleared["TracingConfig"]["Mode"]) == ("None", "PassThrough")
    frozen = everywhere(lambda_, name, "1")
    assert frozen.pop("SnapStart") == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert frozen.items() <= found.items()
    lambda_.update_function_configuration(FunctionName=name, KMSKeyArn=key, Layers=[layer(2, 7)])
    updated = settled(lambda_, name)
    assert (updated["KMSKeyArn"], updated["Layers"][0]["Arn"]) == (key, layer(2, 7))


def test_wrong_settings_are_refused(aws, lambda_, name, network):
    _, subnets, groups = network
    role = create_role(aws, name)
    for wrong, problem, text in (
        ({"Layers": ["layer-1"]}, "ValidationException", "'layers' failed"),
        ({"Layers": [layer(1).removesuffix(":1")]}, "ValidationException", "'layers' failed"),
        (
            {"Layers": [layer(1, region="us-east-1")]},
            "InvalidParameterValueException",
            "not in the same region",
        ),
        ({"Layers": [layer(1), layer(1, 2)]}, "InvalidParameterValueException", "Two different versions"),
        ({"Layers": [layer(n) for n in range(6)]}, "InvalidParameterValueException", "more than 5 layers"),
        ({"VpcConfig": {"SubnetIds": subnets}}, "InvalidParameterValueException", "must coexist"),
        (
            {"VpcConfig": {"SubnetIds": [*subnets, "subnet-00000000"], "SecurityGroupIds": groups}},
            "InvalidParameterValueException",
            "DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound",
        ),
        (
            {"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": ["sg-00000000"]}},
            "InvalidParameterValueException",
            "DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound",
        ),
    ):
        with fails(problem, text):
            lambda_.create_function(
                FunctionName=name,
                Role=role,
                Runtime="python3.13",
                Handler="m.h",
                Code={"ZipFile": code()},
                **wrong,
            )
    with fails("ResourceNotFoundException"):
        config(lambda_, name)


def test_image_functions(aws, lambda_, name):
    registry = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    images = [f"{registry}/app:1", f"{registry}/app:2"]
    wanted = {"EntryPoint": ["/run"], "Command": ["a", "b"], "WorkingDirectory": "/app"}
    lambda_.create_function(
        FunctionName=name,
        Role=create_role(aws, name),
        PackageType="Image",
        Code={"ImageUri": images[0]},
        ImageConfig=wanted,
    )
    settled(lambda_, name)
    first = everywhere(lambda_, name)
    assert first["ImageConfigResponse"] == {"ImageConfig": wanted}
    assert (first["PackageType"], first["Handler"], first["Runtime"], first["Layers"]) == (
        "Image",
        None,
        None,
        None,
    )
    where = lambda_.get_function(FunctionName=name)["Code"]
    resolved = f"{registry}/app@sha256:{first['CodeSha256']}"
    assert where == {"RepositoryType": "ECR", "ImageUri": images[0], "ResolvedImageUri": resolved}
    with fails("InvalidParameterValueException", "Please provide ImageUri"):
        lambda_.update_function_code(FunctionName=name, ZipFile=code())
    lambda_.update_function_code(FunctionName=name, ImageUri=images[1])
    second = settled(lambda_, name)["CodeSha256"]
    assert second != first["CodeSha256"]
    lambda_.update_function_code(FunctionName=name, ImageUri=resolved)
    assert settled(lambda_, name)["CodeSha256"] == first["CodeSha256"]
    assert lambda_.get_function(FunctionName=name)["Code"]["ResolvedImageUri"] == resolved
    lambda_.update_function_configuration(
        FunctionName=name,
        ImageConfig={"EntryPoint": [], "Command": [], "WorkingDirectory": ""},
        SnapStart={"ApplyOn": "None"},
    )
    assert not settled(lambda_, name).get("ImageConfigResponse")


def test_reserved_concurrency(lambda_, function):
    def shown():
        alone = lambda_.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
        assert (
            lambda_.get_function(FunctionName=function)
            .get("Concurrency", {})
            .get("ReservedConcurrentExecutions")
            == alone
        )
        return alone

    assert shown() is None
    for number in (0, 5, 0):
        answer = lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=number)
        assert answer["ReservedConcurrentExecutions"] == shown() == number
    lambda_.delete_function_concurrency(FunctionName=function)
    assert shown() is None


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
    statement = {
        "FunctionName": function,
        "Qualifier": "live",
        "StatementId": "api",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:abc/*/*/*",
    }
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


def test_a_restored_function_can_be_changed(lambda_, function, control):
    """Its lock is free again."""
    control("snapshot", {"name": "locks"})
    control("restore", {"name": "locks"})
    arn = lambda_.get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    lambda_.tag_resource(Resource=arn, Tags={"a": "b"})
    assert lambda_.list_tags(Resource=arn)["Tags"]["a"] == "b"


def test_weights_of_an_alias_change(lambda_, function):
    for timeout in (8, 9):
        lambda_.update_function_configuration(FunctionName=function, Timeout=timeout)
        settled(lambda_, function)
        lambda_.publish_version(FunctionName=function)
    alias = {"FunctionName": function, "Name": "live"}
    lambda_.create_alias(**alias, FunctionVersion="1")
    weights = {"AdditionalVersionWeights": {"2": 0.25}}
    assert lambda_.update_alias(**alias, RoutingConfig=weights)["RoutingConfig"] == weights
    shown = lambda_.get_alias(**alias)
    assert (shown["FunctionVersion"], shown["RoutingConfig"]) == ("1", weights)
    with fails("InvalidParameterValueException", "already included in routing configuration"):
        lambda_.update_alias(**alias, FunctionVersion="2", RoutingConfig=weights)
    with fails("ResourceNotFoundException", f"function:{function}:9"):
        lambda_.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {"9": 0.1}})
    assert lambda_.get_alias(**alias)["FunctionVersion"] == "1"
    lambda_.update_alias(**alias, FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
    assert "RoutingConfig" not in lambda_.get_alias(**alias)
