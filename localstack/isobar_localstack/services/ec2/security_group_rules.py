"""EC2: the rules of security groups, by their ids and by what they say.

Gaps of LocalStack closed here: descriptions and tags got lost, prefix lists and groups could not be
modified, half a request was done when its end was wrong.

AWS rules followed: two rules are the same when direction, protocol, ports and peer are, whatever the
description (InvalidPermission.Duplicate); a request is done wholly or not at all; revoking what is not
there is InvalidPermission.NotFound, but in the default VPC it is only told; modifying replaces a rule
wholly and keeps the kind of its peer; a new group lets everything out.
"""

import ipaddress

from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import state
from isobar_localstack.services.ec2.reading import described

PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1"}
PEERS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo")
# lists of a permission: (member, the peer's member in it, in a rule)
LISTS = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId", "ReferencedGroupInfo"),
)


def operations(original: dict) -> dict:
    return {
        "AuthorizeSecurityGroupIngress": authorize(egress=False),
        "AuthorizeSecurityGroupEgress": authorize(egress=True),
        "RevokeSecurityGroupIngress": revoke(egress=False),
        "RevokeSecurityGroupEgress": revoke(egress=True),
        "ModifySecurityGroupRules": modify,
        "UpdateSecurityGroupRuleDescriptionsIngress": describe_again(egress=False),
        "UpdateSecurityGroupRuleDescriptionsEgress": describe_again(egress=True),
        "DescribeSecurityGroupRules": described(
            "SecurityGroupRules", "SecurityGroupRuleIds", "SecurityGroupRuleId", describe_all, {}
        ),
    }


def group_of(context, request):
    """By id, or by name in the default VPC."""
    if request.get("GroupId"):
        return state.get(context, "sg", request["GroupId"])
    if not request.get("GroupName"):
        raise error("MissingParameter", "The request must contain the parameter groupName or groupId")
    vpc = state.of(context).get_default_vpc()
    for group in state.of(context).groups[vpc.id].values() if vpc else ():
        if group.name == request["GroupName"]:
            return group
    raise error(
        "InvalidGroup.NotFound",
        f"The security group '{request['GroupName']}' does not exist in default VPC '{vpc.id if vpc else None}'",
    )


