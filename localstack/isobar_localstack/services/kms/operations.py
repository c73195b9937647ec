"""KMS: its operations, and the states that each of them allows a key."""

import functools

from isobar_localstack.core.errors import error
from isobar_localstack.realism import consistency
from isobar_localstack.services.kms import aliases, deletion, keys, policies, replicas, rotation
from isobar_localstack.services.kms.state import (
    CANCEL,
    DISABLED,
    ENABLED,
    MANAGE,
    UPDATING,
    USE,
    WORDS,
    check_state,
    find,
    lock,
    scheduled,
)

EVERY = frozenset(WORDS)
USES = (
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "Sign",
    "Verify",
    "DeriveSharedSecret",
)
BY_ALIAS = (*USES, "DescribeKey", "GetPublicKey")
READS = (
    "DescribeKey",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListResourceTags",
    "ListKeyPolicies",
    "ListGrants",
    "RevokeGrant",
    "ListAliases",
)
# Operation -> the states of its key, by the key-state table; those of aliases look at the key of the alias themselves.
ALLOWED = (
    dict.fromkeys(USES, USE)
    | dict.fromkeys(READS, EVERY)
    | dict.fromkeys(("CreateGrant", "EnableKeyRotation", "DisableKeyRotation"), frozenset({ENABLED}))
    | dict.fromkeys(("RotateKeyOnDemand", "ReplicateKey"), frozenset({ENABLED}))
    | dict.fromkeys(("EnableKey", "DisableKey", "UpdatePrimaryRegion"), frozenset({ENABLED, DISABLED}))
    | dict.fromkeys(("TagResource", "UntagResource", "UpdateKeyDescription", "GetPublicKey"), MANAGE)
    | {"PutKeyPolicy": EVERY, "ScheduleKeyDeletion": MANAGE - {UPDATING}, "CancelKeyDeletion": CANCEL}
)
ON_KEYS = {
    "DescribeKey": keys.describe_key,
    "EnableKey": keys.enable_key,
    "DisableKey": keys.disable_key,
    "UpdateKeyDescription": keys.update_description,
    "TagResource": keys.tag_resource,
    "UntagResource": keys.untag_resource,
    "ListResourceTags": keys.list_tags,
    "ReplicateKey": replicas.replicate_key,
    "UpdatePrimaryRegion": replicas.update_primary_region,
    "ScheduleKeyDeletion": deletion.schedule_deletion,
    "CancelKeyDeletion": deletion.cancel_deletion,
    "PutKeyPolicy": policies.put_policy,
    "GetKeyPolicy": policies.get_policy,
    "EnableKeyRotation": rotation.enable_rotation,
    "DisableKeyRotation": rotation.disable_rotation,
    "GetKeyRotationStatus": rotation.get_rotation,
}


def operations(original: dict) -> dict:
    on_keys = {name: without_key(handler) for name, handler in original.items() if name in ALLOWED}
    on_keys |= ON_KEYS | {"RotateKeyOnDemand": rotation.rotate_on_demand(original["RotateKeyOnDemand"])}
    own = {name: of_key(name, handler) for name, handler in on_keys.items()}
    listed = aliases.operations(original | own)
    own |= listed | {
        "CreateKey": keys.create_key(original["CreateKey"]),
        "ListKeys": consistency.eventually_listed("Keys", "KeyId", "kms")(original["ListKeys"]),
    }
    return {name: in_turn(handler) for name, handler in (original | own).items()}


def in_turn(handler):
    """Time passes before each request, and one is served at a time."""

    @functools.wraps(handler)
    def run(context, request):
        with lock:
            scheduled.settle()
            return handler(context, request or {})

    return run


def without_key(handler):
    """LocalStack's handlers look for the key themselves."""
    return lambda context, request, key: handler(context, request)


def of_key(operation: str, handler):
    """Gives the handler the key that the request names, in a state that lets it happen."""
    member = "SourceKeyId" if operation == "ReEncrypt" else "KeyId"

    def run(context, request):
        given = request.get(member) or key_in_ciphertext(request)
        if given is None:
            return handler(context, request, None)
        key = find(context, given, operation in BY_ALIAS)
        if key.metadata["KeyManager"] == "AWS" and operation not in (*USES, *READS):
            raise error("AccessDeniedException", f"{key.metadata['Arn']} is managed by AWS.")
        check_state(key, ALLOWED[operation])
        if operation == "ReEncrypt":
            check_state(find(context, request["DestinationKeyId"], by_alias=True), USE)
        return handler(context, request | {member: key.metadata["KeyId"]}, key)

    return run


def key_in_ciphertext(request) -> str | None:
    """What is decrypted names its key itself."""
    from localstack.services.kms.models import deserialize_ciphertext_blob

    try:
        return deserialize_ciphertext_blob(request["CiphertextBlob"]).key_id
    except Exception:  # there is none, or it is nothing of KMS, which LocalStack's handler says
        return None
