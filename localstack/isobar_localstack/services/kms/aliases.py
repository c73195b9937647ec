"""Aliases of KMS keys.

Gaps of LocalStack closed here: names of AWS could be taken and deleted, an alias could be moved to a key of another
type, and named the ARN of its key from then on.

AWS rules followed: an alias belongs to one region; a new one leads to nothing for some seconds; it outlives nothing:
a key that is pending deletion keeps its aliases until it is gone, and their names are free when they are deleted.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.realism import consistency
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.kms.state import MANAGE, alias_arn, check_state, find, not_found, store


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "CreateAlias": lambda original: create_alias,
            "UpdateAlias": lambda original: update_alias,
            "DeleteAlias": lambda original: delete_alias,
            "ListAliases": consistency.eventually_listed("Aliases", "AliasName", "kms-alias"),
        },
    )


def create_alias(context, request):
    from localstack.services.kms.models import KmsAlias

    name, own = request["AliasName"], store(context.account_id, context.region)
    if name in own.aliases:
        raise error(
            "AlreadyExistsException", f"An alias with the name {alias_arn(context, name)} already exists"
        )
    key_id = target(context, request).metadata["KeyId"]
    if sum(alias.metadata["TargetKeyId"] == key_id for alias in own.aliases.values()) >= fact("kms.aliases"):
        raise error("LimitExceededException", f"A key can have {fact('kms.aliases')} aliases")
    made = {"AliasName": name, "TargetKeyId": key_id}
    own.aliases[name] = KmsAlias(made, context.account_id, context.region)
    consistency.mark("consistency.kms_alias", context.account_id, context.region, name)
    consistency.mark_created(context, "kms-alias", name)


def target(context, request):
    key = find(context, request["TargetKeyId"])
    check_state(key, MANAGE)
    return key


def existing(context, request):
    alias = store(context.account_id, context.region).aliases.get(request["AliasName"])
    if alias is None:
        raise not_found(f"Alias {alias_arn(context, request['AliasName'])} is not found.")
    return alias


def update_alias(context, request):
    alias, key = existing(context, request), target(context, request)
    earlier = store(context.account_id, context.region).keys.get(alias.metadata["TargetKeyId"])
    if earlier is not None and kind(earlier) != kind(key):
        raise error(
            "ValidationException",
            f"Alias {alias.metadata['AliasArn']} cannot be changed from a key with usage and type "
            f"{' '.join(kind(earlier))} to one with {' '.join(kind(key))}",
        )
    alias.metadata["TargetKeyId"] = key.metadata["KeyId"]
    alias.update_date_of_last_update()


def kind(key) -> tuple[str, str]:
    """Usage, and whether it is symmetric, asymmetric or HMAC."""
    spec = key.metadata["KeySpec"]
    types = (("SYMMETRIC", "SYMMETRIC"), ("HMAC", "HMAC"))
    return key.metadata["KeyUsage"], next(
        (name for prefix, name in types if spec.startswith(prefix)), "ASYMMETRIC"
    )


def delete_alias(context, request):
    existing(context, request)
    del store(context.account_id, context.region).aliases[request["AliasName"]]
    consistency.forget("consistency.kms_alias", context.account_id, context.region, request["AliasName"])
