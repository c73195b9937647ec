"""EC2: VPC endpoints, gateway and interface, and the services they are of.

Gaps of LocalStack closed here: endpoints were available at once and deleted at once, had no network
interfaces and no routes, took any service, and failures to delete were lost.

AWS rules followed: pending → available, deleting → gone; a gateway endpoint puts a route for the
service's prefix list into its tables and takes it out again; an interface endpoint has an interface in
each subnet, which stay for a while after it; private DNS needs both DNS attributes of the VPC and can be
had once per service and VPC; what cannot be deleted is told in Unsuccessful, with HTTP 200.
"""

import json
from datetime import UTC, datetime

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import interfaces, routes, state
from isobar_localstack.services.ec2.reading import described

GATEWAY_SERVICES = ("s3", "dynamodb")
OPEN_POLICY = json.dumps(
    {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
FILTERS = {"vpc-endpoint-state": "State"}


def operations(original: dict) -> dict:
    return {
        "CreateVpcEndpoint": create,
        "DescribeVpcEndpoints": described(
            "VpcEndpoints", "VpcEndpointIds", "VpcEndpointId", describe_all, FILTERS
        ),
        "ModifyVpcEndpoint": modify,
        "DeleteVpcEndpoints": delete_all,
        "DescribeManagedPrefixLists": described(
            "PrefixLists", "PrefixListIds", "PrefixListId", managed_prefix_lists, {}
        ),
        "DescribePrefixLists": described("PrefixLists", "PrefixListIds", "PrefixListId", prefix_lists, {}),
    }


def invalid(message: str):
    return error("InvalidParameter", message)


# --- services -------------------------------------------------------------------------------------


def check_service(context, name: str, kind: str) -> str:
    """Answers the service's short name."""
    from moto.ec2.models import VPCBackend

    offered = VPCBackend._collect_default_endpoint_services(context.account_id, context.region)
    names = {service["ServiceName"] for service in offered} | {f"com.amazonaws.{context.region}.execute-api"}
    short = name.removeprefix(f"com.amazonaws.{context.region}.")
    if name not in names and short not in GATEWAY_SERVICES:
        raise error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if kind == "Gateway" and short not in GATEWAY_SERVICES:
        raise invalid("Endpoint type (Gateway) does not match available service types ([Interface]).")
    return short


def prefix_lists(context) -> list[dict]:
    return [
        {
            "PrefixListId": entry.id,
            "PrefixListName": entry.prefix_list_name,
            "Cidrs": [cidr["Cidr"] for cidr in [*entry.entries.values()][0]],
        }
        for entry in state.of(context).managed_prefix_lists.values()
        if entry.owner_id == "AWS"
    ]


def managed_prefix_lists(context) -> list[dict]:
    return [
        {
            "PrefixListId": entry.id,
            "PrefixListName": entry.prefix_list_name,
            "AddressFamily": entry.address_family,
            "State": entry.state,
            "PrefixListArn": entry.prefix_list_arn,
            "OwnerId": entry.owner_id,
            "Version": entry.version,
            "MaxEntries": entry.max_entries,
            "Tags": state.tags_to_response(context.account_id, context.region, entry.id),
        }
        for entry in list(state.of(context).managed_prefix_lists.values())
    ]


def prefix_list_of(context, service_name: str) -> str:
    return next(
        entry["PrefixListId"] for entry in prefix_lists(context) if entry["PrefixListName"] == service_name
    )


# --- creating -------------------------------------------------------------------------------------


def create(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    kind, name = request.get("VpcEndpointType") or "Gateway", request.get("ServiceName")
    if kind not in ("Gateway", "Interface"):
        raise error("UnsupportedOperation", f"This emulator has no endpoints of type {kind}.")
    if not name:
        raise error("MissingParameter", "The request must contain the parameter ServiceName")
    tags, short = state.wanted_tags(request, "vpc-endpoint"), check_service(context, name, kind)
    check_number(context, vpc, kind)
    policy = request.get("PolicyDocument")
    check_policy(policy)
    endpoint = {
        "VpcEndpointId": state.new_id("vpce"),
        "VpcEndpointType": kind,
        "VpcId": vpc.id,
        "ServiceName": name,
        "ServiceRegion": context.region,
        "State": "pending",
        "PolicyDocument": policy or OPEN_POLICY,
        "RequesterManaged": False,
        "PrivateDnsEnabled": False,
        "RouteTableIds": [],
        "SubnetIds": [],
        "Groups": [],
        "NetworkInterfaceIds": [],
        "DnsEntries": [],
        "OwnerId": context.account_id,
        "IpAddressType": request.get("IpAddressType") or "ipv4",
        "CreationTimestamp": datetime.now(UTC),
    }
    (fill_gateway if kind == "Gateway" else fill_interface)(context, vpc, endpoint, request, short)
    place = (context.account_id, context.region)
    state.here(context, state.endpoints)[endpoint["VpcEndpointId"]] = endpoint
    state.tag(*place, endpoint["VpcEndpointId"], tags)
    state.mark_created(*place, endpoint["VpcEndpointId"])
    duration = "ec2.gateway_endpoint_creating" if kind == "Gateway" else "ec2.interface_endpoint_creating"
    state.scheduled.at(due(duration), set_available, *place, endpoint["VpcEndpointId"])
    return {"VpcEndpoint": to_response(*place, endpoint)}


def check_number(context, vpc, kind: str):
    same = [
        endpoint["VpcId"]
        for endpoint in state.here(context, state.endpoints).values()
        if endpoint["VpcEndpointType"] == kind
    ]
    if kind == "Gateway":
        quotas.check("gateway_endpoints", len(same) + 1)
    else:
        quotas.check("interface_endpoints", same.count(vpc.id) + 1)


def check_policy(document: str | None):
    try:
        if document is not None and "Statement" not in json.loads(document):
            raise ValueError
    except (ValueError, TypeError):
        raise error("InvalidPolicyDocument", "The policy document is malformed.") from None


def set_available(account_id: str, region: str, endpoint_id: str):
    endpoint = state.place(account_id, region, state.endpoints).get(endpoint_id)
    if endpoint and endpoint["State"] == "pending":
        endpoint["State"] = "available"


# --- gateway endpoints ----------------------------------------------------------------------------


def fill_gateway(context, vpc, endpoint: dict, request, short: str):
    for name in ("SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"):
        if request.get(name):
            raise invalid(f"{name} cannot be specified for an endpoint of type Gateway")
    add_tables(context, endpoint, request.get("RouteTableIds") or [])


def add_tables(context, endpoint: dict, table_ids: list[str]):
    prefix_list, place = (
        prefix_list_of(context, endpoint["ServiceName"]),
        (context.account_id, context.region),
    )
    for table_id in table_ids:
        table = state.get(context, "rtb", table_id)
        if table.vpc_id != endpoint["VpcId"]:
            raise invalid(f"Route table {table_id} and VPC {endpoint['VpcId']} belong to different networks")
        if prefix_list in routes.routes_of(*place, table_id) and table_id not in endpoint["RouteTableIds"]:
            raise error(
                "RouteAlreadyExists",
                f"route table {table_id} already has a route with destination-prefix-list-id {prefix_list}",
            )
    for table_id in table_ids:
        routes.routes_of(*place, table_id)[prefix_list] = {
            "DestinationPrefixListId": prefix_list,
            "GatewayId": endpoint["VpcEndpointId"],
            "Origin": "CreateRoute",
        }
        if table_id not in endpoint["RouteTableIds"]:
            endpoint["RouteTableIds"].append(table_id)


def remove_tables(context, endpoint: dict, table_ids: list[str]):
    prefix_list = prefix_list_of(context, endpoint["ServiceName"])
    for table_id in table_ids:
        if table_id in endpoint["RouteTableIds"]:
            endpoint["RouteTableIds"].remove(table_id)
            state.here(context, state.routes).get(table_id, {}).pop(prefix_list, None)


# --- interface endpoints --------------------------------------------------------------------------


def fill_interface(context, vpc, endpoint: dict, request, short: str):
    if request.get("RouteTableIds"):
        raise invalid("RouteTableIds cannot be specified for an endpoint of type Interface")
    subnets = request.get("SubnetIds") or []
    check_subnets(context, endpoint, subnets)
    groups = checked_groups(
        context,
        vpc.id,
        request.get("SecurityGroupIds") or [state.of(context).get_default_security_group(vpc.id).id],
    )
    endpoint["private_dns"] = f"{short}.{context.region}.amazonaws.com"
    if request.get("PrivateDnsEnabled") is not False:
        check_private_dns(context, vpc, endpoint)
        endpoint["PrivateDnsEnabled"] = True
    endpoint["Groups"] = groups
    add_subnets(context, endpoint, subnets)


def checked_groups(context, vpc_id: str, group_ids: list[str]) -> list[dict]:
    quotas.check("groups_of_interface", len(group_ids))
    groups = [state.get(context, "sg", group_id) for group_id in group_ids]
    for group in groups:
        if group.vpc_id != vpc_id:
            raise invalid(f"Security group {group.id} does not belong to VPC {vpc_id}")
    return [{"GroupId": group.id, "GroupName": group.name} for group in groups]


def check_subnets(context, endpoint: dict, subnet_ids: list[str]):
    zones = {state.get(context, "subnet", subnet_id).availability_zone for subnet_id in endpoint["SubnetIds"]}
    for subnet_id in subnet_ids:
        subnet = state.get(context, "subnet", subnet_id)
        if subnet.vpc_id != endpoint["VpcId"]:
            raise invalid(f"Subnet {subnet_id} does not belong to VPC {endpoint['VpcId']}")
        if subnet.availability_zone in zones:
            raise error(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet_id}. VPC endpoint subnets "
                "should be in different availability zones supported by the VPC endpoint service.",
            )
        zones.add(subnet.availability_zone)


def add_subnets(context, endpoint: dict, subnet_ids: list[str]):
    endpoint["NetworkInterfaceIds"] += interfaces.attach_interfaces(
        context.account_id,
        context.region,
        subnet_ids,
        [group["GroupId"] for group in endpoint["Groups"]],
        f"VPC Endpoint Interface {endpoint['VpcEndpointId']}",
        "vpc_endpoint",
        "amazon-vpce",
    )
    endpoint["SubnetIds"] += subnet_ids


def remove_subnets(context, endpoint: dict, subnet_ids: list[str]):
    held = state.of(context).enis
    going = [i for i in endpoint["NetworkInterfaceIds"] if i in held and held[i].subnet.id in subnet_ids]
    interfaces.release_interfaces(
        context.account_id, context.region, going, "ec2.interface_endpoint_interfaces"
    )
    endpoint["NetworkInterfaceIds"] = [i for i in endpoint["NetworkInterfaceIds"] if i not in going]
    endpoint["SubnetIds"] = [subnet for subnet in endpoint["SubnetIds"] if subnet not in subnet_ids]


def check_private_dns(context, vpc, endpoint: dict):
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise invalid(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "
            f"{vpc.id}"
        )
    for other in state.here(context, state.endpoints).values():
        if other is endpoint or other["VpcId"] != vpc.id or not other["PrivateDnsEnabled"]:
            continue
        if other.get("private_dns") == endpoint["private_dns"]:
            raise invalid(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{endpoint['private_dns']} in the VPC {vpc.id}"
            )


# --- modifying and deleting -----------------------------------------------------------------------


def modify(context, request):
    endpoint = state.get(context, "vpce", request["VpcEndpointId"])
    if endpoint["State"] not in ("pending", "available"):
        raise error(
            "IncorrectState", f"The VPC endpoint {endpoint['VpcEndpointId']} is in state {endpoint['State']}."
        )
    check_policy(request.get("PolicyDocument"))
    if endpoint["VpcEndpointType"] == "Gateway":
        add_tables(context, endpoint, request.get("AddRouteTableIds") or [])
        remove_tables(context, endpoint, request.get("RemoveRouteTableIds") or [])
    else:
        modify_interface(context, endpoint, request)
    if request.get("PolicyDocument") or request.get("ResetPolicy"):
        endpoint["PolicyDocument"] = request.get("PolicyDocument") or OPEN_POLICY
    return {"Return": True}


def modify_interface(context, endpoint: dict, request):
    if request.get("PrivateDnsEnabled"):
        check_private_dns(context, state.get(context, "vpc", endpoint["VpcId"]), endpoint)
    removed = request.get("RemoveSecurityGroupIds") or []
    group_ids = [group["GroupId"] for group in endpoint["Groups"] if group["GroupId"] not in removed]
    group_ids = list(dict.fromkeys([*group_ids, *(request.get("AddSecurityGroupIds") or [])]))
    if not group_ids:
        raise invalid("An interface endpoint has to have at least one security group")
    groups = checked_groups(context, endpoint["VpcId"], group_ids)
    after = {
        **endpoint,
        "SubnetIds": [
            subnet for subnet in endpoint["SubnetIds"] if subnet not in (request.get("RemoveSubnetIds") or [])
        ],
    }
    check_subnets(context, after, request.get("AddSubnetIds") or [])
    remove_subnets(context, endpoint, request.get("RemoveSubnetIds") or [])
    endpoint["Groups"] = groups
    interfaces.change_groups(context.account_id, context.region, endpoint["NetworkInterfaceIds"], group_ids)
    add_subnets(context, endpoint, request.get("AddSubnetIds") or [])
    if request.get("PrivateDnsEnabled") is not None:
        endpoint["PrivateDnsEnabled"] = request["PrivateDnsEnabled"]


def delete_all(context, request):
    unsuccessful = []
    for endpoint_id in request["VpcEndpointIds"]:
        endpoint = state.here(context, state.endpoints).get(endpoint_id)
        if endpoint is None:
            problem = state.not_found(endpoint_id, "vpce")
            unsuccessful.append(
                {"ResourceId": endpoint_id, "Error": {"Code": problem.code, "Message": problem.message}}
            )
        elif endpoint["State"] != "deleting":
            delete(context, endpoint)
    return {"Unsuccessful": unsuccessful}


def delete(context, endpoint: dict):
    place = (context.account_id, context.region)
    endpoint["State"], endpoint["PrivateDnsEnabled"] = "deleting", False
    if endpoint["VpcEndpointType"] == "Gateway":
        remove_tables(context, endpoint, list(endpoint["RouteTableIds"]))
        duration = "ec2.gateway_endpoint_creating"
    else:
        interfaces.release_interfaces(
            *place, endpoint["NetworkInterfaceIds"], "ec2.interface_endpoint_interfaces"
        )
        duration = "ec2.interface_endpoint_deleting"
    state.scheduled.at(due(duration), forget, *place, endpoint["VpcEndpointId"])


def forget(account_id: str, region: str, endpoint_id: str):
    state.place(account_id, region, state.endpoints).pop(endpoint_id, None)
    state.forget_tags(account_id, region, endpoint_id)


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    return [
        to_response(context.account_id, context.region, endpoint)
        for endpoint in list(state.here(context, state.endpoints).values())
    ]


def to_response(account_id: str, region: str, endpoint: dict) -> dict:
    answer = {
        name: list(value) if isinstance(value, list) else value
        for name, value in endpoint.items()
        if name != "private_dns"
    }
    if endpoint["VpcEndpointType"] == "Interface":
        answer["DnsEntries"] = dns_entries(region, endpoint)
        answer["DnsOptions"] = {"DnsRecordIpType": "ipv4"}
    return answer | {"Tags": state.tags_to_response(account_id, region, endpoint["VpcEndpointId"])}


def dns_entries(region: str, endpoint: dict) -> list[dict]:
    service = endpoint["ServiceName"].removeprefix(f"com.amazonaws.{region}.")
    name = (
        f"{endpoint['VpcEndpointId']}-{endpoint['VpcEndpointId'][-8:]}.{service}.{region}.vpce.amazonaws.com"
    )
    found = [{"DnsName": name, "HostedZoneId": "Z7HUB22UULQXV"}]
    if endpoint["PrivateDnsEnabled"]:
        zone = "ZONEIDPENDING" if endpoint["State"] == "pending" else "Z06320943MMOWYG6MAVL9"
        found.append({"DnsName": endpoint["private_dns"], "HostedZoneId": zone})
    return found
