"""Replicas of secrets.

Gaps of moto closed here: replicas were there at once and had no life of their own, keys of other regions did not have
to exist, a replica could not become a secret of its own.

AWS rules followed: replication is asynchronous, at the creation of a replica and after each change of the primary secret; it
fails when the region has a secret of the name that is not to be overwritten, or when its key cannot encrypt, and the creation of the secret
succeeds all the same. The ARN differs in the region alone. Value, tags, description and resource policy follow, the key
is the region's own. Removed replicas are gone at once, without a window.
"""

import copy

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import due
from isobar_localstack.realism.strict.facts import aws_regions
from isobar_localstack.services.secretsmanager import encryption
from isobar_localstack.services.secretsmanager.state import (
    DEFAULT_KEY,
    Replica,
    Secret,
    check_not_deleted,
    find,
    find_changeable,
    invalid_parameter,
    mark_new,
    scheduled,
    secrets,
)

IN_PROGRESS, IN_SYNC, FAILED = "InProgress", "InSync", "Failed"


def statuses(secret: Secret) -> list:
    return [status(region, replica) for region, replica in secret.replicas.items()]


def status(region: str, replica: Replica) -> dict:
    shown = {"Region": region, "KmsKeyId": replica.key or DEFAULT_KEY, "Status": replica.status}
    return shown | ({"StatusMessage": replica.message} if replica.message else {})


def answer(secret: Secret) -> dict:
    return {"ARN": secret.arn, "ReplicationStatus": statuses(secret)}


# --- adding -----------------------------------------------------------------------------------------


def replicate(context, request):
    secret = find_changeable(context, request["SecretId"])
    check_regions(secret.region, request)
    for wanted in request["AddReplicaRegions"]:
        there = secret.replicas.get(wanted["Region"])
        if there and there.status != FAILED:
            raise invalid_parameter(f"The secret is already replicated to region {wanted['Region']}.")
    add(secret, request)
    return answer(secret)


def check_regions(home: str, request):
    regions = [wanted["Region"] for wanted in request.get("AddReplicaRegions") or []]
    if home in regions or not set(regions) <= aws_regions("secretsmanager"):
        raise invalid_parameter("Invalid replica region.")
    if len(set(regions)) < len(regions):
        raise invalid_parameter("A replica region can be given only once.")


def add(secret: Secret, request):
    for wanted in request.get("AddReplicaRegions") or []:
        overwrites = bool(request.get("ForceOverwriteReplicaSecret"))
        earlier = secret.replicas.get(wanted["Region"])
        replica = Replica(wanted.get("KmsKeyId") or None, overwrites, turn=earlier.turn if earlier else 0)
        secret.replicas[wanted["Region"]] = replica
        start(secret, wanted["Region"], "secretsmanager.replica_creating")


def start(secret: Secret, region: str, duration: str):
    replica = secret.replicas[region]
    replica.status, replica.message, replica.turn = IN_PROGRESS, None, replica.turn + 1
    scheduled.at(due(duration), finish, *secret.place, secret.suffix, region, replica.turn)


def finish(account_id: str, home: str, name: str, suffix: str, region: str, turn: int):
    secret = secrets.get((account_id, home, name))
    replica = secret.replicas.get(region) if secret and secret.suffix == suffix else None
    if replica is None or replica.turn != turn:
        return
    there = secrets.get((account_id, region, name))
    if why := obstacle(secret, replica, region, there):
        replica.status, replica.message = FAILED, f"Replication failed: {why}"
        return
    place_copy(secret, replica, region, there if is_copy(secret, there) else None)
    replica.status, replica.message = IN_SYNC, None


def obstacle(secret: Secret, replica: Replica, region: str, there: Secret | None) -> str | None:
    if there and not is_copy(secret, there) and not (replica.overwrites and can_be_overwritten(there)):
        return f"Secret name {secret.name} already exists in region {region}."
    return encryption.problem(secret.account_id, region, replica.key)


def is_copy(secret: Secret, there: Secret | None) -> bool:
    return bool(there) and (there.primary_region, there.suffix) == (secret.region, secret.suffix)


def can_be_overwritten(there: Secret) -> bool:
    return there.primary_region is None and not there.replicas


def place_copy(secret: Secret, replica: Replica, region: str, there: Secret | None):
    content = copy.deepcopy(secret.content)
    for version in content.versions.values():
        version.key, version.accessed = replica.key, None
    if there is None:
        place = (secret.account_id, region, secret.name, secret.suffix)
        there = Secret(*place, content, primary_region=secret.region)
        secrets[there.place] = there
        mark_new(there)
    there.content, there.key = content, replica.key


def follow(secret: Secret):
    """The secret has changed, and its replicas will have. Those that are still made will come with it."""
    secret.content.changed = epoch()
    for region in secret.replicas:
        if is_copy(secret, secrets.get((secret.account_id, region, secret.name))):
            start(secret, region, "secretsmanager.replica_following")


# --- ending -----------------------------------------------------------------------------------------


def remove_regions(context, request):
    secret = find_changeable(context, request["SecretId"])
    if unknown := [region for region in request["RemoveReplicaRegions"] if region not in secret.replicas]:
        raise invalid_parameter(f"The secret has no replica in the regions [{', '.join(unknown)}].")
    for region in dict.fromkeys(request["RemoveReplicaRegions"]):
        place = (secret.account_id, region, secret.name)
        if is_copy(secret, secrets.get(place)):
            del secrets[place]
        del secret.replicas[region]
    return answer(secret)


def stop(context, request):
    """The replica becomes a secret of its own, with the ARN that it has."""
    replica = find(context, request["SecretId"])
    check_not_deleted(replica)
    if replica.primary_region is None:
        raise invalid_parameter("Operation not permitted on a primary secret. It is no replica.")
    primary = secrets.get((replica.account_id, replica.primary_region, replica.name))
    if primary and primary.suffix == replica.suffix:
        primary.replicas.pop(replica.region, None)
    replica.primary_region = None
    return {"ARN": replica.arn}
