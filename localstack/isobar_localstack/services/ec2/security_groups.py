"""EC2: security groups. Their rules are in `security_group_rules`.

Gaps of LocalStack closed here: names differed by case, and a group went with interfaces in it and
rules of other groups that name it.

AWS rules followed: a name is unique in its VPC whatever its case (InvalidGroup.Duplicate); a group with
an interface, or that another group's rule refers to, is not deleted (DependencyViolation); the default
group never is.
"""

from isobar_localstack.core.errors import error
from isobar_localstack.realism import quotas
from isobar_localstack.services.ec2 import interfaces, state
from isobar_localstack.services.ec2 import security_group_rules as rules
from isobar_localstack.services.ec2.reading import described


def permission_filters(prefix: str, member: str) -> dict:
    return {
        f"{prefix}.{name}": f"{member}.{path}"
        for name, path in {
            "cidr": "IpRanges.CidrIp",
            "from-port": "FromPort",
            "group-id": "UserIdGroupPairs.GroupId",
            "ipv6-cidr": "Ipv6Ranges.CidrIpv6",
            "prefix-list-id": "PrefixListIds.PrefixListId",
            "protocol": "IpProtocol",
            "to-port": "ToPort",
            "user-id": "UserIdGroupPairs.UserId",
        }.items()
    }


FILTERS = permission_filters("ip-permission", "IpPermissions") | permission_filters(
    "egress.ip-permission", "IpPermissionsEgress"
)


def operations(original: dict) -> dict:
    return {
        "CreateSecurityGroup": create,
        "DescribeSecurityGroups": describe,
        "DeleteSecurityGroup": delete,
    }


def create(context, request):
    name, backend = request["GroupName"], state.of(context)
    vpc_id = request.get("VpcId") or getattr(backend.get_default_vpc(), "id", None)
    if vpc_id is None:
        raise error("VPCIdNotSpecified", "No default VPC for this user")
    state.get(context, "vpc", vpc_id)
    tags = state.wanted_tags(request, "security-group")
    if name.lower() == "default":
        raise error("InvalidParameterValue", "Cannot use reserved security group name: default")
    if any(group.name.lower() == name.lower() for group in backend.groups[vpc_id].values()):
        raise error(
            "InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'"
        )
    place = (context.account_id, context.region)
    quotas.check("security_groups", len(state.all_of(*place, "sg")) + 1)
    group = backend.create_security_group(name=name, description=request["Description"], vpc_id=vpc_id)
    state.tag(*place, group.id, tags)
    state.mark_created(*place, group.id)
    return {
        "GroupId": group.id,
        "SecurityGroupArn": group.arn,
        "Tags": state.tags_to_response(*place, group.id),
    }


def delete(context, request):
    group = rules.group_of(context, request)
    if group.is_default:
        raise error(
            "CannotDelete",
            f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user',
        )
    if is_held(context, group):
        raise error("DependencyViolation", f"resource {group.id} has a dependent object")
    del state.of(context).groups[group.vpc_id][group.id]
    for rule_id in state.here(context, state.rules).pop(group.id, {}):
        state.forget_tags(context.account_id, context.region, rule_id)
    state.forget_tags(context.account_id, context.region, group.id)
    return {"Return": True, "GroupId": group.id}


def is_held(context, group) -> bool:
    place = (context.account_id, context.region)
    if any(group.id == held.id for interface in interfaces.live(*place) for held in interface.group_set):
        return True
    return any(
        rule.get("ReferencedGroupInfo", {}).get("GroupId") == group.id
        for other in state.all_of(*place, "sg").values()
        if other.id != group.id
        for rule in rules.of_group(*place, other).values()
    )


# --- describing -----------------------------------------------------------------------------------


def describe(context, request):
    names = request.get("GroupNames") or []
    for name in names:
        rules.group_of(context, {"GroupName": name})
    answer = describe_by_id(context, request)
    return {
        **answer,
        "SecurityGroups": [
            group for group in answer["SecurityGroups"] if not names or group["GroupName"] in names
        ],
    }


def describe_all(context) -> list[dict]:
    place = (context.account_id, context.region)
    return [to_response(*place, group) for group in state.all_of(*place, "sg").values()]


def to_response(account_id: str, region: str, group) -> dict:
    its_rules = rules.of_group(account_id, region, group).values()
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "OwnerId": account_id,
        "SecurityGroupArn": group.arn,
        "Tags": state.tags_to_response(account_id, region, group.id),
        "IpPermissions": rules.as_permissions([rule for rule in its_rules if not rule["IsEgress"]]),
        "IpPermissionsEgress": rules.as_permissions([rule for rule in its_rules if rule["IsEgress"]]),
    }


describe_by_id = described("SecurityGroups", "GroupIds", "GroupId", describe_all, FILTERS)
