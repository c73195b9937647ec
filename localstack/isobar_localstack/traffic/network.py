"""The network between two ends: VPCs, security groups, route tables, gateways, endpoints. Network ACLs let all through."""

import ipaddress
from dataclasses import dataclass

from isobar_localstack.services.ec2 import internet_gateways as gateways
from isobar_localstack.services.ec2 import routes, security_group_rules, state, vpcs

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class End:
    """An end of a connection: network interfaces with the same groups, or the internet."""

    vpc: str | None
    groups: tuple = ()
    addresses: tuple = (ANYWHERE,)


INTERNET = End(None)
UNSEEN = End(None, (), ())  # what AWS itself connects, past all groups


def end_of(interfaces: list) -> End | None:
    if not interfaces:
        return None
    first = interfaces[0]
    return End(
        first.subnet.vpc_id,
        tuple(sorted(group.id for group in first.group_set)),
        tuple(sorted(one.private_ip_address for one in interfaces)),
    )


def interfaces_named(account_id: str, region: str, ids) -> list:
    there = state.moto(account_id, region).enis
    return [there[one] for one in ids if one in there]


def interface_at(account_id: str, region: str, vpc_id: str | None, address: str):
    return next(
        (
            one
            for one in list(state.moto(account_id, region).enis.values())
            if one.private_ip_address == address and one.subnet.vpc_id == vpc_id
        ),
        None,
    )


def is_inside(account_id: str, region: str, vpc_id: str | None, address: str) -> bool:
    vpc = state.moto(account_id, region).vpcs.get(vpc_id)
    return vpc is not None and any(contains(block, address) for block in vpcs.blocks(vpc))


# --- security groups ------------------------------------------------------------------------------


def refusal(account_id: str, region: str, source: End, target: End, port: int) -> str | None:
    """Why a TCP connection from the one to the other is not let through."""
    if source.vpc is not None and target.vpc is not None and source.vpc != target.vpc:
        return f"{source.vpc} and {target.vpc} are different networks"
    if source.groups and not lets_through(account_id, region, source.groups, True, target, port):
        return f"{', '.join(source.groups)} let nothing out to port {port} of {words(target)}"
    if target.groups and not lets_through(account_id, region, target.groups, False, source, port):
        return f"{', '.join(target.groups)} do not let {words(source)} in on port {port}"
    return None


def words(end: End) -> str:
    return ", ".join(end.groups or end.addresses)


def lets_through(account_id: str, region: str, groups, egress: bool, other: End, port: int) -> bool:
    rules = [
        rule
        for group_id in groups
        for rule in rules_of(account_id, region, group_id)
        if rule["IsEgress"] == egress and has_port(rule, port)
    ]
    if any((rule.get("ReferencedGroupInfo") or {}).get("GroupId") in other.groups for rule in rules):
        return True
    blocks = [block for rule in rules for block in blocks_of(account_id, region, rule)]
    return all(any(contains(block, address) for block in blocks) for address in other.addresses)


def blocks_of(account_id: str, region: str, rule: dict) -> list[str]:
    """The blocks of IPv4 that a rule names, also by a prefix list."""
    if rule.get("CidrIpv4"):
        return [rule["CidrIpv4"]]
    named = state.moto(account_id, region).managed_prefix_lists.get(rule.get("PrefixListId"))
    return [entry["Cidr"] for entry in [*named.entries.values()][-1]] if named else []


def rules_of(account_id: str, region: str, group_id: str) -> list[dict]:
    group = state.all_of(account_id, region, "sg").get(group_id)
    return list(security_group_rules.of_group(account_id, region, group).values()) if group else []


def has_port(rule: dict, port: int) -> bool:
    return rule["IpProtocol"] == "-1" or (
        rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"]
    )


def contains(block: str, address: str) -> bool:
    wanted, where = ipaddress.ip_network(address), ipaddress.ip_network(block)
    return wanted.version == where.version and wanted.subnet_of(where)


# --- routes ---------------------------------------------------------------------------------------


