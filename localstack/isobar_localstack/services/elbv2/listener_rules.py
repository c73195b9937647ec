"""Elastic Load Balancing v2: rules of listeners.

AWS rules followed: a priority is taken once per listener and changed by SetRulePriorities alone, which may
swap them; every listener has a default rule with the listener's actions, that cannot be changed here or
deleted; rules are listed by priority, the default one last; only Application Load Balancers have others.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.services.elbv2.actions import written_actions, written_conditions
from isobar_localstack.services.elbv2.state import (
    Listener,
    Region,
    Rule,
    arn_below,
    check_arn,
    find,
    find_all,
    here,
    invalid,
    rules_of,
)
from isobar_localstack.services.elbv2.targets import note_uses

LIMIT, DESCRIBED, PAGE_SIZE = 100, 20, 400


def operations() -> dict:
    return {
        "CreateRule": create,
        "DescribeRules": describe_all,
        "ModifyRule": modify,
        "SetRulePriorities": set_priorities,
        "DeleteRule": delete,
    }


def create(context, request):
    region, listener = here(context), find(context, request["ListenerArn"], "listener")
    balancer = find(context, listener.data["LoadBalancerArn"], "loadbalancer")
    if balancer.data["Type"] != "application":
        raise error(
            "UnsupportedProtocol", f"Rules are not supported by {balancer.data['Type']} load balancers"
        )
    check_priority(region, request["ListenerArn"], request["Priority"])
    if len(rules_of_balancer(region, listener.data["LoadBalancerArn"])) >= LIMIT:
        raise error(
            "TooManyRules",
            f"The maximum number of rules for load balancer '{listener.data['LoadBalancerArn']}' has been reached: {LIMIT}",
        )
    data = {
        "RuleArn": arn_below(request["ListenerArn"], "listener-rule"),
        "Priority": str(request["Priority"]),
        "IsDefault": False,
        "Conditions": written_conditions(request["Conditions"]),
        "Actions": written_actions(context, balancer, request["Actions"]),
        "Transforms": request.get("Transforms") or [],
    }
    region.rules[data["RuleArn"]] = Rule(data, tag_dict(request.get("Tags")), request["ListenerArn"])
    note_uses(region)
    return {"Rules": [dict(data)]}


def check_priority(region: Region, listener_arn: str, priority: int):
    if any(rule.data["Priority"] == str(priority) for rule in rules_of(region, listener_arn)):
        raise error("PriorityInUse", f"Priority '{priority}' is currently in use")


def rules_of_balancer(region: Region, balancer_arn: str) -> list[Rule]:
    return [
        rule
        for rule in region.rules.values()
        if region.listeners[rule.listener_arn].data["LoadBalancerArn"] == balancer_arn
    ]


def modify(context, request):
    region, rule = here(context), changeable(context, request["RuleArn"], "modified")
    listener = region.listeners[rule.listener_arn]
    balancer = find(context, listener.data["LoadBalancerArn"], "loadbalancer")
    if request.get("Transforms") and request.get("ResetTransforms"):
        raise invalid("You cannot specify both transforms and their reset")
    wanted = {}
    if request.get("Conditions") is not None:
        wanted["Conditions"] = written_conditions(request["Conditions"])
    if request.get("Actions") is not None:
        wanted["Actions"] = written_actions(context, balancer, request["Actions"])
    if request.get("Transforms") or request.get("ResetTransforms"):
        wanted["Transforms"] = request.get("Transforms") or []
    rule.data |= wanted
    note_uses(region)
    return {"Rules": [dict(rule.data)]}


def changeable(context, arn: str, what: str) -> Rule:
    """The rule with this ARN, unless it is a default one."""
    check_arn(arn, "listener-rule")
    if any(listener.default_rule == arn for listener in here(context).listeners.values()):
        raise error("OperationNotPermitted", f"Default rule '{arn}' cannot be {what}")
    return find_rule(context, arn)


def find_rule(context, arn: str) -> Rule:
    return find_all(context, [arn], "listener-rule")[0]


def set_priorities(context, request):
    region = here(context)
    wanted = {pair["RuleArn"]: pair["Priority"] for pair in request["RulePriorities"]}
    rules = [changeable(context, arn, "modified") for arn in wanted]
    if len({rule.listener_arn for rule in rules}) > 1:
        raise invalid("The rules must belong to the same listener")
    if len(set(wanted.values())) < len(wanted):
        raise error("PriorityInUse", "A priority must not be given to more than one rule")
    others = {
        rule.data["Priority"]
        for rule in rules_of(region, rules[0].listener_arn)
        if rule.data["RuleArn"] not in wanted
    }
    for priority in wanted.values():
        if str(priority) in others:
            raise error("PriorityInUse", f"Priority '{priority}' is currently in use")
    for rule in rules:
        rule.data["Priority"] = str(wanted[rule.data["RuleArn"]])
    return {"Rules": [dict(rule.data) for rule in rules]}


def delete(context, request):
    region, rule = here(context), changeable(context, request["RuleArn"], "deleted")
    del region.rules[rule.data["RuleArn"]]
    note_uses(region)
    return {}


# --- reading --------------------------------------------------------------------------------------


def describe_all(context, request):
    arns, listener_arn = request.get("RuleArns"), request.get("ListenerArn")
    if bool(arns) == bool(listener_arn):
        raise invalid("You must specify either rule ARNs or a listener ARN")
    if len(arns or []) > DESCRIBED:
        raise invalid(f"Up to '{DESCRIBED}' rules can be described")
    if arns:
        defaults = {one.default_rule: one for one in here(context).listeners.values()}
        found = [
            default_rule(defaults[arn]) if arn in defaults else find_rule(context, arn).data for arn in arns
        ]
    else:
        listener = find(context, listener_arn, "listener")
        own = sorted(
            (rule.data for rule in rules_of(here(context), listener_arn)),
            key=lambda data: int(data["Priority"]),
        )
        found = [*own, default_rule(listener)]
    shown, marker = page(
        found, request.get("Marker"), request.get("PageSize") or PAGE_SIZE, invalid("Invalid marker")
    )
    return {"Rules": [dict(one) for one in shown]} | ({"NextMarker": marker} if marker else {})


def default_rule(listener: Listener) -> dict:
    return {
        "RuleArn": listener.default_rule,
        "Priority": "default",
        "IsDefault": True,
        "Conditions": [],
        "Actions": listener.data["DefaultActions"],
        "Transforms": [],
    }
