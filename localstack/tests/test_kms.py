import json

import pytest
from conftest import ACCOUNT, create_role, fails

pytestmark = pytest.mark.usefixtures("step")

HOME, AWAY = "eu-west-1", "us-east-1"
OWN = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create(aws, region=HOME, **more):
    return aws("kms", region).create_key(**more)["KeyMetadata"]["KeyId"]


def describe(aws, key, region=HOME):
    return aws("kms", region).describe_key(KeyId=key)["KeyMetadata"]


def state(aws, key, region=HOME):
    return describe(aws, key, region)["KeyState"]


def arn(key, region=HOME):
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key}"


def kinds(control, key):
    return {
        (thing["region"], thing["kind"])
        for thing in control("inventory")
        if thing["service"] == "kms" and thing["name"] == key
    }


# --- keys -------------------------------------------------------------------------------------------


def test_a_key_is_made_described_listed_and_tagged(aws, control, name):
    kms = aws("kms", HOME)
    key = create(aws, Description=name, Tags=[{"TagKey": "a", "TagValue": "1"}])
    shown = describe(aws, key)
    assert (shown["Arn"], shown["Description"], shown["KeyState"], shown["Enabled"]) == (
        arn(key),
        name,
        "Enabled",
        True,
    )
    assert (shown["KeySpec"], shown["KeyUsage"], shown["KeyManager"], shown["MultiRegion"]) == (
        "SYMMETRIC_DEFAULT",
        "ENCRYPT_DECRYPT",
        "CUSTOMER",
        False,
    )
    assert not {"MultiRegionConfiguration", "DeletionDate", "PendingDeletionWindowInDays"} & shown.keys()
    assert {"KeyId": key, "KeyArn": arn(key)} in kms.list_keys()["Keys"]
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=arn(key), TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    found = aws("resourcegroupstaggingapi", HOME).get_resources(ResourceARNList=[arn(key)])
    assert found["ResourceTagMappingList"][0]["Tags"] == [{"Key": "b", "Value": "2"}]
    assert kinds(control, key) == {(HOME, "key")}
    kms.update_key_description(KeyId=key, Description="")
    assert describe(aws, key)["Description"] == ""


def test_a_key_is_found_by_id_and_arn_of_its_region_alone(aws, name):
    key, kms = create(aws), aws("kms", HOME)
    assert describe(aws, arn(key))["KeyId"] == key
    with fails("NotFoundException", f"Key '{arn(key, AWAY)}' does not exist"):
        describe(aws, key, AWAY)
    with fails("NotFoundException", f"Invalid arn {HOME}"):
        describe(aws, arn(key), AWAY)
    with fails("NotFoundException", "Invalid keyId"):
        describe(aws, "no-key")
    with fails("InvalidArnException"):
        describe(aws, f"arn:aws:s3:::{name}")
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    assert describe(aws, f"alias/{name}")["KeyId"] == key
    for call in (kms.enable_key, kms.get_key_policy, kms.schedule_key_deletion, kms.list_resource_tags):
        with fails("NotFoundException", "Invalid keyId"):
            call(KeyId=f"alias/{name}")


def test_usage_fits_the_spec(aws):
    for wrong in (
        {"KeySpec": "RSA_2048"},
        {"KeySpec": "HMAC_256"},
        {"KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"},
        {"KeySpec": "ECC_SECG_P256K1", "KeyUsage": "KEY_AGREEMENT"},
        {"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"Origin": "AWS_CLOUDHSM"},
    ):
        with fails("ValidationException"):
            create(aws, **wrong)
    with fails("CustomKeyStoreNotFoundException"):
        create(aws, CustomKeyStoreId="cks-1", Origin="AWS_CLOUDHSM")
    assert (
        describe(aws, create(aws, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"))["KeyUsage"]
        == "SIGN_VERIFY"
    )


def test_a_disabled_key_is_not_used_and_can_be_changed(aws, name):
    key, kms = create(aws), aws("kms", HOME)
    secret = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    kms.disable_key(KeyId=key)
    assert (state(aws, key), describe(aws, key)["Enabled"]) == ("Disabled", False)
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.decrypt(CiphertextBlob=secret),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        lambda: kms.enable_key_rotation(KeyId=key),
    ):
        with fails("DisabledException", f"{arn(key)} is disabled."):
            call()
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": ""}])
    kms.put_key_policy(KeyId=key, Policy=policy(OWN))
    kms.update_key_description(KeyId=key, Description="d")
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"x"


def test_tags_have_their_own_code(aws):
    key, kms = create(aws), aws("kms", HOME)
    with fails("TagException"):
        create(aws, Tags=[{"TagKey": "aws:a", "TagValue": ""}])
    with fails("TagException"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": value} for value in "12"])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": str(number), "TagValue": ""} for number in range(50)])
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "0", "TagValue": "again"}])
    pages = kms.get_paginator("list_resource_tags").paginate(KeyId=key, PaginationConfig={"PageSize": 20})
    assert [len(page["Tags"]) for page in pages] == [20, 20, 10]
    with fails("LimitExceededException"):
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "50", "TagValue": ""}])


