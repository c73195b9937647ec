"""Elastic Load Balancing v2: target groups, and their targets over the API.

AWS rules followed: creating the same group again succeeds, other settings are a DuplicateTargetGroupName;
only the health check can be changed later; a group that an action forwards to cannot be deleted, deleting
one that is gone succeeds; instances must run, addresses lie in the VPC or in a private range with the zone
`all`; deregistering what is not registered succeeds.
"""

import ipaddress

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.realism import consistency
from isobar_localstack.services.elbv2 import attributes, network, targets
from isobar_localstack.services.elbv2.state import (
    TargetGroup,
    arn_of,
    check_arn,
    find,
    find_all,
    here,
    invalid,
    new_id,
)

LIMIT, DESCRIBED, PAGE_SIZE, TARGETS = 3000, 20, 400, 1000
HEALTH_CHECK = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckPath",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Matcher",
)
GIVEN = ("Protocol", "ProtocolVersion", "Port", "VpcId", *HEALTH_CHECK)
HTTP = ("HTTP", "HTTPS")
# Addresses that can be targets although they are not in the VPC [model].
ELSEWHERE = [
    ipaddress.ip_network(cidr) for cidr in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
]


def operations() -> dict:
    return {
        "CreateTargetGroup": create,
        "DescribeTargetGroups": describe_all,
        "ModifyTargetGroup": modify,
        "DeleteTargetGroup": delete,
        "RegisterTargets": register,
        "DeregisterTargets": deregister,
        "DescribeTargetHealth": describe_health,
    }


# --- groups ---------------------------------------------------------------------------------------


def create(context, request):
    region, name = here(context), request["Name"]
    data = defaults(request) | {key: request[key] for key in GIVEN if request.get(key) is not None}
    check_health_check(data)
    if data.get("VpcId"):
        network.check_vpc(context, data["VpcId"])
    there = next((one for one in region.groups.values() if one.data["TargetGroupName"] == name), None)
    if there is not None:
        same = {
            key: value
            for key, value in there.data.items()
            if key not in ("TargetGroupArn", "TargetGroupName")
        } == data
        if not same or there.tags != tag_dict(request.get("Tags")):
            raise error(
                "DuplicateTargetGroupName",
                f"A target group with the same name '{name}' exists, but with different settings",
            )
        return {"TargetGroups": [describe(there)]}
    if len(region.groups) >= LIMIT:
        raise error("TooManyTargetGroups", f"The maximum number of target groups has been reached: {LIMIT}")
    arn = arn_of(context.account_id, context.region, f"targetgroup/{name}/{new_id()}")
    group = TargetGroup(
        {"TargetGroupArn": arn, "TargetGroupName": name, **data},
        tag_dict(request.get("Tags")),
        attributes.of_group(data),
    )
    region.groups[arn] = group
    consistency.mark("consistency.elbv2_describe", arn)
    return {"TargetGroups": [describe(group)]}


