"""Multi-Region keys of KMS, and how keys end."""

import datetime
import json

import pytest
from conftest import ACCOUNT, fails, refused
from test_kms import AWAY, HOME, OWN, arn, create, describe, kinds, policy, state

pytestmark = pytest.mark.usefixtures("step")

THIRD = "ap-southeast-2"
DAY = 24 * 3600


def replicated(aws, step, *regions):
    """A primary key with settled replicas."""
    key = create(aws, MultiRegion=True)
    for region in regions:
        aws("kms", HOME).replicate_key(KeyId=key, ReplicaRegion=region)
    step(60)
    return key


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


# --- what is shared, and kept ---------------------------------------------------------------------


def test_rotation_is_set_on_the_primary_key_and_shared(aws, endpoint, step):
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
    for wrong in (89, 2561):
        status, answer = refused(endpoint, "kms", "EnableKeyRotation", KeyId=key, RotationPeriodInDays=wrong)
        assert (status, answer["__type"]) == (400, "ValidationException")
    before = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.encrypt(KeyId=key, Plaintext=b"y")["CiphertextBlob"]
    assert [there.decrypt(CiphertextBlob=one)["Plaintext"] for one in (before, after)] == [b"x", b"y"]
    kms.disable_key_rotation(KeyId=key)
    assert "NextRotationDate" not in kms.get_key_rotation_status(KeyId=key)


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
