"""EC2: NAT gateways, zonal and regional, behave like on AWS."""

import pytest
from conftest import eventually, fails
from networks import REGION, Network, tagged, where

HOUR = 3600


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def network(ec2, step):
    network = Network(ec2)
    network.igw = network.gateway()
    return network


def one(ec2, nat):
    return ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]


def gone(ec2, network, nat):
    ec2.delete_nat_gateway(NatGatewayId=nat)
    eventually(lambda: network.nat_state(nat) == "deleted", 30)


def regional(ec2, network, **more):
    made = ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=network.vpc, **more)["NatGateway"]
    eventually(lambda: network.nat_state(made["NatGatewayId"]) == "available", 30)
    return made["NatGatewayId"]


# --- zonal ------------------------------------------------------------------------------------------


def test_a_public_one_needs_an_internet_gateway_and_a_free_address(ec2, network):
    other, subnet, address = Network(ec2), network.subnet(), network.address()
    with fails("Gateway.NotAttached", f"Network {other.vpc} has no Internet gateway attached"):
        ec2.create_nat_gateway(SubnetId=other.subnet(), AllocationId=address)
    with fails("InvalidAllocationID.NotFound"):
        ec2.create_nat_gateway(SubnetId=subnet, AllocationId="eipalloc-0123456789abcdef0")
    with fails("InvalidSubnetID.NotFound"):
        ec2.create_nat_gateway(SubnetId="subnet-0123456789abcdef0", AllocationId=address)
    with fails("MissingParameter"):
        ec2.create_nat_gateway(SubnetId=subnet)
    network.nat(subnet, address)
    with fails("Resource.AlreadyAssociated"):
        ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)


