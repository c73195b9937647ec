"""EC2: VPCs and their blocks and attributes.

Gaps of LocalStack closed here: a VPC was available at once, kept host bits of its block, and went
with gateways, groups, endpoints and network ACLs in it.

AWS rules followed: a VPC is pending for a moment; its block is made canonical; one attribute is
modified per call; all but the main route table, the default group and the default network ACL hold
it (DependencyViolation, which does not say what).
"""

import ipaddress

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import state
from isobar_localstack.services.ec2.reading import described

ATTRIBUTES = ("EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics")
FILTERS = {
    "cidr": "CidrBlock",
    "cidr-block-association.association-id": "CidrBlockAssociationSet.AssociationId",
    "cidr-block-association.cidr-block": "CidrBlockAssociationSet.CidrBlock",
    "cidr-block-association.state": "CidrBlockAssociationSet.CidrBlockState.State",
    "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet.AssociationId",
    "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock",
}


def operations(original: dict) -> dict:
    return {
        "CreateVpc": create(original["CreateVpc"]),
        "DescribeVpcs": described("Vpcs", "VpcIds", "VpcId", describe_all, FILTERS),
        "DeleteVpc": delete,
        "ModifyVpcAttribute": modify_attribute,
        "DescribeVpcAttribute": describe_attribute,
        "AssociateVpcCidrBlock": associate_block(original["AssociateVpcCidrBlock"]),
        "DisassociateVpcCidrBlock": disassociate_block,
    }


def canonical(cidr: str) -> str:
    return str(ipaddress.ip_network(cidr, strict=False))


# --- creating and deleting ------------------------------------------------------------------------


def create(original):
    def handler(context, request):
        own = [vpc for vpc in state.of(context).vpcs.values() if not vpc.is_default]
        quotas.check("vpcs", len(own) + 1)
        tags = state.wanted_tags(request, "vpc")
        answer = original(context, request)
        vpc = state.of(context).vpcs[answer["Vpc"]["VpcId"]]
        vpc.cidr_block = canonical(vpc.cidr_block)
        for association in vpc._cidr_block_association_set.values():
            association["cidr_block"] = canonical(association["cidr_block"])
        place = (context.account_id, context.region)
        state.tag(*place, vpc.id, tags)
        state.mark_created(*place, vpc.id)
        vpc.state = "pending"
        state.scheduled.at(due("ec2.vpc_pending"), set_available, *place, vpc.id)
        return {"Vpc": to_response(*place, vpc)}

    return handler


def set_available(account_id: str, region: str, vpc_id: str):
    if vpc := state.moto(account_id, region).vpcs.get(vpc_id):
        vpc.state = "available"


