"""EC2 Auto Scaling: from a launch template to an instance of EC2 and back.

The instances are moto's, so that EC2 shows them with their network interface, which holds its subnet
and groups until the instance has been terminated. They have no machine behind them.

AWS rules followed: a group is only accepted with a template it could launch from: template and
version exist, an image is named, groups and subnets belong to one VPC, and the instance profile is
known and has a role, which for a new one takes a while.
"""

import hashlib

from botocore.exceptions import ClientError
from localstack.aws.api import CommonServiceException

from isobar_localstack.services.autoscaling.state import Group, Instance, invalid
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces
from isobar_localstack.services.ec2 import launch_templates as templates
from isobar_localstack.services.ec2 import state as ec2_state
from isobar_localstack.services.iam import roles as iam

FULLY_FORMED = "You must use a valid fully-formed launch template. "


def refused(message: str):
    return invalid(FULLY_FORMED + message)


def said_by_ec2(ask, *arguments):
    """EC2's answer; its refusals as Auto Scaling passes them on."""
    try:
        return ask(*arguments)
    except CommonServiceException as problem:
        raise refused(problem.message) from None


# --- the template ---------------------------------------------------------------------------------


def template_of(settings: dict) -> dict | None:
    """The launch template of a group, also that of a mixed instances policy."""
    mixed = (settings.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return settings.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification")


def resolved(account: str, region: str, specification: dict):
    """The version that `specification` means now."""
    template_id = specification.get("LaunchTemplateId")
    name = None if template_id else specification.get("LaunchTemplateName")
    template = said_by_ec2(templates.find, account, region, template_id, name)
    return said_by_ec2(templates.version_of, template, specification.get("Version"))


def named(version, wanted: str | None) -> dict:
    """As groups and instances show their template."""
    return {
        "LaunchTemplateId": version.template.id,
        "LaunchTemplateName": version.template.name,
        "Version": wanted or str(version.number),
    }


def checked(account: str, region: str, settings: dict) -> dict | None:
    """The template specification with id and name, once all that it needs is there."""
    specification = template_of(settings)
    if specification is None:
        return None
    version = resolved(account, region, specification)
    vpc = vpc_of(account, region, settings.get("VPCZoneIdentifier"))
    image_of(account, region, version.data)
    check_profile(account, version.data.get("IamInstanceProfile"))
    check_groups(account, region, groups_of(version.data), vpc)
    return named(version, specification.get("Version"))


def image_of(account: str, region: str, data: dict) -> str:
    image = data.get("ImageId")
    if not image:
        raise refused("The request must contain the parameter ImageId")
    if image.startswith("resolve:ssm:"):
        return image_of_parameter(account, region, image.removeprefix("resolve:ssm:"))
    if not image.startswith("ami-"):
        raise refused(f'Invalid id: "{image}" (expecting "ami-...")')
    return image


def image_of_parameter(account: str, region: str, name: str) -> str:
    from localstack.aws.connect import connect_to

    if name.startswith("/aws/service/"):  # AWS's own parameters are always there
        return "ami-" + hashlib.sha256(f"{region}{name}".encode()).hexdigest()[:17]
    try:
        ssm = connect_to(aws_access_key_id=account, region_name=region).ssm
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError:
        raise refused(f"The parameter {name} could not be found.") from None


def check_profile(account: str, profile: dict | None):
    if not profile:
        return
    kind, value = ("arn", profile["Arn"]) if profile.get("Arn") else ("name", profile.get("Name"))
    found = iam.usable_profile(account, value)
    if found is None:
        raise refused(
            f"Value ({value}) for parameter iamInstanceProfile.{kind} is invalid. "
            f"Invalid IAM Instance Profile {'ARN' if kind == 'arn' else 'name'}"
        )
    if not found.get("Roles"):
        raise refused(f'IAM Instance Profile "{found["Arn"]}" has no associated IAM Roles')


def groups_of(data: dict) -> list[str]:
    interfaces = data.get("NetworkInterfaces") or [{}]
    return list(data.get("SecurityGroupIds") or interfaces[0].get("Groups") or [])


# --- subnets and groups ---------------------------------------------------------------------------


def subnets_of(identifier: str | None) -> list[str]:
    return [subnet.strip() for subnet in (identifier or "").split(",") if subnet.strip()]


def subnets(account: str, region: str, identifier: str | None) -> list[dict]:
    try:
        return ec2_interfaces.checked_subnets(account, region, subnets_of(identifier))
    except CommonServiceException as problem:
        raise invalid(problem.message) from None


def vpc_of(account: str, region: str, identifier: str | None) -> str | None:
    vpcs = {subnet["VpcId"] for subnet in subnets(account, region, identifier)}
    if len(vpcs) > 1:
        raise invalid("All subnets must belong to the same VPC.")
    return next(iter(vpcs), None)


def check_groups(account: str, region: str, ids: list[str], vpc: str | None):
    for group in said_by_ec2(ec2_interfaces.checked_groups, account, region, ids):
        if vpc and group["VpcId"] != vpc:
            raise refused(f"The security group '{group['GroupId']}' does not exist in VPC '{vpc}'")


# --- instances ------------------------------------------------------------------------------------


def backend(account: str, region: str):
    from moto.ec2.models import ec2_backends

    return ec2_backends[account][region]


def place_for_one_more(group: Group) -> dict:
    """The subnet with the fewest instances."""
    places = subnets(group.account, group.region, group.settings.get("VPCZoneIdentifier"))
    if not places:
        places = default_subnets(group)
    used = [instance.subnet for instance in group.instances.values()]
    return min(places, key=lambda place: used.count(place["SubnetId"]))


def default_subnets(group: Group) -> list[dict]:
    """For a group that names zones only: the default subnets in them."""
    zones = group.settings.get("AvailabilityZones") or []
    found = [
        subnet.id
        for zone, here in backend(group.account, group.region).subnets.items()
        if zone in zones
        for subnet in here.values()
        if str(subnet.default_for_az).lower() == "true"
    ]
    if not found:
        raise invalid(f"No default subnet for availability zone: '{', '.join(zones)}'.")
    return subnets(group.account, group.region, ",".join(found))


def start(group: Group, specification: dict, moment: float) -> Instance:
    """A new instance of EC2, still pending."""
    version = resolved(group.account, group.region, specification)
    data, place = version.data, place_for_one_more(group)
    image = image_of(group.account, group.region, data)
    check_profile(group.account, data.get("IamInstanceProfile"))
    check_groups(group.account, group.region, groups_of(data), place["VpcId"])
    kind = instance_type(group, data)
    made = run(group, data, image, kind, place, tags_for(group, version))
    return Instance(
        made.id,
        place["AvailabilityZone"],
        place["SubnetId"],
        image,
        kind,
        named(version, str(version.number)),
        moment,
        protected=bool(group.settings.get("NewInstancesProtectedFromScaleIn")),
    )


def instance_type(group: Group, data: dict) -> str:
    mixed = (group.settings.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = [
        override["InstanceType"] for override in mixed.get("Overrides") or [] if override.get("InstanceType")
    ]
    return overrides[0] if overrides else data.get("InstanceType") or "m1.small"


def tags_for(group: Group, version) -> dict:
    tags = {
        "aws:autoscaling:groupName": group.name,
        "aws:ec2launchtemplate:id": version.template.id,
        "aws:ec2launchtemplate:version": str(version.number),
    }
    for specification in version.data.get("TagSpecifications") or []:
        if specification.get("ResourceType") == "instance":
            tags |= {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []}
    return tags | {key: value for key, (value, propagated) in group.tags.items() if propagated}


def run(group: Group, data: dict, image: str, kind: str, place: dict, tags: dict):
    from moto.ec2.models.instances import InstanceState

    interface = {"DeviceIndex": 0, "SubnetId": place["SubnetId"], "DeleteOnTermination": True}
    given = (data.get("NetworkInterfaces") or [{}])[0]
    if "AssociatePublicIpAddress" in given:
        interface["AssociatePublicIpAddress"] = given["AssociatePublicIpAddress"]
    wanted = {
        "security_group_ids": groups_of(data),
        "subnet_id": place["SubnetId"],
        "nics": [interface],
        "instance_type": kind,
        "is_instance_type_default": False,
        "region_name": group.region,
        "key_name": data.get("KeyName"),
        "ebs_optimized": bool(data.get("EbsOptimized")),
        "associate_public_ip": None,
        "tags": {"instance": tags},
        "monitoring_state": "enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
        "metadata_options": data.get("MetadataOptions") or {},
    }
    with ec2_state.lock:
        instance = (
            backend(group.account, group.region)
            .run_instances(image, 1, data.get("UserData"), [], **wanted)
            .instances[0]
        )
        instance._state = InstanceState("pending", 0)
    return instance


def of_ec2(group: Group, instance_id: str):
    """EC2's instance, or None."""
    return backend(group.account, group.region).get_instance_by_id(instance_id)


def set_state(group: Group, instance_id: str, name: str, code: int):
    from moto.ec2.models.instances import InstanceState

    instance = of_ec2(group, instance_id)
    if instance is not None and instance.state != "terminated":
        instance._state = InstanceState(name, code)


def terminate(group: Group, instance_id: str):
    instance = of_ec2(group, instance_id)
    if instance is not None and instance.state != "terminated":
        instance.terminate()


def forget(account: str, region: str, instance_id: str):
    """EC2 shows a terminated instance for an hour."""
    place = backend(account, region)
    for reservation_id, reservation in list(place.reservations.items()):
        if any(instance.id == instance_id for instance in reservation.instances):
            place.reservations.pop(reservation_id)
    place.tags.pop(instance_id, None)
