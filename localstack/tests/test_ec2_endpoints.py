"""EC2: VPC endpoints, and the interfaces that services attach, behave like on AWS."""

import io
import json
import zipfile

import pytest
from conftest import ask, create_role, eventually, fails
from networks import REGION, Network, tagged, where

LINGERING_MINUTES = 20


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def network(ec2, step):
    return Network(ec2)


def one(ec2, endpoint):
    return ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]


# --- gateway endpoints ------------------------------------------------------------------------------


def test_a_gateway_endpoint_puts_routes_into_its_tables(ec2, network, step):
    table, other = network.table(), network.table()
    endpoint = network.endpoint("s3", RouteTableIds=[table], TagSpecifications=tagged("vpc-endpoint", a="b"))
    shown = one(ec2, endpoint)
    assert (shown["VpcEndpointType"], shown["State"], shown["RouteTableIds"]) == (
        "Gateway",
        "pending",
        [table],
    )
    assert json.loads(shown["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    step(5)
    assert one(ec2, endpoint)["State"] == "available"
    prefix_list = network.prefix_list("s3")
    assert network.routes(table)[prefix_list]["GatewayId"] == endpoint
    with fails("InvalidParameterValue"):
        ec2.delete_route(RouteTableId=table, DestinationPrefixListId=prefix_list)
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[other], RemoveRouteTableIds=[table])
    assert prefix_list not in network.routes(table) and prefix_list in network.routes(other)
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert prefix_list not in network.routes(other)
    step(5)
    with fails("InvalidVpcEndpointId.NotFound"):
        one(ec2, endpoint)


def test_a_table_has_one_endpoint_of_a_service(ec2, network):
    table = network.table()
    network.endpoint("dynamodb", RouteTableIds=[table])
    with fails("RouteAlreadyExists"):
        network.endpoint("dynamodb", RouteTableIds=[table])
    network.endpoint("s3", RouteTableIds=[table])


def test_services_have_their_types(ec2, network):
    with fails("InvalidServiceName", "does not exist"):
        network.endpoint("nonsense")
    with fails("InvalidParameter"):
        network.endpoint("sqs")
    with fails("InvalidParameter"):
        network.endpoint("s3", SubnetIds=[network.subnet()])


def test_prefix_lists_of_the_gateway_services(ec2, network):
    for service in ("s3", "dynamodb"):
        name = f"com.amazonaws.{REGION}.{service}"
        (managed,) = ec2.describe_managed_prefix_lists(Filters=where(prefix_list_name=name))["PrefixLists"]
        (plain,) = ec2.describe_prefix_lists(Filters=where(prefix_list_name=name))["PrefixLists"]
        assert (
            managed["PrefixListId"] == plain["PrefixListId"]
            and managed["OwnerId"] == "AWS"
            and plain["Cidrs"]
        )
    with fails("InvalidPrefixListId.NotFound"):
        ec2.describe_prefix_lists(PrefixListIds=["pl-0123456789abcdef0"])


def test_failures_are_told_with_http_200(ec2, network):
    endpoint = network.endpoint("s3")
    answer = ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0", endpoint])
    (failure,) = answer["Unsuccessful"]
    assert (
        failure["ResourceId"] == "vpce-0123456789abcdef0"
        and failure["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"
    )
    assert one(ec2, endpoint)["State"] == "deleting"


def test_a_token_makes_one_endpoint(ec2, network, name):
    endpoint = network.endpoint("s3", ClientToken=name)
    assert network.endpoint("s3", ClientToken=name) == endpoint
    with fails("IdempotentParameterMismatch"):
        network.endpoint("dynamodb", ClientToken=name)


# --- interface endpoints ----------------------------------------------------------------------------


def test_an_interface_endpoint_has_an_interface_in_each_subnet(ec2, network, step):
    network.with_dns()
    one_subnet, two, group = network.subnet("eun1-az1"), network.subnet("eun1-az2"), network.group()
    endpoint = network.interface_endpoint("sqs", one_subnet, two, SecurityGroupIds=[group])
    shown = one(ec2, endpoint)
    assert (shown["State"], shown["PrivateDnsEnabled"], [held["GroupId"] for held in shown["Groups"]]) == (
        "pending",
        True,
        [group],
    )
    assert "sqs.eu-north-1.amazonaws.com" in {entry["DnsName"] for entry in shown["DnsEntries"]}
    held = network.interfaces(group_id=group)
    assert {interface["SubnetId"] for interface in held} == {one_subnet, two}
    assert {interface["NetworkInterfaceId"] for interface in held} == set(shown["NetworkInterfaceIds"])
    assert {
        (interface["InterfaceType"], interface["Status"], interface["RequesterManaged"]) for interface in held
    } == {("vpc_endpoint", "in-use", True)}
    with fails("AuthFailure"):
        ec2.delete_network_interface(NetworkInterfaceId=held[0]["NetworkInterfaceId"])
    step(119)
    assert one(ec2, endpoint)["State"] == "pending"
    step(1)
    assert one(ec2, endpoint)["State"] == "available"


def test_its_interfaces_stay_for_a_while(ec2, network, step):
    subnet, group = network.subnet(), network.group()
    endpoint = network.interface_endpoint("sqs", subnet, SecurityGroupIds=[group], PrivateDnsEnabled=False)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    assert one(ec2, endpoint)["State"] == "deleting"
    step(60)
    with fails("InvalidVpcEndpointId.NotFound"):
        one(ec2, endpoint)
    for attempt in (
        lambda: ec2.delete_subnet(SubnetId=subnet),
        lambda: ec2.delete_security_group(GroupId=group),
    ):
        with fails("DependencyViolation"):
            attempt()
    step(30)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=network.vpc)


def test_private_dns_needs_both_attributes_and_is_had_once(ec2, network):
    subnet = network.subnet()
    with fails("InvalidParameter", "enableDnsHostnames"):
        network.interface_endpoint("sqs", subnet, PrivateDnsEnabled=True)
    network.with_dns()
    first = network.interface_endpoint("sqs", subnet, PrivateDnsEnabled=True)
    with fails("InvalidParameter", "conflicting DNS domain"):
        network.interface_endpoint("sqs", subnet, PrivateDnsEnabled=True)
    second = network.interface_endpoint("sqs", subnet, PrivateDnsEnabled=False)
    with fails("InvalidParameter", "conflicting DNS domain"):
        ec2.modify_vpc_endpoint(VpcEndpointId=second, PrivateDnsEnabled=True)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    ec2.modify_vpc_endpoint(VpcEndpointId=second, PrivateDnsEnabled=True)


def test_one_subnet_in_a_zone(ec2, network):
    with fails("DuplicateSubnetsInSameZone"):
        network.interface_endpoint("sqs", network.subnet(), network.subnet(), PrivateDnsEnabled=False)


def test_an_interface_endpoint_changes(ec2, network):
    one_subnet, two, group = network.subnet("eun1-az1"), network.subnet("eun1-az2"), network.group()
    endpoint = network.interface_endpoint("sqs", one_subnet, PrivateDnsEnabled=False)
    default = one(ec2, endpoint)["Groups"][0]
    assert default["GroupName"] == "default"
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint,
        AddSubnetIds=[two],
        AddSecurityGroupIds=[group],
        RemoveSecurityGroupIds=[default["GroupId"]],
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )
    shown = one(ec2, endpoint)
    assert set(shown["SubnetIds"]) == {one_subnet, two} and [held["GroupId"] for held in shown["Groups"]] == [
        group
    ]
    assert (
        len(network.interfaces(group_id=group)) == 2
        and json.loads(shown["PolicyDocument"])["Statement"] == []
    )
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=[one_subnet], ResetPolicy=True)
    assert (
        one(ec2, endpoint)["SubnetIds"] == [two]
        and json.loads(one(ec2, endpoint)["PolicyDocument"])["Statement"]
    )
    eventually(lambda: len(network.interfaces()) == 1, 30)


