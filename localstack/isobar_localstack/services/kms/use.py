"""Keys as other services use them: to encrypt what they keep."""

from isobar_localstack.core.errors import error
from isobar_localstack.services.kms.state import USE, Place, check_state, find, lock, scheduled


def usable_key(account_id: str, region: str, given: str) -> str:
    """The ARN of the key with this id, ARN or alias. Raises what KMS says of one that is missing, too new, disabled,
    pending deletion, still creating or not for encryption; the service says it in its own words."""
    with lock:
        scheduled.settle()
        key = find(Place(account_id, region), given, by_alias=True)
        check_state(key, USE)
        if key.metadata["KeySpec"] != "SYMMETRIC_DEFAULT":
            raise error(
                "InvalidKeyUsageException", f"{key.metadata['Arn']} is not a symmetric encryption key."
            )
        return key.metadata["Arn"]
