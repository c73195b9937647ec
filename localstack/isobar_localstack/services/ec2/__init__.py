"""EC2: networks, and the instances in them."""

from isobar_localstack.core.emulated import Base, Emulated, Limit, Quota, Throttling
from isobar_localstack.services.ec2 import inventory, operations, refusals, rules, state, tags

READS = ("Describe*", "Get*", "Search*")

SERVICE = Emulated(
    "ec2",
    based_on=Base.LOCALSTACK,
    operations=operations.operations,
    throttling=Throttling("RequestLimitExceeded", 503, "Request limit exceeded."),
    # Every action has its own bucket.
    limits=(
        Limit(READS, 20, 100, "memory"),
        Limit(("*",), 5, 50, "memory", but=READS),
    ),
    bucket_per_operation=True,
    errors=refusals.violation,  # [memory]
    unreadable="InvalidParameterValue",
    rules=rules.RULES,
    inventory=inventory.live,
    tagged=tags.tagged,
    state=(state.stores,),
    durations={
        "vpc_pending": 2,
        "subnet_pending": 1,
        "nat_creating": 90,
        "nat_deleting": 60,
        "nat_is_shown": 3600,
        "regional_nat_zone": 600,
        "gateway_endpoint_creating": 5,
        "interface_endpoint_creating": 120,
        "interface_endpoint_deleting": 60,
        "interface_endpoint_interfaces": 90,
    },
    # AWS's number and the one here. [model] where the sheet of the API has it, else [memory].
    quotas={
        "addresses": Quota(
            5, 1000, "AddressLimitExceeded", "The maximum number of addresses has been reached."
        ),
        "gateway_endpoints": Quota(
            20, 1000, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."
        ),
        "groups_of_interface": Quota(
            5,
            5,
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        ),
        "interface_endpoints": Quota(
            50,
            50,
            "VpcEndpointLimitExceeded",
            "The maximum number of VPC endpoints per VPC has been reached.",
        ),
        "internet_gateways": Quota(
            5,
            1000,
            "InternetGatewayLimitExceeded",
            "The maximum number of internet gateways has been reached.",
        ),
        "nat_gateways_of_zone": Quota(
            5,
            20,
            "NatGatewayLimitExceeded",
            "The maximum number of NAT gateways has been reached for this Availability Zone.",
        ),
        "route_tables_of_vpc": Quota(
            200, 200, "RouteTableLimitExceeded", "The maximum number of route tables has been reached."
        ),
        "routes_of_table": Quota(
            500, 500, "RouteLimitExceeded", "The maximum number of routes has been reached."
        ),
        "rules_of_group": Quota(
            60,
            60,
            "RulesPerSecurityGroupLimitExceeded",
            "The maximum number of rules per security group has been reached.",
        ),
        "security_groups": Quota(
            2500,
            10000,
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.",
        ),
        "subnets_of_vpc": Quota(
            200, 200, "SubnetLimitExceeded", "The maximum number of subnets has been reached."
        ),
        "vpcs": Quota(5, 1000, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
    },
)
