"""EC2: route tables, their routes and associations.

Gaps of LocalStack closed here: a main table could be deleted, an association moved silently, routes
to what was gone stayed active, prefix lists and NAT gateways were not looked up.

AWS rules followed: RouteAlreadyExists, ReplaceRoute only of what is there; a subnet has one explicit
association (Resource.AlreadyAssociated); associations hold a table, and the main table stays with its
VPC; a route whose target is gone is a blackhole; the routes of gateway endpoints are theirs.
"""

import ipaddress

from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import state, vpcs
from isobar_localstack.services.ec2.reading import described

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcEndpointId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)
FILTERS = {
    **{
        f"association.{name}": f"Associations.{member}"
        for name, member in {
            "gateway-id": "GatewayId",
            "main": "Main",
            "route-table-association-id": "RouteTableAssociationId",
            "route-table-id": "RouteTableId",
            "subnet-id": "SubnetId",
        }.items()
    },
    **{
        f"route.{name}": f"Routes.{member}"
        for name, member in {
            "destination-cidr-block": "DestinationCidrBlock",
            "destination-ipv6-cidr-block": "DestinationIpv6CidrBlock",
            "destination-prefix-list-id": "DestinationPrefixListId",
            "gateway-id": "GatewayId",
            "instance-id": "InstanceId",
            "nat-gateway-id": "NatGatewayId",
            "origin": "Origin",
            "state": "State",
            "transit-gateway-id": "TransitGatewayId",
            "vpc-peering-connection-id": "VpcPeeringConnectionId",
        }.items()
    },
}


def operations(original: dict) -> dict:
    return {
        "CreateRouteTable": create,
        "DescribeRouteTables": described(
            "RouteTables", "RouteTableIds", "RouteTableId", describe_all, FILTERS
        ),
        "DeleteRouteTable": delete,
        "CreateRoute": create_route,
        "ReplaceRoute": replace_route,
        "DeleteRoute": delete_route,
        "AssociateRouteTable": associate,
        "DisassociateRouteTable": disassociate,
        "ReplaceRouteTableAssociation": replace_association,
    }


# --- tables ---------------------------------------------------------------------------------------


def create(context, request):
    vpc = state.get(context, "vpc", request["VpcId"])
    tags = state.wanted_tags(request, "route-table")
    quotas.check(
        "route_tables_of_vpc",
        1 + sum(table.vpc_id == vpc.id for table in state.of(context).route_tables.values()),
    )
    table = state.of(context).create_route_table(vpc.id)
    place = (context.account_id, context.region)
    state.tag(*place, table.id, tags)
    state.mark_created(*place, table.id)
    return {"RouteTable": to_response(*place, table)}


def delete(context, request):
    table = state.get(context, "rtb", request["RouteTableId"])
    of_nat = [
        nat.get("RouteTableId")
        for nat in state.here(context, state.nat_gateways).values()
        if nat["State"] != "deleted"
    ]
    if table.associations or table.main_association_id or table.id in of_nat:
        raise error(
            "DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted."
        )
    remove(context.account_id, context.region, table.id)
    return {}


def remove(account_id: str, region: str, table_id: str):
    state.moto(account_id, region).route_tables.pop(table_id, None)
    state.place(account_id, region, state.routes).pop(table_id, None)
    for endpoint in state.place(account_id, region, state.endpoints).values():
        if table_id in endpoint["RouteTableIds"]:
            endpoint["RouteTableIds"].remove(table_id)
    state.forget_tags(account_id, region, table_id)


# --- routes ---------------------------------------------------------------------------------------


def routes_of(account_id: str, region: str, table_id: str) -> dict:
    return state.place(account_id, region, state.routes).setdefault(table_id, {})


def destination_of(request) -> tuple[str, str]:
    """The member that names it, and its canonical value."""
    for member in DESTINATIONS:
        if value := request.get(member):
            return member, value if member == "DestinationPrefixListId" else str(
                ipaddress.ip_network(value, strict=False)
            )
    raise error("MissingParameter", "The request must contain the parameter destinationCidrBlock")


