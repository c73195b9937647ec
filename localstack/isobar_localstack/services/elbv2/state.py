"""Elastic Load Balancing v2: what there is, and who refers to whom.

AWS rules followed: the ARN of a listener contains that of its balancer, that of a rule contains the
listener's, and each ends in 16 hexadecimal digits; codes of errors differ from the names of their shapes
(LoadBalancerNotFound). A target group is in use as long as an action of a listener or a rule forwards to it.
"""

import functools
import secrets
import threading
from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.errors import error
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency

# Operations, and the functions other services call, take turns.
lock = threading.RLock()


@dataclass
class Balancer:
    data: dict
    tags: dict
    attributes: dict
    subnets: dict  # zone name -> subnet id
    active_at: float = 0.0
    interfaces: dict = field(default_factory=dict)  # subnet id -> interface id


@dataclass
class Target:
    id: str
    port: int | None
    zone: str | None = None
    health: str = "unused"
    next_health: tuple | None = None  # (moment, state) that the health checks are about to see
    drained_at: float | None = None


@dataclass
class TargetGroup:
    data: dict
    tags: dict
    attributes: dict
    targets: dict = field(default_factory=dict)  # (id, port) -> Target
    balancers: list = field(default_factory=list)  # ARNs of those that forward to it
    told: dict = field(default_factory=dict)  # id, or None for all -> healthy?


@dataclass
class Listener:
    data: dict
    tags: dict
    attributes: dict
    default_rule: str
    more_certificates: list = field(default_factory=list)


@dataclass
class Rule:
    data: dict
    tags: dict
    listener_arn: str


@dataclass
class Region:
    balancers: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    listeners: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)  # without the default rules
    # certificate -> (balancer arns, when ACM notices their end)
    former_uses: dict = field(default_factory=dict)


stores = State("elbv2")
regions: dict[tuple[str, str], Region] = stores.store("regions", defaultdict(Region))

# word of the ARN -> (where they are, code of "not found", name in messages)
KINDS = {
    "loadbalancer": ("balancers", "LoadBalancerNotFound", "load balancer"),
    "targetgroup": ("groups", "TargetGroupNotFound", "target group"),
    "listener": ("listeners", "ListenerNotFound", "listener"),
    "listener-rule": ("rules", "RuleNotFound", "rule"),
}


def here(context) -> Region:
    return regions[context.account_id, context.region]


def in_turn(handler):
    @functools.wraps(handler)
    def run(*arguments, **more):
        with lock:
            return handler(*arguments, **more)

    return run


def invalid(message: str):
    return error("ValidationError", message)


# --- ARNs -----------------------------------------------------------------------------------------


def new_id() -> str:
    return secrets.token_hex(8)


def arn_of(account_id: str, region: str, resource: str) -> str:
    return f"arn:aws:elasticloadbalancing:{region}:{account_id}:{resource}"


def arn_below(arn: str, word: str) -> str:
    """The ARN of a new listener of a balancer, or of a new rule of a listener."""
    head, _, tail = arn.partition("/")
    return f"{head.rpartition(':')[0]}:{word}/{tail}/{new_id()}"


def full_name(arn: str) -> str:
    """`app/name/id` of a balancer."""
    return arn.partition("/")[2]


def word_of(arn: str) -> str:
    return arn.split(":", 5)[-1].partition("/")[0]


# --- finding --------------------------------------------------------------------------------------


def find(context, arn: str, word: str):
    """The balancer, group, listener or rule with this ARN."""
    table, code, name = KINDS[word]
    check_arn(arn, word)
    found = getattr(here(context), table).get(arn)
    if found is None:
        raise error(code, f"{name.capitalize()} '{arn}' not found")
    return found


def check_arn(arn: str, word: str):
    if not arn.startswith("arn:") or word_of(arn) != word:
        raise invalid(
            f"'{arn}' is not a valid {'listener rule' if word == 'listener-rule' else KINDS[word][2]} ARN"
        )


def find_all(context, arns: list, word: str) -> list:
    """For the Describe operations, which do not see at once what has just been made."""
    table, code, name = KINDS[word]
    there, found = getattr(here(context), table), []
    for arn in arns:
        check_arn(arn, word)
        if arn not in there or consistency.not_visible_yet("consistency.elbv2_describe", arn):
            raise error(code, f"One or more {name}s not found")
        found.append(there[arn])
    return found


def listeners_of(region: Region, balancer_arn: str) -> list[Listener]:
    return [one for one in region.listeners.values() if one.data["LoadBalancerArn"] == balancer_arn]


def rules_of(region: Region, listener_arn: str) -> list[Rule]:
    return [one for one in region.rules.values() if one.listener_arn == listener_arn]


# --- who forwards to whom -------------------------------------------------------------------------


def groups_in(actions: list) -> set[str]:
    named = {action.get("TargetGroupArn") for action in actions}
    for action in actions:
        named |= {
            group.get("TargetGroupArn")
            for group in (action.get("ForwardConfig") or {}).get("TargetGroups") or []
        }
    return named - {None}


def uses(region: Region) -> dict[str, list[str]]:
    """Target group -> balancers whose listeners or rules forward to it, each once."""
    used = defaultdict(dict)
    for listener in region.listeners.values():
        balancer_arn = listener.data["LoadBalancerArn"]
        written = [
            listener.data["DefaultActions"],
            *(rule.data["Actions"] for rule in rules_of(region, listener.data["ListenerArn"])),
        ]
        for actions in written:
            for group in groups_in(actions):
                used[group][balancer_arn] = True
    return {group: list(balancers) for group, balancers in used.items()}
