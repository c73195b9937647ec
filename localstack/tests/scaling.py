"""Fixtures of the tests of Auto Scaling: a network, a launch template, a group and its target group."""

from types import SimpleNamespace

import pytest

REGION = "eu-west-1"
BOOT = 61  # seconds that are enough for an instance to boot


@pytest.fixture
def ec2(aws):
    return aws("ec2", REGION)


@pytest.fixture
def asg(aws):
    return aws("autoscaling", REGION)


@pytest.fixture
def elb(aws):
    return aws("elbv2", REGION)


@pytest.fixture
def network(ec2):
    """A VPC with two subnets and a group."""

    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for i, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="instances", Description="instances", VpcId=vpc)["GroupId"]
    return SimpleNamespace(vpc=vpc, subnets=subnets, group=group)


@pytest.fixture
def template(ec2, network, name):
    data = {
        "ImageId": "ami-0123456789abcdef0",
        "InstanceType": "t3.micro",
        "SecurityGroupIds": [network.group],
    }
    made = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
    yield {"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"}
    if ec2.describe_launch_templates(Filters=[{"Name": "launch-template-name", "Values": [name]}])[
        "LaunchTemplates"
    ]:
        ec2.delete_launch_template(LaunchTemplateName=name)


@pytest.fixture
def make(asg, network, template, name, step):
    """make(DesiredCapacity=2) creates the group of this test's name."""
    made = []

    def create(called=name, **more):
        wanted = {
            "MinSize": 0,
            "MaxSize": 4,
            "LaunchTemplate": template,
            "VPCZoneIdentifier": ",".join(network.subnets),
        } | more
        asg.create_auto_scaling_group(
            AutoScalingGroupName=called, **{k: v for k, v in wanted.items() if v is not None}
        )
        made.append(called)

    yield create
    for called in made:
        groups = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[called])["AutoScalingGroups"]
        if groups and "Status" not in groups[0]:
            asg.update_auto_scaling_group(AutoScalingGroupName=called, DeletionProtection="none")
            asg.delete_auto_scaling_group(AutoScalingGroupName=called, ForceDelete=True)


@pytest.fixture
def look(asg, name):
    """look() is the group, look("LifecycleState") that of its instances."""

    def one(member=None):
        groups = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if member is None:
            return groups[0] if groups else None
        return [instance[member] for instance in groups[0]["Instances"]]

    return one


def new_version(ec2, name, **data):
    made = ec2.create_launch_template_version(
        LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData=data
    )
    return str(made["LaunchTemplateVersion"]["VersionNumber"])


@pytest.fixture
def target_group(elb, network, name, step):
    """Behind a listener of a load balancer that is active."""
    balancer = elb.create_load_balancer(Name=name, Subnets=network.subnets, Scheme="internal")[
        "LoadBalancers"
    ][0]
    group = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=network.vpc)["TargetGroups"][
        0
    ]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[action]
    )
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "120"}]
    )
    step(300)
    yield group
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    elb.delete_target_group(TargetGroupArn=group)