def create_route(context, request):
    table = state.get(context, "rtb", request["RouteTableId"])
    member, destination = destination_of(request)
    if member == "DestinationPrefixListId" and destination not in state.of(context).managed_prefix_lists:
        raise error("InvalidPrefixListId.NotFound", f"The prefix list ID '{destination}' does not exist")
    target = checked_target(context, table, request)
    routes = routes_of(context.account_id, context.region, table.id)
    if destination in routes or destination in vpcs.blocks(state.get(context, "vpc", table.vpc_id)):
        raise error("RouteAlreadyExists", f"The route identified by {destination} already exists.")
    quotas.check("routes_of_table", len(routes) + 2)
    routes[destination] = {member: destination, **target, "Origin": "CreateRoute"}
    return {"Return": True}


def replace_route(context, request):
    table = state.get(context, "rtb", request["RouteTableId"])
    member, destination = destination_of(request)
    routes = routes_of(context.account_id, context.region, table.id)
    if destination not in routes:
        raise error(
            "InvalidParameterValue",
            f"There is no route defined for '{destination}' in the route table. Use CreateRoute instead.",
        )
    check_not_of_endpoint(table, routes[destination])
    routes[destination] = {
        member: destination,
        **checked_target(context, table, request),
        "Origin": "CreateRoute",
    }
    return {}


def delete_route(context, request):
    table = state.get(context, "rtb", request["RouteTableId"])
    member, destination = destination_of(request)
    if destination in vpcs.blocks(state.get(context, "vpc", table.vpc_id)):
        raise error(
            "InvalidParameterValue", f"cannot remove local route {destination} in route table {table.id}"
        )
    routes = routes_of(context.account_id, context.region, table.id)
    if destination not in routes:
        name = {
            "DestinationIpv6CidrBlock": "destination-ipv6-cidr-block",
            "DestinationPrefixListId": "destination-prefix-list-id",
        }
        raise error(
            "InvalidRoute.NotFound",
            f"no route with {name.get(member, 'destination-cidr-block')} {destination} in route table {table.id}",
        )
    check_not_of_endpoint(table, routes[destination])
    del routes[destination]
    return {}


def check_not_of_endpoint(table, route: dict):
    if "DestinationPrefixListId" in route and route.get("GatewayId", "").startswith("vpce-"):
        raise error(
            "InvalidParameterValue",
            f"cannot change the route of VPC endpoint {route['GatewayId']} in route table {table.id}",
        )


def checked_target(context, table, request) -> dict:
    given = {name: request[name] for name in TARGETS if request.get(name)}
    if len(given) != 1:
        raise error(
            "MissingParameter" if not given else "InvalidParameterCombination",
            "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, "
            "egressOnlyInternetGatewayId, transitGatewayId or instanceId",
        )
    ((name, value),) = given.items()
    if name == "GatewayId" and value.startswith("igw-"):
        gateway = state.get(context, "igw", value)
        if not gateway.vpc or gateway.vpc.id != table.vpc_id:
            raise different_networks(table, f"network gateway {value}")
    if name == "NatGatewayId":
        check_nat(context, table, value)
    if name == "NetworkInterfaceId" and state.get(context, "eni", value).subnet.vpc_id != table.vpc_id:
        raise different_networks(table, f"interface {value}")
    return given


def check_nat(context, table, nat_id: str):
    nat = state.get(context, "nat", nat_id)
    if nat["State"] not in ("pending", "available"):
        raise state.not_found(nat_id, "nat", context.operation.name)
    if nat["VpcId"] != table.vpc_id:
        raise different_networks(table, f"NAT gateway {nat_id}")


def different_networks(table, other: str):
    return error("InvalidParameterValue", f"route table {table.id} and {other} belong to different networks")


