"""EC2: internet gateways and Elastic IP addresses.

Gaps of LocalStack closed here: a gateway could be detached under public addresses, a VPC could have
two of them; an address in use could be released.

AWS rules followed: detaching waits until no public address is mapped (DependencyViolation); an address
in use is InvalidIPAddress.InUse; addresses that a service manages cannot be released.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.events import Event
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import interfaces, state
from isobar_localstack.services.ec2.reading import described

# (account id, region): somebody is about to see the addresses
addresses_described = Event("ec2.addresses_described")

GATEWAY_FILTERS = {"attachment.state": "Attachments.State", "attachment.vpc-id": "Attachments.VpcId"}


def operations(original: dict) -> dict:
    return {
        "CreateInternetGateway": create,
        "DescribeInternetGateways": described(
            "InternetGateways",
            "InternetGatewayIds",
            "InternetGatewayId",
            gateways_to_response,
            GATEWAY_FILTERS,
        ),
        "DeleteInternetGateway": delete,
        "AttachInternetGateway": attach,
        "DetachInternetGateway": detach,
        "AllocateAddress": allocate,
        "DescribeAddresses": describe_addresses,
        "ReleaseAddress": release,
        "AssociateAddress": associate(original["AssociateAddress"]),
        "DisassociateAddress": disassociate(original["DisassociateAddress"]),
    }


# --- internet gateways ----------------------------------------------------------------------------


def create(context, request):
    tags = state.wanted_tags(request, "internet-gateway")
    quotas.check("internet_gateways", len(state.of(context).internet_gateways) + 1)
    gateway = state.of(context).create_internet_gateway()
    place = (context.account_id, context.region)
    state.tag(*place, gateway.id, tags)
    state.mark_created(*place, gateway.id)
    return {"InternetGateway": gateway_to_response(*place, gateway)}


def delete(context, request):
    gateway = state.get(context, "igw", request["InternetGatewayId"])
    if gateway.vpc:
        raise error(
            "DependencyViolation",
            f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted.",
        )
    del state.of(context).internet_gateways[gateway.id]
    state.forget_tags(context.account_id, context.region, gateway.id)
    return {}


def attach(context, request):
    gateway, vpc = (
        state.get(context, "igw", request["InternetGatewayId"]),
        state.get(context, "vpc", request["VpcId"]),
    )
    if gateway.vpc:
        raise error(
            "Resource.AlreadyAssociated",
            f"resource {gateway.id} is already attached to network {gateway.vpc.id}",
        )
    if attached_to(context.account_id, context.region, vpc.id):
        raise error("InvalidParameterValue", f"Network {vpc.id} already has an internet gateway attached")
    gateway.vpc = vpc
    return {}


def attached_to(account_id: str, region: str, vpc_id: str):
    gateways = state.moto(account_id, region).internet_gateways.values()
    return next((gateway for gateway in gateways if gateway.vpc and gateway.vpc.id == vpc_id), None)


def detach(context, request):
    gateway, vpc_id = state.get(context, "igw", request["InternetGatewayId"]), request["VpcId"]
    state.get(context, "vpc", vpc_id)
    if not gateway.vpc or gateway.vpc.id != vpc_id:
        raise error("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc_id}")
    if is_public(context, vpc_id):
        raise error(
            "DependencyViolation",
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway.",
        )
    gateway.vpc = None
    return {}


def is_public(context, vpc_id: str) -> bool:
    mapped = (
        interface for interface in interfaces.live(context.account_id, context.region) if interface.public_ip
    )
    nats = state.here(context, state.nat_gateways).values()
    return any(interface.subnet.vpc_id == vpc_id for interface in mapped) or any(
        nat["VpcId"] == vpc_id
        and nat["ConnectivityType"] == "public"
        and nat["State"] not in ("deleted", "failed")
        for nat in nats
    )


def gateways_to_response(context) -> list[dict]:
    return [
        gateway_to_response(context.account_id, context.region, gateway)
        for gateway in list(state.of(context).internet_gateways.values())
    ]


def gateway_to_response(account_id: str, region: str, gateway) -> dict:
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": account_id,
        "Tags": state.tags_to_response(account_id, region, gateway.id),
        "Attachments": [{"State": "available", "VpcId": gateway.vpc.id}] if gateway.vpc else [],
    }


# --- addresses ------------------------------------------------------------------------------------


def allocate(context, request):
    tags = state.wanted_tags(request, "elastic-ip")
    place = (context.account_id, context.region)
    quotas.check("addresses", number_of_addresses(*place) + 1)
    address = new_address(*place)
    state.tag(*place, address.allocation_id, tags)
    state.mark_created(*place, address.allocation_id)
    return {
        "AllocationId": address.allocation_id,
        "PublicIp": address.public_ip,
        "Domain": "vpc",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": context.region,
    }


def new_address(account_id: str, region: str, managed_by: str | None = None):
    address = state.moto(account_id, region).allocate_address(
        "vpc", address=state.public_address(account_id, region)
    )
    address.managed_by = managed_by
    return address


def find_address(context, request):
    if allocation_id := request.get("AllocationId"):
        return state.get(context, "eipalloc", allocation_id)
    raise error(
        "InvalidParameterValue", "You must specify an allocation id when releasing a VPC elastic IP address"
    )


def number_of_addresses(account_id: str, region: str) -> int:
    return sum(
        1 for address in state.moto(account_id, region).addresses if not getattr(address, "managed_by", None)
    )


def release(context, request):
    address = find_address(context, request)
    if getattr(address, "managed_by", None):
        raise error(
            "OperationNotPermitted",
            f"The address with allocation id [{address.allocation_id}] is managed by a service and cannot be released.",
        )
    if address.association_id:
        raise error("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
    remove_address(context.account_id, context.region, address)
    return {}


def remove_address(account_id: str, region: str, address):
    state.moto(account_id, region).addresses.remove(address)
    state.forget_tags(account_id, region, address.allocation_id)


def hold(address, interface) -> str:
    """Associates the address; the interface is None for a regional NAT gateway, which has none."""
    address.association_id, address.eni = state.new_id("eipassoc"), interface
    if interface is not None:
        interface.public_ip = address.public_ip
    return address.association_id


def let_go(address):
    if address.eni is not None:
        address.eni.public_ip = None
    address.association_id = address.eni = address.instance = None


def associate(original):
    def handler(context, request):
        if request.get("AllocationId"):
            address = state.get(context, "eipalloc", request["AllocationId"])
            if address.association_id and not request.get("AllowReassociation"):
                raise error(
                    "Resource.AlreadyAssociated",
                    f"resource {address.allocation_id} is already associated with associate-id {address.association_id}",
                )
        return original(context, request)

    return handler


def disassociate(original):
    def handler(context, request):
        for address in state.of(context).addresses:
            if address.association_id == request.get("AssociationId") and address.association_id:
                if (
                    address.eni is None
                    and address.instance is None
                    or address.eni is not None
                    and address.eni.requester_managed
                ):
                    raise error(
                        "OperationNotPermitted",
                        "You do not have permission to access the specified resource.",
                    )
        return original(context, request)

    return handler


def describe_addresses(context, request):
    ips = request.get("PublicIps") or []
    answer = describe_by_allocation(context, request)
    missing = set(ips) - {address.public_ip for address in state.of(context).addresses}
    if missing:
        raise error("InvalidAddress.NotFound", f"Address '{sorted(missing)[0]}' not found.")
    return {
        "Addresses": [address for address in answer["Addresses"] if not ips or address["PublicIp"] in ips]
    }


def addresses_to_response(context) -> list[dict]:
    addresses_described.publish(context.account_id, context.region)
    return [
        address_to_response(context.account_id, context.region, address)
        for address in list(state.of(context).addresses)
    ]


def address_to_response(account_id: str, region: str, address) -> dict:
    answer = {
        "AllocationId": address.allocation_id,
        "PublicIp": address.public_ip,
        "Domain": "vpc",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": region,
        "Tags": state.tags_to_response(account_id, region, address.allocation_id),
    }
    if address.association_id:
        answer["AssociationId"] = address.association_id
    if address.eni is not None:
        answer |= {"NetworkInterfaceId": address.eni.id, "NetworkInterfaceOwnerId": account_id}
        answer["PrivateIpAddress"] = address.eni.private_ip_address
        if address.eni.instance is not None:
            answer["InstanceId"] = address.eni.instance.id
    if managed_by := getattr(address, "managed_by", None):
        answer["ServiceManaged"] = managed_by
    return answer


ADDRESS_FILTERS = {
    "allocation-id": "AllocationId",
    "association-id": "AssociationId",
    "domain": "Domain",
    "instance-id": "InstanceId",
    "network-border-group": "NetworkBorderGroup",
    "network-interface-id": "NetworkInterfaceId",
    "network-interface-owner-id": "NetworkInterfaceOwnerId",
    "private-ip-address": "PrivateIpAddress",
    "public-ip": "PublicIp",
}
describe_by_allocation = described(
    "Addresses", "AllocationIds", "AllocationId", addresses_to_response, ADDRESS_FILTERS
)
