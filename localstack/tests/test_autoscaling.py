import pytest
from conftest import create_role, fails
from networks import removals
from scaling import BOOT, REGION, new_version

pytest_plugins = ["scaling"]


# --- groups ---------------------------------------------------------------------------------------


def test_a_group_starts_its_instances(ec2, make, look, step, network):
    make(DesiredCapacity=2)
    assert look("LifecycleState") == ["Pending", "Pending"]
    assert {i["State"]["Name"] for i in instances_of(ec2, look)} == {"pending"}
    step(BOOT)
    assert look("LifecycleState") == ["InService", "InService"] and look("HealthStatus") == [
        "Healthy",
        "Healthy",
    ]
    found = instances_of(ec2, look)
    assert {i["SubnetId"] for i in found} == set(network.subnets) and {i["State"]["Name"] for i in found} == {
        "running"
    }
    assert all(i["SecurityGroups"][0]["GroupId"] == network.group for i in found)
    assert sorted(look()["AvailabilityZones"]) == [f"{REGION}a", f"{REGION}b"]


def instances_of(ec2, look):
    answer = ec2.describe_instances(InstanceIds=look("InstanceId"))
    return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]


def test_what_was_said_is_read_back(make, look, network, template, name):
    make(
        DefaultInstanceWarmup=45,
        HealthCheckType="EC2,ELB",
        HealthCheckGracePeriod=60,
        CapacityRebalance=True,
        TerminationPolicies=["OldestInstance"],
        MaxInstanceLifetime=86400,
        DeletionProtection="prevent-force-deletion",
    )
    group = look()
    assert group["LaunchTemplate"] == template | {"LaunchTemplateName": name}
    assert group["VPCZoneIdentifier"] == ",".join(network.subnets)
    for key, value in {
        "MinSize": 0,
        "MaxSize": 4,
        "DesiredCapacity": 0,
        "DefaultCooldown": 300,
        "DefaultInstanceWarmup": 45,
        "HealthCheckType": "EC2,ELB",
        "HealthCheckGracePeriod": 60,
        "CapacityRebalance": True,
        "MaxInstanceLifetime": 86400,
        "TerminationPolicies": ["OldestInstance"],
        "DeletionProtection": "prevent-force-deletion",
    }.items():
        assert group[key] == value, key


def test_a_name_is_taken_until_its_group_has_gone(asg, make, step, name):
    make(DesiredCapacity=1)
    with fails("AlreadyExists", "already exists"):
        make()
    asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    with fails("AlreadyExists", "pending delete"):
        make()
    with fails("ValidationError", "pending delete"):
        asg.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=3)
    step(200)
    step(20)
    make()


