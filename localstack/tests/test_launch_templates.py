import base64
import uuid

import pytest
from conftest import eventually, fails

DATA = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro"}


@pytest.fixture
def ec2(aws):
    return aws("ec2", "eu-west-1")


@pytest.fixture
def make(ec2, name):
    """make(data) creates a template of this test's name, with more of the request's members."""
    made = []

    def create(data=DATA, called=name, **more):
        template = ec2.create_launch_template(LaunchTemplateName=called, LaunchTemplateData=data, **more)[
            "LaunchTemplate"
        ]
        made.append(template["LaunchTemplateId"])
        return template

    yield create
    there = {t["LaunchTemplateId"] for t in ec2.describe_launch_templates()["LaunchTemplates"]}
    for template_id in there.intersection(made):
        ec2.delete_launch_template(LaunchTemplateId=template_id)


def version(ec2, template, wanted):
    return ec2.describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=[wanted]
    )["LaunchTemplateVersions"][0]


def test_a_template_is_what_was_said(ec2, make, name):
    data = DATA | {
        "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": True}}],
        "IamInstanceProfile": {"Arn": "arn:aws:iam::000000000000:instance-profile/nobody"},
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "Monitoring": {"Enabled": True},
        "EbsOptimized": True,
    }
    made = make(data, VersionDescription="first")
    assert (made["LaunchTemplateName"], made["DefaultVersionNumber"], made["LatestVersionNumber"]) == (
        name,
        1,
        1,
    )
    shown = version(ec2, made, "1")
    assert (
        shown["LaunchTemplateData"] == data
        and shown["VersionDescription"] == "first"
        and shown["DefaultVersion"]
    )


def test_the_name_is_unique(make):
    made = make()
    with fails("InvalidLaunchTemplateName.AlreadyExistsException", "already in use"):
        make()
    assert made["LaunchTemplateId"].startswith("lt-")


def test_the_same_token_makes_one_template(ec2, make, name):
    token = uuid.uuid4().hex
    first = make(ClientToken=token)
    assert make(ClientToken=token)["LaunchTemplateId"] == first["LaunchTemplateId"]
    with fails("IdempotentParameterMismatch"):
        make(DATA | {"InstanceType": "t3.small"}, ClientToken=token)
    ec2.delete_launch_template(LaunchTemplateName=name)
    assert make(ClientToken=token)["LaunchTemplateId"] != first["LaunchTemplateId"]


def test_versions_inherit_from_their_source_only(ec2, make, name):
    made = make(DATA | {"KeyName": "key"})
    inherited = ec2.create_launch_template_version(
        LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.small"}
    )["LaunchTemplateVersion"]
    assert (
        inherited["LaunchTemplateData"] == DATA | {"KeyName": "key", "InstanceType": "t3.small"}
        and inherited["VersionNumber"] == 2
    )
    alone = ec2.create_launch_template_version(
        LaunchTemplateName=name, LaunchTemplateData={"InstanceType": "t3.large"}
    )
    assert alone["LaunchTemplateVersion"]["LaunchTemplateData"] == {"InstanceType": "t3.large"}
    assert version(ec2, made, "1")["LaunchTemplateData"] == DATA | {"KeyName": "key"}
    with fails("InvalidLaunchTemplateId.VersionNotFound"):
        ec2.create_launch_template_version(
            LaunchTemplateName=name, SourceVersion="9", LaunchTemplateData=DATA
        )


def test_latest_and_default(ec2, make, name):
    made = make()
    for size in ("t3.small", "t3.medium"):
        ec2.create_launch_template_version(
            LaunchTemplateName=name, LaunchTemplateData=DATA | {"InstanceType": size}
        )
    assert version(ec2, made, "$Latest")["VersionNumber"] == 3
    assert version(ec2, made, "$Default")["VersionNumber"] == 1
    changed = ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion="2")["LaunchTemplate"]
    assert (changed["DefaultVersionNumber"], changed["LatestVersionNumber"]) == (2, 3)
    assert version(ec2, made, "$Default")["VersionNumber"] == 2
    with fails("InvalidLaunchTemplateId.VersionNotFound"):
        ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion="7")


