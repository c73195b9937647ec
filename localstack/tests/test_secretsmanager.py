import json
import uuid

import pytest
from conftest import ACCOUNT, create_role, fails, refused

pytestmark = pytest.mark.usefixtures("step")

HOME, AWAY, THIRD = "eu-west-1", "us-east-1", "ap-southeast-2"
DAY = 24 * 3600
REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."
MARKED = "because it was marked for deletion"


@pytest.fixture
def manager(aws):
    return aws("secretsmanager", HOME)


def token():
    return str(uuid.uuid4())


def create(aws, name, value="a secret value", region=HOME, **more):
    return aws("secretsmanager", region).create_secret(Name=name, SecretString=value, **more)


def describe(aws, name, region=HOME):
    return aws("secretsmanager", region).describe_secret(SecretId=name)


def value(aws, name, region=HOME, **more):
    return aws("secretsmanager", region).get_secret_value(SecretId=name, **more)["SecretString"]


def kinds(control, name):
    return {
        (thing["region"], thing["kind"])
        for thing in control("inventory")
        if thing["service"] == "secretsmanager" and thing["name"] == name
    }


def stages(aws, name):
    return {
        stage: version for version, of in describe(aws, name)["VersionIdsToStages"].items() for stage in of
    }


# --- secrets ----------------------------------------------------------------------------------------


