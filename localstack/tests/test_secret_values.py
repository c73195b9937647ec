"""Values of secrets, their versions and staging labels, random passwords."""

import pytest
from conftest import fails
from test_secretsmanager import HOME, create, describe, manager, stages, token, value

pytestmark = pytest.mark.usefixtures("step")


def test_a_new_value_is_current_and_the_earlier_one_previous(aws, manager, name):
    first = create(aws, name, "value one")["VersionId"]
    second = manager.put_secret_value(SecretId=name, SecretString="value two")["VersionId"]
    assert stages(aws, name) == {"AWSCURRENT": second, "AWSPREVIOUS": first}
    third = manager.update_secret(SecretId=name, SecretString="value three")["VersionId"]
    assert stages(aws, name) == {"AWSCURRENT": third, "AWSPREVIOUS": second}
    assert value(aws, name) == "value three"
    assert value(aws, name, VersionStage="AWSPREVIOUS") == value(aws, name, VersionId=second) == "value two"
    with fails("InvalidRequestException", "not associated to the provided VersionId"):
        value(aws, name, VersionId=second, VersionStage="AWSCURRENT")
    with fails("ResourceNotFoundException", "for staging label: OTHER"):
        value(aws, name, VersionStage="OTHER")
    listed = manager.list_secret_version_ids(SecretId=name)["Versions"]
    assert {one["VersionId"] for one in listed} == {second, third}
    listed = manager.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    assert {one["VersionId"] for one in listed} == {first, second, third}


def test_a_token_counts_once_for_a_value(aws, manager, name):
    create(aws, name, "value one")
    same = token()
    for _ in range(2):
        manager.put_secret_value(SecretId=name, SecretString="value two", ClientRequestToken=same)
    assert len(describe(aws, name)["VersionIdsToStages"]) == 2
    with fails("ResourceExistsException", same):
        manager.put_secret_value(SecretId=name, SecretString="value three", ClientRequestToken=same)
    for text in ("value two", "value three"):
        with fails("ResourceExistsException", same):
            manager.update_secret(SecretId=name, SecretString=text, ClientRequestToken=same)


def test_labels_move_and_the_current_one_stays(aws, manager, name):
    first = create(aws, name, "value one")["VersionId"]
    second = manager.put_secret_value(SecretId=name, SecretString="value two", VersionStages=["NEXT"])[
        "VersionId"
    ]
    assert value(aws, name) == "value one"
    call = manager.update_secret_version_stage
    for wrong, text in (
        ({"MoveToVersionId": second}, "RemoveFromVersionId can't be empty"),
        ({"RemoveFromVersionId": first}, "completely removed"),
        ({"RemoveFromVersionId": second}, "isn't attached"),
    ):
        with fails("InvalidParameterException", text):
            call(SecretId=name, VersionStage="AWSCURRENT", **wrong)
    with fails("ResourceNotFoundException"):
        call(SecretId=name, VersionStage="X", MoveToVersionId=token())
    call(SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=second, RemoveFromVersionId=first)
    assert stages(aws, name) == {"AWSCURRENT": second, "NEXT": second, "AWSPREVIOUS": first}
    call(SecretId=name, VersionStage="NEXT", RemoveFromVersionId=second)
    assert "NEXT" not in stages(aws, name)


def test_a_secret_without_value_has_none_until_the_first(aws, manager, name):
    assert "VersionId" not in manager.create_secret(Name=name)
    with fails("ResourceNotFoundException", "for staging label: AWSCURRENT"):
        value(aws, name)
    manager.put_secret_value(SecretId=name, SecretString="a secret value", VersionStages=["NEXT"])
    assert set(stages(aws, name)) == {"NEXT", "AWSCURRENT"}


def test_values_of_several_secrets(aws, manager, name):
    for number in range(2):
        create(aws, f"{name}{number}", f"value number {number}")
    answer = manager.batch_get_secret_value(SecretIdList=[f"{name}0", f"{name}1", f"{name}2"])
    assert [one["SecretString"] for one in answer["SecretValues"]] == ["value number 0", "value number 1"]
    assert [one["ErrorCode"] for one in answer["Errors"]] == ["ResourceNotFoundException"]
    answer = manager.batch_get_secret_value(Filters=[{"Key": "name", "Values": [name]}], MaxResults=1)
    assert len(answer["SecretValues"]) == 1 and answer["NextToken"]
    for wrong in ({}, {"SecretIdList": [name], "MaxResults": 2}):
        with fails("InvalidParameterException"):
            manager.batch_get_secret_value(**wrong)


def test_random_passwords(manager):
    def password(**more):
        return manager.get_random_password(**more)["RandomPassword"]

    assert len(password()) == 32 and password() != password()
    for _ in range(20):
        four = password(PasswordLength=4)
        assert (
            any(c.isupper() for c in four)
            and any(c.islower() for c in four)
            and any(c.isdigit() for c in four)
        )
    plain = password(
        PasswordLength=500, ExcludePunctuation=True, ExcludeUppercase=True, ExcludeCharacters="abc012"
    )
    assert plain.isalnum() and plain.islower() and not set(plain) & set("abc012")
    assert " " in password(PasswordLength=200, IncludeSpace=True)
    with fails("InvalidParameterException", "too short"):
        password(PasswordLength=3)
    assert len(password(PasswordLength=3, RequireEachIncludedType=False)) == 3
    nothing = dict.fromkeys(
        ("ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase", "ExcludeLowercase"), True
    )
    with fails("InvalidParameterException"):
        password(**nothing)
    with fails("ValidationException"):
        password(PasswordLength=4097)
