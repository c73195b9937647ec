"""EC2: network interfaces, also those that other services put into subnets.

Load balancers, tasks, VPC links, endpoints, NAT gateways and functions in a VPC attach an interface in
each of their subnets (`attach_interfaces`) and release it later (`release_interfaces`); until it is gone, it
holds its subnet and its groups, which is what most waiting at a destroy is about. `checked_subnets` and `checked_groups`
tell them about ids; the errors are EC2's, to be put into the caller's words.

Gaps of LocalStack closed here: no service but EC2 itself had interfaces; filters were few; an
interface in use could be deleted.

AWS rules followed: such an interface is in-use and requester-managed: its owner cannot delete,
change or detach it.
"""

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.services.ec2 import state
from isobar_localstack.services.ec2.reading import described

# Types that have no groups when none are named; all others get the VPC's default one.
WITHOUT_GROUPS = (
    "nat_gateway",
    "network_load_balancer",
    "gateway_load_balancer",
    "gateway_load_balancer_endpoint",
)


def operations(original: dict) -> dict:
    return {
        "CreateNetworkInterface": create(original["CreateNetworkInterface"]),
        "DescribeNetworkInterfaces": described(
            "NetworkInterfaces", "NetworkInterfaceIds", "NetworkInterfaceId", describe_all, FILTERS
        ),
        "DeleteNetworkInterface": delete(original["DeleteNetworkInterface"]),
        "ModifyNetworkInterfaceAttribute": unless_managed(original["ModifyNetworkInterfaceAttribute"]),
        "DetachNetworkInterface": detach(original["DetachNetworkInterface"]),
    }


# --- for other services ---------------------------------------------------------------------------


def attach_interfaces(
    account_id: str,
    region: str,
    subnet_ids,
    group_ids,
    description: str,
    interface_type="interface",
    requester_id="amazon-elb",
    public=False,
) -> list[str]:
    """One interface in each subnet, in use by the requester. Without groups it gets the VPC's default one, see WITHOUT_GROUPS.

    With `public` each has a public address, which keeps the VPC's internet gateway from being detached.
    """
    with state.lock:
        state.settle()
        lent = [
            attach_interface(
                account_id,
                region,
                subnet_id,
                list(group_ids or []),
                description,
                interface_type,
                requester_id,
            )
            for subnet_id in subnet_ids
        ]
        set_public(account_id, region, lent, public)
        return lent


def attach_interface(
    account_id, region, subnet_id, group_ids, description, interface_type, requester_id
) -> str:
    for group_id in group_ids:
        if group_id not in state.all_of(account_id, region, "sg"):
            raise state.not_found(group_id, "sg")
    subnet = state.all_of(account_id, region, "subnet").get(subnet_id)
    if subnet is None:
        raise state.not_found(subnet_id, "subnet")
    if subnet.available_ip_address_count < 1:
        raise error(
            "InsufficientFreeAddressesInSubnet",
            f"The specified subnet does not have enough free addresses to satisfy the request: {subnet_id}",
        )
    interface = state.moto(account_id, region).create_network_interface(
        subnet, [], group_ids=group_ids, description=description
    )
    interface.requester_managed, interface.requester_id = True, requester_id
    interface.interface_type, interface.status = interface_type, "in-use"
    interface.attachment_id = state.new_id("eni-attach")
    if not group_ids and interface_type in WITHOUT_GROUPS:
        interface._group_set = []
    return interface.id


def release_interfaces(account_id: str, region: str, interface_ids, duration: str):
    """The interfaces stay for the duration of this name and then go; `keep` takes that back."""
    with state.lock:
        moment = due(duration)
        for interface in existing(account_id, region, interface_ids):
            interface.goes_at = moment
            state.scheduled.at(moment, end, account_id, region, interface.id, moment)
        state.settle()


def retain_interfaces(account_id: str, region: str, interface_ids):
    """They are needed again before they have gone."""
    for interface in existing(account_id, region, interface_ids):
        interface.goes_at = None