def test_a_secret_is_made_described_listed_and_tagged(aws, manager, control, name):
    made = create(aws, name, Description="d", Tags=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:{name}-"
    assert made["ARN"].startswith(arn) and len(made["ARN"]) == len(arn) + 6
    shown = describe(aws, name)
    assert (shown["Description"], shown["Tags"]) == ("d", [{"Key": "a", "Value": "1"}])
    assert shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    absent = {"KmsKeyId", "DeletedDate", "PrimaryRegion", "ReplicationStatus", "RotationEnabled"}
    assert not absent & shown.keys()
    for given in (name, made["ARN"], made["ARN"][:-7]):
        assert value(aws, given) == "a secret value"
    manager.tag_resource(SecretId=name, Tags=[{"Key": "b", "Value": "2"}])
    manager.untag_resource(SecretId=name, TagKeys=["a"])
    assert describe(aws, name)["Tags"] == [{"Key": "b", "Value": "2"}]
    found = aws("resourcegroupstaggingapi", HOME).get_resources(ResourceARNList=[made["ARN"]])
    assert found["ResourceTagMappingList"][0]["Tags"] == [{"Key": "b", "Value": "2"}]
    assert kinds(control, name) == {(HOME, "secret")}
    manager.update_secret(SecretId=name, Description="e")
    assert describe(aws, name)["Description"] == "e"
    assert "VersionId" not in manager.update_secret(SecretId=name, Description="e")


def test_secrets_are_of_one_region(aws, name):
    arn = create(aws, name)["ARN"]
    for given in (name, arn, arn.replace(HOME, AWAY)):
        with fails("ResourceNotFoundException", "can't find the specified secret."):
            describe(aws, given, AWAY)


def test_creation_with_the_same_token_and_value_is_made_once(aws, manager, name):
    same = token()
    first = create(aws, name, ClientRequestToken=same)
    second = create(aws, name, ClientRequestToken=same)
    assert (first["ARN"], first["VersionId"]) == (second["ARN"], second["VersionId"]) == (first["ARN"], same)
    with fails("ResourceExistsException", f"You can't use ClientRequestToken {same}"):
        create(aws, name, "another value", ClientRequestToken=same)
    with fails("ResourceExistsException", f"the secret {name} already exists"):
        create(aws, name)
    manager.create_secret(Name=f"{name}-empty", ClientRequestToken=same)
    with fails("ResourceExistsException"):
        manager.create_secret(Name=f"{name}-empty", ClientRequestToken=same)


def test_names_and_parameters(aws, manager, name):
    for wrong in ("a b", "ä", "a" * 513, "a:b"):
        with fails("ValidationException"):
            create(aws, wrong)
    create(aws, f"{name}/_+=.@-!")
    create(aws, f"{name}-abcdef")
    with fails("InvalidParameterException", "both a binary secret value and a string"):
        create(aws, name, SecretBinary=b"x")
    with fails("ValidationException"):
        create(aws, name, ClientRequestToken="t" * 65)
    with fails("InvalidParameterException"):
        create(aws, name, Tags=[{"Key": "aws:a", "Value": ""}])
    manager.create_secret(Name=name)
    with fails("InvalidRequestException", "either SecretString or SecretBinary"):
        manager.put_secret_value(SecretId=name)
    manager.tag_resource(SecretId=name, Tags=[{"Key": str(number), "Value": ""} for number in range(50)])
    with fails("InvalidParameterException"):
        manager.tag_resource(SecretId=name, Tags=[{"Key": "50", "Value": ""}])


def test_binary_values(aws, manager, name):
    manager.create_secret(Name=name, SecretBinary=b"\x00\x01")
    shown = manager.get_secret_value(SecretId=name)
    assert (shown["SecretBinary"], "SecretString" in shown) == (b"\x00\x01", False)


def test_requests_that_no_sdk_sends(endpoint, name):
    for operation, request, code in (
        ("CreateSecret", {"Name": name}, "InvalidRequestException"),
        ("PutSecretValue", {"SecretId": name, "SecretString": "x"}, "InvalidRequestException"),
        ("CreateSecret", {"Name": name, "ClientRequestToken": "short"}, "ValidationException"),
        (
            "CreateSecret",
            {
                "Name": name,
                "ClientRequestToken": token(),
                "CrossAccountPrimaryARN": f"arn:aws:secretsmanager:{HOME}:1:secret:x",
            },
            "ResourceNotFoundException",
        ),
        ("GetRandomPassword", {"PasswordLength": 0}, "ValidationException"),
        ("GetSecretValue", {"SecretId": "a b"}, "ValidationException"),
    ):
        status, answer = refused(endpoint, "secretsmanager", operation, **request)
        assert (status, answer["__type"]) == (400, code), answer


def test_lists_are_filtered_sorted_and_paged(aws, manager, name):
    for number, owner in enumerate(("red", "blue", "green")):
        tags = [{"Key": "owner", "Value": owner}, {"Key": "stack", "Value": name}]
        create(aws, f"{name}/{number}", Description=f"Of {owner} things", Tags=tags)
    mine = {"Key": "tag-value", "Values": [name]}

    def listed(*filters, **more):
        pages = manager.get_paginator("list_secrets").paginate(Filters=[mine, *filters], **more)
        return [secret["Name"][-1] for page in pages for secret in page["SecretList"]]

    def where(key, *values):
        return listed({"Key": key, "Values": list(values)})

    assert listed(SortBy="name", SortOrder="desc") == ["2", "1", "0"]
    assert listed(SortBy="name", MaxResults=1) == ["0", "1", "2"]
    assert where("name", f"{name}/1") == ["1"]
    assert where("name", f"!{name}/1") == ["0", "2"]
    assert where("tag-value", "red", "blue") == ["0", "1"]
    assert where("tag-key", "owner") == ["0", "1", "2"]
    assert where("description", "green") == ["2"]
    assert where("all", "BLUE") == ["1"]
    assert where("primary-region", HOME) == where("owning-service", "rds") == []
    with fails("InvalidNextTokenException"):
        manager.list_secrets(NextToken="???")


# --- deletion ---------------------------------------------------------------------------------------


def test_a_secret_is_deleted_when_its_window_is_over(aws, manager, control, step, name):
    create(aws, name)
    answer = manager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    assert describe(aws, name)["DeletedDate"] == answer["DeletionDate"]
    assert kinds(control, name) == {(HOME, "secret-pending-deletion")}
    filters = [{"Key": "name", "Values": [name]}]
    assert manager.list_secrets(Filters=filters)["SecretList"] == []
    listed = manager.list_secrets(Filters=filters, IncludePlannedDeletion=True)["SecretList"]
    assert [secret["DeletedDate"] for secret in listed] == [answer["DeletionDate"]]
    for call in (
        lambda: value(aws, name),
        lambda: manager.put_secret_value(SecretId=name, SecretString="x"),
        lambda: manager.update_secret(SecretId=name, Description="d"),
        lambda: manager.tag_resource(SecretId=name, Tags=[]),
        lambda: manager.get_resource_policy(SecretId=name),
        lambda: manager.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": AWAY}]),
        lambda: manager.delete_secret(SecretId=name),
    ):
        with fails("InvalidRequestException", MARKED):
            call()
    with fails("InvalidRequestException", "already scheduled for deletion"):
        create(aws, name)
    step(7 * DAY - 1)
    describe(aws, name)
    step(1)
    with fails("ResourceNotFoundException"):
        describe(aws, name)
    assert kinds(control, name) == set()
    assert create(aws, name)["ARN"] != answer["ARN"]
    with fails("ResourceNotFoundException"):
        describe(aws, answer["ARN"])


def test_a_restored_secret_is_as_it_was(aws, manager, step, name):
    create(aws, name)
    manager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    step(6 * DAY)
    manager.restore_secret(SecretId=name)
    assert (value(aws, name), "DeletedDate" in describe(aws, name)) == ("a secret value", False)
    step(30 * DAY)
    manager.delete_secret(SecretId=name)
    step(30 * DAY - 1)
    describe(aws, name)
    manager.restore_secret(SecretId=name)


def test_a_forced_deletion_is_over_after_a_moment(aws, manager, control, step, name):
    create(aws, name)
    manager.delete_secret(SecretId=name)
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    with fails("InvalidRequestException", "already scheduled for deletion"):
        create(aws, name)
    with fails("InvalidRequestException"):
        manager.restore_secret(SecretId=name)
    step(5)
    assert kinds(control, name) == set()
    create(aws, name)
    answer = manager.delete_secret(SecretId=f"{name}-none", ForceDeleteWithoutRecovery=True)
    assert answer["Name"] == f"{name}-none"
    with fails("ResourceNotFoundException"):
        manager.delete_secret(SecretId=f"{name}-none")


def test_windows_have_bounds(aws, manager, name):
    create(aws, name)
    for wrong in (6, 31):
        with fails("InvalidParameterException", "between 7 and 30 days (inclusive)"):
            manager.delete_secret(SecretId=name, RecoveryWindowInDays=wrong)
    with fails("InvalidParameterException", "in conjunction with RecoveryWindowInDays"):
        manager.delete_secret(SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)


# --- policies ---------------------------------------------------------------------------------------


def policy(principal, **more):
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | more]})