@pytest.mark.parametrize(
    "wrong, text",
    [
        (
            {"LaunchTemplate": {"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "1"}},
            "lt-0123456789abcdef0, does not exist",
        ),
        ({"LaunchTemplate": {"LaunchTemplateName": "nobody", "Version": "1"}}, "nobody, does not exist"),
        ({"VPCZoneIdentifier": "subnet-0123456789abcdef0"}, "subnet-0123456789abcdef0"),
        (
            {
                "TargetGroupARNs": [
                    f"arn:aws:elasticloadbalancing:{REGION}:000000000000:targetgroup/x/0123456789abcdef"
                ]
            },
            "Target Groups",
        ),
        ({"MinSize": 3, "DesiredCapacity": 2}, "Desired capacity:2"),
        ({"MinSize": 5}, "Max bound, 4"),
        ({"HealthCheckType": "PING"}, "PING"),
        ({"MaxInstanceLifetime": 60}, "86400"),
    ],
)
def test_wrong_groups_are_refused(make, look, wrong, text):
    with fails("ValidationError", text):
        make(**wrong)
    assert look() is None


def test_a_version_that_is_not_there_is_refused(make, template):
    with fails("ValidationError", "specified version 7"):
        make(LaunchTemplate=template | {"Version": "7"})


def test_a_template_has_to_be_launchable(ec2, make, network, name):
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_security_group(GroupName="foreign", Description="foreign", VpcId=other)["GroupId"]
    for data, text in (
        ({"SecurityGroupIds": [foreign]}, "does not exist in VPC"),
        ({"ImageId": "image"}, 'expecting "ami-..."'),
    ):
        version = new_version(ec2, name, **data)
        with fails("ValidationError", text):
            make(LaunchTemplate={"LaunchTemplateName": name, "Version": version})
    version = new_version(
        ec2, name, ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    )
    make(LaunchTemplate={"LaunchTemplateName": name, "Version": version})


def test_latest_and_default_are_followed(ec2, asg, make, look, step, name):
    make(LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"}, DesiredCapacity=1)
    assert look()["LaunchTemplate"]["Version"] == "$Latest"
    new_version(ec2, name, InstanceType="t3.small")
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    assert sorted(i["LaunchTemplate"]["Version"] for i in look()["Instances"]) == ["1", "2"]
    assert sorted(look("InstanceType")) == ["t3.micro", "t3.small"]
    asg.update_auto_scaling_group(
        AutoScalingGroupName=name, LaunchTemplate={"LaunchTemplateName": name, "Version": "$Default"}
    )
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    assert sorted(i["LaunchTemplate"]["Version"] for i in look()["Instances"]) == ["1", "1", "2"]


def test_instances_profile_has_to_be_seen(aws, ec2, make, eventual, name):
    create_role(aws, name, "ec2.amazonaws.com")
    eventual(60)
    iam = aws("iam")
    version = new_version(ec2, name, IamInstanceProfile={"Name": name})
    wanted = {"LaunchTemplate": {"LaunchTemplateName": name, "Version": version}}
    eventual(60)
    with fails("ValidationError", "Invalid IAM Instance Profile"):
        make(**wanted)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    with fails("ValidationError", "Invalid IAM Instance Profile"):
        make(**wanted)
    eventual(60)
    make(**wanted)
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    with fails("ValidationError", "has no associated IAM Roles"):
        make(called=f"{name}2", **wanted)


def test_sizes_and_bounds(asg, make, look, step, name):
    make(MinSize=1, MaxSize=3, DesiredCapacity=2)
    for desired, text in ((4, "above max value 3"), (0, "below min value 1")):
        with fails("ValidationError", text):
            asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=desired)
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    step(BOOT)
    asg.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=1)
    assert look()["DesiredCapacity"] == 1
    assert sorted(look("LifecycleState")) == ["InService", "Terminating", "Terminating"]
    step(BOOT)
    assert look("LifecycleState") == ["InService"]
    asg.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=2, MaxSize=4)
    assert look()["DesiredCapacity"] == 2
    with fails("ValidationError", "not found"):
        asg.set_desired_capacity(AutoScalingGroupName=f"{name}x", DesiredCapacity=1)


def test_protected_instances_are_spared(asg, make, look, step, name):
    make(DesiredCapacity=2)
    step(BOOT)
    kept = look("InstanceId")[0]
    asg.set_instance_protection(AutoScalingGroupName=name, InstanceIds=[kept], ProtectedFromScaleIn=True)
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    step(BOOT)
    assert look("InstanceId") == [kept]


def test_scaling_can_be_told(control, make, look, name):
    make(MinSize=1, DesiredCapacity=1, MaxSize=3)
    assert control("autoscaling/desired", {"group": name, "desired": 9}) == {REGION: 3}
    assert look()["DesiredCapacity"] == 3 and len(look("InstanceId")) == 3


def test_terminated_instances_are_replaced(ec2, make, look, step):
    make(DesiredCapacity=1)
    step(BOOT)
    before = look("InstanceId")
    ec2.terminate_instances(InstanceIds=before)
    assert look("HealthStatus") == ["Unhealthy"]
    for _ in range(3):
        step(BOOT)
    assert look("LifecycleState") == ["InService"] and look("InstanceId") != before


def test_suspended_processes(asg, make, look, step, name):
    make()
    asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    assert look("InstanceId") == [] and [p["ProcessName"] for p in look()["SuspendedProcesses"]] == ["Launch"]
    asg.resume_processes(AutoScalingGroupName=name)
    assert look("LifecycleState") == ["Pending"] and look()["SuspendedProcesses"] == []
    with fails("ValidationError", "Sleep"):
        asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Sleep"])


def test_activities_tell_what_happened(asg, ec2, make, look, step, name):
    make(DesiredCapacity=1)

    def activities():
        return asg.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]

    assert (
        activities()[0]["StatusCode"] == "InProgress"
        and look("InstanceId")[0] in activities()[0]["Description"]
    )
    step(BOOT)
    assert activities()[0]["StatusCode"] == "Successful"
    ec2.delete_launch_template(LaunchTemplateName=name)
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    assert activities()[0]["StatusCode"] == "Failed" and "does not exist" in activities()[0]["StatusMessage"]


