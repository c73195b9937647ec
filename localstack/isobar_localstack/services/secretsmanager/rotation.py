"""Rotation of secrets. The function does not run: after a while there is another password, as if it had.

Gaps of moto closed here: a rotation was over before it was answered, the function needed no permission, a
cancelled rotation could not leave a version behind.

AWS rules followed: the function exists in the secret's region and lets Secrets Manager invoke it; the new version
is AWSPENDING until it is AWSCURRENT; while a version is AWSPENDING alone, the next rotation is refused. Replicas are
not rotated, they follow. A date of rotation is shown and nothing happens on it.
"""

import fnmatch

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.services.iam.roles import listed
from isobar_localstack.services.lambda_ import state as functions
from isobar_localstack.services.secretsmanager import exposed, replication, versions
from isobar_localstack.services.secretsmanager.state import (
    AWAITED,
    CURRENT,
    Rotation,
    Secret,
    find_changeable,
    invalid_request,
    not_found,
    scheduled,
    secrets,
)

DAY = 24 * 3600
PRINCIPAL = "secretsmanager.amazonaws.com"


def rotate(context, request):
    secret = find_changeable(context, request["SecretId"])
    function = request.get("RotationLambdaARN") or (secret.rotation.function if secret.rotation else None)
    if not function:
        raise invalid_request("No Lambda rotation function ARN is associated with this secret.")
    check_function(context, secret, function)
    pending, current = versions.holder_of(secret, AWAITED), versions.holder_of(secret, CURRENT)
    if pending and pending is not current and pending.id != request["ClientRequestToken"]:
        raise invalid_request("A previous rotation isn't complete. That rotation will be reattempted.")
    secret.rotation = secret.rotation or Rotation(function)
    configure(secret.rotation, function, request)
    if request.get("RotateImmediately") is False:
        replication.follow(secret)
        return secret.short()
    if not (pending and pending.id == request["ClientRequestToken"]):
        begin(secret, request["ClientRequestToken"])
    return secret.short() | {"VersionId": request["ClientRequestToken"]}


def configure(rotation: Rotation, function: str, request):
    rotation.function, rotation.enabled = function, True
    if request.get("RotationRules"):
        rotation.rules = request["RotationRules"]
    set_next(rotation)


def set_next(rotation: Rotation):
    days = rotation.rules.get("AutomaticallyAfterDays")
    rotation.next = round(epoch() + days * DAY, 3) if days else None


def check_function(context, secret: Secret, arn: str):
    found = functions.find(context, arn) if arn.split(":")[3:4] in ([context.region], []) else None
    if found is None:
        raise not_found("Lambda does not exist or could not be accessed")
    qualifier = arn.split(":function:")[-1].partition(":")[2] or "$LATEST"
    policy = found.permissions.get(qualifier)
    if not any(
        lets_invoke(statement, secret.arn) for statement in (policy.policy.Statement if policy else [])
    ):
        raise error(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            f"access to the principal {PRINCIPAL}.",
        )


def lets_invoke(statement: dict, arn: str) -> bool:
    principal = statement.get("Principal")
    services = listed(principal.get("Service")) if isinstance(principal, dict) else [principal]
    actions = [action.lower() for action in listed(statement.get("Action"))]
    sources = [
        pattern
        for condition in (statement.get("Condition") or {}).values()
        for name, pattern in condition.items()
        if name.lower() == "aws:sourcearn"
    ]
    return (
        statement.get("Effect") == "Allow"
        and bool({PRINCIPAL, "*"} & set(services))
        and any(fnmatch.fnmatchcase("lambda:invokefunction", action) for action in actions)
        and all(fnmatch.fnmatchcase(arn, pattern) for pattern in sources)
    )


def begin(secret: Secret, version_id: str):
    """An empty version until the function has made its value."""
    versions.insert(secret, version_id, {}, [AWAITED])
    secret.rotation.turn += 1
    scheduled.at(
        due("secretsmanager.rotating"), finish, *secret.place, secret.suffix, version_id, secret.rotation.turn
    )


def finish(account_id: str, region: str, name: str, suffix: str, version_id: str, turn: int):
    secret = secrets.get((account_id, region, name))
    if not secret or secret.suffix != suffix or not secret.rotation or secret.rotation.turn != turn:
        return
    version, current = secret.content.versions.get(version_id), versions.holder_of(secret, CURRENT)
    if version is None or secret.deleted is not None:
        return
    version.string = versions.rotated(current)
    exposed.remember(secret, version)
    versions.move(secret, CURRENT, version)
    versions.move(secret, AWAITED, None)
    secret.rotation.last = epoch()
    set_next(secret.rotation)
    replication.follow(secret)


def cancel(context, request):
    """A rotation that is under way leaves its version, and the label, where they are."""
    secret = find_changeable(context, request["SecretId"])
    if not secret.rotation or not secret.rotation.enabled:
        raise invalid_request("Rotation isn't enabled for this secret.")
    secret.rotation.enabled, secret.rotation.next = False, None
    secret.rotation.turn += 1
    pending = versions.holder_of(secret, AWAITED)
    replication.follow(secret)
    return secret.short() | ({"VersionId": pending.id} if pending else {})
