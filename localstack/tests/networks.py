"""Networks for the tests of EC2: everything of one test is in a VPC of its own, in a region of its own."""

import random

REGION = "eu-north-1"


def tagged(kind, **tags):
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def where(**filters):
    """where(vpc_id="vpc-1") as EC2's Filters."""
    return [
        {"Name": name.replace("_", "-"), "Values": value if isinstance(value, list) else [value]}
        for name, value in filters.items()
    ]


def removals(ec2, subnet, group, gateway=None, vpc=None):
    """The calls that take away what something in a network stands on."""
    calls = [lambda: ec2.delete_subnet(SubnetId=subnet), lambda: ec2.delete_security_group(GroupId=group)]
    return calls + (
        [lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)] if gateway else []
    )


class Network:
    """A VPC in which things are made in short words."""

    def __init__(self, ec2, block="10.0.0.0/16"):
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        self.subnets = 0

    def subnet(self, zone="eun1-az1", **more):
        self.subnets += 1
        made = self.ec2.create_subnet(
            VpcId=self.vpc, CidrBlock=f"10.0.{self.subnets}.0/24", AvailabilityZoneId=zone, **more
        )
        return made["Subnet"]["SubnetId"]

    def group(self, name=None, **more):
        name = name or f"g{random.getrandbits(40):x}"
        return self.ec2.create_security_group(VpcId=self.vpc, GroupName=name, Description="d", **more)[
            "GroupId"
        ]

    def table(self, **more):
        return self.ec2.create_route_table(VpcId=self.vpc, **more)["RouteTable"]["RouteTableId"]

    def gateway(self):
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        return gateway

    def address(self):
        return self.ec2.allocate_address(Domain="vpc")["AllocationId"]

    def nat(self, subnet, address=None, **more):
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address or self.address(), **more)
        return made["NatGateway"]["NatGatewayId"]

    def routes(self, table):
        (table,) = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        return {
            route.get("DestinationCidrBlock") or route.get("DestinationPrefixListId"): route
            for route in table["Routes"]
        }

    def nat_state(self, nat):
        return self.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"]

    def interfaces(self, **filters):
        return self.ec2.describe_network_interfaces(Filters=where(vpc_id=self.vpc, **filters))[
            "NetworkInterfaces"
        ]

    def with_dns(self):
        for name in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{name: {"Value": True}})
        return self

    def endpoint(self, service, **more):
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", **more
        )
        return made["VpcEndpoint"]["VpcEndpointId"]

    def interface_endpoint(self, service, *subnets, **more):
        return self.endpoint(service, VpcEndpointType="Interface", SubnetIds=list(subnets), **more)

    def prefix_list(self, service):
        lists = self.ec2.describe_prefix_lists(
            Filters=where(prefix_list_name=f"com.amazonaws.{REGION}.{service}")
        )["PrefixLists"]
        return lists[0]["PrefixListId"]
