"""EC2: NAT gateways, zonal and regional.

Gaps of LocalStack closed here: they were available at once and deleted at once, needed no internet
gateway, never let go of their address; the regional kind did not exist.

AWS rules followed: pending → available, or failed in a subnet without free addresses; deleting →
deleted; what is deleted or failed can be seen for an hour. A public one needs an internet gateway
attached to the VPC (Gateway.NotAttached) and keeps its addresses, which it does not release, until it
is deleted. A regional one is made in a VPC
and has a route table of its own; without AvailabilityZoneAddresses it takes addresses itself and covers
the zones in which the VPC has subnets, new ones only after a while; with them its owner does that.
"""

from datetime import UTC, datetime

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import interfaces, routes, state
from isobar_localstack.services.ec2 import internet_gateways as gateways
from isobar_localstack.services.ec2.reading import described

HIDDEN = ("interface", "zone", "zones_coming", "doomed")


def operations(original: dict) -> dict:
    return {
        "CreateNatGateway": create,
        "DescribeNatGateways": described(
            "NatGateways", "NatGatewayIds", "NatGatewayId", describe_all, {"subnet-id": "SubnetId"}
        ),
        "DeleteNatGateway": delete,
        "AssociateNatGatewayAddress": associate,
        "DisassociateNatGatewayAddress": disassociate,
    }


def now():
    return datetime.now(UTC)


def place_of(context) -> tuple[str, str]:
    return context.account_id, context.region


# --- creating -------------------------------------------------------------------------------------


def create(context, request):
    tags = state.wanted_tags(request, "natgateway")
    regional = request.get("AvailabilityMode") == "regional"
    nat = (regional_one if regional else zonal_one)(context, request)
    nat |= {"NatGatewayId": state.new_id("nat"), "State": "pending", "CreateTime": now()}
    place = place_of(context)
    state.here(context, state.nat_gateways)[nat["NatGatewayId"]] = nat
    if regional:
        nat["RouteTableId"] = own_table(context, nat["VpcId"])
        for entry in nat["NatGatewayAddresses"]:
            attach_address(place, nat, entry, False)
    else:
        begin_zonal(place, nat)
    state.tag(*place, nat["NatGatewayId"], tags)
    state.mark_created(*place, nat["NatGatewayId"])
    state.scheduled.at(due("ec2.nat_creating"), set_available, *place, nat["NatGatewayId"])
    return {"NatGateway": to_response(*place, nat)}


def refuse(request, names, why: str):
    for name in names:
        if request.get(name):
            raise error("InvalidParameterCombination", f"{name} {why}")


def zonal_one(context, request) -> dict:
    if not request.get("SubnetId"):
        raise error("MissingParameter", "The request must contain the parameter subnetId")
    refuse(request, ("AvailabilityZoneAddresses", "VpcId"), "can only be given for a regional NAT gateway")
    subnet = state.get(context, "subnet", request["SubnetId"])
    kind, allocation_id = request.get("ConnectivityType") or "public", request.get("AllocationId")
    if kind == "public":
        if not allocation_id:
            raise error("MissingParameter", "The request must contain the parameter allocationId")
        check_internet(context, subnet.vpc_id)
        free_address(context, allocation_id)
    elif allocation_id:
        raise error("InvalidParameterCombination", "A private NAT gateway cannot have an allocation id")
    others = state.here(context, state.nat_gateways).values()
    quotas.check(
        "nat_gateways_of_zone",
        1 + sum(nat.get("zone") == subnet.availability_zone and is_alive(nat) for nat in others),
    )
    addresses = [allocation_id, *(request.get("SecondaryAllocationIds") or [])] if allocation_id else []
    return {
        "SubnetId": subnet.id,
        "VpcId": subnet.vpc_id,
        "zone": subnet.availability_zone,
        "ConnectivityType": kind,
        "AvailabilityMode": "zonal",
        "NatGatewayAddresses": [{"AllocationId": wanted} for wanted in addresses],
    }


