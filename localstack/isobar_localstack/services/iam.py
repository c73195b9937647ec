"""IAM: LocalStack's own, with what other services ask about roles.

Checked against AWS: tags, inline and attached policies in GetAccountAuthorizationDetails, and
DeleteConflict for roles with policies; nothing needed repair.
"""

import json
import urllib.parse

from isobar_localstack.base import on_localstack


def service():
    return on_localstack("iam", {})


def role_by_arn(account_id: str, arn: str):
    """LocalStack's role with this ARN, or None. IAM is global, hence any region will do."""
    from localstack.services.iam.models import iam_stores

    roles = iam_stores[account_id]["us-east-1"].ROLES
    return next((role for role in list(roles.values()) if role.role["Arn"] == arn), None)


def trusts(role, service_name: str) -> bool:
    """Whether the role's trust policy lets this service assume it."""
    document = role.role["AssumeRolePolicyDocument"]
    if isinstance(document, str):
        document = json.loads(urllib.parse.unquote(document))
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and (service_name in services or principal == "*"):
            return True
    return False
