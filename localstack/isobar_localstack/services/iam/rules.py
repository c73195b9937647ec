"""IAM: policy documents and their sizes."""

import json
import re

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact


def malformed(message):
    return error("MalformedPolicyDocument", message)


def size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def trust(member):
    def rule(context, request):
        statements = read(request[member], "This policy contains invalid Json")
        for statement in statements:
            if "Resource" in statement or "NotResource" in statement:
                raise malformed("Has prohibited field Resource")
            if "Principal" not in statement and "NotPrincipal" not in statement:
                raise malformed("Missing required field Principal")
            check_statement(statement, "Missing required field Action")
        if size(request[member]) > fact("iam.trust_policy_characters"):
            raise error(
                "LimitExceeded",
                f"Cannot exceed quota for ACLSizePerRole: {fact('iam.trust_policy_characters')}",
                409,
            )

    return rule


def permissions(context, request):
    for statement in read(request["PolicyDocument"], "Syntax errors in policy."):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise malformed("Policy document should not specify a principal.")
        if "Resource" not in statement and "NotResource" not in statement:
            raise malformed("Policy statement must contain resources.")
        check_statement(statement, "Policy statement must contain actions.")


def managed_size(context, request):
    limit = fact("iam.managed_policy_characters")
    if size(request["PolicyDocument"]) > limit:
        raise error("LimitExceeded", f"Cannot exceed quota for PolicySize: {limit}", 409)


def read(document: str, no_json: str) -> list:
    try:
        policy = json.loads(document)
    except ValueError:
        raise malformed(no_json) from None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not statements or not all(isinstance(statement, dict) for statement in statements):
        raise malformed("Syntax errors in policy.")
    if policy.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise malformed("The policy must contain a valid version string")
    return statements


def check_statement(statement, no_action):
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Syntax errors in policy.")
    if "Action" not in statement and "NotAction" not in statement:
        raise malformed(no_action)


RULES = {
    "CreateRole": [trust("AssumeRolePolicyDocument")],
    "UpdateAssumeRolePolicy": [trust("PolicyDocument")],
    "PutRolePolicy": [permissions],
    "CreatePolicy": [permissions, managed_size],
    "CreatePolicyVersion": [permissions, managed_size],
}
