"""Functions: who may call them, the version that an alias leads to, and the role that this version has."""

import fnmatch
import re
from dataclasses import dataclass

from isobar_localstack.services.iam import roles as iam
from isobar_localstack.services.lambda_.state import all_functions
from isobar_localstack.traffic import policies
from isobar_localstack.traffic.answer import Answer, all_of, by, no

ARN = re.compile(r"arn:[^:]+:lambda:([^:]+):(\d+):function:([^:/]+)(?::([^:/]+))?")
LATEST = "$LATEST"


@dataclass(frozen=True)
class Caller:
    """A service that calls with a role, or for itself on behalf of something."""

    service: str
    role: str | None = None
    source: str = ""  # the ARN of what calls


_called: dict[tuple, Answer] = {}  # within one look nothing changes


def begin_look():
    _called.clear()


def call(arn: str, caller: Caller) -> Answer:
    if caller.role:  # then it does not matter on whose behalf
        caller = Caller(caller.service, caller.role)
    if (arn, caller) not in _called:
        _called[arn, caller] = ask(arn, caller)
    return _called[arn, caller]


def ask(arn: str, caller: Caller) -> Answer:
    found = ARN.search(arn)
    if not found:
        return no(f"{arn} names no function")
    region, account_id, name, qualifier = found.groups()
    function = all_functions(account_id, region).get(name)
    if function is None:
        return no(f"function {name} does not exist")
    called = found.group(0)
    why = call_refusal(account_id, function, called, qualifier or LATEST, caller)
    if why:
        return no(why)
    if function.reserved_concurrent_executions == 0:
        return no(f"function {name} may not run: its reserved concurrency is 0")
    return all_of(run(account_id, function, one) for one in versions_of(function, qualifier or LATEST))


def versions_of(function, qualifier: str) -> list[str]:
    """The versions that calls of the qualifier are answered by."""
    alias = function.aliases.get(qualifier)
    if alias is None:
        return [qualifier]
    routing = alias.routing_configuration
    weights = routing.version_weights if routing else {}
    return [alias.function_version, *(version for version, weight in weights.items() if weight)]


def run(account_id: str, function, number: str) -> Answer:
    name, version = f"{function.function_name}:{number}", function.versions.get(number)
    if version is None:
        return no(f"function {name} does not exist")
    if version.config.state.state != "Active":
        return no(f"function {name} is {version.config.state.state}")
    why = policies.role_problem(account_id, version.config.role, "lambda.amazonaws.com")
    return no(f"function {name}: {why}") if why else by(f"function {name}")


# --- who may --------------------------------------------------------------------------------------


def call_refusal(account_id: str, function, arn: str, qualifier: str, caller: Caller) -> str | None:
    if not caller.role:
        return permission_refusal(function, qualifier, arn, caller)
    why = policies.role_problem(account_id, caller.role, caller.service)
    if why:
        return why
    role = policies.role_of(account_id, caller.role)
    if not policies.allows(account_id, role, policies.Right("lambda:InvokeFunction", arn)):
        return f"role {role.role['RoleName']} may not call {arn}"
    return None


def permission_refusal(function, qualifier: str, arn: str, caller: Caller) -> str | None:
    policy = function.permissions.get(qualifier)
    statements = policy.policy.Statement if policy else []
    if any(permits(one, caller) for one in statements):
        return None
    return f"{caller.service} has no permission to call {arn}"


def permits(statement: dict, caller: Caller) -> bool:
    principal = statement.get("Principal")
    services = iam.listed(principal.get("Service")) if isinstance(principal, dict) else [principal]
    actions = iam.listed(statement.get("Action"))
    if caller.service not in services and "*" not in services:
        return False
    if statement.get("Effect") != "Allow" or not policies.matches(actions, "lambda:InvokeFunction", True):
        return False
    conditions = statement.get("Condition") or {}
    sources = [
        value
        for operator in ("ArnLike", "ArnEquals", "StringEquals", "StringLike")
        for key, value in (conditions.get(operator) or {}).items()
        if key.lower() == "aws:sourcearn"
    ]
    return all(fnmatch.fnmatchcase(caller.source, pattern) for pattern in sources)
