"""EC2: what its files share: the things there are, their ids and tags, and what happens later.

VPCs, subnets, groups, tables, gateways, addresses and network interfaces are moto's objects, since
instances and other services look there; NAT gateways, endpoints, routes and rules are our own, in
the files of these names. Whoever looks takes `lock` and calls `settle` first.

AWS rules followed: an unknown id is Invalid…ID.NotFound, in the words of its kind; with eventual
consistency a new id is unknown for a moment, for descriptions as for use [memory].
"""

import ipaddress
import re
import threading
import zlib

from isobar_localstack.core.errors import error
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.realism import consistency

lock = threading.RLock()
stores = State("ec2")
scheduled = stores.store("scheduled", Scheduled())
# (account, region) -> what moto does not have, by id. Values are dicts as the API shows them.
nat_gateways: dict = stores.store("nat_gateways", {})
endpoints: dict = stores.store("endpoints", {})
routes: dict = stores.store("routes", {})  # of a table: id of the table -> destination -> route
rules: dict = stores.store("rules", {})  # of a group: id of the group -> id of the rule -> rule

ID = re.compile(r"[a-z]+(-[a-z]+)*-[0-9a-f]{8,17}")
# prefix: (error code, message, name in ARNs and tags)
KINDS = {
    "acl": ("InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist", "network-acl"),
    "eipalloc": ("InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist", "elastic-ip"),
    "eni": (
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{}' does not exist",
        "network-interface",
    ),
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist", "instance"),
    "igw": (
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist",
        "internet-gateway",
    ),
    "lt": (
        "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID {}, does not exist.",
        "launch-template",
    ),
    "nat": ("NatGatewayNotFound", "NatGateway {} was not found", "natgateway"),
    "rtb": ("InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist", "route-table"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist", "security-group"),
    "sgr": (
        "InvalidSecurityGroupRuleId.NotFound",
        "The security group rule ID '{}' does not exist",
        "security-group-rule",
    ),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist", "subnet"),
    "vpc": ("InvalidVpcID.NotFound", "The vpc ID '{}' does not exist", "vpc"),
    "vpce": ("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist", "vpc-endpoint"),
}
# Where an operation has a code of its own for an unknown id [memory].
IN_OPERATIONS = {
    ("CreateRoute", "igw"): "InvalidGatewayID.NotFound",
    ("CreateRoute", "nat"): "InvalidNatGatewayID.NotFound",
    ("CreateVpcEndpoint", "rtb"): "InvalidRouteTableId.NotFound",
    ("CreateVpcEndpoint", "subnet"): "InvalidSubnetId.NotFound",
    ("ModifyVpcEndpoint", "rtb"): "InvalidRouteTableId.NotFound",
    ("ModifyVpcEndpoint", "subnet"): "InvalidSubnetId.NotFound",
    ("ReplaceRoute", "igw"): "InvalidGatewayID.NotFound",
    ("ReplaceRoute", "nat"): "InvalidNatGatewayID.NotFound",
}


def moto(account_id: str, region: str):
    from moto.ec2.models import ec2_backends

    return ec2_backends[account_id][region]


def of(context):
    return moto(context.account_id, context.region)


def settle():
    with lock:
        scheduled.settle()


def place(account_id: str, region: str, container: dict) -> dict:
    return container.setdefault((account_id, region), {})


def here(context, container: dict) -> dict:
    return place(context.account_id, context.region, container)


# --- ids ------------------------------------------------------------------------------------------


def kind_of(resource_id: str):
    return KINDS.get(resource_id.rpartition("-")[0])


def not_found(resource_id: str, prefix: str | None = None, operation: str = ""):
    prefix = prefix or resource_id.rpartition("-")[0]
    code, message, _ = KINDS.get(prefix, ("InvalidID", "The ID '{}' is not valid", ""))
    return error(IN_OPERATIONS.get((operation, prefix), code), message.format(resource_id))


def arn(account_id: str, region: str, resource_id: str) -> str:
    kind = kind_of(resource_id)
    return f"arn:aws:ec2:{region}:{account_id}:{kind[2]}/{resource_id}"


def mark_created(account_id: str, region: str, resource_id: str):
    """Notes that the id is new, which not everybody sees at once."""
    consistency.mark("consistency.ec2", account_id, region, resource_id)


def is_new(account_id: str, region: str, resource_id: str) -> bool:
    return consistency.not_visible_yet("consistency.ec2", account_id, region, resource_id)


def all_of(account_id: str, region: str, prefix: str) -> dict:
    """Every thing of a kind by its id."""
    backend = moto(account_id, region)
    if prefix == "subnet":
        return {
            subnet.id: subnet for zone in list(backend.subnets.values()) for subnet in list(zone.values())
        }
    if prefix == "sg":
        return {
            group.id: group for groups in list(backend.groups.values()) for group in list(groups.values())
        }
    if prefix == "eipalloc":
        return {address.allocation_id: address for address in list(backend.addresses)}
    if prefix == "sgr":
        return {
            key: rule
            for group in list(place(account_id, region, rules).values())
            for key, rule in list(group.items())
        }
    own = {"nat": nat_gateways, "vpce": endpoints}
    if prefix in own:
        return place(account_id, region, own[prefix])
    return {
        "acl": backend.network_acls,
        "eni": backend.enis,
        "igw": backend.internet_gateways,
        "lt": backend.launch_templates,
        "rtb": backend.route_tables,
        "vpc": backend.vpcs,
    }[prefix]


def find(account_id: str, region: str, prefix: str, resource_id: str):
    """The thing with this id; for a new one, AWS's answer may be that it does not exist."""
    thing = all_of(account_id, region, prefix).get(resource_id)
    if thing is None or is_new(account_id, region, resource_id):
        raise not_found(resource_id, prefix)
    return thing


def get(context, prefix: str, resource_id: str):
    """The same for whoever has been asked: what is new has been refused before."""
    thing = all_of(context.account_id, context.region, prefix).get(resource_id)
    if thing is None:
        raise not_found(resource_id, prefix, context.operation.name)
    return thing


def new_id(prefix: str) -> str:
    from moto.ec2.utils import random_resource_id

    return f"{prefix}-{random_resource_id(size=17)}"


def public_address(account_id: str, region: str) -> str:
    """One that nobody here has. The block is for documentation and benchmarks."""
    backend = moto(account_id, region)
    taken = {address.public_ip for address in backend.addresses} | {
        interface.public_ip for interface in backend.enis.values()
    }
    first = zlib.crc32(region.encode()) % 400 * 256  # regions have addresses of their own
    block = ipaddress.IPv4Address("198.18.0.0")
    return next(ip for ip in (str(block + number) for number in range(first + 1, 131072)) if ip not in taken)


# --- tags -----------------------------------------------------------------------------------------


def tags_of(account_id: str, region: str, resource_id: str) -> dict:
    return dict(moto(account_id, region).tags.get(resource_id) or {})


def tags_to_response(account_id: str, region: str, resource_id: str) -> list:
    return [{"Key": key, "Value": value} for key, value in tags_of(account_id, region, resource_id).items()]


def tag(account_id: str, region: str, resource_id: str, tags: dict):
    if tags:
        moto(account_id, region).tags[resource_id].update(tags)


def wanted_tags(request, resource_type: str) -> dict:
    """Tags that the request's specifications name for this type; one for another type is a mistake."""
    found = {}
    for specification in request.get("TagSpecifications") or []:
        if specification.get("ResourceType") not in (None, resource_type):
            raise error(
                "InvalidParameterValue",
                f"'{specification['ResourceType']}' is not a valid taggable resource type for this operation.",
            )
        found |= tag_dict(specification.get("Tags"))
    return found


def forget_tags(account_id: str, region: str, resource_id: str):
    moto(account_id, region).tags.pop(resource_id, None)
