"""Replicas of secrets in other regions, and rotation."""

import json

import pytest
from conftest import ACCOUNT, create_role, fails
from test_lambda import code
from test_secretsmanager import (
    AWAY,
    DAY,
    HOME,
    REPLICA,
    THIRD,
    create,
    describe,
    kinds,
    manager,
    policy,
    stages,
    token,
    value,
)

pytestmark = pytest.mark.usefixtures("step")


@pytest.fixture
def there(aws):
    return aws("secretsmanager", AWAY)


def status(aws, name):
    return {
        one["Region"]: (one["Status"], one.get("StatusMessage"))
        for one in describe(aws, name).get("ReplicationStatus", [])
    }


def replicated(aws, step, name, *regions, **more):
    made = create(aws, name, AddReplicaRegions=[{"Region": region} for region in regions], **more)
    step(15)
    return made


# --- replicas ---------------------------------------------------------------------------------------


def test_a_replica_is_in_sync_after_a_while(aws, control, step, name):
    made = create(
        aws, name, Tags=[{"Key": "a", "Value": "1"}], Description="d", AddReplicaRegions=[{"Region": AWAY}]
    )
    assert made["ReplicationStatus"] == [
        {"Region": AWAY, "KmsKeyId": "alias/aws/secretsmanager", "Status": "InProgress"}
    ]
    with fails("ResourceNotFoundException"):
        describe(aws, name, AWAY)
    step(14)
    assert status(aws, name) == {AWAY: ("InProgress", None)}
    step(1)
    assert status(aws, name) == {AWAY: ("InSync", None)}
    shown = describe(aws, name, AWAY)
    assert shown["ARN"] == made["ARN"].replace(HOME, AWAY)
    assert (shown["PrimaryRegion"], shown["Tags"], shown["Description"]) == (
        HOME,
        [{"Key": "a", "Value": "1"}],
        "d",
    )
    assert shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    assert (value(aws, name, AWAY), describe(aws, name)["PrimaryRegion"]) == ("a secret value", HOME)
    assert kinds(control, name) == {(HOME, "secret"), (AWAY, "secret-replica")}
    by_region = [{"Key": "primary-region", "Values": [HOME]}, {"Key": "name", "Values": [name]}]
    assert (
        aws("secretsmanager", AWAY).list_secrets(Filters=by_region)["SecretList"][0]["PrimaryRegion"] == HOME
    )
    found = aws("resourcegroupstaggingapi", AWAY).get_resources(ResourceARNList=[shown["ARN"]])
    assert found["ResourceTagMappingList"]


def test_changes_follow_and_are_not_there_at_once(aws, manager, there, step, name):
    replicated(aws, step, name, AWAY)
    manager.put_secret_value(SecretId=name, SecretString="another value")
    manager.tag_resource(SecretId=name, Tags=[{"Key": "b", "Value": "2"}])
    own = policy({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    manager.put_resource_policy(SecretId=name, ResourcePolicy=own)
    assert (status(aws, name)[AWAY][0], value(aws, name, AWAY)) == ("InProgress", "a secret value")
    assert "ResourcePolicy" not in there.get_resource_policy(SecretId=name)
    step(3)
    assert (status(aws, name)[AWAY][0], value(aws, name, AWAY)) == ("InSync", "another value")
    assert describe(aws, name, AWAY)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert there.get_resource_policy(SecretId=name)["ResourcePolicy"] == own
    assert value(aws, name, AWAY, VersionStage="AWSPREVIOUS") == "a secret value"


def test_a_replica_is_read_only(aws, there, step, name):
    replicated(aws, step, name, AWAY)
    for call in (
        lambda: there.put_secret_value(SecretId=name, SecretString="x"),
        lambda: there.update_secret(SecretId=name, Description="d"),
        lambda: there.update_secret(SecretId=name, SecretString="x"),
        lambda: there.tag_resource(SecretId=name, Tags=[{"Key": "b", "Value": "2"}]),
        lambda: there.untag_resource(SecretId=name, TagKeys=["b"]),
        lambda: there.put_resource_policy(SecretId=name, ResourcePolicy=policy("*")),
        lambda: there.delete_resource_policy(SecretId=name),
        lambda: there.rotate_secret(SecretId=name),
        lambda: there.delete_secret(SecretId=name),
        lambda: there.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
        lambda: there.restore_secret(SecretId=name),
        lambda: there.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": THIRD}]),
        lambda: there.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[AWAY]),
    ):
        with fails("InvalidParameterException", REPLICA):
            call()


def test_a_name_that_is_taken_fails_later(aws, manager, step, name):
    create(aws, name, "of its own", region=AWAY)
    replicated(aws, step, name, AWAY, THIRD)
    taken = f"Replication failed: Secret name {name} already exists in region {AWAY}."
    assert status(aws, name) == {AWAY: ("Failed", taken), THIRD: ("InSync", None)}
    assert value(aws, name, AWAY) == "of its own"
    manager.put_secret_value(SecretId=name, SecretString="another value")
    step(3)
    assert (status(aws, name)[AWAY][0], value(aws, name, THIRD)) == ("Failed", "another value")
    manager.replicate_secret_to_regions(
        SecretId=name, AddReplicaRegions=[{"Region": AWAY}], ForceOverwriteReplicaSecret=True
    )
    step(15)
    assert (status(aws, name)[AWAY][0], value(aws, name, AWAY)) == ("InSync", "another value")


def test_a_failed_replica_is_removed_without_the_secret_in_its_way(aws, manager, step, name):
    create(aws, name, "of its own", region=AWAY)
    replicated(aws, step, name, AWAY)
    with fails("InvalidParameterException", "still has replica regions"):
        manager.delete_secret(SecretId=name)
    manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[AWAY])
    assert (status(aws, name), value(aws, name, AWAY)) == ({}, "of its own")


