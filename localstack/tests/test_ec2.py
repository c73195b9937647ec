"""EC2: VPCs, subnets, route tables, internet gateways and addresses behave like on AWS."""

import pytest
from conftest import eventually, fails
from networks import REGION, Network, tagged, where


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def network(ec2):
    return Network(ec2)


# --- VPCs -------------------------------------------------------------------------------------------


def test_a_vpc_is_pending_for_a_moment(ec2, step):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", a="b"))["Vpc"]
    assert vpc["State"] == "pending" and vpc["Tags"] == [{"Key": "a", "Value": "b"}]
    step(2)
    assert ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "available"


def test_a_block_is_made_canonical(ec2):
    assert ec2.create_vpc(CidrBlock="10.5.77.1/18")["Vpc"]["CidrBlock"] == "10.5.64.0/18"


def test_ids_that_do_not_exist(ec2):
    for attempt, code in (
        (lambda: ec2.describe_vpcs(VpcIds=["vpc-0123456789abcdef0"]), "InvalidVpcID.NotFound"),
        (lambda: ec2.describe_vpcs(VpcIds=["nonsense"]), "InvalidVpcID.Malformed"),
        (lambda: ec2.describe_subnets(SubnetIds=["subnet-0123456789abcdef0"]), "InvalidSubnetID.NotFound"),
        (
            lambda: ec2.describe_route_tables(RouteTableIds=["rtb-0123456789abcdef0"]),
            "InvalidRouteTableID.NotFound",
        ),
        (
            lambda: ec2.describe_internet_gateways(InternetGatewayIds=["igw-0123456789abcdef0"]),
            "InvalidInternetGatewayID.NotFound",
        ),
        (
            lambda: ec2.describe_addresses(AllocationIds=["eipalloc-0123456789abcdef0"]),
            "InvalidAllocationID.NotFound",
        ),
        (lambda: ec2.describe_security_groups(GroupIds=["sg-0123456789abcdef0"]), "InvalidGroup.NotFound"),
        (lambda: ec2.describe_nat_gateways(NatGatewayIds=["nat-0123456789abcdef0"]), "NatGatewayNotFound"),
        (
            lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"]),
            "InvalidVpcEndpointId.NotFound",
        ),
        (
            lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=["eni-0123456789abcdef0"]),
            "InvalidNetworkInterfaceID.NotFound",
        ),
        (lambda: ec2.delete_vpc(VpcId="vpc-0123456789abcdef0"), "InvalidVpcID.NotFound"),
        (lambda: ec2.delete_nat_gateway(NatGatewayId="nat-0123456789abcdef0"), "NatGatewayNotFound"),
        (
            lambda: ec2.create_tags(Resources=["vpc-0123456789abcdef0"], Tags=[{"Key": "a", "Value": "b"}]),
            "InvalidVpcID.NotFound",
        ),
    ):
        with fails(code):
            attempt()


def test_some_calls_have_codes_of_their_own(ec2, network):
    route = {"RouteTableId": network.table(), "DestinationCidrBlock": "0.0.0.0/0"}
    for attempt, code in (
        (lambda: ec2.create_route(GatewayId="igw-0123456789abcdef0", **route), "InvalidGatewayID.NotFound"),
        (
            lambda: ec2.create_route(NatGatewayId="nat-0123456789abcdef0", **route),
            "InvalidNatGatewayID.NotFound",
        ),
        (
            lambda: network.endpoint("s3", RouteTableIds=["rtb-0123456789abcdef0"]),
            "InvalidRouteTableId.NotFound",
        ),
        (lambda: network.interface_endpoint("sqs", "subnet-0123456789abcdef0"), "InvalidSubnetId.NotFound"),
    ):
        with fails(code):
            attempt()


def test_a_filter_without_match_is_an_empty_list_and_an_unknown_one_an_error(ec2):
    assert ec2.describe_vpcs(Filters=where(vpc_id="vpc-0123456789abcdef0"))["Vpcs"] == []
    assert ec2.describe_vpcs(Filters=[{"Name": "tag:nobody", "Values": ["*"]}])["Vpcs"] == []
    with fails("InvalidParameterValue", "nonsense"):
        ec2.describe_vpcs(Filters=where(nonsense="x"))


