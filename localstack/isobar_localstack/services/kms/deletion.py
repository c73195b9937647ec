"""Deletion of KMS keys: windows, and what goes at their end.

Gaps of LocalStack closed here: no window ever ended, a primary key with replicas was pending deletion as any other
key, a cancelled deletion left the date, the answer named the id and not the ARN.

AWS rules followed: a primary key with replicas is PendingReplicaDeletion, without a date; its window begins when the
last replica is gone, not when it is scheduled. Aliases and tags go with the key, at the end. Windows follow the clock
of lifecycles, the dates in answers the real one.
"""

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.services.kms.keys import metadata
from isobar_localstack.services.kms.replicas import PRIMARY, kind_of, members
from isobar_localstack.services.kms.state import (
    DISABLED,
    PENDING,
    PENDING_REPLICAS,
    Window,
    note,
    scheduled,
    set_state,
    store,
    windows,
    written,
)

DAY = 24 * 3600
DEFAULT_DAYS = 30


def schedule_deletion(context, request, key):
    days, key_id = request.get("PendingWindowInDays") or DEFAULT_DAYS, key.metadata["KeyId"]
    waits = kind_of(key) == PRIMARY and len(members(context.account_id, key_id)) > 1
    windows[context.account_id, context.region, key_id] = Window(days)
    if waits:
        set_state(key, PENDING_REPLICAS)
    else:
        begin(context.account_id, context.region, key, clock.now())
    shown = metadata(context, key)
    answer = {"KeyId": shown["Arn"], "KeyState": shown["KeyState"], "PendingWindowInDays": days}
    return answer | ({} if waits else {"DeletionDate": shown["DeletionDate"]})


def begin(account_id: str, region: str, key, moment: float):
    """The window of the key begins at this moment of the clock, which may be over already."""
    window = windows[account_id, region, key.metadata["KeyId"]]
    window.ends = clock.after(moment, window.days * DAY)
    set_state(key, PENDING)
    key.metadata["DeletionDate"] = round(epoch() - (clock.now() - moment) + window.days * DAY, 3)
    scheduled.at(window.ends, end, account_id, region, key.metadata["KeyId"], window.ends)


def cancel_deletion(context, request, key):
    before = metadata(context, key)
    windows.pop((context.account_id, context.region, key.metadata["KeyId"]), None)
    key.metadata.pop("DeletionDate", None)
    set_state(key, DISABLED)
    note("metadata", context, key, before, metadata(context, key))
    return {"KeyId": key.metadata["Arn"]}


def end(account_id: str, region: str, key_id: str, moment: float):
    """The key is gone, unless its deletion was cancelled or scheduled anew."""
    place = (account_id, region, key_id)
    window = windows.get(place)
    if window is None or window.ends != moment:
        return
    del windows[place]
    forget(account_id, region, key_id)
    for other, key in members(account_id, key_id).items():
        if key.metadata["KeyState"] == PENDING_REPLICAS and len(members(account_id, key_id)) == 1:
            begin(account_id, other, key, moment)


def forget(account_id: str, region: str, key_id: str):
    """With the key go its tags, aliases and grants."""
    own = store(account_id, region)
    own.tags.delete_all_tags(own.keys.pop(key_id).metadata["Arn"])
    for name in [name for name, one in own.aliases.items() if one.metadata["TargetKeyId"] == key_id]:
        del own.aliases[name]
    for grant in [grant for grant, one in own.grants.items() if one.metadata["KeyArn"].endswith(key_id)]:
        del own.grants[grant]
    for noted in [one for one in written if one[1:] == (account_id, region, key_id)]:
        del written[noted]