# --- functions in a VPC -----------------------------------------------------------------------------


def create_function(aws, name, subnets, groups):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "")
    role = create_role(aws, name, may=["ec2:*"])
    aws("lambda", REGION).create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.h",
        Code={"ZipFile": buffer.getvalue()},
        VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": groups},
    )


def test_functions_share_an_interface_that_stays_after_them(aws, ec2, network, step, name):
    subnet, group = network.subnet(), network.group()
    create_function(aws, name, [subnet], [group])
    create_function(aws, f"{name}-2", [subnet], [group])
    (interface,) = network.interfaces()
    assert interface["InterfaceType"] == "lambda" and interface["Description"].startswith(
        "AWS Lambda VPC ENI-"
    )
    for function in (name, f"{name}-2"):
        with fails("DependencyViolation"):
            ec2.delete_security_group(GroupId=group)
        aws("lambda", REGION).delete_function(FunctionName=function)
    step(LINGERING_MINUTES * 60 - 1)
    for attempt in (
        lambda: ec2.delete_subnet(SubnetId=subnet),
        lambda: ec2.delete_security_group(GroupId=group),
    ):
        with fails("DependencyViolation"):
            attempt()
    step(1)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_a_function_that_moves_leaves_its_interface(aws, ec2, network, step, name):
    subnet, old, new = network.subnet(), network.group(), network.group()
    create_function(aws, name, [subnet], [old])
    functions = aws("lambda", REGION)
    eventually(lambda: functions.get_function(FunctionName=name)["Configuration"]["State"] == "Active", 30)

    def move(group):
        functions.update_function_configuration(
            FunctionName=name, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]}
        )
        eventually(
            lambda: (
                functions.get_function(FunctionName=name)["Configuration"]["LastUpdateStatus"] == "Successful"
            ),
            30,
        )

    move(new)
    (first,) = network.interfaces(group_id=old)
    move(old)  # back before it has gone
    step(LINGERING_MINUTES * 60)
    assert [interface["NetworkInterfaceId"] for interface in network.interfaces()] == [
        first["NetworkInterfaceId"]
    ]
    functions.delete_function(FunctionName=name)