def test_filters_by_tags_and_wildcards(ec2, name):
    one = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", stack=name, part="left"))[
        "Vpc"
    ]["VpcId"]
    two = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", stack=name, part="right"))[
        "Vpc"
    ]["VpcId"]

    def found(*filters):
        return {
            vpc["VpcId"]
            for vpc in ec2.describe_vpcs(Filters=[{"Name": n, "Values": v} for n, v in filters])["Vpcs"]
        }

    assert found(("tag:stack", [name])) == {one, two}
    assert found(("tag:stack", [name]), ("tag:part", ["le*"])) == {one}
    assert found(("tag:stack", [name]), ("tag:part", ["left", "ri?ht"])) == {one, two}
    assert found(("tag-key", ["part"]), ("tag:stack", [name]), ("is-default", ["true"])) == set()


def test_pages(ec2, name):
    for _ in range(7):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", stack=name))
    filters = [{"Name": "tag:stack", "Values": [name]}]
    first = ec2.describe_vpcs(Filters=filters, MaxResults=5)
    rest = ec2.describe_vpcs(Filters=filters, MaxResults=5, NextToken=first["NextToken"])
    assert len(first["Vpcs"]) == 5 and len(rest["Vpcs"]) == 2 and "NextToken" not in rest
    with fails("InvalidParameterCombination"):
        ec2.describe_vpcs(MaxResults=5, VpcIds=[first["Vpcs"][0]["VpcId"]])


def test_attributes_are_modified_one_at_a_time(ec2, network):
    def read(attribute):
        return ec2.describe_vpc_attribute(VpcId=network.vpc, Attribute=attribute)[
            attribute[0].upper() + attribute[1:]
        ]["Value"]

    assert read("enableDnsSupport") and not read("enableDnsHostnames")
    with fails("InvalidParameterCombination"):
        ec2.modify_vpc_attribute(
            VpcId=network.vpc, EnableDnsHostnames={"Value": True}, EnableDnsSupport={"Value": True}
        )
    ec2.modify_vpc_attribute(VpcId=network.vpc, EnableDnsHostnames={"Value": True})
    assert read("enableDnsSupport") and read("enableDnsHostnames")


def test_a_vpc_is_deleted_with_what_aws_put_there_and_nothing_else(ec2, network):
    blockers = [
        (network.subnet(), lambda it: ec2.delete_subnet(SubnetId=it)),
        (network.group(), lambda it: ec2.delete_security_group(GroupId=it)),
        (network.table(), lambda it: ec2.delete_route_table(RouteTableId=it)),
        (network.endpoint("s3"), lambda it: ec2.delete_vpc_endpoints(VpcEndpointIds=[it])),
        (network.gateway(), lambda it: ec2.detach_internet_gateway(InternetGatewayId=it, VpcId=network.vpc)),
        (
            ec2.create_network_acl(VpcId=network.vpc)["NetworkAcl"]["NetworkAclId"],
            lambda it: ec2.delete_network_acl(NetworkAclId=it),
        ),
    ]
    for blocker, remove in blockers:
        with fails("DependencyViolation", f"The vpc '{network.vpc}' has dependencies and cannot be deleted."):
            ec2.delete_vpc(VpcId=network.vpc)
        remove(blocker)
    eventually(lambda: not ec2.describe_vpc_endpoints(Filters=where(vpc_id=network.vpc))["VpcEndpoints"])
    ec2.delete_vpc(VpcId=network.vpc)
    with fails("InvalidVpcID.NotFound"):
        ec2.delete_vpc(VpcId=network.vpc)
    assert ec2.describe_security_groups(Filters=where(vpc_id=network.vpc))["SecurityGroups"] == []
    assert ec2.describe_route_tables(Filters=where(vpc_id=network.vpc))["RouteTables"] == []


def test_further_blocks(ec2, network):
    with fails("InvalidVpc.Conflict"):
        ec2.associate_vpc_cidr_block(VpcId=network.vpc, CidrBlock="10.0.128.0/20")
    association = ec2.associate_vpc_cidr_block(VpcId=network.vpc, CidrBlock="10.7.0.0/20")[
        "CidrBlockAssociation"
    ]
    assert association["CidrBlockState"]["State"] == "associating"
    (vpc,) = ec2.describe_vpcs(VpcIds=[network.vpc])["Vpcs"]
    assert [entry["CidrBlock"] for entry in vpc["CidrBlockAssociationSet"]] == ["10.0.0.0/16", "10.7.0.0/20"]
    subnet = ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    (table,) = ec2.describe_route_tables(Filters=where(vpc_id=network.vpc))["RouteTables"]
    assert [route["DestinationCidrBlock"] for route in table["Routes"]] == ["10.0.0.0/16", "10.7.0.0/20"]
    with fails("InvalidCidrBlock.InUse"):
        ec2.disassociate_vpc_cidr_block(AssociationId=association["AssociationId"])
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=association["AssociationId"])


