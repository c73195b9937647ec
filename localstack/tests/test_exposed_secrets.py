"""Secret values stay in the answers of AWS's own operations, and a text that holds one is told."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import fails, refused
from test_secretsmanager import AWAY, HOME, create, manager
from test_secretsmanager_replicas import function

pytestmark = pytest.mark.usefixtures("step")

SECRET = 'the "secret" of a Täst'


def test_a_text_that_holds_a_value_is_told(aws, manager, exposed, name):
    create(aws, name, json.dumps({"username": "a plain name", "password": SECRET}))
    whose = [f"password of secret {name}"]
    for form in (
        SECRET,
        json.dumps({"a": SECRET}),
        urllib.parse.quote(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
    ):
        assert exposed(f"before {form} after".encode()) == whose
    assert exposed(b"\x00\xff" + SECRET.encode()) == whose
    assert exposed(b"a plain name, " + SECRET[1:].encode()) == []


def test_values_are_known_whatever_became_of_them(aws, manager, exposed, control, step, name):
    create(aws, name, "the first value")
    manager.put_secret_value(SecretId=name, SecretString="the second value")
    manager.create_secret(Name=f"{name}-binary", SecretBinary=b"some binary value")
    password = manager.get_random_password()["RandomPassword"]
    manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    step(5)
    assert exposed(b"the first value") == exposed(b"the second value") == [f"value of secret {name}"]
    assert exposed(base64.b64encode(b"some binary value")) == [f"value of secret {name}-binary"]
    assert exposed(password.encode()) == ["random password"]
    assert control("secretsmanager/exposed")["known"] >= 4


def test_a_rotated_value_is_known(aws, manager, exposed, step, name):
    create(aws, name, "the first value")
    manager.rotate_secret(SecretId=name, RotationLambdaARN=function(aws, name))
    step(30)
    assert exposed(manager.get_secret_value(SecretId=name)["SecretString"].encode())


def test_the_emulator_says_no_value(aws, manager, endpoint, said, exposed, control, name):
    create(
        aws,
        name,
        json.dumps({"username": "isobar", "password": SECRET}),
        AddReplicaRegions=[{"Region": AWAY}],
    )
    manager.put_secret_value(SecretId=name, SecretString="the second value")
    manager.get_secret_value(SecretId=name)
    manager.get_random_password()
    with fails("ResourceExistsException"):
        create(aws, name, "the third value of it")
    create(aws, f"{name}-third", "the third value of it")
    control("snapshot", {"name": "with secrets"})
    assert exposed(said()) == []
    control("snapshot", method="DELETE")


def test_refusals_do_not_repeat_a_value(aws, manager, endpoint, said, name):
    long, token = f"{name} a secret value " * 5000, "t" * 32
    made = {"Name": name, "ClientRequestToken": token}
    status, answer = refused(endpoint, "secretsmanager", "CreateSecret", **made, SecretString=long)
    assert (status, answer["__type"]) == (400, "ValidationException")
    assert "Value at 'secretString' failed to satisfy constraint" in answer["message"]
    for wrong in ({"SecretString": {"a": long}}, {"SecretBinary": f"{name} a secret value?"}):
        status, answer = refused(endpoint, "secretsmanager", "CreateSecret", **made, **wrong)
        assert (status, answer["__type"]) == (400, "SerializationException")
        assert "a secret value" not in json.dumps(answer)
    status, answer = refused(
        endpoint, "secretsmanager", "CreateSecret", **made, SecretString=long[:50], SecretBinary="AAAA"
    )
    assert (status, answer["__type"]) == (400, "InvalidParameterException")
    plain = base64.b64encode(long.encode()).decode()
    status, answer = refused(endpoint, "kms", "Encrypt", KeyId="alias/aws/rds", Plaintext=plain)
    assert "Value at 'plaintext' failed to satisfy constraint" in answer["message"]
    assert f"{name} a secret value".encode() not in said()
