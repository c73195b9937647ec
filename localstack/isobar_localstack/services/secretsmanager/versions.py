"""Versions of secrets and their staging labels.

AWS rules followed: a version cannot be changed; the token of a request is the version's id, and counts again only with the same
value; a label is at one version; AWSPREVIOUS follows AWSCURRENT, which cannot be taken away; a version without labels
is deprecated, and the oldest of more than a hundred are gone.
"""

import json

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.secretsmanager import encryption, exposed, replication
from isobar_localstack.services.secretsmanager.state import (
    CURRENT,
    PREVIOUS,
    Secret,
    Version,
    check_not_deleted,
    find,
    find_changeable,
    find_seen,
    invalid_parameter,
    invalid_request,
    not_found,
)


def put_value(context, request):
    secret = find_changeable(context, request["SecretId"])
    version = add(secret, request, request.get("VersionStages") or [CURRENT])
    return secret.short() | {"VersionId": version.id, "VersionStages": version.stages}


def add(secret: Secret, request, stages: list) -> Version:
    """The new version, or the one that the same request has made before."""
    token = request["ClientRequestToken"]
    if existing := secret.content.versions.get(token):
        if has_value_of(existing, request):
            return existing
        raise token_in_use(secret, token)
    encryption.check_encrypts(secret.account_id, secret.region, secret.key)
    is_first = not any(CURRENT in version.stages for version in secret.content.versions.values())
    return insert(
        secret, token, request, [*stages, CURRENT] if is_first and CURRENT not in stages else stages
    )


def insert(secret: Secret, version_id: str, value: dict, stages: list) -> Version:
    version = Version(version_id, value.get("SecretString"), value.get("SecretBinary"), [], secret.key)
    secret.content.versions[version_id] = version
    exposed.remember(secret, version)
    for stage in stages:
        move(secret, stage, version)
    drop_deprecated(secret)
    replication.follow(secret)
    return version


def has_value_of(version: Version, request) -> bool:
    return (version.string, version.binary) == (request.get("SecretString"), request.get("SecretBinary"))


def token_in_use(secret: Secret, token: str):
    return error(
        "ResourceExistsException",
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret "
        f"{secret.arn}.",
    )


def move(secret: Secret, stage: str, to: Version | None):
    holder = holder_of(secret, stage)
    if holder is to:
        return
    if holder:
        holder.stages.remove(stage)
    if to:
        to.stages.append(stage)
    if stage == CURRENT and holder:
        move(secret, PREVIOUS, holder)


def holder_of(secret: Secret, stage: str) -> Version | None:
    return next((version for version in secret.content.versions.values() if stage in version.stages), None)


def drop_deprecated(secret: Secret):
    versions = secret.content.versions
    for version_id in [one.id for one in versions.values() if not one.stages][
        : -fact("secretsmanager.versions")
    ]:
        del versions[version_id]


def update_stage(context, request):
    secret = find_changeable(context, request["SecretId"])
    stage, versions = request["VersionStage"], secret.content.versions
    taken, given = request.get("RemoveFromVersionId"), request.get("MoveToVersionId")
    for named in filter(None, (taken, given)):
        if named not in versions:
            raise not_found(f"Secrets Manager can't find the specified secret value for VersionId: {named}")
    holder = holder_of(secret, stage)
    if taken and (holder is None or holder.id != taken):
        raise invalid_parameter(f"Staging label {stage} isn't attached to version {taken}.")
    if holder and not taken and holder.id != given:
        raise invalid_parameter(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to "
            f"version {holder.id}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    if stage == CURRENT and not given:
        raise invalid_parameter(
            f"You can only move staging label {CURRENT} to a different secret version. It can’t be completely removed."
        )
    move(secret, stage, versions.get(given))
    drop_deprecated(secret)
    replication.follow(secret)
    return secret.short()


# --- reading ----------------------------------------------------------------------------------------


def get_value(context, request):
    secret = find_seen(context, request["SecretId"])
    check_not_deleted(secret)
    version = wanted(secret, request.get("VersionId"), request.get("VersionStage"))
    return value_of(secret, version)


def wanted(secret: Secret, version_id: str | None, stage: str | None) -> Version:
    by_id = secret.content.versions.get(version_id) if version_id else None
    if by_id and stage and stage not in by_id.stages:
        raise invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")
    version = by_id if version_id else holder_of(secret, stage or CURRENT)
    if version is None or not version.has_value:
        which = f"VersionId: {version_id}" if version_id else f"staging label: {stage or CURRENT}"
        raise not_found(f"Secrets Manager can't find the specified secret value for {which}")
    return version


def value_of(secret: Secret, version: Version) -> dict:
    encryption.check_decrypts(secret, version)
    version.accessed = secret.accessed = epoch() // 86400 * 86400
    value = (
        {"SecretString": version.string} if version.string is not None else {"SecretBinary": version.binary}
    )
    return (
        secret.short()
        | value
        | {
            "VersionId": version.id,
            "VersionStages": version.stages,
            "CreatedDate": version.created,
        }
    )


def list_versions(context, request):
    secret = find(context, request["SecretId"])
    check_not_deleted(secret)
    chosen = [
        version
        for version in secret.content.versions.values()
        if version.stages or request.get("IncludeDeprecated")
    ]
    newest_first = sorted(chosen, key=lambda version: version.created, reverse=True)
    shown, token = page(newest_first, request.get("NextToken"), request.get("MaxResults") or 100, bad_token())
    answer = secret.short() | {"Versions": [entry(version) for version in shown]}
    return answer | ({"NextToken": token} if token else {})


def bad_token():
    return error("InvalidNextTokenException", "The NextToken value is invalid.")


def entry(version: Version) -> dict:
    shown = {"VersionId": version.id, "CreatedDate": version.created}
    shown |= {"VersionStages": version.stages} if version.stages else {}
    shown |= {"LastAccessedDate": version.accessed} if version.accessed else {}
    return shown | {"KmsKeyIds": [version.key or "DefaultEncryptionKey"]}


def rotated(current: Version | None) -> str:
    """A value as a rotation function makes it: another password, all else stays."""
    password = exposed.new_password()
    try:
        members = json.loads(current.string)
    except (AttributeError, TypeError, ValueError):
        return password
    is_database = isinstance(members, dict) and "password" in members
    return json.dumps(members | {"password": password}) if is_database else password