def set_public(account_id: str, region: str, interface_ids, public: bool):
    """Gives them public addresses or takes those away. Interfaces that have one keep it."""
    with state.lock:
        for interface in existing(account_id, region, interface_ids):
            if bool(interface.public_ip) != public:
                interface.public_ip = state.public_address(account_id, region) if public else None


def change_groups(account_id: str, region: str, interface_ids, group_ids):
    with state.lock:
        groups = [state.find(account_id, region, "sg", group_id) for group_id in group_ids]
        for interface in existing(account_id, region, interface_ids):
            interface._group_set = list(groups)


def checked_subnets(account_id: str, region: str, subnet_ids) -> list[dict]:
    """SubnetId, VpcId, AvailabilityZone, AvailabilityZoneId, CidrBlock and AvailableIpAddressCount of each."""
    with state.lock:
        state.settle()
        return [
            {
                "SubnetId": subnet.id,
                "VpcId": subnet.vpc_id,
                "AvailabilityZone": subnet.availability_zone,
                "AvailabilityZoneId": subnet.availability_zone_id,
                "CidrBlock": subnet.cidr_block,
                "AvailableIpAddressCount": subnet.available_ip_address_count,
            }
            for subnet in (state.find(account_id, region, "subnet", subnet_id) for subnet_id in subnet_ids)
        ]


def checked_groups(account_id: str, region: str, group_ids) -> list[dict]:
    """GroupId, GroupName and VpcId of each."""
    with state.lock:
        state.settle()
        groups = [state.find(account_id, region, "sg", group_id) for group_id in group_ids]
        return [{"GroupId": group.id, "GroupName": group.name, "VpcId": group.vpc_id} for group in groups]


def live(account_id: str, region: str) -> list:
    """All interfaces there are; those of terminated instances go with them."""
    interfaces = state.moto(account_id, region).enis
    for interface in list(interfaces.values()):
        if interface.instance is not None and interface.instance._state.name == "terminated":
            remove(account_id, region, interface.id)
    return list(interfaces.values())


# --- their end ------------------------------------------------------------------------------------


def existing(account_id: str, region: str, interface_ids) -> list:
    interfaces = state.moto(account_id, region).enis
    return [interfaces[interface_id] for interface_id in interface_ids if interface_id in interfaces]


def end(account_id: str, region: str, interface_id: str, moment: float):
    for interface in existing(account_id, region, [interface_id]):
        if getattr(interface, "goes_at", None) == moment:
            remove(account_id, region, interface_id)


def remove(account_id: str, region: str, interface_id: str):
    state.moto(account_id, region).enis.pop(interface_id, None)
    state.forget_tags(account_id, region, interface_id)


def create(original):
    def handler(context, request):
        subnet, place = (
            state.get(context, "subnet", request["SubnetId"]),
            (context.account_id, context.region),
        )
        for group_id in request.get("Groups") or []:
            if state.get(context, "sg", group_id).vpc_id != subnet.vpc_id:
                raise error(
                    "InvalidParameterValue",
                    f"Security group {group_id} and subnet {subnet.id} belong to different networks.",
                )
        state.wanted_tags(request, "network-interface")
        interface = state.of(context).enis[
            original(context, request)["NetworkInterface"]["NetworkInterfaceId"]
        ]
        state.mark_created(*place, interface.id)
        return {"NetworkInterface": to_response(*place, interface)}

    return handler