def test_its_states_and_addresses(ec2, network, step):
    subnet, address = network.subnet(), network.address()
    made = ec2.create_nat_gateway(
        SubnetId=subnet, AllocationId=address, TagSpecifications=tagged("natgateway", a="b")
    )["NatGateway"]
    assert (made["State"], made["VpcId"], made["ConnectivityType"], made["AvailabilityMode"]) == (
        "pending",
        network.vpc,
        "public",
        "zonal",
    )
    assert made["NatGatewayAddresses"] == [{"AllocationId": address}] and made["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]
    step(89)
    assert network.nat_state(made["NatGatewayId"]) == "pending"
    step(1)
    shown = one(ec2, made["NatGatewayId"])
    assert shown["State"] == "available"
    (held,) = shown["NatGatewayAddresses"]
    assert (held["AllocationId"], held["IsPrimary"], held["Status"]) == (address, True, "succeeded")
    (interface,) = network.interfaces(subnet_id=subnet)
    assert (
        interface["NetworkInterfaceId"] == held["NetworkInterfaceId"]
        and interface["InterfaceType"] == "nat_gateway"
    )
    assert interface["Association"]["AllocationId"] == address and interface["RequesterManaged"]


def test_deleting_takes_a_minute_and_leaves_address_and_record(ec2, network, step):
    subnet, address = network.subnet(), network.address()
    nat = network.nat(subnet, address)
    step(90)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    assert network.nat_state(nat) == "deleting"
    for attempt, code in (
        (lambda: ec2.delete_subnet(SubnetId=subnet), "DependencyViolation"),
        (lambda: ec2.release_address(AllocationId=address), "InvalidIPAddress.InUse"),
        (
            lambda: ec2.detach_internet_gateway(InternetGatewayId=network.igw, VpcId=network.vpc),
            "DependencyViolation",
        ),
    ):
        with fails(code):
            attempt()
    step(60)
    assert network.nat_state(nat) == "deleted" and one(ec2, nat)["DeleteTime"]
    ec2.release_address(AllocationId=address)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.detach_internet_gateway(InternetGatewayId=network.igw, VpcId=network.vpc)
    step(HOUR - 1)
    assert network.nat_state(nat) == "deleted"
    step(1)
    with fails("NatGatewayNotFound"):
        network.nat_state(nat)
    with fails("NatGatewayNotFound"):
        ec2.delete_nat_gateway(NatGatewayId=nat)


def test_routes_to_it_become_blackholes(ec2, network):
    table, nat = network.table(), network.nat(network.subnet())
    eventually(lambda: network.nat_state(nat) == "available", 30)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert network.routes(table)["0.0.0.0/0"]["State"] == "active"
    gone(ec2, network, nat)
    assert network.routes(table)["0.0.0.0/0"] | {"Origin": ""} == {
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": nat,
        "State": "blackhole",
        "Origin": "",
    }
    with fails("InvalidNatGatewayID.NotFound"):
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.99.0.0/16", NatGatewayId=nat)


def test_it_fails_later_in_a_subnet_without_free_addresses(ec2, network, step):
    subnet, address = (
        ec2.create_subnet(VpcId=network.vpc, CidrBlock="10.0.200.0/28")["Subnet"]["SubnetId"],
        network.address(),
    )
    for _ in range(11):
        ec2.create_network_interface(SubnetId=subnet)
    nat = network.nat(subnet, address)
    assert network.nat_state(nat) == "pending"
    step(90)
    shown = one(ec2, nat)
    assert (shown["State"], shown["FailureCode"]) == ("failed", "InsufficientFreeAddressesInSubnet")
    ec2.release_address(AllocationId=address)
    step(HOUR)
    with fails("NatGatewayNotFound"):
        one(ec2, nat)


def test_a_private_one_has_no_public_address(ec2, step):
    network = Network(ec2)
    nat = ec2.create_nat_gateway(SubnetId=network.subnet(), ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    step(90)
    (held,) = one(ec2, nat)["NatGatewayAddresses"]
    assert "PublicIp" not in held and held["PrivateIp"].startswith("10.0.1.")


def test_a_token_makes_one(ec2, network, name):
    subnet, address = network.subnet(), network.address()
    nat = network.nat(subnet, address, ClientToken=name)
    assert network.nat(subnet, address, ClientToken=name) == nat
    with fails("IdempotentParameterMismatch"):
        network.nat(network.subnet(), address, ClientToken=name)
    assert len(ec2.describe_nat_gateways(Filters=where(vpc_id=network.vpc))["NatGateways"]) == 1


def test_filters(ec2, network, name):
    subnet = network.subnet()
    nat = network.nat(subnet, TagSpecifications=tagged("natgateway", stack=name))
    for filters in (
        where(vpc_id=network.vpc),
        where(subnet_id=subnet, state=["pending", "available"]),
        [{"Name": "tag:stack", "Values": [name]}],
    ):
        assert [
            found["NatGatewayId"] for found in ec2.describe_nat_gateways(Filters=filters)["NatGateways"]
        ] == [nat]
    assert ec2.describe_nat_gateways(Filters=where(vpc_id=network.vpc, state="deleted"))["NatGateways"] == []


def test_the_internet_gateway_cannot_go_meanwhile(ec2, network, step):
    network.nat(network.subnet())
    with fails("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=network.igw, VpcId=network.vpc)


def test_further_addresses(ec2, network, step):
    nat, address = network.nat(network.subnet()), network.address()
    step(90)
    (added,) = ec2.associate_nat_gateway_address(NatGatewayId=nat, AllocationIds=[address])[
        "NatGatewayAddresses"
    ]
    primary, second = one(ec2, nat)["NatGatewayAddresses"]
    assert second["AllocationId"] == address and not second["IsPrimary"]
    with fails("InvalidParameterValue"):
        ec2.disassociate_nat_gateway_address(NatGatewayId=nat, AssociationIds=[primary["AssociationId"]])
    ec2.disassociate_nat_gateway_address(NatGatewayId=nat, AssociationIds=[added["AssociationId"]])
    assert len(one(ec2, nat)["NatGatewayAddresses"]) == 1
    ec2.release_address(AllocationId=address)


# --- regional ---------------------------------------------------------------------------------------


def test_a_regional_one_is_made_in_a_vpc_with_an_internet_gateway(ec2, network):
    with fails("MissingParameter"):
        ec2.create_nat_gateway(AvailabilityMode="regional")
    with fails("InvalidParameterCombination"):
        ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=network.vpc, SubnetId=network.subnet())
    with fails("InvalidParameterCombination"):
        ec2.create_nat_gateway(SubnetId=network.subnet(), VpcId=network.vpc, AllocationId=network.address())
    with fails("Gateway.NotAttached"):
        ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=Network(ec2).vpc)


def test_an_automatic_one_covers_the_zones_with_subnets(ec2, network, step):
    network.subnet("eun1-az1"), network.subnet("eun1-az2")
    made = ec2.create_nat_gateway(AvailabilityMode="regional", VpcId=network.vpc)["NatGateway"]
    assert (made["State"], made["AutoProvisionZones"], made["AutoScalingIps"]) == (
        "pending",
        "enabled",
        "enabled",
    )
    assert "SubnetId" not in made and made["RouteTableId"].startswith("rtb-")
    step(90)
    nat = one(ec2, made["NatGatewayId"])
    assert nat["State"] == "available" and {
        held["AvailabilityZoneId"] for held in nat["NatGatewayAddresses"]
    } == {"eun1-az1", "eun1-az2"}
    addresses = ec2.describe_addresses(
        AllocationIds=[held["AllocationId"] for held in nat["NatGatewayAddresses"]]
    )["Addresses"]
    assert {address["ServiceManaged"] for address in addresses} == {"rnat"}
    with fails("OperationNotPermitted"):
        ec2.release_address(AllocationId=addresses[0]["AllocationId"])
    assert network.interfaces() == []


def test_it_follows_the_subnets(ec2, network, step):
    first = network.subnet("eun1-az1")
    nat = regional(ec2, network)

    def zones():
        return {held["AvailabilityZoneId"] for held in one(ec2, nat)["NatGatewayAddresses"]}

    network.subnet("eun1-az3")
    assert zones() == {"eun1-az1"}
    step(600)
    assert zones() == {"eun1-az1", "eun1-az3"}
    ec2.delete_subnet(SubnetId=first)
    assert zones() == {"eun1-az3"}
    with fails("OperationNotPermitted"):
        ec2.associate_nat_gateway_address(
            NatGatewayId=nat, AllocationIds=[network.address()], AvailabilityZoneId="eun1-az2"
        )


def test_its_addresses_and_route_table_go_with_it(ec2, network):
    network.subnet("eun1-az1")
    nat = regional(ec2, network)
    table, held = one(ec2, nat)["RouteTableId"], one(ec2, nat)["NatGatewayAddresses"][0]["AllocationId"]
    with fails("DependencyViolation"):
        ec2.delete_route_table(RouteTableId=table)
    with fails("DependencyViolation"):
        ec2.detach_internet_gateway(InternetGatewayId=network.igw, VpcId=network.vpc)
    gone(ec2, network, nat)
    with fails("InvalidAllocationID.NotFound"):
        ec2.describe_addresses(AllocationIds=[held])
    with fails("InvalidRouteTableID.NotFound"):
        ec2.describe_route_tables(RouteTableIds=[table])


def test_a_manual_one_keeps_to_its_addresses(ec2, network, step):
    one_address, two = network.address(), network.address()
    network.subnet("eun1-az1"), network.subnet("eun1-az2")
    nat = regional(
        ec2,
        network,
        AvailabilityZoneAddresses=[{"AvailabilityZoneId": "eun1-az1", "AllocationIds": [one_address]}],
    )

    def held():
        return {
            entry["AvailabilityZoneId"]: entry["AllocationId"]
            for entry in one(ec2, nat)["NatGatewayAddresses"]
        }

    assert one(ec2, nat)["AutoProvisionZones"] == "disabled" and held() == {"eun1-az1": one_address}
    step(HOUR)
    ec2.associate_nat_gateway_address(NatGatewayId=nat, AllocationIds=[two], AvailabilityZoneId="eun1-az2")
    assert held() == {"eun1-az1": one_address, "eun1-az2": two}
    with fails("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=two)
    association = next(
        e["AssociationId"] for e in one(ec2, nat)["NatGatewayAddresses"] if e["AllocationId"] == one_address
    )
    ec2.disassociate_nat_gateway_address(NatGatewayId=nat, AssociationIds=[association])
    ec2.release_address(AllocationId=one_address)
    gone(ec2, network, nat)
    ec2.release_address(AllocationId=two)