def test_every_region_has_a_key_of_its_own(aws, manager, there, step, name):
    kms = aws("kms", HOME)
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    away = key.replace(HOME, AWAY)
    regions = [{"Region": AWAY, "KmsKeyId": away}, {"Region": THIRD, "KmsKeyId": key}]
    create(aws, name, KmsKeyId=key, AddReplicaRegions=regions)
    kms.replicate_key(KeyId=key, ReplicaRegion=AWAY)
    step(15)
    assert {region: one[0] for region, one in status(aws, name).items()} == {AWAY: "Failed", THIRD: "Failed"}
    assert "is creating" in status(aws, name)[AWAY][1]
    step(45)
    manager.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=regions[:1])
    step(15)
    assert (status(aws, name)[AWAY][0], describe(aws, name, AWAY)["KmsKeyId"]) == ("InSync", away)
    aws("kms", AWAY).disable_key(KeyId=away)
    with fails("DecryptionFailure"):
        value(aws, name, AWAY)
    assert value(aws, name) == "a secret value"
    manager.put_secret_value(SecretId=name, SecretString="another value")
    step(3)
    assert status(aws, name)[AWAY][0] == "Failed"
    aws("kms", AWAY).enable_key(KeyId=away)
    there.update_secret(SecretId=name, KmsKeyId="alias/aws/secretsmanager")
    shown = {one["Region"]: one["KmsKeyId"] for one in describe(aws, name)["ReplicationStatus"]}
    assert shown[AWAY] == "alias/aws/secretsmanager"


def test_regions_of_replicas(aws, manager, step, name):
    for wrong in ([HOME], ["eu-nowhere-1"], [AWAY, AWAY]):
        with fails("InvalidParameterException"):
            create(aws, name, AddReplicaRegions=[{"Region": region} for region in wrong])
    replicated(aws, step, name, AWAY)
    with fails("InvalidParameterException"):
        manager.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": AWAY}])
    with fails("InvalidParameterException"):
        manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[THIRD])


def test_removed_replicas_are_gone_at_once(aws, manager, control, step, name):
    made = replicated(aws, step, name, AWAY, THIRD)
    text = f"You can't delete secret {made['ARN']} that still has replica regions [{AWAY}, {THIRD}]."
    for more in ({}, {"ForceDeleteWithoutRecovery": True}):
        with fails("InvalidParameterException", text):
            manager.delete_secret(SecretId=name, **more)
    answer = manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[AWAY])
    assert [one["Region"] for one in answer["ReplicationStatus"]] == [THIRD]
    with fails("ResourceNotFoundException"):
        describe(aws, name, AWAY)
    create(aws, name, region=AWAY)
    manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[THIRD])
    assert not {"PrimaryRegion", "ReplicationStatus"} & describe(aws, name).keys()
    manager.delete_secret(SecretId=name)
    assert kinds(control, name) == {(HOME, "secret-pending-deletion"), (AWAY, "secret")}


def test_a_replica_becomes_a_secret_of_its_own(aws, manager, there, step, name):
    made = replicated(aws, step, name, AWAY, THIRD)
    with fails("InvalidParameterException"):
        manager.stop_replication_to_replica(SecretId=name)
    answer = there.stop_replication_to_replica(SecretId=name)
    assert answer["ARN"] == made["ARN"].replace(HOME, AWAY)
    assert set(status(aws, name)) == {THIRD}
    there.put_secret_value(SecretId=name, SecretString="another value")
    step(3)
    assert (value(aws, name, AWAY), value(aws, name, THIRD)) == ("another value", "a secret value")
    assert "PrimaryRegion" not in describe(aws, name, AWAY)
    there.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": "eu-north-1"}])
    step(15)
    assert value(aws, name, "eu-north-1") == "another value"


