"""Rotation of KMS keys. Nothing is rotated when its date comes; on demand it is.

Gaps of LocalStack closed here: replicas had a rotation of their own, keys of every type could be rotated, another
period did not move the next date, and a rotation on demand left the replicas with the old material.

AWS rules followed: symmetric keys with material of AWS alone; the primary key's rotation is that of all its replicas,
and only the primary key's can be set. A key that is pending deletion is not rotated, and goes on being so when that is cancelled.
"""

import datetime

from isobar_localstack.core.errors import error
from isobar_localstack.services.kms.replicas import REPLICA, kind_of, members, primary_region, share_material
from isobar_localstack.services.kms.state import CANCEL, note, seen

DEFAULT_DAYS = 365


def check_rotates(key):
    metadata = key.metadata
    if metadata["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise error(
            "UnsupportedOperationException",
            f"{metadata['Arn']} key spec is {metadata['KeySpec']} which is not valid for this operation.",
        )
    if metadata["Origin"] != "AWS_KMS":
        raise error(
            "UnsupportedOperationException",
            f"{metadata['Arn']} origin is {metadata['Origin']} which is not valid for this operation.",
        )


def check_can_set(key):
    check_rotates(key)
    if kind_of(key) == REPLICA:
        raise error(
            "UnsupportedOperationException",
            f"{key.metadata['Arn']} is a multi-Region replica key. Set the rotation of its primary key.",
        )


def enable_rotation(context, request, key):
    check_can_set(key)
    before, days = status(key), request.get("RotationPeriodInDays") or DEFAULT_DAYS
    key.is_key_rotation_enabled, key.rotation_period_in_days = True, days
    key.next_rotation_date = datetime.datetime.now() + datetime.timedelta(days=days)
    note_all(context, key, before)


def disable_rotation(context, request, key):
    check_can_set(key)
    before = status(key)
    key.is_key_rotation_enabled = False
    note_all(context, key, before)


def note_all(context, key, before: dict):
    note("rotation", context, key, before, status(key))


def status(key) -> dict:
    if not key.is_key_rotation_enabled:
        return {"KeyRotationEnabled": False}
    return {
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": key.rotation_period_in_days,
        "NextRotationDate": key.next_rotation_date,
    }


def get_rotation(context, request, key):
    check_rotates(key)
    shared = key
    if kind_of(key) == REPLICA:
        key_id = key.metadata["KeyId"]
        everywhere = members(context.account_id, key_id)
        shared = everywhere.get(primary_region(context.account_id, key_id), key)
    is_pending = key.metadata["KeyState"] in CANCEL
    shown = {"KeyRotationEnabled": False} if is_pending else seen("rotation", context, key, status(shared))
    return {"KeyId": key.metadata["Arn"]} | shown


def rotate_on_demand(original):
    def handler(context, request, key):
        check_can_set(key)
        answer = original(context, request)
        share_material(context.account_id, key)
        return answer

    return handler