def regional_one(context, request) -> dict:
    if not request.get("VpcId"):
        raise error("MissingParameter", "The request must contain the parameter vpcId")
    refuse(
        request,
        ("SubnetId", "AllocationId", "SecondaryAllocationIds", "PrivateIpAddress"),
        "cannot be given for a regional NAT gateway",
    )
    if request.get("ConnectivityType") == "private":
        raise error("InvalidParameterCombination", "A regional NAT gateway has public connectivity")
    vpc = state.get(context, "vpc", request["VpcId"])
    check_internet(context, vpc.id)
    wanted = request.get("AvailabilityZoneAddresses") or []
    addresses = [
        {"AllocationId": allocation_id, **zone_of(context, entry)}
        for entry in wanted
        for allocation_id in entry.get("AllocationIds") or []
    ]
    for address in addresses:
        free_address(context, address["AllocationId"])
    automatic = "disabled" if wanted else "enabled"
    return {
        "VpcId": vpc.id,
        "ConnectivityType": "public",
        "AvailabilityMode": "regional",
        "NatGatewayAddresses": addresses,
        "AutoProvisionZones": automatic,
        "AutoScalingIps": automatic,
        "zones_coming": [],
    }


def zone_of(context, entry) -> dict:
    name, zone_id = entry.get("AvailabilityZone"), entry.get("AvailabilityZoneId")
    for zone in state.of(context).describe_availability_zones():
        if name == zone.name or zone_id == zone.zone_id:
            return {"AvailabilityZone": zone.name, "AvailabilityZoneId": zone.zone_id}
    raise error(
        "InvalidParameterValue", f"Value ({name or zone_id}) for parameter availabilityZone is invalid."
    )


def check_internet(context, vpc_id: str):
    if gateways.attached_to(*place_of(context), vpc_id) is None:
        raise error("Gateway.NotAttached", f"Network {vpc_id} has no Internet gateway attached")


def free_address(context, allocation_id: str):
    address = state.get(context, "eipalloc", allocation_id)
    if address.association_id:
        raise error(
            "Resource.AlreadyAssociated", f"Elastic IP address [{allocation_id}] is already associated"
        )
    return address


def is_alive(nat: dict) -> bool:
    return nat["State"] in ("pending", "available", "deleting")


def begin_zonal(place, nat: dict):
    description = f"Interface for NAT Gateway {nat['NatGatewayId']}"
    if state.all_of(*place, "subnet")[nat["SubnetId"]].available_ip_address_count < 1:
        nat["doomed"] = True  # which one is told only when it has failed
        return
    (nat["interface"],) = interfaces.attach_interfaces(
        *place, [nat["SubnetId"]], [], description, "nat_gateway", "amazon-nat"
    )
    for number, entry in enumerate(nat["NatGatewayAddresses"]):
        attach_address(place, nat, entry, number == 0)
    if not nat["NatGatewayAddresses"]:
        interface = state.moto(*place).enis[nat["interface"]]
        nat["NatGatewayAddresses"] = [
            {
                "NetworkInterfaceId": interface.id,
                "PrivateIp": interface.private_ip_address,
                "IsPrimary": True,
                "Status": "succeeded",
            }
        ]


def attach_address(place, nat: dict, entry: dict, primary: bool):
    """The address is taken at once, so that nobody else gets it or releases it."""
    address = state.all_of(*place, "eipalloc")[entry["AllocationId"]]
    interface = state.moto(*place).enis.get(nat.get("interface"))
    entry |= {
        "AssociationId": gateways.hold(address, interface),
        "PublicIp": address.public_ip,
        "Status": "succeeded",
    }
    if interface is not None:
        entry |= {
            "NetworkInterfaceId": interface.id,
            "PrivateIp": interface.private_ip_address,
            "IsPrimary": primary,
        }


