"""Key policies.

Gaps of LocalStack closed here: any text was a policy, it could lock everybody out or name roles that do not exist,
a policy was not found without its name, which has a default.

AWS rules followed: the caller, who here is the account itself, may go on putting the policy (the lockout safety check,
which a request can bypass); every statement has principals, and these exist and are visible.
"""

import fnmatch
import json

from isobar_localstack.core.errors import error
from isobar_localstack.services.iam.roles import check_principals, listed
from isobar_localstack.services.kms.state import not_found, note, seen

NAME = "default"
NEEDED = "kms:putkeypolicy"


def malformed(message: str):
    return error("MalformedPolicyDocumentException", message)


def check(context, request):
    """The policy in a request that makes or changes a key."""
    text = request.get("Policy")
    if text is None:
        return
    statements = statements_of(text)
    invalid = malformed("Policy contains a statement with one or more invalid principals.")
    if not all(isinstance(one, dict) and one.get("Principal") for one in statements):
        raise invalid
    check_principals(context, text, invalid)
    if not request.get("BypassPolicyLockoutSafetyCheck") and not lets_put(context.account_id, statements):
        raise malformed("The new key policy will not allow you to update the key policy in the future.")


def statements_of(text: str) -> list:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not listed(document.get("Statement")):
        raise malformed("The policy document is not valid JSON or has no statement.")
    return listed(document["Statement"])


def lets_put(account_id: str, statements: list) -> bool:
    """What holds only under conditions is not counted on."""
    effects = {
        statement.get("Effect")
        for statement in statements
        if not statement.get("Condition")
        and listed(statement.get("Resource"))
        and names_account(account_id, statement["Principal"])
        and any(fnmatch.fnmatchcase(NEEDED, action.lower()) for action in listed(statement.get("Action")))
    }
    return effects == {"Allow"}


def names_account(account_id: str, principal) -> bool:
    named = listed(principal.get("AWS")) if isinstance(principal, dict) else [principal]
    return bool({"*", account_id, f"arn:aws:iam::{account_id}:root"} & set(named))


def put_policy(context, request, key):
    check_name(request)
    check(context, request)
    note("policy", context, key, key.policy, request["Policy"])
    key.policy = request["Policy"]


def get_policy(context, request, key):
    check_name(request)
    return {"Policy": seen("policy", context, key, key.policy), "PolicyName": NAME}


def check_name(request):
    if (request.get("PolicyName") or NAME) != NAME:
        raise not_found("No such policy exists")