def delete(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    if any(dependents(context, vpc.id)):
        raise error("DependencyViolation", f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    backend = state.of(context)
    tables = [table.id for table in backend.route_tables.values() if table.vpc_id == vpc.id]
    groups = list(backend.groups.pop(vpc.id, {}))
    lists = [acl.id for acl in backend.network_acls.values() if acl.vpc_id == vpc.id]
    for ids, container in (
        (tables, backend.route_tables),
        (lists, backend.network_acls),
        ([vpc.id], backend.vpcs),
    ):
        for resource_id in ids:
            container.pop(resource_id, None)
    for table in tables:
        state.here(context, state.routes).pop(table, None)
    for group in groups:
        state.here(context, state.rules).pop(group, None)
    for resource_id in (*tables, *groups, *lists, vpc.id):
        state.forget_tags(context.account_id, context.region, resource_id)
    return {}


def dependents(context, vpc_id: str):
    """Everything in the VPC that AWS has not put there."""
    backend = state.of(context)
    everything = {
        prefix: state.all_of(context.account_id, context.region, prefix).values()
        for prefix in ("subnet", "sg", "nat", "vpce")
    }
    yield from (subnet.id for subnet in everything["subnet"] if subnet.vpc_id == vpc_id)
    yield from (group.id for group in everything["sg"] if group.vpc_id == vpc_id and not group.is_default)
    yield from (
        nat["NatGatewayId"]
        for nat in everything["nat"]
        if nat["VpcId"] == vpc_id and nat["State"] not in ("deleted", "failed")
    )
    yield from (endpoint["VpcEndpointId"] for endpoint in everything["vpce"] if endpoint["VpcId"] == vpc_id)
    yield from (
        gateway.id
        for gateway in backend.internet_gateways.values()
        if gateway.vpc and gateway.vpc.id == vpc_id
    )
    yield from (
        gateway.id for gateway in backend.egress_only_internet_gateways.values() if gateway.vpc_id == vpc_id
    )
    yield from (
        table.id
        for table in backend.route_tables.values()
        if table.vpc_id == vpc_id and table.main_association_id is None
    )
    yield from (
        acl.id
        for acl in backend.network_acls.values()
        if acl.vpc_id == vpc_id and str(acl.default).lower() != "true"
    )
    for gateway in backend.vpn_gateways.values():
        attachment = gateway.attachments.get(vpc_id)
        if attachment and attachment.state == "attached":
            yield gateway.id


# --- attributes -----------------------------------------------------------------------------------


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def modify_attribute(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    wanted = [name for name in ATTRIBUTES if request.get(name) is not None]
    if not wanted:
        raise error("MissingParameter", "The request must contain exactly one attribute to modify")
    if len(wanted) > 1:
        raise error("InvalidParameterCombination", "Fields for multiple attribute types specified")
    setattr(vpc, snake(wanted[0]), bool(request[wanted[0]].get("Value")))
    return {}


def describe_attribute(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    name = request["Attribute"][:1].upper() + request["Attribute"][1:]
    return {"VpcId": vpc.id, name: {"Value": bool(getattr(vpc, snake(name)))}}


# --- further blocks -------------------------------------------------------------------------------


def associate_block(original):
    def handler(context, request):
        vpc = state.get(context, "vpc", request["VpcId"])
        if not request.get("CidrBlock"):
            return original(context, request)
        wanted = ipaddress.ip_network(request["CidrBlock"], strict=False)
        if any(wanted.overlaps(ipaddress.ip_network(block)) for block in blocks(vpc)):
            raise error("InvalidVpc.Conflict", f"The CIDR '{wanted}' conflicts with another CIDR of the VPC.")
        if len(blocks(vpc)) >= 5:
            raise error(
                "CidrLimitExceeded", f"This network '{vpc.id}' has met its maximum number of allowed CIDRs: 5"
            )
        association = vpc.associate_vpc_cidr_block(str(wanted))
        return {
            "VpcId": vpc.id,
            "CidrBlockAssociation": block_to_response(association)
            | {"CidrBlockState": {"State": "associating"}},
        }

    return handler


def disassociate_block(context, request):
    association_id = request["AssociationId"]
    for vpc in state.of(context).vpcs.values():
        if association := vpc._cidr_block_association_set.get(association_id):
            check_not_used(context, vpc, association["cidr_block"])
            del vpc._cidr_block_association_set[association_id]
            key = "Ipv6CidrBlockAssociation" if ":" in association["cidr_block"] else "CidrBlockAssociation"
            inner = (
                ipv6_to_response(association)
                if ":" in association["cidr_block"]
                else block_to_response(association)
            )
            state_key = "Ipv6CidrBlockState" if ":" in association["cidr_block"] else "CidrBlockState"
            return {"VpcId": vpc.id, key: inner | {state_key: {"State": "disassociating"}}}
    raise error(
        "InvalidVpcCidrBlockAssociationID.NotFound",
        f"The vpc CIDR block association ID '{association_id}' does not exist",
    )


def check_not_used(context, vpc, block: str):
    if block == vpc.cidr_block:
        raise error(
            "OperationNotPermitted",
            "The vpc CIDR block with association ID may not be disassociated. It is the primary IPv4 CIDR block of the VPC",
        )
    whole = ipaddress.ip_network(block, strict=False)
    for subnet in state.all_of(context.account_id, context.region, "subnet").values():
        if subnet.vpc_id == vpc.id and subnet.cidr.version == whole.version and subnet.cidr.subnet_of(whole):
            raise error("InvalidCidrBlock.InUse", f"The vpc CIDR block {block} is in use by {subnet.id}.")


def blocks(vpc) -> list[str]:
    return [association["cidr_block"] for association in vpc.get_cidr_block_association_set()]


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    return [
        to_response(context.account_id, context.region, vpc) for vpc in list(state.of(context).vpcs.values())
    ]


def to_response(account_id: str, region: str, vpc) -> dict:
    return {
        "VpcId": vpc.id,
        "State": vpc.state,
        "CidrBlock": vpc.cidr_block,
        "OwnerId": account_id,
        "IsDefault": vpc.is_default,
        "InstanceTenancy": vpc.instance_tenancy,
        "DhcpOptionsId": vpc.dhcp_options_id,
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "CidrBlockAssociationSet": [
            block_to_response(association) for association in vpc.get_cidr_block_association_set()
        ],
        "Ipv6CidrBlockAssociationSet": [
            ipv6_to_response(association) for association in vpc.get_cidr_block_association_set(ipv6=True)
        ],
        "Tags": state.tags_to_response(account_id, region, vpc.id),
    }


def block_to_response(association: dict) -> dict:
    return {
        "AssociationId": association["association_id"],
        "CidrBlock": association["cidr_block"],
        "CidrBlockState": {"State": association["cidr_block_state"]["state"]},
    }


def ipv6_to_response(association: dict) -> dict:
    return {
        "AssociationId": association["association_id"],
        "Ipv6CidrBlock": association["cidr_block"],
        "Ipv6CidrBlockState": {"State": association["cidr_block_state"]["state"]},
        "Ipv6Pool": association.get("ipv6_pool"),
        "NetworkBorderGroup": association.get("ipv6_cidr_block_network_border_group"),
    }