def own_table(context, vpc_id: str) -> str:
    table = state.of(context).create_route_table(vpc_id)
    gateway = gateways.attached_to(*place_of(context), vpc_id)
    routes.routes_of(*place_of(context), table.id)["0.0.0.0/0"] = {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": gateway.id,
        "Origin": "CreateRouteTable",
    }
    return table.id


def set_available(account_id: str, region: str, nat_id: str):
    nat = state.place(account_id, region, state.nat_gateways).get(nat_id)
    if nat is None or nat["State"] != "pending":
        return
    if nat.get("doomed"):
        end(account_id, region, nat, "failed")
        nat |= {
            "FailureCode": "InsufficientFreeAddressesInSubnet",
            "FailureMessage": f"Subnet {nat['SubnetId']} has insufficient free addresses to create this NAT gateway",
        }
        return
    nat["State"] = "available"
    if nat["AvailabilityMode"] == "regional":
        for zone in (
            sorted(zones_with_subnets(account_id, region, nat))
            if nat["AutoProvisionZones"] == "enabled"
            else []
        ):
            cover(account_id, region, nat_id, zone)


# --- the zones of a regional one ------------------------------------------------------------------


def zones_with_subnets(account_id: str, region: str, nat: dict) -> set:
    return {
        (subnet.availability_zone, subnet.availability_zone_id)
        for subnet in state.all_of(account_id, region, "subnet").values()
        if subnet.vpc_id == nat["VpcId"]
    }


@gateways.addresses_described.subscribe
def tend(account_id: str, region: str):
    """Automatic gateways follow the VPC's subnets: they leave zones at once, and cover new ones later."""
    for nat in list(state.place(account_id, region, state.nat_gateways).values()):
        if nat["State"] != "available" or nat.get("AutoProvisionZones") != "enabled":
            continue
        wanted = zones_with_subnets(account_id, region, nat)
        for entry in list(nat["NatGatewayAddresses"]):
            if (entry["AvailabilityZone"], entry["AvailabilityZoneId"]) not in wanted:
                nat["NatGatewayAddresses"].remove(entry)
                forget_address(account_id, region, entry)
        covered = {
            (entry["AvailabilityZone"], entry["AvailabilityZoneId"]) for entry in nat["NatGatewayAddresses"]
        }
        for zone in sorted(wanted - covered - set(nat["zones_coming"])):
            nat["zones_coming"].append(zone)
            state.scheduled.at(
                due("ec2.regional_nat_zone"), cover, account_id, region, nat["NatGatewayId"], zone
            )


def cover(account_id: str, region: str, nat_id: str, zone: tuple):
    nat = state.place(account_id, region, state.nat_gateways).get(nat_id)
    if nat is None or nat["State"] != "available":
        return
    if zone in nat["zones_coming"]:
        nat["zones_coming"].remove(zone)
    if zone not in zones_with_subnets(account_id, region, nat):
        return
    address = gateways.new_address(account_id, region, managed_by="rnat")
    entry = {
        "AllocationId": address.allocation_id,
        "AvailabilityZone": zone[0],
        "AvailabilityZoneId": zone[1],
    }
    attach_address((account_id, region), nat, entry, False)
    nat["NatGatewayAddresses"].append(entry)


def forget_address(account_id: str, region: str, entry: dict):
    address = state.all_of(account_id, region, "eipalloc").get(entry.get("AllocationId"))
    if address is not None:
        gateways.let_go(address)
        if getattr(address, "managed_by", None):
            gateways.remove_address(account_id, region, address)


# --- further addresses ----------------------------------------------------------------------------


def changeable(context, request) -> dict:
    nat = get(context, request["NatGatewayId"])
    if nat["State"] != "available":
        raise error("InvalidParameterValue", f"NAT gateway {nat['NatGatewayId']} is in state {nat['State']}")
    if nat.get("AutoProvisionZones") == "enabled":
        raise error(
            "OperationNotPermitted",
            f"The addresses of NAT gateway {nat['NatGatewayId']} are managed automatically.",
        )
    return nat


