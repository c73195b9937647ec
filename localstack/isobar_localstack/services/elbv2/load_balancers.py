"""Elastic Load Balancing v2: the load balancers.

AWS rules followed: a name is taken per region, and creating the same again succeeds while other settings
are a DuplicateLoadBalancerName; a new balancer is provisioning for some minutes; type, scheme and name
stay; deleting returns at once, also for what is gone, takes the listeners along, and is refused under
deletion protection and while a VPC link of version 1 leads to the balancer.
"""

import hashlib
import secrets

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import load_balancer_links
from isobar_localstack.core.paging import page
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.realism import consistency
from isobar_localstack.services.elbv2 import attributes, network
from isobar_localstack.services.elbv2.listeners import forget_listener
from isobar_localstack.services.elbv2.state import (
    Balancer,
    arn_of,
    check_arn,
    find,
    find_all,
    here,
    invalid,
    listeners_of,
    new_id,
)
from isobar_localstack.services.elbv2.targets import note_uses

LIMIT, DESCRIBED, PAGE_SIZE = 50, 20, 400
SHORT = {"application": "app", "network": "net", "gateway": "gwy"}
# region -> (of Application, of Network Load Balancers)
HOSTED_ZONES = {
    "us-east-1": ("Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    "us-east-2": ("Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    "us-west-1": ("Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
    "us-west-2": ("Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
    "af-south-1": ("Z268VQBMOI5EKX", "Z203XCE67M25HM"),
    "ap-east-1": ("Z3DQVH9N71FHZ0", "Z12Y7K3UBGUAD1"),
    "ap-northeast-1": ("Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    "ap-northeast-2": ("ZWKZPGTI48KDX", "ZIBE1TIR4HY56"),
    "ap-northeast-3": ("Z5LXEXXYW11ES", "Z1GWIQ4HH19I5X"),
    "ap-south-1": ("ZP97RAFLXTNZK", "ZVDDRBQ08TROA"),
    "ap-southeast-1": ("Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"),
    "ap-southeast-2": ("Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
    "ca-central-1": ("ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"),
    "eu-central-1": ("Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    "eu-north-1": ("Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
    "eu-south-1": ("Z3ULH7SSC9OV64", "Z23146JA1KNAFP"),
    "eu-west-1": ("Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    "eu-west-2": ("ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
    "eu-west-3": ("Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"),
    "me-south-1": ("ZS929ML54UICD", "Z3QSRYVP46NYYV"),
    "sa-east-1": ("Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"),
}


def operations() -> dict:
    return {
        "CreateLoadBalancer": create,
        "DescribeLoadBalancers": describe_all,
        "SetSubnets": set_subnets,
        "SetSecurityGroups": set_groups,
        "SetIpAddressType": set_ip_address_type,
        "DeleteLoadBalancer": delete,
    }


# --- making ---------------------------------------------------------------------------------------


def create(context, request):
    settings = settings_of(context, request)
    region, name = here(context), request["Name"]
    there = next((one for one in region.balancers.values() if one.data["LoadBalancerName"] == name), None)
    if there is not None:
        same = {key: value for key, value in settings.items() if key != "zones"} == settings_now(there)
        if not same or there.tags != tag_dict(request.get("Tags")):
            raise error(
                "DuplicateLoadBalancerName",
                f"A load balancer with the same name '{name}' exists, but with different settings",
            )
        return {"LoadBalancers": [describe(there)]}
    if len(region.balancers) >= LIMIT:
        raise error("TooManyLoadBalancers", f"The maximum number of load balancers has been reached: {LIMIT}")
    balancer = make(context, request, settings)
    network.place_interfaces(context, balancer)
    region.balancers[balancer.data["LoadBalancerArn"]] = balancer
    consistency.mark("consistency.elbv2_describe", balancer.data["LoadBalancerArn"])
    return {"LoadBalancers": [describe(balancer)]}


def settings_of(context, request) -> dict:
    """The settings asked for, checked against the network, in the form that tells two requests apart."""
    kind, scheme = request.get("Type") or "application", request.get("Scheme") or "internet-facing"
    subnets = network.checked_subnets(context, network.wanted_subnets(request), kind, {})
    vpc_id, groups = subnets[0]["VpcId"], request.get("SecurityGroups") or []
    if kind == "application":
        groups = groups or [network.default_group(context, vpc_id)]
    address_type = request.get("IpAddressType") or "ipv4"
    if scheme == "internet-facing" and kind != "gateway":
        network.check_internet_gateway(context, vpc_id)
    if address_type != "ipv4":
        network.check_ipv6(context, [subnet["SubnetId"] for subnet in subnets])
    return {
        "Type": kind,
        "Scheme": None if kind == "gateway" else scheme,
        "VpcId": vpc_id,
        "IpAddressType": address_type,
        "SecurityGroups": sorted(network.checked_groups(context, groups, vpc_id)),
        "subnets": sorted(subnet["SubnetId"] for subnet in subnets),
        "zones": {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets},
    }


def settings_now(balancer: Balancer) -> dict:
    data = balancer.data
    return {
        "Type": data["Type"],
        "Scheme": data.get("Scheme"),
        "VpcId": data["VpcId"],
        "IpAddressType": data["IpAddressType"],
        "SecurityGroups": sorted(data.get("SecurityGroups") or []),
        "subnets": sorted(balancer.subnets.values()),
    }


def make(context, request, settings) -> Balancer:
    kind, name, unique = settings["Type"], request["Name"], new_id()
    data = {
        "LoadBalancerArn": arn_of(
            context.account_id, context.region, f"loadbalancer/{SHORT[kind]}/{name}/{unique}"
        ),
        "LoadBalancerName": name,
        "CreatedTime": epoch(),
        **{key: settings[key] for key in ("Type", "VpcId", "IpAddressType")},
    }
    if kind != "gateway":
        data |= {
            "Scheme": settings["Scheme"],
            "DNSName": dns_name(context, name, unique, settings),
            "CanonicalHostedZoneId": hosted_zone(context, kind),
        }
    if settings["SecurityGroups"]:
        data["SecurityGroups"] = (
            list(dict.fromkeys(request.get("SecurityGroups") or [])) or settings["SecurityGroups"]
        )
    return Balancer(
        data,
        tag_dict(request.get("Tags")),
        attributes.of_balancer(kind, settings["Scheme"]),
        settings["zones"],
        due("elbv2.provisioning"),
    )


def dns_name(context, name: str, unique: str, settings: dict) -> str:
    if settings["Type"] == "network":
        return f"{name}-{unique}.elb.{context.region}.amazonaws.com"
    prefix = "internal-" if settings["Scheme"] == "internal" else ""
    return f"{prefix}{name}-{secrets.randbelow(9 * 10**9) + 10**9}.{context.region}.elb.amazonaws.com"


def hosted_zone(context, kind: str) -> str:
    """Of a region that is not in the table one that is like no other."""
    made_up = "Z" + hashlib.sha256(f"{context.region} {kind}".encode()).hexdigest()[:13].upper()
    return HOSTED_ZONES[context.region][kind == "network"] if context.region in HOSTED_ZONES else made_up


# --- reading --------------------------------------------------------------------------------------


def describe(balancer: Balancer) -> dict:
    zones = [
        {"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []}
        for zone, subnet in sorted(balancer.subnets.items())
    ]
    state = {"Code": "active" if is_over(balancer.active_at) else "provisioning"}
    return balancer.data | {"State": state, "AvailabilityZones": zones}


def describe_all(context, request):
    arns, names = request.get("LoadBalancerArns"), request.get("Names")
    if arns and names:
        raise invalid("Load balancer names and load balancer ARNs cannot be specified at the same time")
    if len(arns or names or []) > DESCRIBED:
        raise invalid(f"Up to '{DESCRIBED}' load balancers can be described")
    if arns:
        found = find_all(context, arns, "loadbalancer")
    else:
        found = [
            one
            for arn, one in here(context).balancers.items()
            if not consistency.not_visible_yet("consistency.elbv2_describe", arn)
            and (not names or one.data["LoadBalancerName"] in names)
        ]
        if names and len(found) < len(set(names)):
            raise error("LoadBalancerNotFound", "One or more load balancers not found")
    shown, marker = page(
        found, request.get("Marker"), request.get("PageSize") or PAGE_SIZE, invalid("Invalid marker")
    )
    return {"LoadBalancers": [describe(one) for one in shown]} | ({"NextMarker": marker} if marker else {})


# --- changing -------------------------------------------------------------------------------------


def set_subnets(context, request):
    balancer = find(context, request["LoadBalancerArn"], "loadbalancer")
    wanted = network.wanted_subnets(request)
    if not wanted:
        raise invalid("At least one subnet must be specified")
    subnets = network.checked_subnets(context, wanted, balancer.data["Type"], balancer.subnets)
    if subnets[0]["VpcId"] != balancer.data["VpcId"]:
        raise error(
            "InvalidConfigurationRequest",
            f"The subnets must belong to VPC '{balancer.data['VpcId']}' of the load balancer",
        )
    address_type = request.get("IpAddressType") or balancer.data["IpAddressType"]
    if address_type != "ipv4":
        network.check_ipv6(context, wanted)
    balancer.data["IpAddressType"] = address_type
    balancer.subnets = {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets}
    network.place_interfaces(context, balancer)
    network.set_public(context, balancer)
    return {"AvailabilityZones": describe(balancer)["AvailabilityZones"], "IpAddressType": address_type}


def set_groups(context, request):
    balancer = find(context, request["LoadBalancerArn"], "loadbalancer")
    if balancer.data["Type"] == "gateway":
        raise error(
            "InvalidConfigurationRequest",
            "Security groups are not supported for load balancers with type 'gateway'",
        )
    if balancer.data["Type"] == "network" and not balancer.data.get("SecurityGroups"):
        raise error(
            "InvalidConfigurationRequest",
            "You cannot set security groups on a network load balancer that was created without security groups",
        )
    if not request["SecurityGroups"]:
        raise invalid("At least one security group must be specified")
    groups = network.checked_groups(context, request["SecurityGroups"], balancer.data["VpcId"])
    balancer.data["SecurityGroups"] = groups
    network.ec2_interfaces.change_groups(
        context.account_id, context.region, list(balancer.interfaces.values()), groups
    )
    return {"SecurityGroupIds": groups}


def set_ip_address_type(context, request):
    balancer = find(context, request["LoadBalancerArn"], "loadbalancer")
    if request["IpAddressType"] != "ipv4":
        network.check_ipv6(context, list(balancer.subnets.values()))
    balancer.data["IpAddressType"] = request["IpAddressType"]
    network.set_public(context, balancer)
    return {"IpAddressType": request["IpAddressType"]}


# --- the end --------------------------------------------------------------------------------------


def delete(context, request):
    arn, region = request["LoadBalancerArn"], here(context)
    check_arn(arn, "loadbalancer")
    balancer = region.balancers.get(arn)
    if balancer is None:
        return {}
    if balancer.attributes["deletion_protection.enabled"] == "true":
        raise error(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    if any(load_balancer_links.publish(context.account_id, context.region, arn)):
        raise error(
            "ResourceInUse",
            f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
        )
    for listener in listeners_of(region, arn):
        forget_listener(region, listener)
    del region.balancers[arn]
    note_uses(region)
    network.release_interfaces(context, list(balancer.interfaces.values()))
    return {}
