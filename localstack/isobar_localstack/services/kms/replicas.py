"""Multi-Region keys: their replicas, and the region of the primary key.

Gaps of LocalStack closed here: a replica was usable at once and began with the policy of its primary key, its answer
had no policy and no tags, the other replicas did not know of it, and the primary region could not be changed.

AWS rules followed: a primary key alone is replicated, once into each region; a replica is Creating for a while.
Policy, tags, aliases, description and state are those of each key; material, id, spec, usage and rotation are shared.
While the primary region changes, the old and the new primary key are Updating, and both are shown as replicas.
"""

import copy
import datetime

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import aws_regions
from isobar_localstack.services.kms import policies
from isobar_localstack.services.kms.state import (
    CREATING,
    DISABLED,
    ENABLED,
    UPDATING,
    Move,
    Place,
    check_state,
    key_arn,
    mark_new,
    moves,
    not_found,
    scheduled,
    set_state,
    store,
)

PRIMARY, REPLICA = "PRIMARY", "REPLICA"
MOVABLE = frozenset({ENABLED, DISABLED})


def members(account_id: str, key_id: str) -> dict:
    """The keys of this id by region, in the order in which they were made."""
    from localstack.services.kms.models import kms_stores

    found = {
        region: own.keys[key_id] for region, own in list(kms_stores[account_id].items()) if key_id in own.keys
    }
    return dict(sorted(found.items(), key=lambda item: item[1].metadata["CreationDate"]))


def kind_of(key) -> str | None:
    return (key.metadata.get("MultiRegionConfiguration") or {}).get("MultiRegionKeyType")


def primary_region(account_id: str, key_id: str) -> str | None:
    return next(
        (region for region, key in members(account_id, key_id).items() if kind_of(key) == PRIMARY), None
    )


def configuration(account_id: str, key_id: str, region: str) -> dict:
    primary = primary_region(account_id, key_id)
    move = moves.get((account_id, key_id))

    def shown(place: str) -> dict:
        return {"Arn": key_arn(Place(account_id, place), key_id), "Region": place}

    is_primary = region == primary and not move
    return {
        "MultiRegionKeyType": PRIMARY if is_primary else REPLICA,
        "PrimaryKey": shown(primary),
        "ReplicaKeys": [shown(place) for place in members(account_id, key_id) if place != primary],
    }


def check_primary(key):
    if kind_of(key) != PRIMARY:
        raise error(
            "UnsupportedOperationException", f"{key.metadata['Arn']} is not a multi-region primary key."
        )


# --- replicas ---------------------------------------------------------------------------------------


def replicate_key(context, request, key):
    check_primary(key)
    check_state(key, frozenset({ENABLED}))
    region, key_id = request["ReplicaRegion"], key.metadata["KeyId"]
    if region not in aws_regions("kms"):
        raise error("ValidationException", f"The Region {region} is not supported.")
    there = Place(context.account_id, region)
    policies.check(context, request)
    if key_id in store(context.account_id, region).keys:
        raise error(
            "AlreadyExistsException",
            "You can create only one replica of each primary key in each AWS Region.",
        )
    replica = replica_of(key, there, request)
    store(context.account_id, region).keys[key_id] = replica
    tags = request.get("Tags") or []
    own_tags = store(context.account_id, region).tags
    own_tags.update_tags(replica.metadata["Arn"], {tag["TagKey"]: tag.get("TagValue", "") for tag in tags})
    mark_new(context.account_id, region, key_id)
    scheduled.at(due("kms.replica_creating"), finish_replica, context.account_id, region, key_id)
    shown = dict(replica.metadata) | {
        "MultiRegionConfiguration": configuration(context.account_id, key_id, region)
    }
    shown.pop("CurrentKeyMaterialId", None)
    return {"ReplicaKeyMetadata": shown, "ReplicaPolicy": replica.policy, "ReplicaTags": tags}


def replica_of(primary, there: Place, request):
    """A key of its own that shares the material."""
    replica = copy.copy(primary)
    replica.metadata = copy.deepcopy(primary.metadata) | {
        "Arn": key_arn(there, primary.metadata["KeyId"]),
        "CreationDate": datetime.datetime.now(),
        "Description": request.get("Description") or "",
        "MultiRegionConfiguration": {"MultiRegionKeyType": REPLICA},
    }
    replica.policy = request.get("Policy") or primary._get_default_key_policy(there.account_id, there.region)
    set_state(replica, CREATING)
    return replica


def finish_replica(account_id: str, region: str, key_id: str):
    replica = store(account_id, region).keys.get(key_id)
    if replica is not None and replica.metadata["KeyState"] == CREATING:
        set_state(replica, ENABLED)


def share_material(account_id: str, primary):
    """After a rotation on demand, which gives LocalStack's key another one."""
    for key in members(account_id, primary.metadata["KeyId"]).values():
        key.crypto_key, key.previous_keys = primary.crypto_key, primary.previous_keys
        key.metadata["CurrentKeyMaterialId"] = primary.metadata["CurrentKeyMaterialId"]


# --- the primary region -----------------------------------------------------------------------------


def update_primary_region(context, request, key):
    check_primary(key)
    old, new, key_id = context.region, request["PrimaryRegion"], key.metadata["KeyId"]
    successor = members(context.account_id, key_id).get(new)
    if successor is None:
        raise not_found(f"Key '{key_arn(Place(context.account_id, new), key_id)}' does not exist")
    if old == new:
        return
    for one in (key, successor):
        check_state(one, MOVABLE)
    states = {old: key.metadata["KeyState"], new: successor.metadata["KeyState"]}
    moves[context.account_id, key_id] = Move(old, new, states)
    for one in (key, successor):
        set_state(one, UPDATING)
    scheduled.at(due("kms.primary_updating"), finish_move, context.account_id, key_id)


def finish_move(account_id: str, key_id: str):
    move, keys = moves.pop((account_id, key_id), None), members(account_id, key_id)
    if move is None or not {move.old, move.new} <= keys.keys():
        return
    old, new = keys[move.old], keys[move.new]
    for region, earlier in move.states.items():
        set_state(keys[region], earlier)
    for one, kind in ((old, REPLICA), (new, PRIMARY)):
        one.metadata["MultiRegionConfiguration"] = {"MultiRegionKeyType": kind}
    for shared in ("is_key_rotation_enabled", "rotation_period_in_days", "next_rotation_date"):
        setattr(new, shared, getattr(old, shared))
