"""IAM: LocalStack's own, with what other services ask about roles.

Gaps of LocalStack closed here: a policy with several versions could be deleted, a role's inline policies were of any
length. Checked against AWS without need of repair: tags, whose keys are alike but for case, inline and attached policies in GetAccountAuthorizationDetails, and
DeleteConflict for roles with policies or in an instance profile and for attached policies, one role
in an instance profile.

AWS rules followed with eventual consistency: a new role, a changed trust policy and a changed or
attached policy are unknown to other services for a while; each says so in its own words, see their
files. GetRole may not know a new role for a moment, lists for longer. The same goes for instance
profiles and the role in them.
"""

import fnmatch
import functools
import json
import urllib.parse

from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import replaced
from isobar_localstack.realism import consistency
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.iam.rules import size

GLOBAL = "us-east-1"


def operations(original: dict) -> dict:
    return replaced(
        original,
        {
            "CreateRole": create_role,
            "UpdateAssumeRolePolicy": lambda original: changing("consistency.iam_role")(
                with_principals(original)
            ),
            "PutRolePolicy": lambda original: changing("consistency.iam_policy")(within_limit(original)),
            "AttachRolePolicy": changing("consistency.iam_policy"),
            "DeletePolicy": delete_policy,
            "GetRole": get_role,
            "CreateInstanceProfile": create_profile,
            "AddRoleToInstanceProfile": add_role_to_profile,
            "GetInstanceProfile": get_profile,
            "ListInstanceProfiles": consistency.eventually_listed(
                "InstanceProfiles", "InstanceProfileName", "iam-profile", everywhere=True
            ),
            "ListRoles": consistency.eventually_listed("Roles", "RoleName", "iam", everywhere=True),
            "GetAccountAuthorizationDetails": consistency.eventually_listed(
                "RoleDetailList", "RoleName", "iam", everywhere=True
            ),
        },
    )


# --- writing and reading --------------------------------------------------------------------------


def with_principals(original):
    def handler(context, request):
        refusal = error("MalformedPolicyDocument", "Invalid principal in policy")
        key = "AssumeRolePolicyDocument" if "AssumeRolePolicyDocument" in request else "PolicyDocument"
        check_principals(context, request.get(key), refusal)
        return original(context, request)

    return handler


def create_role(original):
    checked = with_principals(original)

    def handler(context, request):
        answer = checked(context, request)
        name = request["RoleName"]
        for duration in ("consistency.iam_role", "consistency.iam_read"):
            consistency.mark(duration, context.account_id, name)
        consistency.mark_created(context, "iam", name, everywhere=True)
        return answer

    return handler


def changing(duration: str):
    def wrap(original):
        def handler(context, request):
            answer = original(context, request)
            consistency.mark(duration, context.account_id, request["RoleName"])
            return answer

        return handler

    return wrap


def within_limit(original):
    """The inline policies of a role together, without white space."""

    def handler(context, request):
        from localstack.services.iam.models import iam_stores

        limit, name = fact("iam.role_policies_characters"), request["RoleName"]
        role = iam_stores[context.account_id][GLOBAL].ROLES.get(name)
        policies = dict(role.inline_policies) if role else {}
        policies[request["PolicyName"]] = request["PolicyDocument"]
        if sum(size(urllib.parse.unquote(document)) for document in policies.values()) > limit:
            raise error(
                "LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for role {name}", 409
            )
        return original(context, request)

    return handler


def delete_policy(original):
    """LocalStack forgets the other versions with the policy; on AWS they hold it."""

    def handler(context, request):
        from localstack.services.iam.models import iam_stores

        policy = iam_stores[context.account_id][GLOBAL].MANAGED_POLICIES.get(request["PolicyArn"])
        if policy and len(policy.versions) > 1:
            raise error(
                "DeleteConflict",
                "This policy has more than one version. Before you delete a policy, you must delete the "
                "policy's versions. The default version is deleted with the policy.",
                409,
            )
        return original(context, request)

    return handler


