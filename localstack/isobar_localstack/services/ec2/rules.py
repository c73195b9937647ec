"""EC2: address ranges, names, ports and descriptions of security groups, client tokens, user data of launch templates."""

import base64
import ipaddress

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def invalid(message):
    return error("InvalidParameterValue", message)


def network(cidr: str, name: str, strict: bool = False):
    try:
        return ipaddress.ip_network(cidr, strict=strict)
    except ValueError:
        raise invalid(
            f"Value ({cidr}) for parameter {name} is invalid. This is not a valid CIDR block."
        ) from None


def block(code: str):
    def rule(context, request):
        cidr, (low, high) = request.get("CidrBlock"), fact("ec2.prefix_length")
        if cidr and not low <= network(cidr, "cidrBlock").prefixlen <= high:
            raise error(code, f"The CIDR '{cidr}' is invalid.")

    return rule


def route(context, request):
    if cidr := request.get("DestinationCidrBlock"):
        network(cidr, "destinationCidrBlock")
    destinations = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    if sum(bool(request.get(name)) for name in destinations) != 1:
        raise error(
            "MissingParameter"
            if not any(request.get(n) for n in destinations)
            else "InvalidParameterCombination",
            "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId",
        )


def group(context, request):
    name, description = request["GroupName"], request["Description"]
    if name.lower().startswith("sg-"):
        raise invalid(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        )
    for what, value in (("GroupName", name), ("GroupDescription", description)):
        if not matches(fact("ec2.group_description"), value):
            raise invalid(
                f"Value ({value}) for parameter {what} is invalid. Character sets beyond ASCII are not supported, and valid are "
                "strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
            )


def permissions(context, request):
    for permission in request.get("IpPermissions") or []:
        low, high = permission.get("FromPort"), permission.get("ToPort")
        if permission.get("IpProtocol") in ("tcp", "udp", "6", "17"):
            if low is None or high is None:
                raise invalid(
                    "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
                )
            if not 0 <= low <= 65535 or not 0 <= high <= 65535:
                raise invalid("Invalid value for portRange: ports must be between 0 and 65535")
            if low > high:
                raise invalid(f"Invalid TCP/UDP port range ({low}:{high})")
        for target in permission.get("IpRanges") or []:
            if target.get("CidrIp"):
                try:
                    ipaddress.IPv4Network(target["CidrIp"], strict=False)  # AWS makes it canonical
                except ValueError:
                    raise invalid(f"CIDR block {target['CidrIp']} is malformed") from None
        for member in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"):
            for target in permission.get(member) or []:
                rule_description(target.get("Description"))


def rule_description(text: str | None):
    if text and not matches(fact("ec2.group_description"), text):
        raise invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  "
            "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )


def rule_updates(context, request):
    for update in request.get("SecurityGroupRules") or []:
        rule = update.get("SecurityGroupRule") or {}
        rule_description(rule.get("Description"))
        permissions(
            context,
            {
                "IpPermissions": [
                    {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
                ]
            },
        )


def rule_descriptions(context, request):
    permissions(context, request)
    for entry in request.get("SecurityGroupRuleDescriptions") or []:
        rule_description(entry.get("Description"))


def client_token(context, request):
    token = request.get("ClientToken")
    if token and (len(token) > fact("ec2.client_token") or not token.isascii()):
        raise invalid(
            f"Value ({token}) for parameter clientToken is invalid. A token has at most {fact('ec2.client_token')} ASCII characters."
        )


def policy_size(context, request):
    if len(request.get("PolicyDocument") or "") > fact("ec2.endpoint_policy_characters"):
        raise error(
            "InvalidParameter",
            f"The policy document can have at most {fact('ec2.endpoint_policy_characters')} characters.",
        )


def launch_template(context, request):
    user_data = (request.get("LaunchTemplateData") or {}).get("UserData")
    if not user_data:
        return
    try:
        raw = base64.b64decode(user_data, validate=True)
    except ValueError:
        raise error("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    if len(raw) > fact("ec2.user_data_bytes"):
        raise invalid(f"User data is limited to {fact('ec2.user_data_bytes')} bytes")


RULES = {
    "CreateNatGateway": [client_token],
    "CreateRouteTable": [client_token],
    "CreateVpcEndpoint": [client_token, policy_size],
    "ModifyVpcEndpoint": [policy_size],
    "ModifySecurityGroupRules": [rule_updates],
    "UpdateSecurityGroupRuleDescriptionsEgress": [rule_descriptions],
    "UpdateSecurityGroupRuleDescriptionsIngress": [rule_descriptions],
    "CreateVpc": [block("InvalidVpc.Range")],
    "CreateSubnet": [block("InvalidSubnet.Range")],
    "CreateRoute": [route],
    "ReplaceRoute": [route],
    "CreateLaunchTemplate": [launch_template],
    "CreateLaunchTemplateVersion": [launch_template],
    "CreateSecurityGroup": [group],
    "AuthorizeSecurityGroupIngress": [permissions],
    "AuthorizeSecurityGroupEgress": [permissions],
}
