"""S3 and STS."""

import json

import pytest
from conftest import create_role, fails

pytestmark = pytest.mark.usefixtures("step")


@pytest.fixture
def s3(aws):
    return aws("s3", "eu-west-1")


def make(aws, name, region="eu-west-1", versioned=False):
    client = aws("s3", region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **place)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def bucket(aws, name):
    return make(aws, name)


def put(s3, bucket, body=b"a", **more):
    return s3.put_object(Bucket=bucket, Key="k", Body=body, **more)["ETag"]


def test_conditional_puts(s3, bucket):
    etag = put(s3, bucket, IfNoneMatch="*")
    with fails("PreconditionFailed"):
        put(s3, bucket, b"b", IfNoneMatch="*")
    newer = put(s3, bucket, b"b", IfMatch=etag)
    with fails("PreconditionFailed"):
        put(s3, bucket, b"c", IfMatch=etag)
    assert newer != etag


def test_conditional_deletes(s3, bucket):
    etag = put(s3, bucket)
    with fails("PreconditionFailed"):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch='"00000000000000000000000000000000"')
    s3.head_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    with fails("NoSuchKey"):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    put(s3, bucket)
    s3.delete_object(Bucket=bucket, Key="k", IfMatch="*")
    s3.delete_object(Bucket=bucket, Key="k")  # without condition nothing there is fine


def test_conditional_deletes_of_several(s3, bucket):
    etag = put(s3, bucket)
    s3.put_object(Bucket=bucket, Key="other", Body=b"b")
    answer = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "k", "ETag": etag}, {"Key": "other", "ETag": etag}]}
    )
    assert [entry["Key"] for entry in answer["Deleted"]] == ["k"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("other", "PreconditionFailed")]


def test_conditional_deletes_with_versions(s3, aws, name):
    bucket = make(aws, name, versioned=True)
    old, new = put(s3, bucket), put(s3, bucket, b"b")
    with fails("PreconditionFailed"):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch=old)
    assert s3.delete_object(Bucket=bucket, Key="k", IfMatch=new)["DeleteMarker"]
    with fails("PreconditionFailed"):
        s3.delete_object(Bucket=bucket, Key="k", IfMatch="*")


def test_a_bucket_with_anything_in_it_stays(s3, aws, name):
    bucket = make(aws, name, versioned=True)
    put(s3, bucket)
    with fails("BucketNotEmpty"):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    with fails("BucketNotEmpty"):  # a version and a marker
        s3.delete_bucket(Bucket=bucket)
    found = s3.list_object_versions(Bucket=bucket)
    for entry in [*found["Versions"], *found["DeleteMarkers"]]:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=entry["VersionId"])
    s3.delete_bucket(Bucket=bucket)


def test_a_name_is_not_free_at_once(s3, aws, bucket, step):
    s3.delete_bucket(Bucket=bucket)
    with fails("OperationAborted"):
        make(aws, bucket)
    step(10)
    with fails("OperationAborted"):  # elsewhere it takes longer
        make(aws, bucket, "us-west-2")
    make(aws, bucket)
    s3.delete_bucket(Bucket=bucket)
    step(600)
    make(aws, bucket, "us-west-2")


def test_same_name_again(s3, aws, bucket, name):
    with fails("BucketAlreadyOwnedByYou"):
        make(aws, bucket)
    make(aws, f"{name}-us", "us-east-1")
    make(aws, f"{name}-us", "us-east-1")  # us-east-1 alone takes it


def test_public_access_is_blocked_by_default(s3, bucket):
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    public = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
        ],
    }
    with fails("AccessDenied"):
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(public))
    with fails("AccessDenied"):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(public))


def replication(role, *destinations):
    return {
        "Role": role,
        "Rules": [
            {
                "ID": destination,
                "Status": "Enabled",
                "Priority": number,
                "Filter": {},
                "DeleteMarkerReplication": {"Status": "Enabled"},
                "Destination": {"Bucket": f"arn:aws:s3:::{destination}"},
            }
            for number, destination in enumerate(destinations)
        ],
    }


def test_replication_needs_versions_on_both_sides_and_a_role(s3, aws, bucket, name):
    other, role = make(aws, f"{name}-other", "us-west-2"), create_role(aws, name, "s3.amazonaws.com")

    def replicate(role=role):
        s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=replication(role, other))

    with fails("InvalidRequest", "Versioning must be 'Enabled'"):
        replicate()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with fails("InvalidRequest", "Destination bucket must have versioning enabled"):
        replicate()
    aws("s3", "us-west-2").put_bucket_versioning(Bucket=other, VersioningConfiguration={"Status": "Enabled"})
    with fails("InvalidRequest", "role"):
        replicate(create_role(aws, f"{name}-lambda"))
    replicate()
    found = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    assert found["Rules"][0]["Destination"]["Bucket"] == f"arn:aws:s3:::{other}"
    with fails("InvalidBucketState"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_replication(Bucket=bucket)
    with fails("ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=bucket)


def test_only_roles_that_exist_are_assumed(aws, name):
    role = create_role(aws, name)
    with fails("AccessDenied", "sts:AssumeRole"):
        aws("sts").assume_role(RoleArn=f"{role}-missing", RoleSessionName="session")
    assert aws("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]


def test_tags_of_buckets_are_found(aws, s3, bucket, name):
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "isobar:stack", "Value": name}]})
    found = aws("resourcegroupstaggingapi", "eu-west-1").get_resources(
        TagFilters=[{"Key": "isobar:stack", "Values": [name]}]
    )
    assert [entry["ResourceARN"] for entry in found["ResourceTagMappingList"]] == [f"arn:aws:s3:::{bucket}"]
