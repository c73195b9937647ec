"""Elastic Load Balancing v2: actions and conditions, checked and written out as AWS shows them.

AWS rules followed: a forward to one group is shown with TargetGroupArn and with a ForwardConfig of weight
1; a redirect with all its parts, and not to itself; an Application Load Balancer forwards to HTTP and
HTTPS groups and functions of its VPC, a Network Load Balancer to one group; a target group belongs to
one balancer [doc]; conditions on hosts and paths are shown with Values and with their configuration.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.services.elbv2.attributes import kind_of_group
from isobar_localstack.services.elbv2.state import Balancer, groups_in, here, invalid

GROUPS_PER_BALANCER = 100
REDIRECT = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "query-string": "QueryStringConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
WITH_VALUES = ("host-header", "path-pattern")
REPEATED = ("http-header", "query-string")
VALUE_LENGTH = 128
FITS = {"application": ("application", "lambda"), "network": ("network",), "gateway": ("gateway",)}


# --- actions --------------------------------------------------------------------------------------


def written_actions(context, balancer: Balancer, actions: list) -> list:
    """The actions as they are kept and shown; refused if they do not fit the balancer."""
    shown = [written_action(action) for action in actions]
    if len(shown) > 1:
        shown = [{"Order": number, **action} for number, action in enumerate(shown, 1)]
    for arn in sorted(groups_in(shown)):
        check_group(context, balancer, arn)
    if balancer.data["Type"] == "network" and len(groups_in(shown)) > 1:
        raise error(
            "InvalidLoadBalancerAction",
            "A forward action of a network load balancer can have one target group only",
        )
    check_number(context, balancer, groups_in(shown))
    return shown


def written_action(action: dict) -> dict:
    if action["Type"] == "forward":
        return written_forward(action)
    if action["Type"] == "redirect":
        redirect = {
            **REDIRECT,
            **{key: value for key, value in action["RedirectConfig"].items() if value is not None},
        }
        if all(redirect[key] == value for key, value in REDIRECT.items()):
            raise error(
                "InvalidLoadBalancerAction",
                "The Redirect configuration is not valid because it creates a loop.",
            )
        return action | {"RedirectConfig": redirect}
    return dict(action)


def written_forward(action: dict) -> dict:
    config = action.get("ForwardConfig") or {}
    groups, alone = config.get("TargetGroups") or [], action.get("TargetGroupArn")
    if alone and groups and [group["TargetGroupArn"] for group in groups] != [alone]:
        raise invalid(
            "You cannot specify both a target group ARN and a forward configuration with different target groups"
        )
    groups = [{"Weight": 1, **group} for group in groups or [{"TargetGroupArn": alone}]]
    arns = [group["TargetGroupArn"] for group in groups]
    if len(set(arns)) < len(arns):
        raise error("InvalidLoadBalancerAction", "A target group must not be given twice in a forward action")
    if any(not 0 <= group["Weight"] <= 999 for group in groups):
        raise invalid("The weight of a target group must be between 0 and 999")
    sticky = config.get("TargetGroupStickinessConfig") or {"Enabled": False}
    if sticky.get("Enabled") and not 1 <= (sticky.get("DurationSeconds") or 0) <= 604800:
        raise invalid("The duration of target group stickiness must be between 1 and 604800 seconds")
    rest = {key: value for key, value in action.items() if key not in ("TargetGroupArn", "ForwardConfig")}
    one = {"TargetGroupArn": arns[0]} if len(arns) == 1 else {}
    return rest | one | {"ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky}}


def check_group(context, balancer: Balancer, arn: str):
    group, data = here(context).groups.get(arn), balancer.data
    if group is None:
        raise error("TargetGroupNotFound", "One or more target groups not found")
    if kind_of_group(group.data) not in FITS[data["Type"]]:
        raise error(
            "IncompatibleProtocols",
            f"The protocol '{group.data.get('Protocol')}' of target group '{arn}' is not supported by {data['Type']} load balancers",
        )
    if group.data.get("VpcId") not in (None, data["VpcId"]):
        raise error(
            "InvalidConfigurationRequest",
            f"The following target groups are in a different VPC than load balancer '{data['LoadBalancerArn']}': {arn}",
        )
    if set(group.balancers) - {data["LoadBalancerArn"]}:
        raise error(
            "TargetGroupAssociationLimit",
            f"Target group '{arn}' cannot be associated with more than one load balancer",
        )


def check_number(context, balancer: Balancer, groups: set):
    arn = balancer.data["LoadBalancerArn"]
    used = {name for name, group in here(context).groups.items() if arn in group.balancers} | groups
    if len(used) > GROUPS_PER_BALANCER:
        raise error(
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            f"The maximum number of unique target groups for load balancer '{arn}' has been reached: {GROUPS_PER_BALANCER}",
        )


# --- conditions -----------------------------------------------------------------------------------


def written_conditions(conditions: list) -> list:
    shown, fields = [], []
    for condition in conditions:
        field = condition.get("Field")
        if not field:
            raise invalid("A condition field must be specified")
        if field in fields and field not in REPEATED:
            raise invalid(f"A rule can have one condition with field '{field}' only")
        fields.append(field)
        shown.append(written_condition(field, condition))
    return shown


def written_condition(field: str, condition: dict) -> dict:
    name = CONFIGS[field]
    config, values, patterns = condition.get(name), condition.get("Values"), condition.get("RegexValues")
    if foreign := [other for other in CONFIGS.values() if other != name and condition.get(other)]:
        raise invalid(f"'{foreign[0]}' cannot be specified for a condition with field '{field}'")
    if values and config:
        raise invalid(f"You cannot specify both 'Values' and '{name}' in a condition")
    if values and field not in WITH_VALUES:
        raise invalid(f"Values of a condition with field '{field}' must be specified in '{name}'")
    config = config or {"Values": values or []}
    for value in config.get("Values") or []:
        text = value if isinstance(value, str) else value.get("Value") or ""
        if not text or len(text) > VALUE_LENGTH:
            raise invalid(f"Condition value '{text}' must have a length between 1 and {VALUE_LENGTH}")
    if patterns:
        return {"Field": field, "RegexValues": patterns}
    return {"Field": field, name: config} | (
        {"Values": config["Values"]} if field in WITH_VALUES and config.get("Values") else {}
    )