def test_instances_of_all_groups(asg, make, look, step):
    make(DesiredCapacity=1)
    step(BOOT)
    found = asg.describe_auto_scaling_instances(InstanceIds=look("InstanceId"))["AutoScalingInstances"]
    assert [(i["LifecycleState"], i["HealthStatus"], i["ImageId"]) for i in found] == [
        ("InService", "HEALTHY", "ami-0123456789abcdef0")
    ]


# --- deleting -------------------------------------------------------------------------------------


def test_instances_stand_in_the_way(asg, ec2, make, look, step, network, name):
    make(DesiredCapacity=1)
    step(BOOT)
    with fails("ResourceInUse", "instances"):
        asg.delete_auto_scaling_group(AutoScalingGroupName=name)
    asg.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=0)
    with fails("ScalingActivityInProgress"):
        asg.delete_auto_scaling_group(AutoScalingGroupName=name)
    step(BOOT)
    asg.delete_auto_scaling_group(AutoScalingGroupName=name)
    assert look()["Status"] == "Delete in progress"
    step(20)
    assert look() is None


def test_instances_hold_subnets_and_groups_until_they_are_terminated(
    asg, ec2, make, look, step, network, name
):
    make(DesiredCapacity=2)
    step(BOOT)
    ids = look("InstanceId")
    asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    interfaces = [{"Name": "vpc-id", "Values": [network.vpc]}]
    assert len(ec2.describe_network_interfaces(Filters=interfaces)["NetworkInterfaces"]) == 2
    step(BOOT)
    assert ec2.describe_network_interfaces(Filters=interfaces)["NetworkInterfaces"] == []
    gone = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert {i["State"]["Name"] for r in gone for i in r["Instances"]} == {"terminated"}
    ec2.delete_security_group(GroupId=network.group)
    for subnet in network.subnets:
        ec2.delete_subnet(SubnetId=subnet)


@pytest.mark.parametrize("by", ["subnet", "template"])
def test_instances_with_public_addresses_hold_the_gateway(asg, ec2, make, network, look, step, name, by):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    if by == "subnet":
        ec2.modify_subnet_attribute(SubnetId=network.subnets[0], MapPublicIpOnLaunch={"Value": True})
        more = {}
    else:
        interface = {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": [network.group]}
        data = {"ImageId": "ami-0123456789abcdef0", "NetworkInterfaces": [interface]}
        made = ec2.create_launch_template(LaunchTemplateName=f"{name}-public", LaunchTemplateData=data)[
            "LaunchTemplate"
        ]
        more = {"LaunchTemplate": {"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"}}
    make(DesiredCapacity=1, VPCZoneIdentifier=network.subnets[0], **more)
    step(BOOT)
    subnet, group, detach = removals(ec2, network.subnets[0], network.group, gateway, network.vpc)
    for call in (subnet, group, detach):
        with fails("DependencyViolation"):
            call()
    asg.update_auto_scaling_group(AutoScalingGroupName=name, DesiredCapacity=0)
    step(BOOT)
    for call in (subnet, group, detach):
        call()


def test_deletion_protection(asg, make, look, name):
    make(DeletionProtection="prevent-all-deletion")
    for force in (False, True):
        with fails("ValidationError", "prevent-all-deletion"):
            asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=force)
    asg.update_auto_scaling_group(AutoScalingGroupName=name, DeletionProtection="prevent-force-deletion")
    with fails("ValidationError", "prevent-force-deletion"):
        asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    asg.delete_auto_scaling_group(AutoScalingGroupName=name)
    assert look()["Status"] == "Delete in progress"


# --- tags -----------------------------------------------------------------------------------------


def test_tags_find_groups_and_go_to_new_instances(aws, asg, ec2, make, look, name):
    make(
        DesiredCapacity=1,
        Tags=[
            {"Key": "for", "Value": name, "PropagateAtLaunch": True},
            {"Key": "own", "Value": "1", "PropagateAtLaunch": False},
        ],
    )
    found = asg.describe_auto_scaling_groups(Filters=[{"Name": "tag:for", "Values": [name]}])[
        "AutoScalingGroups"
    ]
    assert [g["AutoScalingGroupName"] for g in found] == [name]
    tags = {t["Key"]: t["Value"] for t in instances_of(ec2, look)[0]["Tags"]}
    assert tags["for"] == name and "own" not in tags and tags["aws:autoscaling:groupName"] == name
    about = {"ResourceId": name, "ResourceType": "auto-scaling-group"}
    asg.create_or_update_tags(Tags=[about | {"Key": "own", "Value": "2", "PropagateAtLaunch": True}])
    asg.delete_tags(Tags=[about | {"Key": "for"}])
    own = [about | {"Key": "own", "Value": "2", "PropagateAtLaunch": True}]
    assert asg.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [name]}])["Tags"] == own
    filters = [{"Key": "for", "Values": [name]}]
    listed = aws("resourcegroupstaggingapi", REGION).get_resources(TagFilters=filters)[
        "ResourceTagMappingList"
    ]
    assert not any("autoscaling" in mapping["ResourceARN"] for mapping in listed)


