"""EC2: security groups and their rules behave like on AWS."""

import pytest
from conftest import fails
from networks import REGION, Network, tagged, where


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def network(ec2):
    return Network(ec2)


def https(*ranges, **more):
    return {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": block} for block in ranges],
    } | more


def peer(group, **more):
    return https(UserIdGroupPairs=[{"GroupId": group} | more])


def rules(ec2, group, egress=False):
    found = ec2.describe_security_group_rules(Filters=where(group_id=group))["SecurityGroupRules"]
    return [rule for rule in found if rule["IsEgress"] == egress]


def test_names_are_unique_whatever_their_case(ec2, network, name):
    network.group(name)
    for duplicate in (name, name.upper()):
        with fails("InvalidGroup.Duplicate", f"already exists for VPC '{network.vpc}'"):
            network.group(duplicate)
    Network(ec2).group(name)


def test_a_new_group_lets_everything_out(ec2, network):
    group = network.group(TagSpecifications=tagged("security-group", a="b"))
    assert rules(ec2, group) == []
    (rule,) = rules(ec2, group, egress=True)
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == (
        "-1",
        -1,
        -1,
        "0.0.0.0/0",
    )
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    ec2.revoke_security_group_egress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    assert rules(ec2, group, egress=True) == []


def test_rules_have_ids_descriptions_and_tags(ec2, network, name):
    group, other = network.group(), network.group()
    answer = ec2.authorize_security_group_ingress(
        GroupId=group,
        TagSpecifications=tagged("security-group-rule", stack=name),
        IpPermissions=[
            https(
                IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "inside"}],
                Ipv6Ranges=[{"CidrIpv6": "fd00::/8"}],
            ),
            peer(other, Description="other"),
        ],
    )
    made = {
        rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule["ReferencedGroupInfo"]["GroupId"]: rule
        for rule in answer["SecurityGroupRules"]
    }
    assert set(made) == {"10.0.0.0/8", "fd00::/8", other}
    assert (made["10.0.0.0/8"]["Description"], made[other]["Description"]) == (
        "inside",
        "other",
    ) and "Description" not in made["fd00::/8"]
    found = ec2.describe_security_group_rules(Filters=[{"Name": "tag:stack", "Values": [name]}])[
        "SecurityGroupRules"
    ]
    assert {rule["SecurityGroupRuleId"] for rule in found} == {
        rule["SecurityGroupRuleId"] for rule in answer["SecurityGroupRules"]
    }
    (permission,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert (
        permission["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "inside"}]
        and permission["UserIdGroupPairs"][0]["GroupId"] == other
    )


def test_a_rule_twice_is_a_duplicate_whatever_its_description(ec2, network):
    group = network.group()
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])
    again = https(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "other words"}])
    with fails(
        "InvalidPermission.Duplicate",
        'the specified rule "peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW" already exists',
    ):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.9.0.0/16"), again])
    assert len(rules(ec2, group)) == 1  # nothing of it is done
    with fails("InvalidParameterValue", "must not appear multiple times"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[https("10.1.0.0/16"), https("10.1.0.0/16")]
        )
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])


def test_protocols_have_one_name(ec2, network):
    group = network.group()
    (rule,) = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[https("10.0.0.0/8", IpProtocol="6")]
    )["SecurityGroupRules"]
    assert rule["IpProtocol"] == "tcp"
    with fails("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])
    with fails("InvalidParameterValue"):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[https("10.0.0.0/8", IpProtocol="nonsense")]
        )


