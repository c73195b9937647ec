"""RDS: the keys that databases are encrypted with, as KMS knows them.

AWS rules followed: the key is of the cluster's own region, symmetric and enabled; a key that is not is answered with
KMSKeyNotAccessibleFault; `alias/aws/rds` is there whether or not anybody has made it.
"""

import hashlib
import uuid

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.errors import error
from isobar_localstack.services.kms.use import usable_key

DEFAULT = "alias/aws/rds"


def checked(context, key_id: str | None) -> str:
    """The ARN of the key."""
    key_id = key_id or DEFAULT
    if key_id.startswith("arn:") and key_id.split(":")[3] != context.region:
        raise not_accessible(key_id)
    try:
        return usable_key(context.account_id, context.region, key_id)
    except CommonServiceException as refusal:
        if key_id.endswith(DEFAULT):
            return default_arn(context)
        raise not_accessible(key_id) from refusal


def default_arn(context) -> str:
    unique = hashlib.md5(f"{context.account_id} {context.region} rds".encode(), usedforsecurity=False)
    return f"arn:aws:kms:{context.region}:{context.account_id}:key/{uuid.UUID(bytes=unique.digest())}"


def not_accessible(key_id: str):
    return error(
        "KMSKeyNotAccessibleFault",
        f"The specified KMS key [{key_id}] does not exist, is not enabled or you do not have permissions to access it.",
    )
