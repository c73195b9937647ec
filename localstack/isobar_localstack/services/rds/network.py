"""RDS: the network under a database, as it stands in EC2.

AWS rules followed: a subnet group covers two zones of one VPC; the security groups of a cluster are of the VPC of its
subnet group, the VPC's default one if none is named; every instance has a network interface in the subnet of its
zone, which holds the subnet and the groups until some time after the instance has gone.
"""

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.errors import error
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces
from isobar_localstack.services.rds.state import Cluster, Instance, SubnetGroup, contradictory, invalid

DESCRIPTION, REQUESTER = "RDSNetworkInterface", "amazon-rds"


def ec2(context):
    from moto.ec2.models import ec2_backends

    return ec2_backends[context.account_id][context.region]


def zones(context) -> list[str]:
    return [zone.name for zone in ec2(context).describe_availability_zones()]


def subnets(context, ids: list[str]) -> list[dict]:
    try:
        return ec2_interfaces.checked_subnets(context.account_id, context.region, ids)
    except CommonServiceException as refusal:
        if refusal.code != "InvalidSubnetID.NotFound":
            raise
        raise error("InvalidSubnet", f"Some input subnets in :{ids} are invalid.") from None


def default_subnets(context) -> list[dict]:
    """Those of the default VPC."""
    vpc = ec2(context).get_default_vpc()
    every = [subnet.id for zone in ec2(context).subnets.values() for subnet in zone.values()]
    return [subnet for subnet in subnets(context, every) if vpc and subnet["VpcId"] == vpc.id]


def security_groups(context, ids: list[str], vpc_id: str) -> list[str]:
    if not ids:
        return [default_group(context, vpc_id)]
    for group_id in ids:
        try:
            (group,) = ec2_interfaces.checked_groups(context.account_id, context.region, [group_id])
        except CommonServiceException as refusal:
            if refusal.code != "InvalidGroup.NotFound":
                raise
            raise invalid(f"Invalid security group , groupId= {group_id}, groupName=.") from None
        if group["VpcId"] != vpc_id:
            raise contradictory(
                "The DB instance and EC2 security group are in different VPCs. "
                f"The DB instance is in {vpc_id} and the EC2 security group is in {group['VpcId']}"
            )
    return list(dict.fromkeys(ids))


def default_group(context, vpc_id: str) -> str:
    return next(group.id for group in ec2(context).groups[vpc_id].values() if group.name == "default")


def check_internet_gateway(context, vpc_id: str):
    gateways = list(ec2(context).internet_gateways.values())
    if not any(gateway.vpc and gateway.vpc.id == vpc_id for gateway in gateways):
        raise error(
            "InvalidVPCNetworkStateFault",
            "Cannot create a publicly accessible DBInstance. The specified VPC has no internet gateway attached. "
            "Update the VPC and then try again.",
        )


# --- interfaces -----------------------------------------------------------------------------------


def place_interface(instance: Instance, group: SubnetGroup):
    """In the first subnet of its zone; an interface elsewhere goes."""
    zone = instance.settings["AvailabilityZone"]
    subnet_id = next(subnet for subnet, its_zone in group.subnets.items() if its_zone == zone)
    release_interface(instance, "rds.moved_interface_leaving")
    (instance.interface,) = ec2_interfaces.attach_interfaces(
        instance.account_id,
        instance.region,
        [subnet_id],
        instance.cluster.security_groups,
        DESCRIPTION,
        requester_id=REQUESTER,
        public=instance.settings["PubliclyAccessible"],
    )
    instance.subnet_id = subnet_id


def release_interface(instance: Instance, duration: str):
    if instance.interface:
        ec2_interfaces.release_interfaces(
            instance.account_id, instance.region, [instance.interface], duration
        )
    instance.interface = None


def change_groups(cluster: Cluster, instances: list[Instance]):
    ec2_interfaces.change_groups(
        cluster.account_id,
        cluster.region,
        [one.interface for one in instances if one.interface],
        cluster.security_groups,
    )


def set_public(instance: Instance):
    if instance.interface:
        ec2_interfaces.set_public(
            instance.account_id,
            instance.region,
            [instance.interface],
            instance.settings["PubliclyAccessible"],
        )