def test_blocks_are_made_canonical(ec2, network):
    group = network.group()
    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("100.68.0.18/18")])[
        "SecurityGroupRules"
    ]
    assert rule["CidrIpv4"] == "100.68.0.0/18"
    with fails("InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("100.68.0.0/18")])


@pytest.mark.parametrize("description", ["ü", "what?", "x" * 256])
def test_what_is_said_of_a_rule_has_few_characters(ec2, network, description):
    permission = https(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": description}])
    with fails("InvalidParameterValue", "Invalid rule description"):
        ec2.authorize_security_group_ingress(GroupId=network.group(), IpPermissions=[permission])


def test_prefix_lists_in_rules(ec2, network):
    group, prefix_list = network.group(), network.prefix_list("s3")
    ec2.authorize_security_group_egress(
        GroupId=group, IpPermissions=[https(PrefixListIds=[{"PrefixListId": prefix_list}])]
    )
    assert [rule.get("PrefixListId") for rule in rules(ec2, group, egress=True)] == [None, prefix_list]
    with fails("InvalidPrefixListID.NotFound"):
        ec2.authorize_security_group_egress(
            GroupId=group, IpPermissions=[https(PrefixListIds=[{"PrefixListId": "pl-0123456789abcdef0"}])]
        )


def test_revoking_by_id(ec2, network):
    group = network.group()
    one, two = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[https("10.0.0.0/8", "10.1.0.0/16")]
    )["SecurityGroupRules"]
    answer = ec2.revoke_security_group_ingress(
        GroupId=group, SecurityGroupRuleIds=[one["SecurityGroupRuleId"]]
    )
    assert [rule["SecurityGroupRuleId"] for rule in answer["RevokedSecurityGroupRules"]] == [
        one["SecurityGroupRuleId"]
    ]
    with fails("InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_ingress(
            GroupId=group, SecurityGroupRuleIds=[two["SecurityGroupRuleId"], one["SecurityGroupRuleId"]]
        )
    assert [rule["SecurityGroupRuleId"] for rule in rules(ec2, group)] == [two["SecurityGroupRuleId"]]


def test_revoking_what_is_not_there(ec2, network):
    group = network.group()
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])
    with fails("InvalidPermission.NotFound"):
        ec2.revoke_security_group_ingress(
            GroupId=group, IpPermissions=[https("10.0.0.0/8"), https("10.1.0.0/16")]
        )
    assert len(rules(ec2, group)) == 1
    (default,) = ec2.describe_vpcs(Filters=where(is_default="true"))["Vpcs"]
    group = ec2.create_security_group(VpcId=default["VpcId"], GroupName=f"of-{group}", Description="d")[
        "GroupId"
    ]
    answer = ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])
    assert answer["UnknownIpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]
    ec2.delete_security_group(GroupId=group)


def test_modifying_a_rule_keeps_its_id_and_kind(ec2, network):
    group = network.group()
    permission = https(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "old"}, {"CidrIp": "10.9.0.0/16"}])
    rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])[
        "SecurityGroupRules"
    ][0]["SecurityGroupRuleId"]

    def change(**wanted):
        ec2.modify_security_group_rules(
            GroupId=group, SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}]
        )

    change(IpProtocol="tcp", FromPort=80, ToPort=81, CidrIpv4="10.2.0.0/16", Description="new")
    (shown,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"]
    assert (shown["FromPort"], shown["ToPort"], shown["CidrIpv4"], shown["Description"]) == (
        80,
        81,
        "10.2.0.0/16",
        "new",
    )
    change(IpProtocol="tcp", FromPort=80, ToPort=81, CidrIpv4="10.2.0.0/16")  # wholly replaced
    assert (
        "Description"
        not in ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]
    )
    with fails("InvalidParameterValue", "Invalid rule type"):
        change(IpProtocol="tcp", FromPort=80, ToPort=81, CidrIpv6="fd00::/8")
    with fails("InvalidPermission.Duplicate"):
        change(IpProtocol="tcp", FromPort=443, ToPort=443, CidrIpv4="10.9.0.0/16")


def test_descriptions_alone(ec2, network):
    group = network.group()
    rule = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.0.0.0/8")])[
        "SecurityGroupRules"
    ][0]["SecurityGroupRuleId"]
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group, SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": rule, "Description": "by id"}]
    )
    assert rules(ec2, group)[0]["Description"] == "by id"
    permission = https(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "by content"}])
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[permission])
    assert rules(ec2, group)[0]["Description"] == "by content"


def test_groups_that_refer_to_each_other_hold_each_other(ec2, network):
    one, two = network.group(), network.group()
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[peer(two)])
    ec2.authorize_security_group_ingress(GroupId=two, IpPermissions=[peer(one), peer(two)])
    for group in (one, two):
        with fails("DependencyViolation", f"resource {group} has a dependent object"):
            ec2.delete_security_group(GroupId=group)
    ec2.revoke_security_group_ingress(GroupId=two, IpPermissions=[peer(one)])
    ec2.delete_security_group(GroupId=one)
    ec2.delete_security_group(GroupId=two)  # its rule for itself does not hold it


def test_an_interface_holds_its_groups(ec2, network):
    group, subnet = network.group(), network.subnet()
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    with fails("DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    assert ec2.delete_security_group(GroupId=group)["GroupId"] == group
    with fails("InvalidGroup.NotFound"):
        ec2.delete_security_group(GroupId=group)


def test_the_default_group_stays(ec2, network):
    (group,) = ec2.describe_security_groups(Filters=where(vpc_id=network.vpc, group_name="default"))[
        "SecurityGroups"
    ]
    with fails("CannotDelete"):
        ec2.delete_security_group(GroupId=group["GroupId"])
    with fails("InvalidParameterValue"):
        network.group("default")


def test_groups_of_other_networks_cannot_be_referred_to(ec2, network):
    other = Network(ec2).group()
    with fails("InvalidGroup.NotFound"):
        ec2.authorize_security_group_ingress(GroupId=network.group(), IpPermissions=[peer(other)])


def test_sixty_rules_in_a_direction(ec2, network):
    group = network.group()
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[https(*[f"10.{number}.0.0/16" for number in range(60)])]
    )
    with fails("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[https("10.60.0.0/16")])
    page = ec2.describe_security_group_rules(Filters=where(group_id=group), MaxResults=50)
    assert len(page["SecurityGroupRules"]) == 50 and page["NextToken"]


def test_groups_are_found_by_their_rules(ec2, network):
    one, two = network.group(), network.group()
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[peer(two)])
    (found,) = ec2.describe_security_groups(Filters=[{"Name": "ip-permission.group-id", "Values": [two]}])[
        "SecurityGroups"
    ]
    assert found["GroupId"] == one
