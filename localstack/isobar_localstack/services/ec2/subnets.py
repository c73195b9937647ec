"""EC2: subnets.

Gaps of LocalStack closed here: a subnet was available at once, gave public addresses unasked, was
filed under no zone when made by zone id, and went with network interfaces in it.

AWS rules followed: a subnet is pending for a moment; its block lies in one of the VPC's
(InvalidSubnet.Range) and overlaps no other (InvalidSubnet.Conflict); network interfaces hold it,
whoever they belong to; associations with a route table do not.
"""

import ipaddress

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import interfaces, state, vpcs
from isobar_localstack.services.ec2.reading import described

FILTERS = {
    "cidr": "CidrBlock",
    "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet.AssociationId",
    "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
}


def operations(original: dict) -> dict:
    return {
        "CreateSubnet": create,
        "DescribeSubnets": described("Subnets", "SubnetIds", "SubnetId", describe_all, FILTERS),
        "DeleteSubnet": delete,
        "ModifySubnetAttribute": modify(original["ModifySubnetAttribute"]),
        "DescribeAvailabilityZones": describe_zones,
    }


# --- creating -------------------------------------------------------------------------------------


def create(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    if not request.get("CidrBlock"):
        raise error("MissingParameter", "The request must contain the parameter cidrBlock")
    tags, zone = state.wanted_tags(request, "subnet"), zone_of(context, request)
    block = check_block(context, vpc, request["CidrBlock"])
    subnet = state.of(context).create_subnet(
        vpc.id,
        str(block),
        ipv6_cidr_block=request.get("Ipv6CidrBlock"),
        availability_zone=zone.name,
        tags={"subnet": tags},
    )
    subnet.default_for_az = subnet.map_public_ip_on_launch = False
    subnet.state = "pending"
    place = (context.account_id, context.region)
    state.scheduled.at(due("ec2.subnet_pending"), set_available, *place, subnet.id)
    state.mark_created(*place, subnet.id)
    return {"Subnet": to_response(*place, subnet)}


def zone_of(context, request):
    zones = state.of(context).describe_availability_zones()
    name, zone_id = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if name and zone_id:
        raise error(
            "InvalidParameterCombination",
            "Only one of availabilityZone and availabilityZoneId can be specified",
        )
    for zone in zones:
        if zone.name == name or zone.zone_id == zone_id or not (name or zone_id):
            return zone
    which, names = (
        ("availabilityZone", [zone.name for zone in zones])
        if name
        else ("availabilityZoneId", [zone.zone_id for zone in zones])
    )
    raise error(
        "InvalidParameterValue",
        f"Value ({name or zone_id}) for parameter {which} is invalid. Subnets can currently only be "
        f"created in the following availability zones: {', '.join(names)}.",
    )


def check_block(context, vpc, cidr: str):
    block = ipaddress.ip_network(cidr, strict=False)
    if not any(block.subnet_of(ipaddress.ip_network(whole)) for whole in vpcs.blocks(vpc)):
        raise error("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    others = [
        subnet
        for subnet in state.all_of(context.account_id, context.region, "subnet").values()
        if subnet.vpc_id == vpc.id
    ]
    quotas.check("subnets_of_vpc", len(others) + 1)
    if any(subnet.cidr.version == 4 and subnet.cidr.overlaps(block) for subnet in others):
        raise error("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")
    return block


def set_available(account_id: str, region: str, subnet_id: str):
    if subnet := state.all_of(account_id, region, "subnet").get(subnet_id):
        subnet.state = "available"


def modify(original):
    def handler(context, request):
        subnet = state.get(context, "subnet", request["SubnetId"])
        given = [
            name
            for name, value in request.items()
            if name not in ("SubnetId", "DryRun") and value is not None
        ]
        if len(given) > 1 and set(given) != {"MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool"}:
            raise error("InvalidParameterCombination", "Fields for multiple attribute types specified")
        return {} if name_instances(subnet, request) else original(context, request)

    return handler


def name_instances(subnet, request) -> bool:
    """Sets how instances are named, of which LocalStack knows one setting of three."""
    settings = {
        "PrivateDnsHostnameTypeOnLaunch": "HostnameType",
        "EnableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecord",
        "EnableResourceNameDnsAAAARecordOnLaunch": "EnableResourceNameDnsAAAARecord",
    }
    chosen = [name for name in settings if request.get(name) is not None]
    for name in chosen:
        value = request[name]
        subnet.private_dns_name_options_on_launch[settings[name]] = (
            value.get("Value") if isinstance(value, dict) else value
        )
    return bool(chosen)


# --- zones ----------------------------------------------------------------------------------------


def describe_zones(context, request):
    zones = {key: set(request.get(key + "s") or []) for key in ("ZoneName", "ZoneId")}
    for key, wanted in zones.items():
        if unknown := wanted - {zone[key] for zone in zones_to_response(context)}:
            raise error("InvalidParameterValue", f"Invalid availability zone: [{sorted(unknown)[0]}]")
    answer = describe_zones_by_filters(context, request)
    return {
        "AvailabilityZones": [
            zone
            for zone in answer["AvailabilityZones"]
            if all(not wanted or zone[key] in wanted for key, wanted in zones.items())
        ]
    }


def zones_to_response(context) -> list[dict]:
    return [
        {
            "ZoneName": zone.name,
            "ZoneId": zone.zone_id,
            "RegionName": context.region,
            "ZoneType": zone.zone_type,
            "State": "available",
            "OptInStatus": "opt-in-not-required",
            "GroupName": f"{context.region}-zg-1",
            "NetworkBorderGroup": context.region,
            "Messages": [],
        }
        for zone in state.of(context).describe_availability_zones()
    ]


describe_zones_by_filters = described("AvailabilityZones", None, "ZoneName", zones_to_response, {})


# --- deleting -------------------------------------------------------------------------------------


def delete(context, request):
    subnet = state.get(context, "subnet", request["SubnetId"])
    if any(
        interface.subnet.id == subnet.id for interface in interfaces.live(context.account_id, context.region)
    ):
        raise error(
            "DependencyViolation", f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        )
    backend = state.of(context)
    for zone in backend.subnets.values():
        zone.pop(subnet.id, None)
    for table in backend.route_tables.values():
        for association, target in list(table.associations.items()):
            if target == subnet.id:
                del table.associations[association]
    for acl in backend.network_acls.values():
        for key, association in list(acl.associations.items()):
            if association.subnet_id == subnet.id:
                del acl.associations[key]
    state.forget_tags(context.account_id, context.region, subnet.id)
    return {}


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    place = (context.account_id, context.region)
    return [to_response(*place, subnet) for subnet in state.all_of(*place, "subnet").values()]


def to_response(account_id: str, region: str, subnet) -> dict:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": subnet.arn,
        "VpcId": subnet.vpc_id,
        "State": subnet.state,
        "OwnerId": account_id,
        "CidrBlock": subnet.cidr_block,
        "AvailabilityZone": subnet.availability_zone,
        "AvailabilityZoneId": subnet.availability_zone_id,
        "AvailableIpAddressCount": subnet.available_ip_address_count,
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip_on_launch in (True, "true"),
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6_address_on_creation in (True, "true"),
        "EnableDns64": bool(getattr(subnet, "enable_dns64", False)),
        "Ipv6Native": subnet.ipv6_native,
        "PrivateDnsNameOptionsOnLaunch": dict(subnet.private_dns_name_options_on_launch),
        "Ipv6CidrBlockAssociationSet": [
            {
                "AssociationId": entry["associationId"],
                "Ipv6CidrBlock": entry["ipv6CidrBlock"],
                "Ipv6CidrBlockState": entry["ipv6CidrBlockState"],
            }
            for entry in subnet.ipv6_cidr_block_association_set
        ],
        "Tags": state.tags_to_response(account_id, region, subnet.id),
    }
