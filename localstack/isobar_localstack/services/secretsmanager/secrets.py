"""Secrets: made, described, changed, tagged, deleted and restored.

Gaps of moto closed here: a token counted for nothing when a secret was made, windows never ended and forced deletions
were over at once, keys did not have to exist, descriptions and tags of a replica were its own.

AWS rules followed: making a secret again with the token and the value of its version changes nothing, another value fails;
the name is taken while the secret waits for its deletion, and for a moment after a forced one; a secret with replicas is not deleted.
"""

import random
import string

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.secretsmanager import encryption, replication, versions
from isobar_localstack.services.secretsmanager.state import (
    CURRENT,
    Content,
    Secret,
    check_not_deleted,
    check_primary,
    find,
    find_changeable,
    find_seen,
    invalid_parameter,
    invalid_request,
    lock,
    lookup,
    mark_new,
    scheduled,
    secrets,
)

DAY = 24 * 3600
DEFAULT_WINDOW = 30


def has_value(request) -> bool:
    return request.get("SecretString") is not None or request.get("SecretBinary") is not None


# --- making and changing ----------------------------------------------------------------------------


def create(context, request):
    place = (context.account_id, context.region, request["Name"])
    if existing := secrets.get(place):
        return made_before(existing, request)
    replication.check_regions(context.region, request)
    key = request.get("KmsKeyId") or None
    encryption.check_encrypts(context.account_id, context.region, key)
    suffix = "".join(random.choices(string.ascii_letters + string.digits, k=6))
    content = Content(request.get("Description"), tag_dict(request.get("Tags")))
    secret = secrets[place] = Secret(*place, suffix, content, key)
    if has_value(request):
        versions.insert(secret, request["ClientRequestToken"], request, [CURRENT])
    replication.add(secret, request)
    mark_new(secret)
    return created(secret, request)


def created(secret: Secret, request) -> dict:
    answer = secret.short()
    answer |= {"VersionId": request["ClientRequestToken"]} if has_value(request) else {}
    return answer | ({"ReplicationStatus": replication.statuses(secret)} if secret.replicas else {})


def made_before(secret: Secret, request) -> dict:
    if secret.deleted is not None:
        raise invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    version = secret.content.versions.get(request["ClientRequestToken"])
    if version is None:
        raise error(
            "ResourceExistsException",
            f"The operation failed because the secret {secret.name} already exists.",
        )
    if not versions.has_value_of(version, request):
        raise versions.token_in_use(secret, version.id)
    return created(secret, request)


def update(context, request):
    secret = find(context, request["SecretId"])
    check_not_deleted(secret)
    if secret.primary_region is not None:
        return update_replica(secret, request)
    token, content = request["ClientRequestToken"], secret.content
    if has_value(request) and token in content.versions:
        raise versions.token_in_use(secret, token)
    if "KmsKeyId" in request:
        encryption.change_key(secret, request["KmsKeyId"])
    if "Description" in request:
        content.description = request["Description"]
    if has_value(request):
        return secret.short() | {"VersionId": versions.add(secret, request, [CURRENT]).id}
    replication.follow(secret)
    return secret.short()


def update_replica(replica: Secret, request) -> dict:
    """Its key is the one thing that is its own."""
    if has_value(request) or "Description" in request or "KmsKeyId" not in request:
        check_primary(replica)
    encryption.change_key(replica, request["KmsKeyId"])
    primary = secrets.get((replica.account_id, replica.primary_region, replica.name))
    if primary and replica.region in primary.replicas:
        primary.replicas[replica.region].key = replica.key
    return replica.short()


# --- reading ----------------------------------------------------------------------------------------


def describe(context, request):
    secret = find_seen(context, request["SecretId"])
    stages = {version.id: version.stages for version in secret.content.versions.values() if version.stages}
    shown = details(secret) | ({"VersionIdsToStages": stages} if stages else {})
    return shown | ({"ReplicationStatus": replication.statuses(secret)} if secret.replicas else {})


def details(secret: Secret) -> dict:
    """What DescribeSecret and ListSecrets both show."""
    content, rotation = secret.content, secret.rotation
    primary = secret.primary_region or (secret.region if secret.replicas else None)
    shown = secret.short() | {
        "Description": content.description or None,
        "KmsKeyId": secret.key,
        "LastChangedDate": content.changed,
        "LastAccessedDate": secret.accessed,
        "DeletedDate": secret.deleted,
        "Tags": tag_list(content.tags) or None,
        "CreatedDate": secret.created,
        "PrimaryRegion": primary,
    }
    if rotation:
        shown |= {
            "RotationEnabled": rotation.enabled,
            "RotationLambdaARN": rotation.function,
            "RotationRules": rotation.rules or None,
            "LastRotatedDate": rotation.last,
            "NextRotationDate": rotation.next if rotation.enabled else None,
        }
    return {name: value for name, value in shown.items() if value is not None}


# --- tags -------------------------------------------------------------------------------------------


def tag(context, request):
    secret = find_changeable(context, request["SecretId"])
    tags = secret.content.tags | tag_dict(request["Tags"])
    if len(tags) > fact("tags.number"):
        raise invalid_parameter(f"A secret can have {fact('tags.number')} tags.")
    secret.content.tags = tags
    replication.follow(secret)


def untag(context, request):
    secret = find_changeable(context, request["SecretId"])
    for name in request["TagKeys"]:
        secret.content.tags.pop(name, None)
    replication.follow(secret)


def tagged(account_id: str, region: str):
    with lock:
        scheduled.settle()
    for secret in list(secrets.values()):
        if secret.place[:2] == (account_id, region):
            yield secret.arn, secret.content.tags


# --- the end ----------------------------------------------------------------------------------------


def delete(context, request):
    is_forced = bool(request.get("ForceDeleteWithoutRecovery"))
    secret = lookup(context, request["SecretId"])
    if secret is None and is_forced:
        return never_there(context, request["SecretId"])
    secret = find(context, request["SecretId"])
    check_primary(secret)
    if secret.replicas:
        raise invalid_parameter(
            f"You can't delete secret {secret.arn} that still has replica regions "
            f"[{', '.join(secret.replicas)}]."
        )
    if not is_forced:
        check_not_deleted(secret)
    days = 0 if is_forced else request.get("RecoveryWindowInDays") or DEFAULT_WINDOW
    secret.deleted, secret.is_forced = round(epoch() + days * DAY, 3), is_forced
    secret.ends = due("secretsmanager.force_deleting") if is_forced else clock.after(clock.now(), days * DAY)
    scheduled.at(secret.ends, end, *secret.place, secret.suffix, secret.ends)
    return secret.short() | {"DeletionDate": secret.deleted}


def never_there(context, given: str) -> dict:
    """To delete by force what does not exist is no error."""
    name = given.split(":secret:")[-1]
    secret = Secret(context.account_id, context.region, name, "000000", Content(None, {}))
    arn = given if given.startswith("arn:") else secret.arn
    return {"ARN": arn, "Name": name, "DeletionDate": epoch()}


def end(account_id: str, region: str, name: str, suffix: str, moment: float):
    secret = secrets.get((account_id, region, name))
    if secret and (secret.suffix, secret.ends) == (suffix, moment):
        del secrets[secret.place]


def restore(context, request):
    secret = find(context, request["SecretId"])
    check_primary(secret)
    if secret.is_forced:
        check_not_deleted(secret)
    secret.deleted = secret.ends = None
    return secret.short()
