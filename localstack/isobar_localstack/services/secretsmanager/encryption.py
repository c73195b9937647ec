"""Keys of secrets: one in each region, there and enabled whenever a value is written or read.

AWS rule followed: what KMS refuses is EncryptionFailure or DecryptionFailure, whatever the reason.
"""

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.errors import error
from isobar_localstack.services.kms.use import usable_key
from isobar_localstack.services.secretsmanager.state import DEFAULT_KEY, Secret, Version


def problem(account_id: str, region: str, key: str | None) -> str | None:
    """Why nothing can be encrypted or decrypted with the key."""
    if key in (None, DEFAULT_KEY):
        return None
    try:
        usable_key(account_id, region, key)
    except CommonServiceException as refusal:
        return f"{refusal.code}: {refusal.message}"
    return None


def check_encrypts(account_id: str, region: str, key: str | None):
    if why := problem(account_id, region, key):
        raise error(
            "EncryptionFailure",
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS "
            f"key is available, enabled, and not in an invalid state. ({why})",
        )


def check_decrypts(secret: Secret, version: Version):
    if why := problem(secret.account_id, secret.region, version.key):
        raise error(
            "DecryptionFailure",
            f"Secrets Manager can't decrypt the protected secret text using the provided KMS key. ({why})",
        )


def change_key(secret: Secret, key: str | None):
    """What has a staging label is encrypted anew."""
    key = key or None
    labelled = [version for version in secret.content.versions.values() if version.stages]
    for version in labelled:
        check_decrypts(secret, version)
    check_encrypts(secret.account_id, secret.region, key)
    secret.key = key
    for version in labelled:
        version.key = key