def test_resource_policies(aws, manager, name):
    create(aws, name)
    assert "ResourcePolicy" not in manager.get_resource_policy(SecretId=name)
    own = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    manager.put_resource_policy(SecretId=name, ResourcePolicy=own, BlockPublicPolicy=True)
    assert manager.get_resource_policy(SecretId=name)["ResourcePolicy"] == own
    role = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:role/{name}"})
    with fails("MalformedPolicyDocumentException", "unsupported principal"):
        manager.put_resource_policy(SecretId=name, ResourcePolicy=role)
    create_role(aws, name)
    manager.put_resource_policy(SecretId=name, ResourcePolicy=role)
    for wrong in ("text", "{}", policy(None)):
        with fails("MalformedPolicyDocumentException"):
            manager.put_resource_policy(SecretId=name, ResourcePolicy=wrong)
    with fails("PublicPolicyException"):
        manager.put_resource_policy(SecretId=name, ResourcePolicy=policy("*"), BlockPublicPolicy=True)
    assert not manager.validate_resource_policy(ResourcePolicy=policy("*"))["PolicyValidationPassed"]
    manager.put_resource_policy(SecretId=name, ResourcePolicy=policy("*"))
    manager.delete_resource_policy(SecretId=name)
    assert "ResourcePolicy" not in manager.get_resource_policy(SecretId=name)