def table_of(account_id: str, region: str, subnet):
    tables = list(state.moto(account_id, region).route_tables.values())
    for table in tables:
        if subnet.id in table.associations.values():
            return table
    return next((one for one in tables if one.vpc_id == subnet.vpc_id and one.main_association_id), None)


def default_route(account_id: str, region: str, table) -> dict | None:
    """The route to the internet, if it leads anywhere."""
    route = routes.routes_of(account_id, region, table.id).get(ANYWHERE) if table else None
    if route is None or routes.state_of(account_id, region, table, route) != "active":
        return None
    return route


def leads_to_gateway(account_id: str, region: str, table) -> bool:
    route = default_route(account_id, region, table)
    return bool(route) and str(route.get("GatewayId", "")).startswith("igw-")


def way_in_refusal(account_id: str, region: str, subnet_ids) -> str | None:
    """Why nobody on the internet reaches a public address in these subnets."""
    subnets = state.all_of(account_id, region, "subnet")
    for subnet_id in subnet_ids:
        subnet = subnets.get(subnet_id)
        if subnet is None:
            return f"{subnet_id} does not exist"
        if gateways.attached_to(account_id, region, subnet.vpc_id) is None:
            return f"{subnet.vpc_id} has no internet gateway"
        if not leads_to_gateway(account_id, region, table_of(account_id, region, subnet)):
            return f"{subnet_id} has no route to the internet gateway"
    return None


def way_out_refusal(account_id: str, region: str, interface) -> str | None:
    """Why an interface does not reach the internet."""
    table = table_of(account_id, region, interface.subnet)
    route = default_route(account_id, region, table)
    if route is None:
        return f"{interface.subnet.id} has no route to the internet"
    if str(route.get("GatewayId", "")).startswith("igw-"):
        return None if interface.public_ip else f"{interface.id} has no public address"
    if route.get("NatGatewayId"):
        return nat_refusal(account_id, region, route["NatGatewayId"])
    return None


def nat_refusal(account_id: str, region: str, nat_id: str) -> str | None:
    nat = state.place(account_id, region, state.nat_gateways).get(nat_id)
    if nat is None or nat["State"] != "available":
        return f"{nat_id} is {nat['State'] if nat else 'gone'}"
    if nat.get("RouteTableId"):
        table = state.moto(account_id, region).route_tables.get(nat["RouteTableId"])
    else:
        subnet = state.all_of(account_id, region, "subnet").get(nat["SubnetId"])
        table = table_of(account_id, region, subnet) if subnet else None
    return None if leads_to_gateway(account_id, region, table) else f"{nat_id} has no route to the internet"


# --- endpoints ------------------------------------------------------------------------------------


def service_refusal(account_id: str, region: str, interface, service: str) -> str | None:
    """Why an interface does not reach an AWS service, by an endpoint or by the internet."""
    if any(leads_to(account_id, region, interface, one) for one in endpoints_of(account_id, region, service)):
        return None
    why = way_out_refusal(account_id, region, interface)
    return f"no way to {service}: {why}" if why else None


def endpoints_of(account_id: str, region: str, service: str) -> list[dict]:
    name = f"com.amazonaws.{region}.{service}"
    return [
        one
        for one in list(state.place(account_id, region, state.endpoints).values())
        if one["ServiceName"] == name and one["State"] == "available"
    ]


def leads_to(account_id: str, region: str, interface, endpoint: dict) -> bool:
    if endpoint["VpcId"] != interface.subnet.vpc_id:
        return False
    if endpoint["VpcEndpointType"] == "Gateway":
        table = table_of(account_id, region, interface.subnet)
        return table is not None and table.id in endpoint["RouteTableIds"]
    end = end_of(interfaces_named(account_id, region, endpoint["NetworkInterfaceIds"]))
    source = end_of([interface])
    return (
        endpoint["PrivateDnsEnabled"]
        and end is not None
        and refusal(account_id, region, source, end, 443) is None
    )
