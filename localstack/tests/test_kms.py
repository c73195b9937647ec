import datetime
import json

import pytest
from conftest import ACCOUNT, create_role, fails

pytestmark = pytest.mark.usefixtures("step")

HOME, AWAY, THIRD = "eu-west-1", "us-east-1", "ap-southeast-2"
DAY = 24 * 3600
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


def replicated(aws, step, *regions):
    """A primary key with settled replicas."""
    key = create(aws, MultiRegion=True)
    for region in regions:
        aws("kms", HOME).replicate_key(KeyId=key, ReplicaRegion=region)
    step(60)
    return key


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


# --- replicas ---------------------------------------------------------------------------------------


def test_a_replica_is_created_and_can_be_used_then(aws, control, step):
    kms, key = aws("kms", HOME), create(aws, MultiRegion=True, Description="primary")
    assert key.startswith("mrk-")
    made = kms.replicate_key(
        KeyId=key, ReplicaRegion=AWAY, Description="replica", Tags=[{"TagKey": "a", "TagValue": "1"}]
    )
    assert made["ReplicaTags"] == [{"TagKey": "a", "TagValue": "1"}]
    assert f"{ACCOUNT}:root" in made["ReplicaPolicy"]
    shown = made["ReplicaKeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"], shown["Arn"]) == ("Creating", False, arn(key, AWAY))
    there = aws("kms", AWAY)
    for call in (
        lambda: there.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: there.disable_key(KeyId=key),
        lambda: there.enable_key(KeyId=key),
    ):
        with fails("KMSInvalidStateException", f"{arn(key, AWAY)} is creating."):
            call()
    there.tag_resource(KeyId=key, Tags=[{"TagKey": "b", "TagValue": "2"}])
    step(59)
    assert state(aws, key, AWAY) == "Creating"
    step(1)
    shown = describe(aws, key, AWAY)
    assert (shown["KeyState"], shown["Enabled"], shown["Description"]) == ("Enabled", True, "replica")
    assert describe(aws, key)["Description"] == "primary"
    assert len(there.list_resource_tags(KeyId=key)["Tags"]) == 2
    assert not kms.list_resource_tags(KeyId=key)["Tags"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=secret)["Plaintext"] == b"x"
    assert kinds(control, key) == {(HOME, "key"), (AWAY, "key")}


def test_every_key_of_a_set_shows_the_whole(aws, step):
    key = replicated(aws, step, AWAY, THIRD)
    shown = {region: describe(aws, key, region)["MultiRegionConfiguration"] for region in (HOME, AWAY, THIRD)}
    assert [shown[region].pop("MultiRegionKeyType") for region in shown] == ["PRIMARY", "REPLICA", "REPLICA"]
    assert shown[HOME] == shown[AWAY] == shown[THIRD]
    assert shown[HOME]["PrimaryKey"] == {"Arn": arn(key), "Region": HOME}
    assert [one["Region"] for one in shown[HOME]["ReplicaKeys"]] == [AWAY, THIRD]


def test_what_cannot_be_replicated(aws, step, name):
    kms, single = aws("kms", HOME), create(aws)
    key = replicated(aws, step, AWAY)
    with fails("UnsupportedOperationException"):
        kms.replicate_key(KeyId=single, ReplicaRegion=AWAY)
    with fails("UnsupportedOperationException"):
        aws("kms", AWAY).replicate_key(KeyId=key, ReplicaRegion=THIRD)
    with fails("NotFoundException"):
        aws("kms", THIRD).replicate_key(KeyId=key, ReplicaRegion=THIRD)
    for region in (AWAY, HOME):
        with fails("AlreadyExistsException"):
            kms.replicate_key(KeyId=key, ReplicaRegion=region)
    with fails("ValidationException"):
        kms.replicate_key(KeyId=key, ReplicaRegion="eu-nowhere-1")
    with fails("MalformedPolicyDocumentException"):
        kms.replicate_key(KeyId=key, ReplicaRegion=THIRD, Policy=policy(OWN | {"Action": "kms:Encrypt"}))
    kms.disable_key(KeyId=key)
    with fails("DisabledException"):
        kms.replicate_key(KeyId=key, ReplicaRegion=THIRD)


def test_policies_and_states_of_replicas_are_their_own(aws, step):
    key = create(aws, MultiRegion=True, Policy=policy(OWN, OWN))
    kms, there = aws("kms", HOME), aws("kms", AWAY)
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    step(60)
    assert len(json.loads(there.get_key_policy(KeyId=key)["Policy"])["Statement"]) == 1
    there.disable_key(KeyId=key)
    assert (state(aws, key), state(aws, key, AWAY)) == ("Enabled", "Disabled")