def get_role(original):
    def handler(context, request):
        name = request["RoleName"]
        if (
            consistency.not_visible_yet("consistency.iam_read", context.account_id, name)
            and not context.is_internal_call
        ):
            raise error("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return original(context, request)

    return handler


# --- instance profiles ----------------------------------------------------------------------------


def create_profile(original):
    def handler(context, request):
        answer = original(context, request)
        name = request["InstanceProfileName"]
        consistency.mark("consistency.iam_profile", context.account_id, name)
        consistency.mark("consistency.iam_read", context.account_id, "profile", name)
        consistency.mark_created(context, "iam-profile", name, everywhere=True)
        return answer

    return handler


def add_role_to_profile(original):
    def handler(context, request):
        answer = original(context, request)
        consistency.mark("consistency.iam_profile", context.account_id, request["InstanceProfileName"])
        return answer

    return handler


def get_profile(original):
    def handler(context, request):
        name = request["InstanceProfileName"]
        if (
            consistency.not_visible_yet("consistency.iam_read", context.account_id, "profile", name)
            and not context.is_internal_call
        ):
            raise error("NoSuchEntity", f"Instance Profile {name} cannot be found.", 404)
        return original(context, request)

    return handler


# --- what other services ask ----------------------------------------------------------------------


def profile(account_id: str, name_or_arn: str) -> dict | None:
    """The instance profile with this name or ARN, `Roles` in it, or None."""
    from localstack.services.iam.models import iam_stores

    store = iam_stores[account_id][GLOBAL]
    for entity in list(store.INSTANCE_PROFILES.values()):
        found = entity.instance_profile
        if name_or_arn in (found["InstanceProfileName"], found["Arn"]):
            role = store.ROLES.get(entity.role_name) if entity.role_name else None
            return {**found, "Roles": [role.role] if role else []}
    return None


def usable_profile(account_id: str, name_or_arn: str) -> dict | None:
    """The profile as EC2 and Auto Scaling see it: None as well when it, or the role in it, is too new."""
    found = profile(account_id, name_or_arn)
    if found and consistency.not_visible_yet(
        "consistency.iam_profile", account_id, found["InstanceProfileName"]
    ):
        return None
    return found


def role_by_arn(account_id: str, arn: str):
    """LocalStack's role with this ARN, or None. IAM is global, hence any region will do."""
    from localstack.services.iam.models import iam_stores

    roles = iam_stores[account_id][GLOBAL].ROLES
    return next((role for role in list(roles.values()) if role.role["Arn"] == arn), None)


def usable_role(account_id: str, arn: str):
    """The role as another service sees it: None as well when it is too new."""
    role = role_by_arn(account_id, arn)
    if role and consistency.not_visible_yet("consistency.iam_role", account_id, role.role["RoleName"]):
        return None
    return role


def document_of(value) -> dict:
    return json.loads(urllib.parse.unquote(value)) if isinstance(value, str) else value or {}


def listed(value) -> list:
    return value if isinstance(value, list) else [value] if value else []


def trusts(role, service_name: str) -> bool:
    """True if the role's trust policy lets this service assume it."""
    return document_trusts(role.role["AssumeRolePolicyDocument"], service_name)


def document_trusts(document, service_name: str) -> bool:
    for statement in listed(document_of(document).get("Statement")):
        principal = statement.get("Principal", {})
        services = listed(principal.get("Service")) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and (service_name in services or principal == "*"):
            return True
    return False


def usable_allows(account_id: str, role, action: str) -> bool:
    """True if another service finds this action allowed; resources and conditions are not looked at."""
    if consistency.not_visible_yet("consistency.iam_policy", account_id, role.role["RoleName"]):
        return False
    return allows(account_id, role, action)


def allows(account_id: str, role, action: str) -> bool:
    documents = [document_of(document) for document in role.inline_policies.values()]
    documents += [managed_document(account_id, arn) for arn in role.attached_policy_arns]
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in listed(document.get("Statement"))
        if any(
            fnmatch.fnmatchcase(action.lower(), pattern.lower())
            for pattern in listed(statement.get("Action"))
        )
    }
    return effects == {"Allow"}


def managed_document(account_id: str, arn: str) -> dict:
    return aws_document(arn) if ":iam::aws:" in arn else read_document(account_id, arn)


@functools.cache
def aws_document(arn: str) -> dict:
    return read_document("000000000000", arn)


def read_document(account_id: str, arn: str) -> dict:
    from localstack.aws.connect import connect_to

    iam = connect_to(aws_access_key_id=account_id, region_name=GLOBAL).iam
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return document_of(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


# --- principals of resource policies --------------------------------------------------------------


def check_principals(context, document: str | None, refusal):
    """A resource policy can name only roles that are there and already seen."""
    try:
        statements = json.loads(document or "{}").get("Statement", [])
    except (ValueError, AttributeError):
        return  # the service answers that
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal")
        names = principal.get("AWS", []) if isinstance(principal, dict) else []
        for arn in [names] if isinstance(names, str) else names:
            if f":iam::{context.account_id}:role/" in arn and usable_role(context.account_id, arn) is None:
                raise refusal
