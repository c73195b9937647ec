"""ECS: what CreateService and UpdateService refuse, and AWS's defaults for deployments.

AWS rules followed: task definition ACTIVE and suited to the launch type; subnets, groups and target groups exist, in one
VPC; containers and ports of load balancers are those of the task definition; every target group exists, is
of type ip for awsvpc and already attached to a load balancer; shifting traffic needs an alternate target
group, a rule and a role that ECS can assume; capacity providers are those of the cluster.
"""

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.errors import error
from isobar_localstack.services.ec2 import interfaces as ec2_interfaces
from isobar_localstack.services.ecs.clusters import check_service_linked_role
from isobar_localstack.services.ecs.state import (
    Cluster,
    Service,
    TaskDefinition,
    client_error,
    definition_of,
    here,
    invalid,
)
from isobar_localstack.services.elbv2 import state as elbv2_state
from isobar_localstack.services.elbv2 import targets as elbv2_targets
from isobar_localstack.services.iam.roles import trusts, usable_role

SHIFTING = ("BLUE_GREEN", "LINEAR", "CANARY")
NO_BALANCER = "The target group with targetGroupArn {} does not have an associated load balancer."
CANNOT_VALIDATE = (
    "Unable to assume role and validate the listeners configured on your load balancer.  Please verify that the ECS service role being "
    "passed has the proper permissions."
)


def configuration_of(given: dict | None) -> dict:
    """With AWS's defaults."""
    data = {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    } | (given or {})
    data.setdefault("deploymentCircuitBreaker", {"enable": False, "rollback": False})
    if data["strategy"] == "LINEAR":
        data["linearConfiguration"] = {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6} | (
            data.get("linearConfiguration") or {}
        )
    if data["strategy"] == "CANARY":
        data["canaryConfiguration"] = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10} | (
            data.get("canaryConfiguration") or {}
        )
    return data


def definition_for(context, request) -> TaskDefinition:
    if not request.get("taskDefinition"):
        raise invalid("TaskDefinition can not be blank.")
    definition = definition_of(here(context), request["taskDefinition"])
    if definition is None:
        raise client_error("TaskDefinition not found.")
    if definition.status != "ACTIVE":
        raise client_error("TaskDefinition is inactive")
    return definition


def check_creation(context, cluster: Cluster, data: dict):
    check_service_linked_role(context)
    definition = definition_of(here(context), data["taskDefinition"])
    check_launch(cluster, data, definition)
    check_network(context, data, definition)
    check_balancers(context, data, definition)
    check_same_vpc(context, data, definition)
    check_strategy(context, data)


def check_update(context, service: Service, data: dict, changed: dict):
    definition = definition_of(here(context), data["taskDefinition"])
    if {"taskDefinition", "capacityProviderStrategy"} & set(changed):
        check_launch(service.cluster, data, definition)
    if {"taskDefinition", "networkConfiguration"} & set(changed):
        check_network(context, data, definition)
    if {"taskDefinition", "loadBalancers"} & set(changed):
        check_balancers(context, data, definition)
    if {"networkConfiguration", "loadBalancers"} & set(changed):
        check_same_vpc(context, data, definition)
    if {"loadBalancers", "deploymentConfiguration"} & set(changed):
        check_strategy(context, data)


def check_launch(cluster: Cluster, data: dict, definition: TaskDefinition):
    providers = [item["capacityProvider"] for item in data.get("capacityProviderStrategy") or []]
    if set(providers) - set(cluster.providers):
        raise invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the "
            "cluster. Associate the capacity provider with the cluster and try again."
        )
    on_fargate = data.get("launchType") == "FARGATE" or any(name.startswith("FARGATE") for name in providers)
    if on_fargate and "FARGATE" not in definition.data["compatibilities"]:
        raise invalid("Task definition does not support launch_type FARGATE.")


# --- network --------------------------------------------------------------------------------------