def state_of(account_id: str, region: str, table, route: dict) -> str:
    """True if the target is there and serves."""
    backend = state.moto(account_id, region)
    if gateway_id := route.get("GatewayId"):
        gateway = backend.internet_gateways.get(gateway_id)
        there = not gateway_id.startswith("igw-") or bool(
            gateway and gateway.vpc and gateway.vpc.id == table.vpc_id
        )
    elif nat_id := route.get("NatGatewayId"):
        there = state.place(account_id, region, state.nat_gateways).get(nat_id, {}).get("State") in (
            "pending",
            "available",
        )
    elif interface_id := route.get("NetworkInterfaceId"):
        there = interface_id in backend.enis and backend.enis[interface_id].status == "in-use"
    else:
        there = True
    return "active" if there else "blackhole"


# --- associations ---------------------------------------------------------------------------------


def associate(context, request):
    table = state.get(context, "rtb", request["RouteTableId"])
    target = request.get("SubnetId") or request.get("GatewayId")
    if not target:
        raise error("MissingParameter", "The request must contain either a subnet id or a gateway id.")
    if request.get("SubnetId") and state.get(context, "subnet", target).vpc_id != table.vpc_id:
        raise different_networks(table, f"subnet {target}")
    if request.get("GatewayId", "").startswith("igw-"):
        state.get(context, "igw", target)
    for other in state.of(context).route_tables.values():
        if target in other.associations.values():
            raise error(
                "Resource.AlreadyAssociated",
                f"the specified association for route table {table.id} conflicts with an existing association",
            )
    association_id = state.new_id("rtbassoc")
    table.associations[association_id] = target
    return {"AssociationId": association_id, "AssociationState": {"State": "associated"}}


def holder_of(context, association_id: str):
    for table in state.of(context).route_tables.values():
        if association_id in table.all_associations_ids:
            return table
    raise error("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")


def disassociate(context, request):
    association_id = request["AssociationId"]
    table = holder_of(context, association_id)
    if table.main_association_id == association_id:
        raise error(
            "InvalidParameterValue", f"cannot disassociate the main route table association {association_id}"
        )
    del table.associations[association_id]
    return {}


def replace_association(context, request):
    new, old = (
        state.get(context, "rtb", request["RouteTableId"]),
        holder_of(context, request["AssociationId"]),
    )
    if new.vpc_id != old.vpc_id:
        raise different_networks(new, f"route table {old.id}")
    association_id = state.new_id("rtbassoc")
    if old.main_association_id == request["AssociationId"]:
        old.main_association_id, new.main_association_id = None, association_id
    else:
        new.associations[association_id] = old.associations.pop(request["AssociationId"])
    return {"NewAssociationId": association_id, "AssociationState": {"State": "associated"}}


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    return [
        to_response(context.account_id, context.region, table)
        for table in list(state.of(context).route_tables.values())
    ]


def to_response(account_id: str, region: str, table) -> dict:
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc_id,
        "OwnerId": account_id,
        "PropagatingVgws": [],
        "Associations": associations(table),
        "Routes": routes_to_response(account_id, region, table),
        "Tags": state.tags_to_response(account_id, region, table.id),
    }


def associations(table) -> list[dict]:
    main = [(table.main_association_id, None)] if table.main_association_id else []
    return [
        {
            "Main": target is None,
            "RouteTableAssociationId": association_id,
            "RouteTableId": table.id,
            "AssociationState": {"State": "associated"},
            **(
                {}
                if target is None
                else {"GatewayId" if not target.startswith("subnet-") else "SubnetId": target}
            ),
        }
        for association_id, target in [*main, *table.associations.items()]
    ]


def routes_to_response(account_id: str, region: str, table) -> list[dict]:
    vpc = state.moto(account_id, region).vpcs[table.vpc_id]
    local = [{"DestinationCidrBlock": block} for block in vpcs.blocks(vpc)]
    local += [
        {"DestinationIpv6CidrBlock": entry["cidr_block"]}
        for entry in vpc.get_cidr_block_association_set(ipv6=True)
    ]
    found = [
        route | {"GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"} for route in local
    ]
    for route in routes_of(account_id, region, table.id).values():
        found.append(route | {"State": state_of(account_id, region, table, route)})
    return found