def test_ranges_and_pages_of_versions(ec2, make, name):
    make()
    for _ in range(4):
        ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=DATA)

    def numbers(**more):
        return [
            v["VersionNumber"]
            for v in ec2.describe_launch_template_versions(LaunchTemplateName=name, **more)[
                "LaunchTemplateVersions"
            ]
        ]

    assert sorted(numbers()) == [1, 2, 3, 4, 5]
    assert sorted(numbers(MinVersion="2", MaxVersion="4")) == [2, 3, 4]
    assert numbers(Versions=["5", "$Latest", "1"]) == [5, 1]
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateName=name, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["LaunchTemplateVersions"]) for page in pages] == [2, 2, 1]


def test_a_number_is_never_used_again(ec2, make, name):
    make()
    ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=DATA)
    answer = ec2.delete_launch_template_versions(LaunchTemplateName=name, Versions=["2", "1", "7"])
    assert [v["VersionNumber"] for v in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    assert [v["ResponseError"]["Code"] for v in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]] == [
        "unexpectedError",
        "launchTemplateVersionDoesNotExist",
    ]
    again = ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=DATA)
    assert again["LaunchTemplateVersion"]["VersionNumber"] == 3


def test_tags_of_the_template_are_not_those_of_instances(aws, ec2, make, name):
    of_instances = [{"ResourceType": "instance", "Tags": [{"Key": "of", "Value": "instance"}]}]
    own = [{"ResourceType": "launch-template", "Tags": [{"Key": "of", "Value": name}]}]
    made = make(DATA | {"TagSpecifications": of_instances}, TagSpecifications=own)
    assert made["Tags"] == [{"Key": "of", "Value": name}]
    assert version(ec2, made, "1")["LaunchTemplateData"]["TagSpecifications"] == of_instances
    found = ec2.describe_launch_templates(Filters=[{"Name": "tag:of", "Values": [name]}])["LaunchTemplates"]
    assert [t["LaunchTemplateId"] for t in found] == [made["LaunchTemplateId"]]
    ec2.create_tags(Resources=[made["LaunchTemplateId"]], Tags=[{"Key": "more", "Value": "1"}])
    filters = [{"Key": "of", "Values": [name]}]
    listed = aws("resourcegroupstaggingapi", "eu-west-1").get_resources(TagFilters=filters)[
        "ResourceTagMappingList"
    ]
    assert [m["ResourceARN"] for m in listed] == [
        f"arn:aws:ec2:eu-west-1:000000000000:launch-template/{made['LaunchTemplateId']}"
    ]
    assert {"Key": "more", "Value": "1"} in listed[0]["Tags"]
    with fails("InvalidParameterValue", "not a valid taggable resource type"):
        make(
            called=f"{name}2",
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
        )


def test_deleting_takes_all_versions(ec2, make, name):
    made = make()
    ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=DATA)
    ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"])
    with fails("InvalidLaunchTemplateId.NotFound"):
        ec2.describe_launch_templates(LaunchTemplateIds=[made["LaunchTemplateId"]])
    with fails("InvalidLaunchTemplateName.NotFoundException"):
        ec2.describe_launch_template_versions(LaunchTemplateName=name)
    assert (
        ec2.describe_launch_templates(Filters=[{"Name": "launch-template-name", "Values": [name]}])[
            "LaunchTemplates"
        ]
        == []
    )


def test_user_data_is_limited_and_encoded(make, name):
    with fails("InvalidUserData.Malformed", "BASE64"):
        make(DATA | {"UserData": "not base64!"})
    with fails("InvalidParameterValue", "16384 bytes"):
        make(DATA | {"UserData": base64.b64encode(b"x" * 16385).decode()})
    make(DATA | {"UserData": base64.b64encode(b"x" * 16384).decode()})


def test_regions_have_their_own(aws, make, name):
    make()
    other = aws("ec2", "us-west-2")
    with fails("InvalidLaunchTemplateName.NotFoundException"):
        other.describe_launch_templates(LaunchTemplateNames=[name])


def test_names_and_ids_exclude_each_other(ec2, make, name):
    made = make()
    with fails("InvalidParameterCombination"):
        ec2.delete_launch_template(LaunchTemplateId=made["LaunchTemplateId"], LaunchTemplateName=name)


def test_an_inventory_has_them(control, make, name):
    make()
    assert eventually(
        lambda: any(
            t["kind"] == "launch-template" and name in t["name"]
            for t in control("inventory?regions=eu-west-1")
        )
    )
