"""EC2: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import pages_of


def live(client):
    vpcs = pages_of(client, "describe_vpcs", "Vpcs")
    yield from (("vpc", vpc["VpcId"]) for vpc in vpcs if not vpc["IsDefault"])
    defaults = {vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]}
    for subnet in pages_of(client, "describe_subnets", "Subnets"):
        if subnet["VpcId"] not in defaults:
            yield "subnet", subnet["SubnetId"]
    for table in pages_of(client, "describe_route_tables", "RouteTables"):
        if not any(association.get("Main") for association in table["Associations"]):
            yield "route-table", table["RouteTableId"]
    for gateway in pages_of(client, "describe_internet_gateways", "InternetGateways"):
        yield "internet-gateway", gateway["InternetGatewayId"]
    for nat in pages_of(client, "describe_nat_gateways", "NatGateways"):
        if nat["State"] not in ("deleted", "failed"):
            yield "nat-gateway", nat["NatGatewayId"]
    for address in client.describe_addresses()["Addresses"]:
        if not address.get("ServiceManaged"):
            yield "elastic-ip", f"{address['AllocationId']} {address['PublicIp']}"
    for group in pages_of(client, "describe_security_groups", "SecurityGroups"):
        if group["GroupName"] != "default":
            yield "security-group", f"{group['GroupName']} {group['GroupId']}"
    for endpoint in pages_of(client, "describe_vpc_endpoints", "VpcEndpoints"):
        yield "vpc-endpoint", f"{endpoint['ServiceName']} {endpoint['VpcEndpointId']}"
    for interface in pages_of(client, "describe_network_interfaces", "NetworkInterfaces"):
        yield "network-interface", f"{interface['NetworkInterfaceId']} {interface['Description']}".rstrip()
    for template in pages_of(client, "describe_launch_templates", "LaunchTemplates"):
        yield "launch-template", template["LaunchTemplateName"]
    for reservation in pages_of(client, "describe_instances", "Reservations"):
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield "instance", instance["InstanceId"]