def test_the_primary_region_changes(aws, step):
    key = replicated(aws, step, AWAY, THIRD)
    kms, there = aws("kms", HOME), aws("kms", AWAY)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    with fails("NotFoundException"):
        kms.update_primary_region(KeyId=key, PrimaryRegion="eu-north-1")
    with fails("UnsupportedOperationException"):
        there.update_primary_region(KeyId=key, PrimaryRegion=THIRD)
    there.disable_key(KeyId=key)
    kms.update_primary_region(KeyId=key, PrimaryRegion=AWAY)
    assert [state(aws, key, region) for region in (HOME, AWAY, THIRD)] == ["Updating", "Updating", "Enabled"]
    types = [
        describe(aws, key, region)["MultiRegionConfiguration"]["MultiRegionKeyType"]
        for region in (HOME, AWAY)
    ]
    assert types == ["REPLICA", "REPLICA"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    for call in (kms.disable_key, kms.enable_key, there.schedule_key_deletion):
        with fails("KMSInvalidStateException", "is updating."):
            call(KeyId=key)
    with fails("KMSInvalidStateException", "is updating."):
        kms.replicate_key(KeyId=key, ReplicaRegion="eu-north-1")
    step(10)
    assert [state(aws, key, region) for region in (HOME, AWAY)] == ["Enabled", "Disabled"]
    shown = describe(aws, key)["MultiRegionConfiguration"]
    assert (shown["MultiRegionKeyType"], shown["PrimaryKey"]["Region"]) == ("REPLICA", AWAY)
    assert {one["Region"] for one in shown["ReplicaKeys"]} == {HOME, THIRD}
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 100
    with fails("UnsupportedOperationException"):
        kms.disable_key_rotation(KeyId=key)
    there.enable_key(KeyId=key)
    there.disable_key_rotation(KeyId=key)
    assert not aws("kms", THIRD).get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


# --- deletion ---------------------------------------------------------------------------------------


def test_a_key_is_deleted_when_its_window_is_over(aws, control, step, name):
    key, kms = create(aws), aws("kms", HOME)
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": ""}])
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]) == (
        arn(key),
        "PendingDeletion",
        7,
    )
    left = answer["DeletionDate"] - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=6, hours=23) < left < datetime.timedelta(days=7, hours=1)
    shown = describe(aws, key)
    assert (shown["KeyState"], shown["Enabled"]) == ("PendingDeletion", False)
    assert shown["DeletionDate"] == answer["DeletionDate"]
    assert kinds(control, key) == {(HOME, "key-pending-deletion")}
    step(7 * DAY - 1)
    assert state(aws, key) == "PendingDeletion"
    assert kms.list_aliases(KeyId=key)["Aliases"][0]["AliasName"] == f"alias/{name}"
    with fails("AlreadyExistsException"):
        kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=create(aws))
    step(1)
    with fails("NotFoundException"):
        describe(aws, key)
    assert kinds(control, key) == kinds(control, f"alias/{name}") == set()
    found = aws("resourcegroupstaggingapi", HOME).get_resources(ResourceARNList=[arn(key)])
    assert not found["ResourceTagMappingList"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=create(aws))


def test_a_key_pending_deletion_is_read_and_nothing_else(aws, name):
    key, other, kms = create(aws), create(aws), aws("kms", HOME)
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key)
    for call in (
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        lambda: kms.create_alias(AliasName=f"alias/{name}2", TargetKeyId=key),
        lambda: kms.enable_key(KeyId=key),
        lambda: kms.disable_key(KeyId=key),
        lambda: kms.schedule_key_deletion(KeyId=key),
        lambda: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": ""}]),
        lambda: kms.update_key_description(KeyId=key, Description="d"),
        lambda: kms.enable_key_rotation(KeyId=key),
    ):
        with fails("KMSInvalidStateException", f"{arn(key)} is pending deletion."):
            call()
    kms.get_key_policy(KeyId=key)
    kms.list_resource_tags(KeyId=key)
    kms.update_alias(AliasName=f"alias/{name}", TargetKeyId=other)
    with fails("KMSInvalidStateException", f"{arn(key)} is pending deletion."):
        kms.update_alias(AliasName=f"alias/{name}", TargetKeyId=key)