# --- rotation ---------------------------------------------------------------------------------------


def function(aws, name, allowed=True):
    role, client = create_role(aws, name), aws("lambda", HOME)
    arn = client.create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": code()}
    )["FunctionArn"]
    if allowed:
        permit(aws, name)
    return arn


def permit(aws, name):
    aws("lambda", HOME).add_permission(
        FunctionName=name,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )


def test_a_rotation_makes_another_password(aws, manager, step, name):
    before = {"username": "isobar", "password": "the first password"}
    replicated(aws, step, name, AWAY, value=json.dumps(before))
    first, arn = stages(aws, name)["AWSCURRENT"], function(aws, name)
    rules = {"AutomaticallyAfterDays": 30}
    answer = manager.rotate_secret(SecretId=name, RotationLambdaARN=arn, RotationRules=rules)
    assert stages(aws, name) == {"AWSCURRENT": first, "AWSPENDING": answer["VersionId"]}
    assert json.loads(value(aws, name)) == before
    with fails("ResourceNotFoundException"):
        value(aws, name, VersionStage="AWSPENDING")
    with fails("InvalidRequestException", "A previous rotation isn't complete."):
        manager.rotate_secret(SecretId=name)
    manager.rotate_secret(SecretId=name, ClientRequestToken=answer["VersionId"])
    step(30)
    assert stages(aws, name) == {"AWSCURRENT": answer["VersionId"], "AWSPREVIOUS": first}
    after = json.loads(value(aws, name))
    assert after["username"] == "isobar" and after["password"] != before["password"]
    shown = describe(aws, name)
    assert (shown["RotationEnabled"], shown["RotationLambdaARN"], shown["RotationRules"]) == (
        True,
        arn,
        rules,
    )
    assert (shown["NextRotationDate"] - shown["LastRotatedDate"]).days in (29, 30)
    step(3)
    assert json.loads(value(aws, name, AWAY)) == after
    assert "RotationEnabled" not in describe(aws, name, AWAY)


def test_a_rotation_function_exists_and_lets_itself_be_invoked(aws, manager, name):
    create(aws, name)
    with fails("InvalidRequestException", "No Lambda rotation function ARN"):
        manager.rotate_secret(SecretId=name)
    arn = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:{name}"
    with fails("ResourceNotFoundException", "Lambda does not exist"):
        manager.rotate_secret(SecretId=name, RotationLambdaARN=arn)
    function(aws, name, allowed=False)
    with fails("ResourceNotFoundException"):
        manager.rotate_secret(SecretId=name, RotationLambdaARN=arn.replace(HOME, AWAY))
    with fails("AccessDeniedException", "cannot invoke the specified Lambda function"):
        manager.rotate_secret(SecretId=name, RotationLambdaARN=arn)
    permit(aws, name)
    for rules in (
        {"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)"},
        {"ScheduleExpression": "daily"},
    ):
        with fails("InvalidParameterException"):
            manager.rotate_secret(SecretId=name, RotationLambdaARN=arn, RotationRules=rules)
    assert "RotationEnabled" not in describe(aws, name)
    rules = {"ScheduleExpression": "rate(10 days)", "Duration": "3h"}
    manager.rotate_secret(SecretId=name, RotationLambdaARN=arn, RotationRules=rules, RotateImmediately=False)
    shown = describe(aws, name)
    assert (shown["RotationRules"], len(shown["VersionIdsToStages"])) == (rules, 1)


def test_a_cancelled_rotation_leaves_its_version(aws, manager, step, name):
    create(aws, name)
    with fails("InvalidRequestException"):
        manager.cancel_rotate_secret(SecretId=name)
    same = token()
    manager.rotate_secret(SecretId=name, RotationLambdaARN=function(aws, name), ClientRequestToken=same)
    assert manager.cancel_rotate_secret(SecretId=name)["VersionId"] == same
    step(DAY)
    assert (stages(aws, name)["AWSPENDING"], describe(aws, name)["RotationEnabled"]) == (same, False)
    with fails("InvalidRequestException", "A previous rotation isn't complete."):
        manager.rotate_secret(SecretId=name)
    manager.update_secret_version_stage(SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=same)
    manager.rotate_secret(SecretId=name)
    step(30)
    assert value(aws, name) != "a secret value"
