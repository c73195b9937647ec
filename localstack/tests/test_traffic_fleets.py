"""Traffic to instances of Auto Scaling groups, and through Network Load Balancers."""

from types import SimpleNamespace

import pytest
from conftest import create_role
from scaling import BOOT, REGION, new_version
from traffic import by, document, make_api, watched, why

pytest_plugins = ["scaling"]
pytestmark = pytest.mark.usefixtures("step")


def admit(ec2, group, port, **peer):
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peer
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return permission


@pytest.fixture
def fleet(aws, ec2, make, look, template, network, target_group, name, step):
    """Two instances with a profile behind an internal balancer that their group lets in."""
    vpc = [{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = ec2.describe_security_groups(Filters=vpc)["SecurityGroups"][0]["GroupId"]
    door = admit(ec2, network.group, 80, UserIdGroupPairs=[{"GroupId": default}])
    iam, role = aws("iam"), create_role(aws, name, service="ec2.amazonaws.com")
    profile = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role.rsplit("/", 1)[-1])
    number = new_version(ec2, name, IamInstanceProfile={"Arn": profile})
    make(
        DesiredCapacity=2,
        LaunchTemplate={**template, "Version": number},
        TargetGroupARNs=[target_group],
    )
    for _ in range(2):
        step(BOOT)
        look()
    return SimpleNamespace(name=name, door=door, group=target_group, entrance=f"{name} :80 GET /")


def test_a_fleet_answers_by_its_instances(fleet, control):
    assert by(control, fleet.entrance) == f"instance of group {fleet.name}, template version 2"


def test_instances_whose_group_is_closed_answer_nothing(ec2, network, fleet, control):
    ec2.revoke_security_group_ingress(GroupId=network.group, IpPermissions=[fleet.door])
    assert "in on port 80" in why(control, fleet.entrance)


def test_instances_without_their_role_answer_nothing(aws, fleet, control):
    iam = aws("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=fleet.name, RoleName=fleet.name)
    assert why(control, fleet.entrance).endswith("has no role")


def test_unhealthy_instances_answer_nothing(fleet, control, step):
    control("target-health", {"target_group": fleet.group, "health": "unhealthy"})
    step(70)
    assert "has no healthy target" in why(control, fleet.entrance)


def test_a_refresh_misses_nobody(asg, ec2, fleet, control, step):
    assert by(control, fleet.entrance).endswith("template version 2")
    data = ec2.describe_launch_template_versions(LaunchTemplateName=fleet.name, Versions=["2"])
    profile = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["IamInstanceProfile"]
    number = new_version(ec2, fleet.name, InstanceType="t3.small", IamInstanceProfile=profile)
    with watched(control) as report:
        wanted = {"LaunchTemplateName": fleet.name, "Version": number}
        asg.update_auto_scaling_group(AutoScalingGroupName=fleet.name, LaunchTemplate=wanted)
        asg.start_instance_refresh(
            AutoScalingGroupName=fleet.name, Preferences={"MinHealthyPercentage": 100, "InstanceWarmup": 0}
        )
        for _ in range(60):
            step(30)
            shown = asg.describe_instance_refreshes(AutoScalingGroupName=fleet.name)["InstanceRefreshes"][0]
            if shown["Status"] == "Successful":
                break
    assert shown["Status"] == "Successful"
    assert (report["unanswered"], report["rights"], report["left"]) == ([], [], [])
    assert by(control, fleet.entrance).endswith(f"template version {number}")


def test_an_empty_fleet_is_missed_until_there_are_instances_again(asg, fleet, control, step):
    with watched(control) as report:
        for number in (0, 2):
            asg.update_auto_scaling_group(AutoScalingGroupName=fleet.name, DesiredCapacity=number)
            step(600)
            control("traffic")
    gaps = {gap["entrance"]: gap for gap in report["unanswered"]}
    assert gaps[fleet.entrance]["until_call"] == "time"
    assert gaps[fleet.entrance]["seconds"] > BOOT


# --- Network Load Balancers -----------------------------------------------------------------------


def test_a_link_of_version_1_leads_through_a_network_load_balancer(
    aws, ec2, elb, network, name, control, step
):
    """It is a way into the balancer past all groups, but not past those of the targets."""
    made = ec2.create_network_interface(SubnetId=network.subnets[0], Groups=[network.group])
    address = made["NetworkInterface"]["PrivateIpAddress"]
    balancer = elb.create_load_balancer(
        Name=name, Type="network", Scheme="internal", Subnets=network.subnets
    )["LoadBalancers"][0]
    group = elb.create_target_group(
        Name=name, Protocol="TCP", Port=80, VpcId=network.vpc, TargetType="ip", HealthCheckIntervalSeconds=10
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    forward = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP", Port=80, DefaultActions=[forward]
    )
    gateway = aws("apigateway", REGION)
    link = gateway.create_vpc_link(name=name, targetArns=[balancer["LoadBalancerArn"]])["id"]
    step(400)
    gateway.get_vpc_link(vpcLinkId=link)
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": f"http://{balancer['DNSName']}/orders",
        "connectionType": "VPC_LINK",
        "connectionId": link,
    }
    api = make_api(aws, name, document(name, get_orders=integration))
    entrance = f"{name}/live GET /orders"
    assert "in on port 80" in why(control, entrance)
    door = admit(ec2, network.group, 80, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    assert by(control, entrance) == f"{address}:80"
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address}])
    assert "has no healthy target" in why(control, entrance)
    assert door and api
