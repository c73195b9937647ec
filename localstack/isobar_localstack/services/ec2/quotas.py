"""EC2: how many of a thing there can be.

    GET  /_isobar/quotas                    {"vpcs": {"aws": 5, "here": 1000}, …}
    POST /_isobar/quotas {"addresses": 5}   from now on, in every region
    POST /_isobar/quotas {"as": "aws"}      what a new account has; {"as": "raised"} is how it starts

An account that runs things has had its quotas raised, and many stacks share one emulator: so this one
starts with more than AWS gives. Default VPCs and what services manage do not count.
"""

import json

from isobar_localstack.core.base import error
from isobar_localstack.services.ec2 import state

# name: (AWS's number, the number here, error code, message). [model] where the sheet of the API has it, else [memory].
QUOTAS = {
    "addresses": (5, 1000, "AddressLimitExceeded", "The maximum number of addresses has been reached."),
    "gateway_endpoints": (20, 1000, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."),
    "groups_of_interface": (5, 5, "SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached."),
    "interface_endpoints": (50, 50, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints per VPC has been reached."),
    "internet_gateways": (5, 1000, "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."),
    "nat_gateways_of_zone": (5, 20, "NatGatewayLimitExceeded", "The maximum number of NAT gateways has been reached for this Availability Zone."),
    "route_tables_of_vpc": (200, 200, "RouteTableLimitExceeded", "The maximum number of route tables has been reached."),
    "routes_of_table": (500, 500, "RouteLimitExceeded", "The maximum number of routes has been reached."),
    "rules_of_group": (60, 60, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."),
    "security_groups": (2500, 10000, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."),
    "subnets_of_vpc": (200, 200, "SubnetLimitExceeded", "The maximum number of subnets has been reached."),
    "vpcs": (5, 1000, "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
}
_limits = {name: quota[1] for name, quota in QUOTAS.items()}


def check(name: str, number: int):
    """Refuses when there would be so many."""
    if number > _limits[name]:
        raise error(*QUOTAS[name][2:])


def addresses(account_id: str, region: str) -> int:
    return sum(1 for address in state.moto(account_id, region).addresses if not getattr(address, "managed_by", None))


class QuotasResource:
    def on_get(self, request):
        return {name: {"aws": quota[0], "here": _limits[name]} for name, quota in QUOTAS.items()}

    def on_post(self, request):
        from localstack.http import Response

        wanted = request.get_json(force=True)
        if wanted.get("as") in ("aws", "raised"):
            column = 0 if wanted["as"] == "aws" else 1
            wanted = {name: quota[column] for name, quota in QUOTAS.items()}
        if unknown := sorted(set(wanted) - set(QUOTAS)):
            return Response(json.dumps({"message": f"no such quota: {', '.join(unknown)}"}), 400)
        _limits.update(wanted)
        return self.on_get(request)