def of_group(account_id: str, region: str, group) -> dict:
    """The group's rules by id. A group nobody has looked at has what it was made with: everything may leave."""
    rules = state.place(account_id, region, state.rules)
    if group.id not in rules:
        rules[group.id] = {}
        first = [
            {"IsEgress": True, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"}
        ]
        if group.is_default:
            first.append(
                {
                    "IsEgress": False,
                    "IpProtocol": "-1",
                    "FromPort": -1,
                    "ToPort": -1,
                    "ReferencedGroupInfo": {"GroupId": group.id, "UserId": account_id},
                }
            )
        for rule in first:
            keep(account_id, rules, group, rule)
    return rules[group.id]


def keep(account_id: str, rules: dict, group, rule: dict) -> dict:
    rule = {
        "SecurityGroupRuleId": state.new_id("sgr"),
        "GroupId": group.id,
        "GroupOwnerId": account_id,
    } | rule
    rules[group.id][rule["SecurityGroupRuleId"]] = rule
    return rule


# --- what requests say ----------------------------------------------------------------------------


def permissions_in(request) -> list[dict]:
    """Permissions of a request, which may also be written the old way, without a list."""
    found = list(request.get("IpPermissions") or [])
    if request.get("IpProtocol") or request.get("CidrIp"):
        simple = {
            name: request[name]
            for name in ("IpProtocol", "FromPort", "ToPort")
            if request.get(name) is not None
        }
        found.append(simple | {"IpRanges": [{"CidrIp": request["CidrIp"]}] if request.get("CidrIp") else []})
    return found


def rules_in(context, group, request, egress: bool) -> list[dict]:
    found = [
        rule
        for permission in permissions_in(request)
        for rule in rules_of_permission(context, group, permission, egress)
    ]
    if not found:
        raise error(
            "MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided."
        )
    if len({identity(rule) for rule in found}) < len(found):
        raise error("InvalidParameterValue", "The same permission must not appear multiple times")
    return found


def rules_of_permission(context, group, permission: dict, egress: bool):
    what = protocol_and_ports(permission)
    for member, key, name in LISTS:
        for entry in permission.get(member) or []:
            peer = (
                referenced(context, group, entry)
                if name == "ReferencedGroupInfo"
                else checked_peer(context, name, entry[key])
            )
            description = {"Description": entry["Description"]} if entry.get("Description") else {}
            yield {"IsEgress": egress, **what, name: peer, **description}


def protocol_and_ports(entry: dict) -> dict:
    protocol = str(entry.get("IpProtocol") or "").lower()
    if not protocol:
        raise error(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        )
    protocol = PROTOCOLS.get(protocol, protocol)
    if protocol not in ("tcp", "udp", "icmp", "icmpv6", "-1") and not (
        protocol.isdigit() and int(protocol) < 256
    ):
        raise error("InvalidParameterValue", f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    low, high = entry.get("FromPort"), entry.get("ToPort")
    if protocol in ("tcp", "udp"):
        if low is None or high is None:
            raise error(
                "InvalidParameterValue",
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
            )
    elif protocol not in ("icmp", "icmpv6"):
        low = high = -1
    return {
        "IpProtocol": protocol,
        "FromPort": -1 if low is None else low,
        "ToPort": -1 if high is None else high,
    }


def checked_peer(context, name: str, value: str) -> str:
    if name == "PrefixListId":
        if value not in state.of(context).managed_prefix_lists:
            raise error("InvalidPrefixListID.NotFound", f"The prefix list ID '{value}' does not exist")
        return value
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        raise error("InvalidParameterValue", f"CIDR block {value} is malformed") from None


def referenced(context, group, entry: dict) -> dict:
    if entry.get("GroupId"):
        other = state.get(context, "sg", entry["GroupId"])
    else:
        there = state.of(context).groups[group.vpc_id].values()
        other = next((candidate for candidate in there if candidate.name == entry.get("GroupName")), None)
    if other is None or other.vpc_id != group.vpc_id:
        raise error(
            "InvalidGroup.NotFound",
            f"You have specified two resources that belong to different networks: {entry.get('GroupId') or entry.get('GroupName')}",
        )
    return {"GroupId": other.id, "UserId": context.account_id}


def identity(rule: dict) -> tuple:
    peer = rule.get("ReferencedGroupInfo", {}).get("GroupId") or next(
        rule[name] for name in PEERS if rule.get(name)
    )
    return rule["IsEgress"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"], peer


def in_words(rule: dict) -> str:
    _, protocol, low, high, peer = identity(rule)
    ports = f"from port: {low}, to port: {high}, " if protocol in ("tcp", "udp") else ""
    return f"peer: {peer}, {'ALL' if protocol == '-1' else protocol.upper()}, {ports}ALLOW"


# --- authorizing and revoking ---------------------------------------------------------------------


def authorize(egress: bool):
    def handler(context, request):
        group, place = group_of(context, request), (context.account_id, context.region)
        wanted, tags = (
            rules_in(context, group, request, egress),
            state.wanted_tags(request, "security-group-rule"),
        )
        there = of_group(*place, group)
        taken = {identity(rule) for rule in there.values()}
        for rule in wanted:
            if identity(rule) in taken:
                raise error(
                    "InvalidPermission.Duplicate", f'the specified rule "{in_words(rule)}" already exists'
                )
        quotas.check(
            "rules_of_group", len(wanted) + sum(rule["IsEgress"] == egress for rule in there.values())
        )
        made = [keep(context.account_id, state.here(context, state.rules), group, rule) for rule in wanted]
        for rule in made:
            state.tag(*place, rule["SecurityGroupRuleId"], tags)
        return {"Return": True, "SecurityGroupRules": [to_response(*place, rule) for rule in made]}

    return handler


def revoke(egress: bool):
    def handler(context, request):
        group, place = group_of(context, request), (context.account_id, context.region)
        there = of_group(*place, group)
        if request.get("SecurityGroupRuleIds"):
            chosen, unknown = by_ids(there, request["SecurityGroupRuleIds"], egress), []
        else:
            chosen, unknown = by_content(context, group, there, rules_in(context, group, request, egress))
        for rule in chosen:
            del there[rule["SecurityGroupRuleId"]]
            state.forget_tags(*place, rule["SecurityGroupRuleId"])
        answer = {"Return": True, "RevokedSecurityGroupRules": [revoked(rule) for rule in chosen]}
        return answer | ({"UnknownIpPermissions": as_permissions(unknown)} if unknown else {})

    return handler


def by_ids(there: dict, ids: list[str], egress: bool) -> list[dict]:
    for rule_id in ids:
        if rule_id not in there:
            raise error(
                "InvalidSecurityGroupRuleId.NotFound",
                f"The security group rule ID '{rule_id}' does not exist",
            )
        if there[rule_id]["IsEgress"] != egress:
            raise error(
                "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
            )
    return [there[rule_id] for rule_id in dict.fromkeys(ids)]


def by_content(context, group, there: dict, wanted: list[dict]) -> tuple[list, list]:
    known = {identity(rule): rule for rule in there.values()}
    unknown = [rule for rule in wanted if identity(rule) not in known]
    default_vpc = state.of(context).get_default_vpc()
    if unknown and (default_vpc is None or group.vpc_id != default_vpc.id):
        raise error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
    return [known[identity(rule)] for rule in wanted if identity(rule) in known], unknown


def revoked(rule: dict) -> dict:
    answer = {
        name: value for name, value in rule.items() if name not in ("ReferencedGroupInfo", "GroupOwnerId")
    }
    return answer | (
        {"ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"]} if "ReferencedGroupInfo" in rule else {}
    )


# --- modifying ------------------------------------------------------------------------------------


def modify(context, request):
    group, place = group_of(context, request), (context.account_id, context.region)
    there = of_group(*place, group)
    changed = {
        update["SecurityGroupRuleId"]: modified(context, group, there, update)
        for update in request["SecurityGroupRules"]
    }
    after = [identity(rule) for rule in (there | changed).values()]
    for rule in changed.values():
        if after.count(identity(rule)) > 1:
            raise error(
                "InvalidPermission.Duplicate", f'the specified rule "{in_words(rule)}" already exists'
            )
    there.update(changed)
    return {"Return": True}


def modified(context, group, there: dict, update: dict) -> dict:
    rule_id, wanted = update["SecurityGroupRuleId"], update.get("SecurityGroupRule") or {}
    before = there.get(rule_id)
    if before is None:
        raise error(
            "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist"
        )
    given = [
        name for name in ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId") if wanted.get(name)
    ]
    if len(given) != 1:
        raise error(
            "MissingParameter" if not given else "InvalidParameterCombination",
            "The request must contain exactly one of: cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId",
        )
    name = "ReferencedGroupInfo" if given[0] == "ReferencedGroupId" else given[0]
    if name not in before:
        raise error(
            "InvalidParameterValue",
            f"Invalid rule type for security group rule '{rule_id}'. You may not specify {given[0]} for an existing "
            "rule of another type.",
        )
    value = wanted[given[0]]
    peer = (
        referenced(context, group, {"GroupId": value})
        if name == "ReferencedGroupInfo"
        else checked_peer(context, name, value)
    )
    kept = {key: before[key] for key in ("SecurityGroupRuleId", "GroupId", "GroupOwnerId", "IsEgress")}
    description = {"Description": wanted["Description"]} if wanted.get("Description") else {}
    return kept | protocol_and_ports(wanted) | {name: peer} | description


def describe_again(egress: bool):
    def handler(context, request):
        group = group_of(context, request)
        there = of_group(context.account_id, context.region, group)
        if request.get("SecurityGroupRuleDescriptions"):
            texts = {
                entry["SecurityGroupRuleId"]: entry.get("Description")
                for entry in request["SecurityGroupRuleDescriptions"]
            }
            by_ids(there, list(texts), egress)
        else:
            known = {identity(rule): rule["SecurityGroupRuleId"] for rule in there.values()}
            wanted = rules_in(context, group, request, egress)
            if any(identity(rule) not in known for rule in wanted):
                raise error(
                    "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
                )
            texts = {known[identity(rule)]: rule.get("Description") for rule in wanted}
        for rule_id, text in texts.items():
            there[rule_id] = {name: value for name, value in there[rule_id].items() if name != "Description"}
            if text:
                there[rule_id]["Description"] = text
        return {"Return": True}

    return handler


# --- describing -----------------------------------------------------------------------------------


def describe_all(context) -> list[dict]:
    place = (context.account_id, context.region)
    return [
        to_response(*place, rule)
        for group in state.all_of(*place, "sg").values()
        for rule in of_group(*place, group).values()
    ]


def to_response(account_id: str, region: str, rule: dict) -> dict:
    rule_id = rule["SecurityGroupRuleId"]
    return rule | {
        "Tags": state.tags_to_response(account_id, region, rule_id),
        "SecurityGroupRuleArn": state.arn(account_id, region, rule_id),
    }


def as_permissions(rules: list[dict]) -> list[dict]:
    """As groups show them: peers of the same protocol and ports together."""
    found: dict = {}
    for rule in rules:
        key = rule["IpProtocol"], rule["FromPort"], rule["ToPort"]
        ports = {} if rule["IpProtocol"] == "-1" else {"FromPort": key[1], "ToPort": key[2]}
        permission = found.setdefault(
            key, {"IpProtocol": key[0], **ports} | {member: [] for member, _, _ in LISTS}
        )
        for member, peer, name in LISTS:
            if name in rule:
                entry = dict(rule[name]) if name == "ReferencedGroupInfo" else {peer: rule[name]}
                permission[member].append(
                    entry | ({"Description": rule["Description"]} if rule.get("Description") else {})
                )
    return list(found.values())
