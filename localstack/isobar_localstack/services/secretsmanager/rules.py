"""Secrets Manager: names, tokens, values, windows, and parameters that exclude each other."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def invalid(message: str):
    return error("InvalidParameterException", message)


def check_name(name: str):
    if not matches(fact("secretsmanager.name"), name):
        raise error(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )


def name(context, request):
    check_name(request["Name"])


def secret_id(context, request):
    given = request.get("SecretId")
    if given and not given.startswith("arn:"):
        check_name(given)


def token(context, request):
    if not request.get("ClientRequestToken"):
        raise error(
            "InvalidRequestException",
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        )


def one_value(context, request):
    if request.get("SecretString") is not None and request.get("SecretBinary") is not None:
        raise invalid(
            "You can't specify both a binary secret value and a string secret value in the same secret."
        )


def some_value(context, request):
    if request.get("SecretString") is None and request.get("SecretBinary") is None:
        raise error("InvalidRequestException", "You must provide either SecretString or SecretBinary.")


def window(context, request):
    days, is_forced = request.get("RecoveryWindowInDays"), request.get("ForceDeleteWithoutRecovery")
    if days is not None and is_forced:
        raise invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    least, most = fact("secretsmanager.window_days")
    if days is not None and not least <= days <= most:
        raise invalid(f"The RecoveryWindowInDays value must be between {least} and {most} days (inclusive).")


def policy_name(context, request):
    if (request.get("PolicyName") or "default") != "default":
        raise invalid("The policy name must be default.")


def cross_account(context, request):
    """There is one account here."""
    if request.get("CrossAccountPrimaryARN"):
        raise error("ResourceNotFoundException", "Secrets Manager can't find the specified primary secret.")


def schedule(context, request):
    rules = request.get("RotationRules") or {}
    if rules.get("AutomaticallyAfterDays") and rules.get("ScheduleExpression"):
        raise invalid("You can't specify both AutomaticallyAfterDays and ScheduleExpression.")
    expression = rules.get("ScheduleExpression")
    if expression and not matches(r"rate\(\d+ (hours?|days?)\)|cron\([^)]+\)", expression):
        raise invalid("The ScheduleExpression is not valid.")


OF_SECRETS = (
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "DescribeSecret",
    "GetResourcePolicy",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutResourcePolicy",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "RotateSecret",
    "StopReplicationToReplica",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "ValidateResourcePolicy",
)
RULES = dict.fromkeys(OF_SECRETS, (secret_id,)) | {
    "CreateSecret": (name, token, one_value, cross_account),
    "PutSecretValue": (secret_id, token, one_value, some_value),
    "UpdateSecret": (secret_id, token, one_value),
    "RotateSecret": (secret_id, token, schedule),
    "DeleteSecret": (secret_id, window),
    "PutResourcePolicy": (secret_id, policy_name),
    "GetResourcePolicy": (secret_id, policy_name),
    "DeleteResourcePolicy": (secret_id, policy_name),
}
