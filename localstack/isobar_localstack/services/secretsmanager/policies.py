"""Resource policies of secrets. There is one, `default`; replicas have the primary secret's.

AWS rules followed: principals exist and are visible; a policy for everybody is refused when that is asked for.
"""

import json

from isobar_localstack.core.errors import error
from isobar_localstack.services.iam.roles import check_principals, listed
from isobar_localstack.services.secretsmanager import replication
from isobar_localstack.services.secretsmanager.state import check_not_deleted, find, find_changeable


def malformed(message: str):
    return error("MalformedPolicyDocumentException", message)


def check(context, text: str) -> list:
    """The policy's statements."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    statements = listed(document.get("Statement")) if isinstance(document, dict) else []
    if not statements or not all(isinstance(one, dict) and one.get("Effect") for one in statements):
        raise malformed("This resource policy contains invalid Json.")
    unsupported = malformed("This resource policy contains an unsupported principal.")
    if not all(one.get("Principal") or one.get("NotPrincipal") for one in statements):
        raise unsupported
    check_principals(context, text, unsupported)
    return statements


def is_public(statement: dict) -> bool:
    principal = statement.get("Principal")
    named = listed(principal.get("AWS")) if isinstance(principal, dict) else [principal]
    return statement["Effect"] == "Allow" and "*" in named and not statement.get("Condition")


def put(context, request):
    secret = find_changeable(context, request["SecretId"])
    statements = check(context, request["ResourcePolicy"])
    if request.get("BlockPublicPolicy") and any(is_public(one) for one in statements):
        raise error(
            "PublicPolicyException",
            "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access "
            "to the secret.",
        )
    secret.content.policy = request["ResourcePolicy"]
    replication.follow(secret)
    return secret.short()


def get(context, request):
    secret = find(context, request["SecretId"])
    check_not_deleted(secret)
    policy = secret.content.policy
    return secret.short() | ({"ResourcePolicy": policy} if policy else {})


def delete(context, request):
    secret = find_changeable(context, request["SecretId"])
    secret.content.policy = None
    replication.follow(secret)
    return secret.short()


def validate(context, request):
    if request.get("SecretId"):
        find(context, request["SecretId"])
    public = any(is_public(one) for one in check(context, request["ResourcePolicy"]))
    problems = [{"CheckName": "PUBLIC_POLICY", "ErrorMessage": "The policy grants broad access."}]
    return {"PolicyValidationPassed": not public, "ValidationErrors": problems if public else []}