def test_a_resource_policy_has_one_name(aws, endpoint, manager, name):
    create(aws, name)
    own = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    manager.put_resource_policy(SecretId=name, ResourcePolicy=own)
    for operation, more in (
        ("PutResourcePolicy", {"ResourcePolicy": own}),
        ("GetResourcePolicy", {}),
        ("DeleteResourcePolicy", {}),
    ):
        status, answer = refused(
            endpoint, "secretsmanager", operation, SecretId=name, PolicyName="other", **more
        )
        assert (status, answer["__type"]) == (400, "InvalidParameterException")


# --- keys -------------------------------------------------------------------------------------------


def test_the_key_of_a_secret_exists_and_is_enabled(aws, manager, name):
    kms = aws("kms", HOME)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    create(aws, name, KmsKeyId=key)
    assert describe(aws, name)["KmsKeyId"] == key
    for wrong in ("alias/none", token(), key.replace(HOME, AWAY), kms_hmac(kms)):
        with fails("EncryptionFailure"):
            create(aws, f"{name}2", KmsKeyId=wrong)
        with fails("EncryptionFailure"):
            manager.update_secret(SecretId=name, KmsKeyId=wrong)
    kms.disable_key(KeyId=key)
    with fails("DecryptionFailure", "DisabledException"):
        value(aws, name)
    with fails("EncryptionFailure", "DisabledException"):
        manager.put_secret_value(SecretId=name, SecretString="another value")
    with fails("DecryptionFailure"):
        manager.update_secret(SecretId=name, KmsKeyId="")
    kms.enable_key(KeyId=key)
    manager.update_secret(SecretId=name, KmsKeyId="")
    kms.schedule_key_deletion(KeyId=key)
    assert (value(aws, name), "KmsKeyId" in describe(aws, name)) == ("a secret value", False)
    with fails("EncryptionFailure", "is pending deletion"):
        create(aws, f"{name}2", KmsKeyId=key)


def kms_hmac(kms):
    return kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]


# --- consistency, snapshots -------------------------------------------------------------------------


def test_a_new_secret_is_unknown_for_a_moment(aws, manager, eventual, step, name):
    create(aws, name)
    for call in (manager.describe_secret, manager.get_secret_value):
        with fails("ResourceNotFoundException"):
            call(SecretId=name)
    step(2)
    describe(aws, name)
    filters = [{"Key": "name", "Values": [name]}]
    assert not manager.list_secrets(Filters=filters)["SecretList"]
    step(3)
    assert manager.list_secrets(Filters=filters)["SecretList"]


def test_a_new_key_is_unknown_to_secrets_for_a_moment(aws, eventual, step, name):
    key = aws("kms", HOME).create_key()["KeyMetadata"]["Arn"]
    with fails("EncryptionFailure", "NotFoundException"):
        create(aws, name, KmsKeyId=key)
    step(3)
    create(aws, name, KmsKeyId=key)


def test_a_snapshot_keeps_values_and_windows(aws, manager, control, step, name):
    create(aws, name, AddReplicaRegions=[{"Region": AWAY}])
    create(aws, f"{name}2")
    manager.delete_secret(SecretId=f"{name}2", RecoveryWindowInDays=7)
    control("snapshot", {"name": "secrets"})
    for _ in range(2):
        control("restore", {"name": "secrets"})
        assert describe(aws, name)["ReplicationStatus"][0]["Status"] == "InProgress"
        step(7 * DAY)
        assert value(aws, name, AWAY) == "a secret value"
        assert kinds(control, f"{name}2") == set()
    control("snapshot", method="DELETE")
