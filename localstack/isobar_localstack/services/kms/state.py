"""KMS: what there is beyond LocalStack's own stores, how keys are found, and what their state allows.

LocalStack's keys stay where they are. Here are the windows that deleted keys are in, primary regions that
change, and values that not everybody sees yet.

AWS rules followed: the key-state table of the developer guide. A key is named by its id or ARN, by an alias
only where it is used or described; an ARN of another region is not found.
"""

import re
import threading
from dataclasses import dataclass

from isobar_localstack.core.errors import error
from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency

ENABLED, DISABLED, CREATING, UPDATING = "Enabled", "Disabled", "Creating", "Updating"
PENDING, PENDING_REPLICAS, PENDING_IMPORT = "PendingDeletion", "PendingReplicaDeletion", "PendingImport"
KEY_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32}")
OF_AWS = "alias/aws/"

# What a state is called in a refusal.
WORDS = {
    ENABLED: "not pending deletion",
    DISABLED: "disabled",
    CREATING: "creating",
    UPDATING: "updating",
    PENDING: "pending deletion",
    PENDING_REPLICAS: "pending replica deletion",
    PENDING_IMPORT: "pending import",
}
USE = frozenset({ENABLED, UPDATING})
CANCEL = frozenset({PENDING, PENDING_REPLICAS})
MANAGE = frozenset(WORDS) - CANCEL

lock = threading.RLock()
stores = State("kms")
scheduled = stores.store("scheduled", Scheduled())
windows: dict = stores.store("windows", {})  # (account, region, key id) -> Window
moves: dict = stores.store("moves", {})  # (account, key id) -> Move
# (what, account, region, key id) -> values on their way to who reads
written: dict[tuple, list] = stores.store("written", {})


@dataclass
class Window:
    """A key is deleted when its window is over; that of a primary key begins when its last replica is gone."""

    days: int
    ends: float | None = None


@dataclass
class Move:
    """The primary region of a multi-Region key changes."""

    old: str
    new: str
    states: dict  # region -> the state that comes back


@dataclass(frozen=True)
class Place:
    """Where a key is looked for when no request says it."""

    account_id: str
    region: str
    is_internal_call: bool = False


def store(account_id: str, region: str):
    from localstack.services.kms.models import kms_stores

    return kms_stores[account_id][region]


@regions_of_things.subscribe
def regions_in_use() -> set[str]:
    from localstack.services.kms.models import kms_stores

    return {region for bundle in list(kms_stores.values()) for region in list(bundle) if bundle[region].keys}


# --- finding ----------------------------------------------------------------------------------------


def not_found(message: str):
    return error("NotFoundException", message)


def key_arn(place, key_id: str) -> str:
    return f"arn:aws:kms:{place.region}:{place.account_id}:key/{key_id}"


def alias_arn(place, name: str) -> str:
    return f"arn:aws:kms:{place.region}:{place.account_id}:{name}"


def find(place, given: str, by_alias: bool = False):
    """LocalStack's key of this id or ARN, or of this alias where one may stand."""
    name = of_arn(place, given) if given.startswith("arn:") else given
    if name.startswith("alias/") and by_alias:
        name = target_of(place, name)
    elif not KEY_ID.fullmatch(name):
        raise not_found(f"Invalid keyId '{given}'")
    key = store(place.account_id, place.region).keys.get(name)
    if key is None or is_too_new("consistency.kms_key", place, name):
        raise not_found(f"Key '{key_arn(place, name)}' does not exist")
    return key


def of_arn(place, arn: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[2] != "kms" or not parts[5].startswith(("key/", "alias/")):
        raise error("InvalidArnException", f"Invalid arn {arn}")
    if parts[3] != place.region:
        raise not_found(f"Invalid arn {parts[3]}")
    if parts[4] != place.account_id:
        raise not_found(f"Key '{arn}' does not exist")
    return parts[5].removeprefix("key/")


def target_of(place, alias: str) -> str:
    own = store(place.account_id, place.region)
    if alias.startswith(OF_AWS):
        make_aws_managed(place, alias)
    if alias not in own.aliases or is_too_new("consistency.kms_alias", place, alias):
        raise not_found(f"Alias {alias_arn(place, alias)} is not found.")
    return own.aliases[alias].metadata["TargetKeyId"]


def make_aws_managed(place, alias: str):
    """The first use of a service's own key makes it."""
    from localstack.services.kms.provider import KmsProvider

    own = store(place.account_id, place.region)
    if alias not in own.aliases:
        KmsProvider._create_alias_if_reserved_and_not_exists(place.account_id, place.region, alias)
        if alias in own.aliases:
            own.keys[own.aliases[alias].metadata["TargetKeyId"]].metadata["KeyManager"] = "AWS"


def is_too_new(duration: str, place, name: str) -> bool:
    return not place.is_internal_call and consistency.not_visible_yet(
        duration, place.account_id, place.region, name
    )


# --- states -----------------------------------------------------------------------------------------


def set_state(key, wanted: str):
    """`Enabled` is true in that one state."""
    key.metadata["KeyState"], key.metadata["Enabled"] = wanted, wanted == ENABLED


def check_state(key, allowed: frozenset):
    current = key.metadata["KeyState"]
    if current not in allowed:
        code = "DisabledException" if current == DISABLED and allowed <= USE else "KMSInvalidStateException"
        word = WORDS[ENABLED if allowed == CANCEL else current]
        raise error(code, f"{key.metadata['Arn']} is {word}.")


# --- what is seen later -----------------------------------------------------------------------------


def mark_new(account_id: str, region: str, key_id: str):
    consistency.mark("consistency.kms_key", account_id, region, key_id)
    consistency.mark("consistency.list", "kms", account_id, region, key_id)


def note(what: str, place, key, before, after):
    if consistency.is_eventual():
        history = written.setdefault((what, place.account_id, place.region, key.metadata["KeyId"]), [])
        consistency.write(history, "consistency.kms", before, after)


def seen(what: str, place, key, now):
    history = written.get((what, place.account_id, place.region, key.metadata["KeyId"]))
    return now if place.is_internal_call or not history else consistency.seen(history, now)