def test_quotas_can_be_those_of_a_new_account(aws, control):
    ec2 = aws("ec2", "ap-southeast-3")
    before = {name: quota["here"] for name, quota in control("quotas").items()}
    control("quotas", {"as": "aws"})
    vpcs, addresses = [], []
    try:
        with fails("VpcLimitExceeded"):
            for _ in range(6):
                vpcs.append(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
        with fails("AddressLimitExceeded"):
            for _ in range(6):
                addresses.append(ec2.allocate_address()["AllocationId"])
        assert (len(vpcs), len(addresses)) == (5, 5)
        control("quotas", {"vpcs": 6})
        vpcs.append(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    finally:
        control("quotas", before)
        for vpc in vpcs:
            ec2.delete_vpc(VpcId=vpc)
        for address in addresses:
            ec2.release_address(AllocationId=address)


# --- subnets ----------------------------------------------------------------------------------------


def test_zones_have_ids(ec2):
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    assert {zone["ZoneId"] for zone in zones} == {"eun1-az1", "eun1-az2", "eun1-az3"}
    assert {(zone["State"], zone["ZoneType"], zone["OptInStatus"]) for zone in zones} == {
        ("available", "availability-zone", "opt-in-not-required")
    }
    (one,) = ec2.describe_availability_zones(ZoneIds=["eun1-az2"], Filters=where(state="available"))[
        "AvailabilityZones"
    ]
    assert one["ZoneName"].startswith(REGION)
    assert ec2.describe_availability_zones(Filters=where(zone_name=one["ZoneName"]))["AvailabilityZones"] == [
        one
    ]
    with fails("InvalidParameterValue", "Invalid availability zone: [use1-az1]"):
        ec2.describe_availability_zones(ZoneIds=["use1-az1"])


def test_a_subnet_by_zone_id(ec2, network, step):
    made = ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.9.0/24", AvailabilityZoneId="eun1-az2")[
        "Subnet"
    ]
    assert made["AvailabilityZoneId"] == "eun1-az2" and made["AvailabilityZone"].startswith(REGION)
    assert (
        made["State"],
        made["AvailableIpAddressCount"],
        made["MapPublicIpOnLaunch"],
        made["DefaultForAz"],
    ) == ("pending", 251, False, False)
    step(1)
    (found,) = ec2.describe_subnets(
        Filters=where(vpc_id=network.vpc, availability_zone_id="eun1-az2", state="available")
    )["Subnets"]
    assert found["SubnetId"] == made["SubnetId"]
    with fails("InvalidParameterValue", "availabilityZoneId"):
        ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.10.0/24", AvailabilityZoneId="use1-az1")


def test_blocks_of_subnets(ec2, network):
    network.subnet()
    with fails("InvalidSubnet.Conflict"):
        ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.1.128/25")
    with fails("InvalidSubnet.Range"):
        ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.1.0.0/24")


def test_public_addresses_on_launch(ec2, network):
    subnet = network.subnet()
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"]


def test_names_of_instances_on_launch(ec2, network):
    subnet = network.subnet()
    ec2.modify_subnet_attribute(SubnetId=subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(SubnetId=subnet, EnableResourceNameDnsARecordOnLaunch={"Value": True})
    names = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["PrivateDnsNameOptionsOnLaunch"]
    assert names == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }


def test_interfaces_hold_a_subnet_and_take_its_addresses(ec2, network):
    subnet = network.subnet()
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailableIpAddressCount"] == 250
    with fails("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted."):
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=subnet)
    with fails("InvalidSubnetID.NotFound"):
        ec2.delete_subnet(SubnetId=subnet)


# --- route tables -----------------------------------------------------------------------------------


def test_a_token_makes_one_route_table(ec2, network, name):
    one = network.table(ClientToken=name)
    assert network.table(ClientToken=name) == one
    other = Network(ec2)
    with fails("IdempotentParameterMismatch"):
        other.table(ClientToken=name)
    ec2.delete_route_table(RouteTableId=one)
    assert network.table(ClientToken=name) != one