# --- eventual consistency, the tagging API, the whole state -----------------------------------------


def test_what_is_new_is_unknown_for_a_moment(ec2, eventual, name):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", stack=name))["Vpc"]["VpcId"]
    for attempt in (
        lambda: ec2.describe_vpcs(VpcIds=[vpc]),
        lambda: ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24"),
    ):
        with fails("InvalidVpcID.NotFound"):
            attempt()
    assert ec2.describe_vpcs(Filters=[{"Name": "tag:stack", "Values": [name]}])["Vpcs"] == []
    eventual(3)
    assert len(ec2.describe_vpcs(Filters=[{"Name": "tag:stack", "Values": [name]}])["Vpcs"]) == 1
    group = ec2.create_security_group(VpcId=vpc, GroupName=name, Description="d")["GroupId"]
    with fails("InvalidGroup.NotFound"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        )
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def test_the_tagging_api_is_late(aws, ec2, eventual, name):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", stack=name))["Vpc"]["VpcId"]
    tagging = aws("resourcegroupstaggingapi", REGION)

    def found():
        answer = tagging.get_resources(
            TagFilters=[{"Key": "stack", "Values": [name]}], ResourceTypeFilters=["ec2:vpc"]
        )
        return [mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]]

    assert found() == []
    eventual(30)
    assert found() == [f"arn:aws:ec2:{REGION}:000000000000:vpc/{vpc}"]
    ec2.delete_vpc(VpcId=vpc)
    assert len(found()) == 1
    eventual(30)
    assert found() == []


def test_arns_of_all_kinds(aws, ec2, network, name):
    stack = {"stack": name}
    network.gateway()
    ids = {
        "subnet": network.subnet(TagSpecifications=tagged("subnet", **stack)),
        "security-group": network.group(TagSpecifications=tagged("security-group", **stack)),
        "route-table": network.table(TagSpecifications=tagged("route-table", **stack)),
        "vpc-endpoint": network.endpoint("s3", TagSpecifications=tagged("vpc-endpoint", **stack)),
        "elastic-ip": ec2.allocate_address(TagSpecifications=tagged("elastic-ip", **stack))["AllocationId"],
    }
    ids["natgateway"] = network.nat(
        ids["subnet"], ids["elastic-ip"], TagSpecifications=tagged("natgateway", **stack)
    )
    answer = aws("resourcegroupstaggingapi", REGION).get_resources(
        TagFilters=[{"Key": "stack", "Values": [name]}]
    )
    found = {mapping["ResourceARN"] for mapping in answer["ResourceTagMappingList"]}
    assert found == {
        f"arn:aws:ec2:{REGION}:000000000000:{kind}/{resource_id}" for kind, resource_id in ids.items()
    }


def test_tags_change(ec2, network):
    ec2.create_tags(Resources=[network.vpc], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    tags = ec2.describe_tags(Filters=where(resource_id=network.vpc, key="b"))["Tags"]
    assert tags == [{"ResourceId": network.vpc, "ResourceType": "vpc", "Key": "b", "Value": "2"}]
    ec2.delete_tags(Resources=[network.vpc], Tags=[{"Key": "a"}])
    assert ec2.describe_vpcs(VpcIds=[network.vpc])["Vpcs"][0]["Tags"] == [{"Key": "b", "Value": "2"}]


def test_the_inventory_leaves_defaults_out(aws, endpoint):
    region = "ap-southeast-2"
    ec2 = aws("ec2", region)

    def left():
        return {
            thing["kind"]
            for thing in ask(endpoint, f"inventory?regions={region}")
            if thing["service"] == "ec2"
        }

    assert left() == set()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")["GroupId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    address = ec2.allocate_address()["AllocationId"]
    assert left() == {
        "vpc",
        "subnet",
        "route-table",
        "security-group",
        "network-interface",
        "internet-gateway",
        "elastic-ip",
    }
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.release_address(AllocationId=address)
    ec2.delete_vpc(VpcId=vpc)
    assert left() == set()


def test_half_done_things_come_back_with_a_snapshot(ec2, network, step, control, name):
    nat = Network(ec2)
    nat.gateway()
    gateway = nat.nat(nat.subnet())
    control("snapshot", {"name": name})
    step(90)
    assert nat.nat_state(gateway) == "available"
    control("restore", {"name": name})
    assert nat.nat_state(gateway) == "pending"
    step(90)
    assert nat.nat_state(gateway) == "available"
    assert (
        len(ec2.describe_nat_gateways(Filters=where(vpc_id=nat.vpc))["NatGateways"][0]["NatGatewayAddresses"])
        == 1
    )
