"""RDS: DB subnet groups.

AWS rules followed: two zones at least, subnets of one VPC; the name is kept in small letters; a group that a cluster
uses is not deleted, nor does a subnet leave it in which an instance stands; another VPC needs another group. The group
`default`, of the default VPC, is there when somebody uses it first.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.services.rds import network, service_linked_role
from isobar_localstack.services.rds.reading import paged
from isobar_localstack.services.rds.state import SubnetGroup, arn_of, here, invalid

DEFAULT = "default"


def operations() -> dict:
    return {
        "CreateDBSubnetGroup": create,
        "DescribeDBSubnetGroups": describe_all,
        "ModifyDBSubnetGroup": modify,
        "DeleteDBSubnetGroup": delete,
    }


def create(context, request):
    name, there = request["DBSubnetGroupName"].lower(), here(context).subnet_groups
    if name in there:
        raise error("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    subnets = checked(context, request["SubnetIds"])
    service_linked_role.make(context)
    there[name] = SubnetGroup(
        name,
        request["DBSubnetGroupDescription"],
        subnets[0]["VpcId"],
        zones_of(subnets),
        tag_dict(request.get("Tags")),
    )
    return {"DBSubnetGroup": to_response(context, there[name])}


def checked(context, ids: list[str]) -> list[dict]:
    subnets = network.subnets(context, list(dict.fromkeys(ids)))
    if len({subnet["VpcId"] for subnet in subnets}) > 1:
        raise error("InvalidSubnet", f"The subnets {ids} are not all in the same VPC.")
    covered = sorted({subnet["AvailabilityZone"] for subnet in subnets})
    if len(covered) < 2:
        raise error(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            f"Current AZ coverage: {', '.join(covered)}. Add subnets to cover at least 2 AZs.",
        )
    return subnets


def zones_of(subnets: list[dict]) -> dict:
    return {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}


def find(context, name: str) -> SubnetGroup:
    there, name = here(context).subnet_groups, name.lower()
    if name == DEFAULT and name not in there:
        make_default(context)
    if name not in there:
        raise error("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return there[name]


def make_default(context):
    subnets = network.default_subnets(context)
    if len({subnet["AvailabilityZone"] for subnet in subnets}) < 2:
        raise error(
            "InvalidSubnet",
            "No default subnet detected in VPC. Please contact AWS Support to recreate the default Subnets.",
        )
    here(context).subnet_groups[DEFAULT] = SubnetGroup(
        DEFAULT, DEFAULT, subnets[0]["VpcId"], zones_of(subnets), {}
    )


# --- describing -----------------------------------------------------------------------------------


def describe_all(context, request):
    there = here(context).subnet_groups
    if request.get("DBSubnetGroupName"):
        groups = [find(context, request["DBSubnetGroupName"])]
    else:
        groups = [there[name] for name in sorted(there)]
    return paged("DBSubnetGroups", [to_response(context, group) for group in groups], request)


def to_response(context, group: SubnetGroup) -> dict:
    return {
        "DBSubnetGroupName": group.name,
        "DBSubnetGroupDescription": group.description,
        "VpcId": group.vpc_id,
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {
                "SubnetIdentifier": subnet,
                "SubnetAvailabilityZone": {"Name": zone},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            }
            for subnet, zone in group.subnets.items()
        ],
        "DBSubnetGroupArn": arn_of(context.account_id, context.region, "subgrp", group.name),
        "SupportedNetworkTypes": ["IPV4"],
    }


# --- changing and deleting ------------------------------------------------------------------------


def modify(context, request):
    group = find(context, request["DBSubnetGroupName"])
    if group.name == DEFAULT:
        raise error("InvalidDBSubnetGroupStateFault", "The default DB subnet group cannot be modified.")
    subnets = checked(context, request["SubnetIds"])
    if subnets[0]["VpcId"] != group.vpc_id:
        raise invalid("The new Subnets are not in the same Vpc as the existing subnet group")
    if held := sorted(held_subnets(context, group) - set(zones_of(subnets))):
        raise error("SubnetAlreadyInUse", f"Some of the subnets to be deleted are currently in use: {held}")
    group.subnets = zones_of(subnets)
    group.description = request.get("DBSubnetGroupDescription") or group.description
    return {"DBSubnetGroup": to_response(context, group)}


def held_subnets(context, group: SubnetGroup) -> set[str]:
    return {
        one.subnet_id for one in here(context).instances.values() if one.cluster.subnet_group == group.name
    }


def delete(context, request):
    group = find(context, request["DBSubnetGroupName"])
    if group.name == DEFAULT:
        raise error("InvalidDBSubnetGroupStateFault", "The default DB subnet group cannot be deleted.")
    users = sorted(one.name for one in here(context).clusters.values() if one.subnet_group == group.name)
    if users:
        raise error(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{group.name}' because at least one database cluster: "
            f"{users[0]} is still using it.",
        )
    del here(context).subnet_groups[group.name]
    return {}