def test_pages_of_groups(asg, make, name):
    for number in range(3):
        make(called=f"{name}-{number}", Tags=[{"Key": "page", "Value": name, "PropagateAtLaunch": False}])
    pages = asg.get_paginator("describe_auto_scaling_groups").paginate(
        Filters=[{"Name": "tag:page", "Values": [name]}], PaginationConfig={"PageSize": 2}
    )
    assert [len(page["AutoScalingGroups"]) for page in pages] == [2, 1]


def test_metrics(asg, make, look, name):
    make()
    asg.enable_metrics_collection(AutoScalingGroupName=name, Granularity="1Minute")
    assert len(look()["EnabledMetrics"]) > 10
    asg.disable_metrics_collection(AutoScalingGroupName=name)
    asg.enable_metrics_collection(AutoScalingGroupName=name, Granularity="1Minute", Metrics=["GroupMinSize"])
    assert look()["EnabledMetrics"] == [{"Metric": "GroupMinSize", "Granularity": "1Minute"}]


# --- target groups --------------------------------------------------------------------------------


def health(elb, target_group):
    found = elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    return {target["Target"]["Id"]: target["TargetHealth"]["State"] for target in found}


def test_instances_become_targets_and_are_drained(asg, elb, make, look, step, target_group, name):
    make(DesiredCapacity=1, TargetGroupARNs=[target_group])
    assert health(elb, target_group) == {}
    step(BOOT)
    [instance] = look("InstanceId")
    assert health(elb, target_group) == {instance: "initial"}
    step(300)
    assert health(elb, target_group) == {instance: "healthy"}
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    assert health(elb, target_group) == {instance: "draining"}
    step(100)
    assert look("LifecycleState") == ["Terminating"]
    step(30)
    step(10)
    assert look("LifecycleState") == [] and health(elb, target_group) == {}


def test_target_groups_are_attached_by_calls_of_their_own(asg, elb, make, look, step, target_group, name):
    make(DesiredCapacity=1)
    step(BOOT)
    asg.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])
    described = asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)[
        "LoadBalancerTargetGroups"
    ]
    assert described == [{"LoadBalancerTargetGroupARN": target_group, "State": "Adding"}]
    assert list(health(elb, target_group)) == look("InstanceId")
    assert look()["TargetGroupARNs"] == [target_group]
    step(20)
    described = asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)[
        "LoadBalancerTargetGroups"
    ]
    assert [one["State"] for one in described] == ["Added"]
    step(60)
    sources = asg.describe_traffic_sources(AutoScalingGroupName=name)["TrafficSources"]
    assert [(s["Identifier"], s["Type"], s["State"]) for s in sources] == [
        (target_group, "elbv2", "InService")
    ]
    asg.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])
    assert look()["TargetGroupARNs"] == []
    step(200)
    assert (
        asg.describe_load_balancer_target_groups(AutoScalingGroupName=name)["LoadBalancerTargetGroups"] == []
    )
    with fails("ValidationError", "not part of the group"):
        asg.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[target_group])


def test_traffic_sources(asg, make, look, target_group, name):
    make()
    source = {"Identifier": target_group, "Type": "elbv2"}
    asg.attach_traffic_sources(AutoScalingGroupName=name, TrafficSources=[source])
    assert look()["TrafficSources"] == [source] and look()["TargetGroupARNs"] == [target_group]
    asg.detach_traffic_sources(AutoScalingGroupName=name, TrafficSources=[source])
    assert look()["TrafficSources"] == []


def test_unhealthy_targets_are_replaced_after_the_grace_period(control, make, look, step, target_group, name):
    make(DesiredCapacity=1, TargetGroupARNs=[target_group], HealthCheckType="ELB", HealthCheckGracePeriod=600)
    step(BOOT)
    [instance] = look("InstanceId")
    control("target-health", {"target_group": target_group, "target": instance, "health": "unhealthy"})
    step(300)
    assert look("HealthStatus") == ["Healthy"]
    step(400)
    assert look("HealthStatus") == ["Unhealthy"]
    step(20)
    assert sorted(look("LifecycleState")) == ["Pending", "Terminating"]
