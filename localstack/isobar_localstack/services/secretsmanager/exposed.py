"""Secret values that have got out: a test asks whether any text holds one, and need not know them.

    GET  /_isobar/secretsmanager/exposed    {"known": 3}
    POST /_isobar/secretsmanager/exposed    a text or a file, as it is: {"known": 3, "found": ["password of secret …"]}

Known are the values of all versions that there have been since the last reset, the members of those that are JSON objects, and all random
passwords. They are found as they are, escaped for JSON or in a URL, and in base64. Those of less than
eight characters are not looked for, nor the members of a database's secret that are no secret.
"""

import base64
import json
import secrets
import string
import urllib.parse

from isobar_localstack.services.secretsmanager.state import Secret, Version, known, lock

LEAST_CHARACTERS = 8
PUBLIC_MEMBERS = (
    "username",
    "engine",
    "host",
    "port",
    "dbname",
    "dbInstanceIdentifier",
    "dbClusterIdentifier",
    "masterarn",
)
PASSWORD_LENGTH = 32


def remember(secret: Secret, version: Version):
    whose = f"secret {secret.name}"
    if version.string is not None:
        note(version.string, f"value of {whose}")
        for name, member in members(version.string).items():
            note(member, f"{name} of {whose}")
    if version.binary is not None:
        note(base64.b64encode(version.binary).decode(), f"value of {whose}")


def members(value: str) -> dict[str, str]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    found = found if isinstance(found, dict) else {}
    return {
        name: member
        for name, member in found.items()
        if isinstance(member, str) and name not in PUBLIC_MEMBERS
    }


def remember_password(password: str):
    note(password, "random password")


def note(value: str, whose: str):
    if len(value) >= LEAST_CHARACTERS:
        known.setdefault(value, whose)


def new_password() -> str:
    password = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH))
    remember_password(password)
    return password


def forms(value: str) -> set[bytes]:
    shown = {value, json.dumps(value)[1:-1], urllib.parse.quote(value, safe="")}
    return {form.encode() for form in shown} | {base64.b64encode(value.encode())}


def found_in(text: bytes) -> list[str]:
    with lock:
        values = dict(known)
    return sorted({whose for value, whose in values.items() if any(form in text for form in forms(value))})


class ExposedResource:
    def on_get(self, request):
        return {"known": len(known)}

    def on_post(self, request):
        return self.on_get(request) | {"found": found_in(request.get_data())}