def check_network(context, data: dict, definition: TaskDefinition):
    vpc = (data.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.data.get("networkMode") != "awsvpc":
        if vpc:
            raise invalid(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return
    if not vpc:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    place = (context.account_id, context.region)
    subnets = retrieved(
        "subnet", lambda: ec2_interfaces.checked_subnets(*place, vpc["subnets"]), vpc["subnets"]
    )
    groups = retrieved(
        "security group",
        lambda: ec2_interfaces.checked_groups(*place, vpc["securityGroups"]),
        vpc["securityGroups"],
    )
    if len({subnet["VpcId"] for subnet in subnets}) > 1:
        raise invalid("Subnets must be in the same VPC.")
    if {group["VpcId"] for group in groups} - {subnet["VpcId"] for subnet in subnets}:
        raise invalid("Security groups and subnets must be in the same VPC.")


def retrieved(what: str, look, ids):
    try:
        return look()
    except CommonServiceException as problem:
        raise invalid(
            f"Error retrieving {what} information for [{', '.join(ids)}]: {problem.message} (ErrorCode: {problem.code})"
        ) from problem


# --- load balancers -------------------------------------------------------------------------------


def check_balancers(context, data: dict, definition: TaskDefinition):
    for balancer in data.get("loadBalancers") or []:
        check_container(balancer, definition)
        advanced = balancer.get("advancedConfiguration") or {}
        for arn in filter(None, (balancer.get("targetGroupArn"), advanced.get("alternateTargetGroupArn"))):
            check_target_group(context, arn, definition)


def check_container(balancer: dict, definition: TaskDefinition):
    name, port = balancer.get("containerName"), balancer.get("containerPort")
    container = next((one for one in definition.data["containerDefinitions"] if one["name"] == name), None)
    if container is None:
        raise invalid(f"The container {name} does not exist in the task definition.")
    if port not in [mapping.get("containerPort") for mapping in container["portMappings"]]:
        raise invalid(f"The container {name} did not have a container port {port} defined.")


def check_target_group(context, arn: str, definition: TaskDefinition):
    place = (context.account_id, context.region)
    if not elbv2_targets.exists(*place, arn):
        raise invalid(
            f"The specified target group does not exist. Specify a valid target group and try again. ({arn})"
        )
    if not elbv2_targets.is_attached(*place, arn):
        raise invalid(NO_BALANCER.format(arn))
    kind = elbv2_targets.group_of(*place, arn).data["TargetType"]
    if definition.data.get("networkMode") == "awsvpc" and kind != "ip":
        raise invalid(
            f"The provided target group {arn} has target type {kind}, which is incompatible with the awsvpc network mode "
            "specified in the task definition."
        )


def check_same_vpc(context, data: dict, definition: TaskDefinition):
    """Tasks cannot be registered in a target group of another VPC. [memory: ECS may say so only when it registers them]"""
    network = (data.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition.data.get("networkMode") != "awsvpc" or not network:
        return
    place = (context.account_id, context.region)
    vpcs = {subnet["VpcId"] for subnet in ec2_interfaces.checked_subnets(*place, network["subnets"])}
    for balancer in data.get("loadBalancers") or []:
        arn = balancer["targetGroupArn"]
        if elbv2_targets.vpc_of(*place, arn) not in {None, *vpcs}:
            raise invalid(
                f"The target group {arn} is not in the VPC of the service's subnets: {', '.join(vpcs)}"
            )


def check_strategy(context, data: dict):
    configuration = data["deploymentConfiguration"]
    if configuration["strategy"] not in SHIFTING:
        return
    if data["deploymentController"]["type"] != "ECS":
        raise invalid(
            f"The deployment strategy {configuration['strategy']} needs the deployment controller ECS."
        )
    for balancer in data.get("loadBalancers") or []:
        advanced = balancer.get("advancedConfiguration")
        if not advanced:
            raise invalid(
                "advancedConfiguration is required for load balancers of services with the deployment strategy "
                f"{configuration['strategy']}."
            )
        missing = [
            name
            for name in ("alternateTargetGroupArn", "productionListenerRule", "roleArn")
            if not advanced.get(name)
        ]
        if missing:
            raise invalid(
                f"advancedConfiguration.{missing[0]} is required for the deployment strategy {configuration['strategy']}."
            )
        check_role(context, advanced["roleArn"])
        for rule in filter(None, (advanced["productionListenerRule"], advanced.get("testListenerRule"))):
            check_rule(context, rule)


def check_role(context, arn: str):
    role = usable_role(context.account_id, arn)
    if role is None or not trusts(role, "ecs.amazonaws.com"):
        raise invalid(CANNOT_VALIDATE)


def check_rule(context, arn: str):
    there = elbv2_state.regions[context.account_id, context.region]
    if (
        arn not in there.rules
        and arn not in there.listeners
        and arn not in [one.default_rule for one in there.listeners.values()]
    ):
        raise invalid(f"The listener rule {arn} does not exist.")


def check_controller(service: Service):
    if service.data["deploymentController"]["type"] != "ECS":
        raise error(
            "UnsupportedFeatureException",
            "Service deployments are not supported for this deployment controller.",
        )
