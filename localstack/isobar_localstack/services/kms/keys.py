"""KMS keys: made, described, enabled and disabled, tagged.

Gaps of LocalStack closed here: disabled keys were shown as enabled after a cancelled deletion, a key could hold
any number of tags, keys that AWS manages could be changed like any other.

AWS rules followed: `Enabled` is true in the state Enabled alone; a new key may be unknown for some seconds, and
what was changed is read later.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.kms import policies
from isobar_localstack.services.kms.replicas import configuration
from isobar_localstack.services.kms.state import (
    DISABLED,
    ENABLED,
    PENDING,
    PENDING_REPLICAS,
    lock,
    mark_new,
    note,
    scheduled,
    seen,
    set_state,
    store,
    windows,
)


def create_key(original):
    def handler(context, request):
        policies.check(context, request)
        made = original(context, request)["KeyMetadata"]
        key = store(context.account_id, context.region).keys[made["KeyId"]]
        mark_new(context.account_id, context.region, made["KeyId"])
        return {"KeyMetadata": metadata(context, key)}

    return handler


def describe_key(context, request, key):
    return {"KeyMetadata": seen("metadata", context, key, metadata(context, key))}


def metadata(place, key) -> dict:
    """As AWS shows it: the date of deletion only while there is one, else the window that has not begun."""
    shown = {name: value for name, value in key.metadata.items() if value is not None}
    window = windows.get((place.account_id, place.region, shown["KeyId"]))
    if shown["KeyState"] != PENDING:
        shown.pop("DeletionDate", None)
    if shown["KeyState"] == PENDING_REPLICAS and window:
        shown["PendingDeletionWindowInDays"] = window.days
    if shown["MultiRegion"]:
        shown["MultiRegionConfiguration"] = configuration(place.account_id, shown["KeyId"], place.region)
    return shown


def changing(change):
    """A change of what DescribeKey shows."""

    def handler(context, request, key):
        before = metadata(context, key)
        change(request, key)
        note("metadata", context, key, before, metadata(context, key))

    return handler


enable_key = changing(lambda request, key: set_state(key, ENABLED))
disable_key = changing(lambda request, key: set_state(key, DISABLED))


@changing
def update_description(request, key):
    key.metadata["Description"] = request["Description"]


# --- tags -------------------------------------------------------------------------------------------


def tags_of(place, key) -> dict:
    return dict(store(place.account_id, place.region).tags.get_tags(key.metadata["Arn"]))


def set_tags(place, key, tags):
    own = store(place.account_id, place.region).tags
    own.update_tags(key.metadata["Arn"], {tag["TagKey"]: tag.get("TagValue", "") for tag in tags})


def tag_resource(context, request, key):
    before = tags_of(context, key)
    if len({*before, *(tag["TagKey"] for tag in request["Tags"])}) > fact("tags.number"):
        raise error("LimitExceededException", f"A key can have {fact('tags.number')} tags")
    set_tags(context, key, request["Tags"])
    note("tags", context, key, before, tags_of(context, key))


def untag_resource(context, request, key):
    before = tags_of(context, key)
    store(context.account_id, context.region).tags.delete_tags(key.metadata["Arn"], request["TagKeys"])
    note("tags", context, key, before, tags_of(context, key))


def list_tags(context, request, key):
    tags = list(seen("tags", context, key, tags_of(context, key)).items())
    shown, marker = page(tags, request.get("Marker"), request.get("Limit") or fact("tags.number"))
    answer = {
        "Tags": [{"TagKey": name, "TagValue": value} for name, value in shown],
        "Truncated": bool(marker),
    }
    return answer | ({"NextMarker": marker} if marker else {})


def tagged(account_id: str, region: str):
    with lock:
        scheduled.settle()
    own = store(account_id, region)
    for key in list(own.keys.values()):
        yield key.metadata["Arn"], own.tags.get_tags(key.metadata["Arn"])
