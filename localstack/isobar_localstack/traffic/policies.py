"""What roles allow: statements of their policies, as far as texts tell.

A statement allows what it names when action and resource match its patterns; one that denies wins. A condition
is not looked into: what is allowed under a condition stays allowed as long as a statement with the same condition
allows it.
"""

import fnmatch
import functools
import json
from dataclasses import dataclass

from isobar_localstack.services.iam import roles as iam


@dataclass(frozen=True)
class Statement:
    effect: str
    actions: tuple
    resources: tuple
    condition: str
    inverted: bool = False  # NotAction or NotResource, which are compared as they are written


@dataclass(frozen=True)
class Right:
    """One action on one resource; either may be a pattern."""

    action: str
    resource: str
    condition: str = ""
    inverted: bool = False

    def __str__(self):
        return f"{'not ' if self.inverted else ''}{self.action} on {self.resource}" + (
            f" if {self.condition}" if self.condition else ""
        )


# --- reading --------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def statements_in(document: str) -> tuple[Statement, ...]:
    return tuple(statement(one) for one in iam.listed(iam.document_of(document).get("Statement")))


def statement(given: dict) -> Statement:
    condition = json.dumps(given["Condition"], sort_keys=True) if given.get("Condition") else ""
    return Statement(
        given.get("Effect", ""),
        tuple(sorted(iam.listed(given.get("Action") or given.get("NotAction")))),
        tuple(sorted(iam.listed(given.get("Resource") or given.get("NotResource")))),
        condition,
        "NotAction" in given or "NotResource" in given,
    )


def documents_of(account_id: str, role) -> tuple[str, ...]:
    return (*role.inline_policies.values(), *(managed(account_id, arn) for arn in role.attached_policy_arns))


def managed(account_id: str, arn: str) -> str:
    from localstack.services.iam.models import iam_stores

    policy = iam_stores[account_id][iam.GLOBAL].MANAGED_POLICIES.get(arn)
    if policy is None:
        return of_aws(arn) if ":iam::aws:" in arn else "{}"
    document = policy.versions[policy.policy["DefaultVersionId"]]["Document"]
    return document if isinstance(document, str) else json.dumps(document)


@functools.cache
def of_aws(arn: str) -> str:
    return json.dumps(iam.aws_document(arn))


# --- judging --------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def rights_in(documents: tuple[str, ...]) -> frozenset[Right]:
    """All that these documents allow, one action on one resource each."""
    return frozenset(
        Right(action, resource, one.condition, one.inverted)
        for document in documents
        for one in statements_in(document)
        if one.effect == "Allow"
        for action in one.actions
        for resource in one.resources
    )


@functools.lru_cache(maxsize=4096)
def missing_in(documents: tuple[str, ...], rights: frozenset[Right]) -> frozenset[Right]:
    """The rights that these documents do not give."""
    statements = [one for document in documents for one in statements_in(document)]
    return frozenset(right for right in rights if not allowed(statements, right))


def allowed(statements: list[Statement], right: Right) -> bool:
    found = [one for one in statements if covers(one, right)]
    return bool(found) and all(one.effect == "Allow" for one in found)


def allows(account_id: str, role, right: Right) -> bool:
    return not missing_in(documents_of(account_id, role), frozenset([right]))


def covers(one: Statement, right: Right) -> bool:
    if one.inverted != right.inverted:
        return False
    if one.inverted:
        return right.action in one.actions and right.resource in one.resources
    if one.effect == "Allow" and one.condition not in ("", right.condition):
        return False
    if one.effect == "Deny" and one.condition:
        return False
    return matches(one.actions, right.action, ignoring_case=True) and matches(one.resources, right.resource)


def matches(patterns, text: str, ignoring_case: bool = False) -> bool:
    if ignoring_case:
        text, patterns = text.lower(), [pattern.lower() for pattern in patterns]
    return any(pattern == text or fnmatch.fnmatchcase(text, escaped(pattern)) for pattern in patterns)


def escaped(pattern: str) -> str:
    """IAM knows * and ? alone."""
    return pattern.replace("[", "[[]")


def role_of(account_id: str, arn: str | None):
    """LocalStack's role with this ARN, or None."""
    from localstack.services.iam.models import iam_stores

    role = iam_stores[account_id][iam.GLOBAL].ROLES.get((arn or "").rsplit("/", 1)[-1])
    return role if role and role.role["Arn"] == arn else None


def role_problem(account_id: str, arn: str | None, service: str) -> str | None:
    """Why a service cannot assume the role."""
    role = role_of(account_id, arn)
    if role is None:
        return f"role {arn} does not exist"
    if not is_trusted(role.role["AssumeRolePolicyDocument"], service):
        return f"role {arn} does not let {service} assume it"
    return None


@functools.lru_cache(maxsize=4096)
def is_trusted(document: str, service: str) -> bool:
    return iam.document_trusts(document, service)