def delete(original):
    def handler(context, request):
        interface = state.get(context, "eni", request["NetworkInterfaceId"])
        check_not_managed(interface)
        if interface.instance is not None or interface.status == "in-use":
            raise error("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
        answer = original(context, request)
        state.forget_tags(context.account_id, context.region, interface.id)
        return answer

    return handler


def unless_managed(original):
    def handler(context, request):
        check_not_managed(state.get(context, "eni", request["NetworkInterfaceId"]))
        return original(context, request)

    return handler


def detach(original):
    def handler(context, request):
        for interface in list(state.of(context).enis.values()):
            if interface.attachment_id == request["AttachmentId"]:
                check_not_managed(interface)
        return original(context, request)

    return handler


def check_not_managed(interface):
    if interface.requester_managed:
        raise error("AuthFailure", "You do not have permission to access the specified resource.", 400)


# --- describing -----------------------------------------------------------------------------------

FILTERS = {
    "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
    "addresses.primary": "PrivateIpAddresses.Primary",
    "association.allocation-id": "Association.AllocationId",
    "association.association-id": "Association.AssociationId",
    "association.public-ip": "Association.PublicIp",
    "attachment.attachment-id": "Attachment.AttachmentId",
    "attachment.instance-id": "Attachment.InstanceId",
    "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
    "attachment.status": "Attachment.Status",
    "group-id": "Groups.GroupId",
    "group-name": "Groups.GroupName",
    "source-dest-check": "SourceDestCheck",
}


def describe_all(context) -> list[dict]:
    return [
        to_response(context.account_id, context.region, interface)
        for interface in live(context.account_id, context.region)
    ]


def to_response(account_id: str, region: str, interface) -> dict:
    answer = {
        "NetworkInterfaceId": interface.id,
        "SubnetId": interface.subnet.id,
        "VpcId": interface.subnet.vpc_id,
        "AvailabilityZone": interface.subnet.availability_zone,
        "AvailabilityZoneId": interface.subnet.availability_zone_id,
        "Description": interface.description,
        "InterfaceType": interface.interface_type,
        "MacAddress": mac_address(interface.id),
        "OwnerId": account_id,
        "RequesterManaged": bool(interface.requester_managed),
        "SourceDestCheck": interface.source_dest_check and not interface.requester_managed,
        "Status": "in-use" if interface.instance is not None else interface.status,
        "PrivateIpAddress": interface.private_ip_address,
        "PrivateIpAddresses": private_addresses(account_id, region, interface),
        "Ipv6Addresses": [{"Ipv6Address": address} for address in interface.ipv6_addresses if address],
        "Groups": [{"GroupId": group.id, "GroupName": group.name} for group in interface.group_set],
        "TagSet": state.tags_to_response(account_id, region, interface.id),
    }
    if interface.requester_managed:
        answer["RequesterId"] = interface.requester_id
    if attachment := attachment_of(account_id, interface):
        answer["Attachment"] = attachment
    if interface.public_ip:
        answer["Association"] = association(account_id, region, interface)
    return answer


def mac_address(interface_id: str) -> str:
    digits = interface_id.removeprefix("eni-").ljust(10, "0")
    return ":".join(["02", *(digits[at : at + 2] for at in range(0, 10, 2))])


def private_addresses(account_id: str, region: str, interface) -> list[dict]:
    found = [
        {"Primary": bool(address.get("Primary")), "PrivateIpAddress": address.get("PrivateIpAddress")}
        for address in interface.private_ip_addresses
    ]
    if interface.public_ip:
        for address in found:
            if address["PrivateIpAddress"] == interface.private_ip_address:
                address["Association"] = association(account_id, region, interface)
    return found


def association(account_id: str, region: str, interface) -> dict:
    address = next(
        (a for a in state.moto(account_id, region).addresses if a.public_ip == interface.public_ip), None
    )
    answer = {"PublicIp": interface.public_ip, "IpOwnerId": account_id if address else "amazon"}
    if address:
        answer |= {"AllocationId": address.allocation_id, "AssociationId": address.association_id}
    return answer


def attachment_of(account_id: str, interface) -> dict | None:
    if not interface.attachment_id:
        return None
    answer = {
        "AttachmentId": interface.attachment_id,
        "DeleteOnTermination": bool(interface.delete_on_termination),
        "DeviceIndex": interface.device_index if interface.instance else 1,
        "Status": "attached",
    }
    if interface.instance:
        return answer | {
            "InstanceId": interface.instance.id,
            "InstanceOwnerId": account_id,
            "AttachTime": interface.attach_time,
        }
    return answer | {
        "InstanceOwnerId": interface.requester_id
        if interface.requester_id.startswith("amazon-")
        else "amazon-aws"
    }