def test_a_cancelled_deletion_leaves_a_disabled_key(aws, step):
    key, kms = create(aws), aws("kms", HOME)
    with fails("KMSInvalidStateException", f"{arn(key)} is not pending deletion."):
        kms.cancel_key_deletion(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    step(6 * DAY)
    assert kms.cancel_key_deletion(KeyId=key)["KeyId"] == arn(key)
    shown = describe(aws, key)
    assert (shown["KeyState"], "DeletionDate" in shown) == ("Disabled", False)
    step(30 * DAY)
    kms.enable_key(KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    step(7 * DAY)
    assert state(aws, key) == "PendingDeletion"


def test_windows_have_bounds_and_a_default(aws):
    key, kms = create(aws), aws("kms", HOME)
    for wrong in (6, 31):
        with fails("ValidationException"):
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=wrong)
    assert kms.schedule_key_deletion(KeyId=key)["PendingWindowInDays"] == 30


def test_the_window_of_a_primary_key_begins_when_its_last_replica_is_gone(aws, control, step):
    key = replicated(aws, step, AWAY, THIRD)
    kms = aws("kms", HOME)
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=10)
    assert (answer["KeyState"], answer["PendingWindowInDays"]) == ("PendingReplicaDeletion", 10)
    assert "DeletionDate" not in answer
    shown = describe(aws, key)
    assert (shown["KeyState"], shown["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 10)
    assert "DeletionDate" not in shown
    with fails("KMSInvalidStateException", f"{arn(key)} is pending replica deletion."):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    step(60 * DAY)
    assert state(aws, key) == "PendingReplicaDeletion"
    for region in (AWAY, THIRD):
        answer = aws("kms", region).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        assert answer["KeyState"] == "PendingDeletion" and answer["DeletionDate"]
    step(7 * DAY - 1)
    assert state(aws, key) == "PendingReplicaDeletion"
    step(2 * DAY + 1)  # two days after the replicas are gone
    assert kinds(control, key) == {(HOME, "key-pending-deletion")}
    shown = describe(aws, key)
    assert (shown["KeyState"], shown["MultiRegionConfiguration"]["ReplicaKeys"]) == ("PendingDeletion", [])
    left = shown["DeletionDate"] - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=7, hours=23) < left < datetime.timedelta(days=8, hours=1)
    step(8 * DAY)
    assert kinds(control, key) == set()


def test_a_deleted_replica_leaves_the_others_and_can_be_made_again(aws, step):
    key = replicated(aws, step, AWAY, THIRD)
    kms, there = aws("kms", HOME), aws("kms", AWAY)
    there.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with fails("AlreadyExistsException"):
        kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    step(7 * DAY)
    replicas = describe(aws, key, THIRD)["MultiRegionConfiguration"]["ReplicaKeys"]
    assert [one["Region"] for one in replicas] == [THIRD]
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    assert state(aws, key, AWAY) == "Creating"
    there.schedule_key_deletion(KeyId=key)
    step(60)
    assert state(aws, key, AWAY) == "PendingDeletion"


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


def test_rotation_is_set_on_the_primary_key_and_shared(aws, step):
    key = replicated(aws, step, AWAY)
    kms, there = aws("kms", HOME), aws("kms", AWAY)
    assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    for call in (there.enable_key_rotation, there.disable_key_rotation, there.rotate_key_on_demand):
        with fails("UnsupportedOperationException"):
            call(KeyId=key)
    kms.enable_key_rotation(KeyId=key)
    first = kms.get_key_rotation_status(KeyId=key)
    assert first["RotationPeriodInDays"] == 365
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    second = there.get_key_rotation_status(KeyId=key)
    assert (second["KeyRotationEnabled"], second["RotationPeriodInDays"]) == (True, 90)
    assert (first["NextRotationDate"] - second["NextRotationDate"]).days in (274, 275)
    with fails("ValidationException"):
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=2561)
    before = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.encrypt(KeyId=key, Plaintext=b"y")["CiphertextBlob"]
    assert [there.decrypt(CiphertextBlob=one)["Plaintext"] for one in (before, after)] == [b"x", b"y"]
    kms.disable_key_rotation(KeyId=key)
    assert "NextRotationDate" not in kms.get_key_rotation_status(KeyId=key)


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


# --- consistency, snapshots -------------------------------------------------------------------------


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


def test_a_snapshot_keeps_windows_and_replicas(aws, control, step):
    key, kms = create(aws, MultiRegion=True), aws("kms", HOME)
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    control("snapshot", {"name": "keys"})
    for _ in range(2):
        control("restore", {"name": "keys"})
        assert (state(aws, key), state(aws, key, AWAY)) == ("PendingReplicaDeletion", "Creating")
        step(60)
        assert state(aws, key, AWAY) == "Enabled"
        aws("kms", AWAY).schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        step(14 * DAY)
        assert kinds(control, key) == set()
    control("snapshot", method="DELETE")