def test_keys_of_aws_are_described_and_not_changed(aws, control):
    kms = aws("kms", HOME)
    key = describe(aws, "alias/aws/secretsmanager")
    assert key["KeyManager"] == "AWS"
    assert kms.encrypt(KeyId="alias/aws/secretsmanager", Plaintext=b"x")["KeyId"] == key["Arn"]
    for call in (kms.schedule_key_deletion, kms.disable_key):
        with fails("AccessDeniedException"):
            call(KeyId=key["KeyId"])
    assert kinds(control, key["KeyId"]) == set()
    assert "alias/aws/secretsmanager" not in [thing["name"] for thing in control("inventory")]


# --- policies ---------------------------------------------------------------------------------------


def test_a_policy_lets_its_caller_go_on(aws, name):
    role = create_role(aws, name)
    some = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": "kms:*", "Resource": "*"}
    locked_out = (
        policy(some),
        policy(OWN | {"Action": "kms:Describe*"}),
        policy(OWN | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        policy({name: value for name, value in OWN.items() if name != "Resource"}),
        policy(OWN, OWN | {"Effect": "Deny", "Action": "kms:Put*"}),
    )
    key = create(aws, Policy=policy(OWN, some))
    for wrong in locked_out:
        with fails("MalformedPolicyDocumentException", "not allow you to update the key policy"):
            create(aws, Policy=wrong)
        with fails("MalformedPolicyDocumentException", "not allow you to update the key policy"):
            aws("kms", HOME).put_key_policy(KeyId=key, Policy=wrong)
    create(aws, Policy=locked_out[0], BypassPolicyLockoutSafetyCheck=True)
    for right in (OWN | {"Principal": "*"}, OWN | {"Principal": {"AWS": ACCOUNT}}):
        create(aws, Policy=policy(right))


def test_a_policy_is_a_document_whose_principals_exist(aws, name):
    some = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}
    missing = some | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{name}"}}
    for wrong in ("{}", "text", policy(), policy(OWN, some), policy(OWN, missing)):
        with fails("MalformedPolicyDocumentException"):
            create(aws, Policy=wrong)
    create_role(aws, name)
    kms, key = aws("kms", HOME), create(aws, Policy=policy(OWN, missing))
    assert name in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=key, Policy=policy(OWN))
    assert kms.get_key_policy(KeyId=key) | {"ResponseMetadata": 0} == {
        "Policy": policy(OWN),
        "PolicyName": "default",
        "ResponseMetadata": 0,
    }
    with fails("NotFoundException", "No such policy exists"):
        kms.get_key_policy(KeyId=key, PolicyName="other")


def test_a_role_too_new_is_no_principal_yet(aws, eventual, step, name):
    create_role(aws, name)
    statement = OWN | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{name}"}}
    with fails("MalformedPolicyDocumentException", "invalid principals"):
        create(aws, Policy=policy(OWN, statement))
    step(10)
    create(aws, Policy=policy(OWN, statement))


# --- aliases ----------------------------------------------------------------------------------------


def test_aliases_are_names_within_a_region(aws, control, name):
    kms, there = aws("kms", HOME), aws("kms", AWAY)
    alias, key, other = f"alias/{name}", create(aws), create(aws)
    kms.create_alias(AliasName=alias, TargetKeyId=arn(key))
    assert kinds(control, alias) == {(HOME, "alias")}
    with fails(
        "AlreadyExistsException",
        f"An alias with the name arn:aws:kms:{HOME}:{ACCOUNT}:{alias} already exists",
    ):
        kms.create_alias(AliasName=alias, TargetKeyId=other)
    there.create_alias(AliasName=alias, TargetKeyId=create(aws, AWAY))
    kms.update_alias(AliasName=alias, TargetKeyId=arn(other))
    assert [one["TargetKeyId"] for one in kms.list_aliases(KeyId=other)["Aliases"]] == [other]
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    assert kms.encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == arn(other)
    kms.delete_alias(AliasName=alias)
    for call in (kms.delete_alias, lambda AliasName: kms.update_alias(AliasName=AliasName, TargetKeyId=key)):
        with fails("NotFoundException", f"Alias arn:aws:kms:{HOME}:{ACCOUNT}:{alias} is not found."):
            call(AliasName=alias)
    with fails("NotFoundException", "is not found."):
        kms.encrypt(KeyId=alias, Plaintext=b"x")
    kms.create_alias(AliasName=alias, TargetKeyId=key)


