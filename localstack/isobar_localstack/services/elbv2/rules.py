"""Elastic Load Balancing v2: names, balancers, target groups, listeners, rules."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

APPLICATION = ("HTTP", "HTTPS")
FINAL_ACTIONS = ("forward", "redirect", "fixed-response")


def invalid(message):
    return error("ValidationError", message)


def check_name(what: str, name: str):
    limit = fact("elbv2.name_length")
    if len(name) > limit:  # [doc]
        raise invalid(f"{what} name '{name}' cannot be longer than '{limit}' characters")
    if not matches(r"[A-Za-z0-9\-]+", name):
        raise invalid(
            f"{what} name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    if name.startswith("-") or name.endswith("-"):
        raise invalid(f"{what} name '{name}' cannot begin or end with a hyphen(-)")


def balancer(context, request):
    name = request["Name"]
    check_name("The load balancer", name)
    if name.startswith("internal-"):
        raise invalid(f"The load balancer name '{name}' cannot begin with 'internal-'")
    if len(subnets(context, request)) < 2 and request.get("Type", "application") == "application":
        raise invalid("At least two subnets in two different Availability Zones must be specified")


def subnets(context, request) -> list:
    named, mappings = request.get("Subnets") or [], request.get("SubnetMappings") or []
    if named and mappings:
        raise error(
            "InvalidConfigurationRequest", "You can specify either Subnets or SubnetMappings, but not both"
        )
    wanted = named or [mapping.get("SubnetId") for mapping in mappings]
    if len(set(wanted)) != len(wanted):
        raise error("InvalidConfigurationRequest", "A subnet must not be given twice")
    if not wanted:
        raise invalid("At least one subnet must be specified")
    return wanted


def target_group(context, request):
    check_name("Target group", request["Name"])
    if request.get("TargetType") == "lambda":
        if given := [name for name in ("Protocol", "Port", "VpcId") if request.get(name)]:
            raise invalid(f"{given[0]} cannot be specified for target groups with target type 'lambda'")
    else:
        for name, shown in (("Protocol", "A protocol"), ("Port", "A port"), ("VpcId", "A VPC ID")):
            if not request.get(name):
                raise invalid(f"{shown} must be specified")
    if request.get("ProtocolVersion") and request.get("Protocol") not in APPLICATION:
        raise invalid("A protocol version can be specified for HTTP and HTTPS target groups only")
    health_check(context, request)


def health_check(context, request):
    interval, timeout = request.get("HealthCheckIntervalSeconds"), request.get("HealthCheckTimeoutSeconds")
    if interval and timeout and interval <= timeout and request.get("Protocol") in (None, *APPLICATION):
        raise invalid("Health check interval must be greater than the timeout.")
    if (path := request.get("HealthCheckPath")) and not path.startswith("/"):
        raise invalid("Health check path must begin with a '/' character")
    if request.get("HealthCheckPath") and request.get("HealthCheckProtocol") == "TCP":
        raise invalid("Health check path is not supported for health checks with TCP")
    codes = (request.get("Matcher") or {}).get("HttpCode")
    if codes and not all(matches(r"[2-5]\d\d(-[2-5]\d\d)?", code.strip()) for code in codes.split(",")):
        raise invalid("Health check matcher HTTP code is not valid")
    if (
        codes
        and request.get("Protocol") in APPLICATION
        and "5" in {code.strip()[0] for code in codes.replace("-", ",").split(",")}
    ):
        raise invalid("Health check matcher HTTP code must be between 200 and 499")  # [model]


def listener(context, request):
    protocol, certificates = request.get("Protocol"), request.get("Certificates") or []
    if protocol in ("HTTPS", "TLS"):
        if context.operation.name == "CreateListener" and not certificates:
            raise invalid(f"A certificate must be specified for {protocol} listeners")
    elif protocol and (certificates or request.get("SslPolicy")):
        raise invalid(f"Certificates and SSL policies cannot be specified for {protocol} listeners")
    if len(certificates) > 1:
        raise invalid("Only one certificate can be specified")
    balancer_arn = request.get("LoadBalancerArn") or ""
    if context.operation.name == "CreateListener" and ":loadbalancer/gwy/" not in balancer_arn:
        if not protocol or not request.get("Port"):
            raise invalid("A listener protocol and a port must be specified")
    if "/app/" in balancer_arn and protocol and protocol not in APPLICATION:
        raise invalid(
            f"Protocol '{protocol}' is not supported by application load balancers. It must be one of HTTP, HTTPS"
        )
    if "/net/" in balancer_arn and protocol in APPLICATION:
        raise invalid(f"Protocol '{protocol}' is not supported by network load balancers")
    check_actions(request.get("DefaultActions"))


def rule(context, request):
    check_actions(request.get("Actions"))
    conditions = request.get("Conditions")
    if conditions == [] or conditions is None and context.operation.name == "CreateRule":
        raise invalid("A condition must be specified")
    values = 0
    for condition in conditions or []:
        values += (
            len(condition.get("Values") or [])
            + len(condition.get("RegexValues") or [])
            + sum(
                len(part.get("Values") or []) + len(part.get("RegexValues") or [])
                for part in condition.values()
                if isinstance(part, dict)
            )
        )
        if condition.get("Field") and not matches(
            "host-header|path-pattern|http-header|query-string|http-request-method|source-ip",
            condition["Field"],
        ):
            raise invalid(f"Condition field '{condition['Field']}' is not valid")
    if conditions and not values:
        raise invalid("A condition value must be specified")
    if values > fact("elbv2.rule_condition_values"):
        raise invalid("Rules can have at most '5' condition values")


def check_actions(actions):
    if actions is None:
        return
    final = [action for action in actions if action.get("Type") in FINAL_ACTIONS]
    if len(final) != 1:
        raise error(
            "InvalidLoadBalancerAction",
            "Exactly one forward, redirect or fixed-response action must be specified",
        )
    if len(actions) > 1 and max(actions, key=lambda action: action.get("Order") or 0) is not final[0]:
        raise error(
            "InvalidLoadBalancerAction", f"The action of type {final[0]['Type']} must be performed last"
        )
    action = final[0]
    if action["Type"] == "forward":
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
        if not action.get("TargetGroupArn") and not groups:
            raise invalid("A target group ARN must be specified")
        if len(groups) > 5:
            raise error("TooManyTargetGroups", "A forward action can have at most '5' target groups")
    elif action["Type"] == "fixed-response":
        fixed = action.get("FixedResponseConfig")
        if not fixed:
            raise error("InvalidLoadBalancerAction", "You must specify a fixed-response configuration")
        if not matches(r"[245]\d\d", fixed.get("StatusCode") or ""):
            raise invalid("The status code of a fixed response must be 2XX, 4XX or 5XX")
        if len((fixed.get("MessageBody") or "").encode()) > fact("elbv2.fixed_response_bytes"):
            raise invalid("The message body of a fixed response is too long")
    elif not action.get("RedirectConfig"):
        raise error("InvalidLoadBalancerAction", "You must specify a redirect configuration")


RULES = {
    "CreateLoadBalancer": [balancer],
    "SetSubnets": [subnets],
    "CreateTargetGroup": [target_group],
    "ModifyTargetGroup": [health_check],
    "CreateListener": [listener],
    "ModifyListener": [listener],
    "CreateRule": [rule],
    "ModifyRule": [rule],
}