def test_routes(ec2, network):
    table, gateway = network.table(), network.gateway()
    target = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway}
    with fails("InvalidParameterValue", "There is no route defined"):
        ec2.replace_route(**target)
    assert ec2.create_route(**target)["Return"]
    with fails("RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists."):
        ec2.create_route(**target)
    assert network.routes(table)["0.0.0.0/0"] == {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": gateway,
        "Origin": "CreateRoute",
        "State": "active",
    }
    assert network.routes(table)["10.0.0.0/16"]["GatewayId"] == "local"
    with fails("InvalidParameterValue", "cannot remove local route"):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="10.0.0.0/16")
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    with fails("InvalidRoute.NotFound"):
        ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")


def test_a_route_to_a_gateway_of_another_network(ec2, network):
    gateway = Network(ec2).gateway()
    with fails("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(RouteTableId=network.table(), DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def test_a_route_to_a_detached_gateway_is_a_blackhole(ec2, network):
    table, gateway = network.table(), network.gateway()
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    assert network.routes(table)["0.0.0.0/0"]["State"] == "blackhole"


def test_associations(ec2, network):
    one, two, subnet = network.table(), network.table(), network.subnet()
    association = ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)["AssociationId"]
    with fails("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=two, SubnetId=subnet)
    with fails("DependencyViolation", f"The routeTable '{one}' has dependencies and cannot be deleted."):
        ec2.delete_route_table(RouteTableId=one)
    new = ec2.replace_route_table_association(AssociationId=association, RouteTableId=two)["NewAssociationId"]
    (found,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
        "RouteTables"
    ]
    assert found["RouteTableId"] == two and found["Associations"][0]["RouteTableAssociationId"] == new
    ec2.delete_route_table(RouteTableId=one)
    with fails("InvalidAssociationID.NotFound"):
        ec2.disassociate_route_table(AssociationId=association)
    ec2.disassociate_route_table(AssociationId=new)
    ec2.delete_route_table(RouteTableId=two)


def test_a_subnet_goes_with_its_association(ec2, network):
    table, subnet = network.table(), network.subnet()
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    ec2.delete_subnet(SubnetId=subnet)
    assert ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"] == []


def test_the_main_table_stays(ec2, network):
    (main,) = ec2.describe_route_tables(
        Filters=[*where(vpc_id=network.vpc), {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"]
    association = main["Associations"][0]["RouteTableAssociationId"]
    with fails("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    with fails("InvalidParameterValue", "main route table association"):
        ec2.disassociate_route_table(AssociationId=association)
    other = network.table()
    ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])
    with fails("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=other)


# --- internet gateways and addresses ----------------------------------------------------------------


def test_attachments_of_a_gateway(ec2, network):
    gateway = network.gateway()
    with fails("Resource.AlreadyAssociated"):
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    second = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    with fails("InvalidParameterValue", "already has an internet gateway attached"):
        ec2.attach_internet_gateway(InternetGatewayId=second, VpcId=network.vpc)
    with fails("DependencyViolation"):
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
    (found,) = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [network.vpc]}]
    )["InternetGateways"]
    assert found["InternetGatewayId"] == gateway and found["Attachments"] == [
        {"State": "available", "VpcId": network.vpc}
    ]
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    with fails("Gateway.NotAttached"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)


def test_public_addresses_hold_the_attachment(ec2, network):
    gateway, subnet, address = network.gateway(), network.subnet(), network.address()
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    association = ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)["AssociationId"]
    with fails("DependencyViolation", "has some mapped public address(es)"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    with fails("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address)
    with fails("Resource.AlreadyAssociated"):
        ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface, AllowReassociation=False)
    (shown,) = ec2.describe_addresses(Filters=where(network_interface_id=interface))["Addresses"]
    assert shown["AllocationId"] == address and shown["AssociationId"] == association
    ec2.disassociate_address(AssociationId=association)
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    with fails("InvalidAllocationID.NotFound"):
        ec2.release_address(AllocationId=address)


def test_addresses_differ_and_are_found_by_tags(ec2, name):
    one, two = (ec2.allocate_address(TagSpecifications=tagged("elastic-ip", stack=name)) for _ in range(2))
    found = ec2.describe_addresses(Filters=[{"Name": "tag:stack", "Values": [name]}])["Addresses"]
    assert {address["PublicIp"] for address in found} == {one["PublicIp"], two["PublicIp"]} and one[
        "PublicIp"
    ] != two["PublicIp"]
