"""Elastic Load Balancing v2: the network under a balancer, as it stands in EC2.

AWS rules followed: one subnet per zone, all of one VPC, each with 8 free addresses; an Application Load
Balancer spans two zones; an internet-facing one needs an attached internet gateway [doc], dual stack
needs subnets with IPv6; security groups are of the same VPC. A balancer has a network interface in each
of its subnets, described as `ELB app/name/id`, which goes some minutes after the balancer; that of an
internet-facing one has a public address, which holds the internet gateway.
"""

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.errors import error
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces
from isobar_localstack.services.elbv2.state import Balancer, full_name, invalid

FREE_ADDRESSES = 8
NO_IPV6 = "You must specify subnets with an associated IPv6 CIDR block."
INTERFACE_TYPES = {
    "application": "interface",
    "network": "network_load_balancer",
    "gateway": "gateway_load_balancer",
}


def ec2(context):
    from moto.ec2.models import ec2_backends

    return ec2_backends[context.account_id][context.region]


def wanted_subnets(request) -> list[str]:
    return request.get("Subnets") or [mapping["SubnetId"] for mapping in request.get("SubnetMappings") or []]


def checked_subnets(context, subnet_ids: list[str], kind: str, has: dict) -> list[dict]:
    """The subnets of a balancer as EC2 knows them; `has` are those it is in already."""
    subnets = look_up(
        ec2_interfaces.checked_subnets, context, subnet_ids, "InvalidSubnetID.NotFound", "SubnetNotFound"
    )
    if len({subnet["VpcId"] for subnet in subnets}) > 1:
        raise error("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
    zones = [subnet["AvailabilityZone"] for subnet in subnets]
    if len(set(zones)) < len(zones):
        raise error(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if kind == "application" and len(zones) < 2:
        raise invalid("At least two subnets in two different Availability Zones must be specified")
    for subnet in subnets:
        if subnet["SubnetId"] not in has.values() and subnet["AvailableIpAddressCount"] < FREE_ADDRESSES:
            raise error(
                "InvalidSubnet",
                f"Not enough IP space available in {subnet['SubnetId']}. ELB requires at least "
                f"{FREE_ADDRESSES} free IP addresses in each subnet.",
            )
    return subnets


def look_up(checked, context, ids: list[str], code: str, own_code: str) -> list[dict]:
    """EC2's refusal in the words of load balancing."""
    try:
        return checked(context.account_id, context.region, ids)
    except CommonServiceException as refusal:
        if refusal.code != code:
            raise
        raise error(own_code, refusal.message) from None


def checked_groups(context, group_ids: list[str], vpc_id: str) -> list[str]:
    groups = look_up(
        ec2_interfaces.checked_groups, context, group_ids, "InvalidGroup.NotFound", "InvalidSecurityGroup"
    )
    for group in groups:
        if group["VpcId"] != vpc_id:
            raise error(
                "InvalidConfigurationRequest",
                f"One or more security groups are invalid: security group {group['GroupId']} does not belong to VPC '{vpc_id}'",
            )
    return list(dict.fromkeys(group_ids))


def default_group(context, vpc_id: str) -> str:
    return next(group.id for group in ec2(context).groups[vpc_id].values() if group.name == "default")


def check_internet_gateway(context, vpc_id: str):
    gateways = list(ec2(context).internet_gateways.values())
    if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in gateways):
        raise error("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def check_ipv6(context, subnet_ids: list[str]):
    zones = list(ec2(context).subnets.values())
    for subnet_id in subnet_ids:
        subnet = next(zone[subnet_id] for zone in zones if subnet_id in zone)
        if not subnet.ipv6_cidr_block_associations:
            raise invalid(NO_IPV6)


def check_vpc(context, vpc_id: str):
    if vpc_id not in ec2(context).vpcs:
        raise invalid(f"The VPC ID '{vpc_id}' is not found")


def cidrs_of(context, vpc_id: str) -> list[str]:
    vpc = ec2(context).vpcs.get(vpc_id)
    return [association["cidr_block"] for association in vpc.get_cidr_block_association_set()] if vpc else []


# --- interfaces -----------------------------------------------------------------------------------


def place_interfaces(context, balancer: Balancer):
    """One in each subnet; those in subnets that are no longer its own go."""
    wanted, has = list(balancer.subnets.values()), balancer.interfaces
    release_interfaces(context, [interface for subnet, interface in has.items() if subnet not in wanted])
    missing = [subnet for subnet in wanted if subnet not in has]
    made = ec2_interfaces.attach_interfaces(
        context.account_id,
        context.region,
        missing,
        balancer.data.get("SecurityGroups") or [],
        f"ELB {full_name(balancer.data['LoadBalancerArn'])}",
        interface_type=INTERFACE_TYPES[balancer.data["Type"]],
        public=is_public(balancer),
    )
    balancer.interfaces = {subnet: has[subnet] for subnet in wanted if subnet in has} | dict(
        zip(missing, made)
    )


def is_public(balancer: Balancer) -> bool:
    return (
        balancer.data.get("Scheme") == "internet-facing"
        and balancer.data["IpAddressType"] != "dualstack-without-public-ipv4"
    )


def set_public(context, balancer: Balancer):
    ec2_interfaces.set_public(
        context.account_id, context.region, list(balancer.interfaces.values()), is_public(balancer)
    )


def release_interfaces(context, interfaces: list[str]):
    ec2_interfaces.release_interfaces(
        context.account_id, context.region, interfaces, "elbv2.interfaces_leaving"
    )