def test_names_of_aliases(aws, name):
    kms, key = aws("kms", HOME), create(aws)
    for wrong in (name, "alias/", "alias/a b", "alias/" + "a" * 251):
        with fails("ValidationException"):
            kms.create_alias(AliasName=wrong, TargetKeyId=key)
    with fails("InvalidAliasNameException"):
        kms.create_alias(AliasName=f"alias/aws/{name}", TargetKeyId=key)
    with fails("NotFoundException"):
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=create(aws, AWAY))
    with fails("NotFoundException"):
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId="alias/x")
    kms.create_alias(AliasName=f"alias/{name}/:_-", TargetKeyId=key)


def test_an_alias_moves_to_keys_of_its_kind_alone(aws, name):
    kms, alias = aws("kms", HOME), f"alias/{name}"
    kms.create_alias(AliasName=alias, TargetKeyId=create(aws))
    with fails("ValidationException"):
        kms.update_alias(
            AliasName=alias, TargetKeyId=create(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        )
    with fails("ValidationException"):
        kms.update_alias(
            AliasName=alias, TargetKeyId=create(aws, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        )
    kms.update_alias(AliasName=alias, TargetKeyId=create(aws, MultiRegion=True))


def test_a_key_has_at_most_fifty_aliases(aws, name):
    kms, key = aws("kms", HOME), create(aws)
    for number in range(50):
        kms.create_alias(AliasName=f"alias/{name}{number}", TargetKeyId=key)
    with fails("LimitExceededException"):
        kms.create_alias(AliasName=f"alias/{name}50", TargetKeyId=key)
    pages = kms.get_paginator("list_aliases").paginate(KeyId=key, PaginationConfig={"PageSize": 20})
    assert len([alias for page in pages for alias in page["Aliases"]]) == 50


# --- rotation ---------------------------------------------------------------------------------------


def test_only_symmetric_keys_rotate(aws):
    kms, key = aws("kms", HOME), create(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    for call in (kms.enable_key_rotation, kms.get_key_rotation_status):
        with fails("UnsupportedOperationException"):
            call(KeyId=key)


def test_rotation_outlives_a_cancelled_deletion(aws):
    kms, key = aws("kms", HOME), create(aws)
    kms.enable_key_rotation(KeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    kms.cancel_key_deletion(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


# --- consistency ------------------------------------------------------------------------------------


def test_new_keys_and_aliases_are_unknown_for_a_moment(aws, eventual, step, name):
    kms = aws("kms", HOME)
    key = create(aws, MultiRegion=True)
    for call in (
        kms.describe_key,
        kms.enable_key_rotation,
        kms.list_resource_tags,
        kms.schedule_key_deletion,
    ):
        with fails("NotFoundException"):
            call(KeyId=key)
    assert key not in [one["KeyId"] for one in kms.list_keys()["Keys"]]
    step(5)
    assert key in [one["KeyId"] for one in kms.list_keys()["Keys"]]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    with fails("NotFoundException"):
        kms.describe_key(KeyId=f"alias/{name}")
    assert not kms.list_aliases(KeyId=key)["Aliases"]
    step(5)
    assert kms.list_aliases(KeyId=key)["Aliases"]
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    with fails("NotFoundException"):
        describe(aws, key, AWAY)
    step(3)
    assert state(aws, key, AWAY) == "Creating"


def test_changes_are_read_later(aws, eventual, step):
    kms, key = aws("kms", HOME), create(aws)
    step(10)

    def seen():
        return (
            describe(aws, key)["Description"],
            len(json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"]),
            len(kms.list_resource_tags(KeyId=key)["Tags"]),
            kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
        )

    kms.update_key_description(KeyId=key, Description="d")
    kms.put_key_policy(KeyId=key, Policy=policy(OWN, OWN))
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": ""}])
    kms.enable_key_rotation(KeyId=key)
    assert seen() == ("", 1, 0, False)
    step(5)
    assert seen() == ("d", 2, 1, True)