def associate(context, request):
    nat = changeable(context, request)
    zone = zone_of(context, request) if nat["AvailabilityMode"] == "regional" else {}
    added = [
        {"AllocationId": free_address(context, allocation_id).allocation_id, **zone}
        for allocation_id in request["AllocationIds"]
    ]
    for entry in added:
        attach_address(place_of(context), nat, entry, False)
    nat["NatGatewayAddresses"] += added
    return {
        "NatGatewayId": nat["NatGatewayId"],
        "NatGatewayAddresses": [entry | {"Status": "associating"} for entry in added],
    }


def disassociate(context, request):
    nat = changeable(context, request)
    chosen = [
        entry
        for entry in nat["NatGatewayAddresses"]
        if entry.get("AssociationId") in request["AssociationIds"]
    ]
    if missing := set(request["AssociationIds"]) - {entry["AssociationId"] for entry in chosen}:
        raise error(
            "InvalidAssociationID.NotFound", f"The association ID '{sorted(missing)[0]}' does not exist"
        )
    if any(entry.get("IsPrimary") for entry in chosen):
        raise error("InvalidParameterValue", "The primary address of a NAT gateway cannot be disassociated")
    for entry in chosen:
        nat["NatGatewayAddresses"].remove(entry)
        forget_address(*place_of(context), entry)
    return {
        "NatGatewayId": nat["NatGatewayId"],
        "NatGatewayAddresses": [entry | {"Status": "disassociating"} for entry in chosen],
    }


# --- deleting -------------------------------------------------------------------------------------


def get(context, nat_id: str) -> dict:
    nat = state.here(context, state.nat_gateways).get(nat_id)
    if nat is None:
        raise error("NatGatewayNotFound", f"NatGateway {nat_id} was not found")
    return nat


def delete(context, request):
    nat = get(context, request["NatGatewayId"])
    if nat["State"] in ("pending", "available"):
        nat["State"] = "deleting"
        state.scheduled.at(due("ec2.nat_deleting"), set_deleted, *place_of(context), nat["NatGatewayId"])
    return {"NatGatewayId": nat["NatGatewayId"]}


def set_deleted(account_id: str, region: str, nat_id: str):
    if nat := state.place(account_id, region, state.nat_gateways).get(nat_id):
        end(account_id, region, nat, "deleted")


def end(account_id: str, region: str, nat: dict, how: str):
    nat |= {"State": how, "DeleteTime": now()}
    for entry in nat["NatGatewayAddresses"]:
        forget_address(account_id, region, entry)
    if nat.get("interface"):
        interfaces.remove(account_id, region, nat["interface"])
    if nat.get("RouteTableId"):
        routes.remove(account_id, region, nat["RouteTableId"])
    state.scheduled.at(due("ec2.nat_is_shown"), forget, account_id, region, nat["NatGatewayId"])


def forget(account_id: str, region: str, nat_id: str):
    state.place(account_id, region, state.nat_gateways).pop(nat_id, None)
    state.forget_tags(account_id, region, nat_id)


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    tend(*place_of(context))
    return [
        to_response(*place_of(context), nat) for nat in list(state.here(context, state.nat_gateways).values())
    ]


def to_response(account_id: str, region: str, nat: dict) -> dict:
    answer = {name: value for name, value in nat.items() if name not in HIDDEN}
    if nat["State"] == "pending":  # only what was asked for
        kept = ("AllocationId", "AvailabilityZone", "AvailabilityZoneId")
        answer["NatGatewayAddresses"] = [
            {name: entry[name] for name in kept if name in entry} for entry in nat["NatGatewayAddresses"]
        ]
    return answer | {"Tags": state.tags_to_response(account_id, region, nat["NatGatewayId"])}
