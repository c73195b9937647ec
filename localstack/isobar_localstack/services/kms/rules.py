"""KMS: names of aliases, windows, and which usage fits which key."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

OF_AWS = "alias/aws/"


def invalid(message: str):
    return error("ValidationException", message)


def alias_name(context, request):
    name = request["AliasName"]
    if not matches("alias/.+", name):
        raise invalid(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name.startswith(OF_AWS):
        raise error("InvalidAliasNameException", f"{name}: the prefix {OF_AWS} is reserved")


def window(context, request):
    least, most = fact("kms.window_days")
    days = request.get("PendingWindowInDays")
    if days is not None and not least <= days <= most:
        raise invalid(f"PendingWindowInDays should be between {least} and {most}, but it is {days}")


def spec_and_usage(context, request):
    spec = request.get("KeySpec") or request.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"
    usage = request.get("KeyUsage")
    if usage is None and spec != "SYMMETRIC_DEFAULT":
        raise invalid(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        )
    fitting = next(usages for prefix, usages in fact("kms.usages").items() if spec.startswith(prefix))
    if usage is not None and usage not in fitting:
        raise invalid(f"KeyUsage {usage} is not compatible with KeySpec {spec}")


def key_store(context, request):
    """There are none here."""
    if request.get("CustomKeyStoreId"):
        raise error("CustomKeyStoreNotFoundException", f"No key store {request['CustomKeyStoreId']}")
    if request.get("Origin") in ("AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"):
        raise invalid("The CustomKeyStoreId parameter is required for this origin")


RULES = {
    "CreateKey": (spec_and_usage, key_store),
    "CreateAlias": (alias_name,),
    "UpdateAlias": (alias_name,),
    "DeleteAlias": (alias_name,),
    "ScheduleKeyDeletion": (window,),
}