def defaults(request) -> dict:
    """Defaults of a group [model]."""
    kind, protocol = request.get("TargetType") or "instance", request.get("Protocol")
    found = {
        "TargetType": kind,
        "IpAddressType": request.get("IpAddressType") or "ipv4",
        "HealthCheckEnabled": kind != "lambda",
    }
    if kind == "lambda":
        return found | checks("HTTP", 35, 30, 5, 5) | {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200"}}
    checked = request.get("HealthCheckProtocol") or ("HTTP" if protocol in HTTP else "TCP")
    port = {"HealthCheckPort": "80" if protocol == "GENEVE" else "traffic-port"}
    found |= port | checks(checked, 10 if protocol == "GENEVE" else 30, timeout(protocol, checked), 5, 2)
    version = request.get("ProtocolVersion") or "HTTP1"
    if protocol in HTTP:
        found["ProtocolVersion"] = version
    if checked in HTTP:
        grpc = protocol in HTTP and version == "GRPC"
        found["HealthCheckPath"] = "/AWS.ALB/healthcheck" if grpc else "/"
        found["Matcher"] = (
            {"GrpcCode": "12"} if grpc else {"HttpCode": "200" if protocol in HTTP else "200-399"}
        )
    return found


def checks(protocol: str, interval: int, timeout_seconds: int, healthy: int, unhealthy: int) -> dict:
    return {
        "HealthCheckProtocol": protocol,
        "HealthCheckIntervalSeconds": interval,
        "HealthCheckTimeoutSeconds": timeout_seconds,
        "HealthyThresholdCount": healthy,
        "UnhealthyThresholdCount": unhealthy,
    }


def timeout(protocol: str, checked: str) -> int:
    if protocol in HTTP or protocol == "GENEVE":
        return 5
    return 6 if checked == "HTTP" else 10


def check_health_check(data: dict):
    if (
        data["HealthCheckTimeoutSeconds"] >= data["HealthCheckIntervalSeconds"]
        and data.get("Protocol", "HTTP") in HTTP
    ):
        raise invalid("Health check interval must be greater than the timeout.")
    if not data["HealthCheckEnabled"] and data["TargetType"] != "lambda":
        raise error(
            "InvalidConfigurationRequest",
            f"Health check enabled must be true for target groups with target type '{data['TargetType']}'",
        )
    checked = data["HealthCheckProtocol"]
    if checked not in (*HTTP, "TCP") or checked == "TCP" and data.get("Protocol") in HTTP:
        raise invalid(
            f"Health check protocol '{checked}' is not supported for target groups with protocol '{data.get('Protocol')}'"
        )
    if checked == "TCP" and ("HealthCheckPath" in data or "Matcher" in data):
        raise invalid("Health check path and matcher are not supported for health checks with protocol 'TCP'")


def describe(group: TargetGroup) -> dict:
    return group.data | {"LoadBalancerArns": list(group.balancers)}


def describe_all(context, request):
    arns, names, balancer = (
        request.get("TargetGroupArns"),
        request.get("Names"),
        request.get("LoadBalancerArn"),
    )
    if sum(map(bool, (arns, names, balancer))) > 1:
        raise invalid(
            "Target group names, target group ARNs and a load balancer ARN cannot be specified at the same time"
        )
    if len(arns or names or []) > DESCRIBED:
        raise invalid(f"Up to '{DESCRIBED}' target groups can be described")
    if balancer:
        find(context, balancer, "loadbalancer")
    if arns:
        found = find_all(context, arns, "targetgroup")
    else:
        found = [
            one
            for arn, one in here(context).groups.items()
            if not consistency.not_visible_yet("consistency.elbv2_describe", arn)
            and (not names or one.data["TargetGroupName"] in names)
            and (not balancer or balancer in one.balancers)
        ]
        if names and len(found) < len(set(names)):
            raise error("TargetGroupNotFound", "One or more target groups not found")
    shown, marker = page(
        found, request.get("Marker"), request.get("PageSize") or PAGE_SIZE, invalid("Invalid marker")
    )
    return {"TargetGroups": [describe(one) for one in shown]} | ({"NextMarker": marker} if marker else {})


def modify(context, request):
    group = find(context, request["TargetGroupArn"], "targetgroup")
    wanted = {key: request[key] for key in HEALTH_CHECK if request.get(key) is not None}
    if wanted.get("HealthCheckProtocol") == "TCP":
        merged = {
            key: value for key, value in group.data.items() if key not in ("HealthCheckPath", "Matcher")
        } | wanted
    else:
        merged = group.data | wanted
    if merged["HealthCheckProtocol"] in HTTP and "HealthCheckPath" not in merged:
        merged |= {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200-399"}} | wanted
    check_health_check(merged)
    targets.settle(group)
    switched = merged["HealthCheckEnabled"] != group.data["HealthCheckEnabled"]
    group.data.clear()
    group.data.update(merged)
    for target in group.targets.values() if switched else ():
        targets.begin(here(context), group, target)
    return {"TargetGroups": [describe(group)]}


def delete(context, request):
    arn = request["TargetGroupArn"]
    check_arn(arn, "targetgroup")
    group = here(context).groups.get(arn)
    if group and group.balancers:
        raise error("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
    here(context).groups.pop(arn, None)
    return {}


# --- targets --------------------------------------------------------------------------------------


def register(context, request):
    group = find(context, request["TargetGroupArn"], "targetgroup")
    for target in request["Targets"]:
        check_target(context, group, target)
    targets.settle(group)
    keys = {key for key, one in group.targets.items() if one.drained_at is None} | {
        targets.key_of(group, one) for one in request["Targets"]
    }
    limit = 1 if group.data["TargetType"] in ("lambda", "alb") else TARGETS
    if len(keys) > limit:
        raise error(
            "TooManyTargets",
            f"The maximum number of targets for target group '{request['TargetGroupArn']}' has been reached: {limit}",
        )
    targets.register(context.account_id, context.region, request["TargetGroupArn"], request["Targets"])
    return {}


def check_target(context, group: TargetGroup, target: dict):
    kind, target_id = group.data["TargetType"], target["Id"]
    if kind == "instance":
        instance = running(context).get(target_id)
        if instance is None:
            raise error(
                "InvalidTarget",
                f"The following targets are not in a running state and cannot be registered: '{target_id}'",
            )
        if instance.vpc_id != group.data["VpcId"]:
            raise error(
                "InvalidTarget",
                f"The following targets are not in the target group VPC '{group.data['VpcId']}': '{target_id}'",
            )
    elif kind == "ip":
        check_address(context, group, target)
    elif kind == "lambda" and not target_id.startswith("arn:aws:lambda:"):
        raise invalid(f"'{target_id}' is not a valid Lambda function ARN")
    elif kind == "alb":
        find(context, target_id, "loadbalancer")


def running(context) -> dict:
    found = [
        one for reservation in network.ec2(context).reservations.values() for one in reservation.instances
    ]
    return {instance.id: instance for instance in found if instance.state == "running"}


def check_address(context, group: TargetGroup, target: dict):
    try:
        address = ipaddress.ip_address(target["Id"])
    except ValueError:
        raise invalid(f"The IP address '{target['Id']}' is not a valid IPv4 address") from None
    if (
        any(address in ipaddress.ip_network(cidr) for cidr in network.cidrs_of(context, group.data["VpcId"]))
        or address.version == 6
    ):
        return
    if not any(address in private for private in ELSEWHERE):
        raise invalid(f"The IP address '{address}' is not within a supported private range")
    if not target.get("AvailabilityZone"):
        raise invalid(
            f"You must specify an Availability Zone for the IP address '{address}', which is outside the VPC of the target group"
        )


def deregister(context, request):
    find(context, request["TargetGroupArn"], "targetgroup")
    targets.deregister(context.account_id, context.region, request["TargetGroupArn"], request["Targets"])
    return {}


def describe_health(context, request):
    group = find(context, request["TargetGroupArn"], "targetgroup")
    targets.settle(group)
    wanted = request.get("Targets")
    keys = [targets.key_of(group, one) for one in wanted] if wanted else list(group.targets)
    return {"TargetHealthDescriptions": [described_target(context, group, key) for key in keys]}


def described_target(context, group: TargetGroup, key: tuple) -> dict:
    target = group.targets.get(key)
    shown = {"Target": {"Id": key[0]} | ({"Port": key[1]} if key[1] else {})}
    if target is None:
        reason, text = targets.NOT_REGISTERED
        return shown | {"TargetHealth": {"State": "unused", "Reason": reason, "Description": text}}
    if target.zone:
        shown["Target"]["AvailabilityZone"] = target.zone
    port = group.data.get("HealthCheckPort")
    checked = {"HealthCheckPort": str(key[1]) if port == "traffic-port" else port} if port else {}
    return shown | checked | {"TargetHealth": targets.health(here(context), group, target)}
