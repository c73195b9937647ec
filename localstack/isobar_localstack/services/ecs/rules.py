"""ECS: names, task definitions for Fargate, settings of services and their deployments."""

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches


def client_error(message):
    return error("ClientException", message)


def invalid(message):
    return error("InvalidParameterException", message)


def last_part(identifier: str) -> str:
    return identifier.rsplit("/", 1)[-1]


def check_name(what: str, name):
    if name and not matches(fact("ecs.name"), last_part(name)):  # [doc]
        raise invalid(f"{what} must match ^{fact('ecs.name')}$, but was {name}")


def cluster(context, request):
    check_name("Cluster", request.get("clusterName") or request.get("cluster"))


# --- task definitions -------------------------------------------------------------------------------


def task_definition(context, request):
    if not matches(fact("ecs.name"), request["family"]):
        raise client_error("Family should match the pattern ^[a-zA-Z0-9_-]{1,255}$")
    containers = request["containerDefinitions"]
    if not containers:
        raise client_error("Container list cannot be empty.")
    names = [container.get("name") for container in containers]
    if len(set(names)) != len(names):
        raise client_error("Container names must be unique.")
    if not any(container.get("essential", True) is not False for container in containers):
        raise client_error("A task definition must have at least one essential container.")
    if "FARGATE" in (request.get("requiresCompatibilities") or []):
        fargate(request)
    for container in containers:
        check_container(container, request.get("networkMode"))
        if (
            not request.get("memory")
            and not container.get("memory")
            and not container.get("memoryReservation")
        ):
            raise client_error(
                f"Invalid setting for container '{container['name']}'. At least one of 'memory' or 'memoryReservation' "
                "must be specified."
            )


def check_container(container, network_mode):
    name = container.get("name")
    if not name or not matches(fact("ecs.name"), name):
        raise client_error(f"Invalid container name: {name}")
    if not container.get("image"):
        raise client_error("Container.image should not be null or empty.")
    for mapping in container.get("portMappings") or []:
        port, host = mapping.get("containerPort"), mapping.get("hostPort")
        if network_mode == "awsvpc" and host and port and host != port:
            raise client_error(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match."
            )
    for field, (low, high) in fact("ecs.health_check").items():
        value = (container.get("healthCheck") or {}).get(field)
        if value is not None and not low <= value <= high:
            raise client_error(f"Container health check {field} must be between {low} and {high}")
    for other in container.get("dependsOn") or []:
        if other.get("containerName") == name:
            raise client_error("A container cannot depend on itself.")


def fargate(request):
    """[doc] for the two messages."""
    for field in ("cpu", "memory"):
        if not request.get(field):
            raise client_error(f"Fargate requires that '{field}' be defined at the task level.")
    if request.get("networkMode") != "awsvpc":
        raise client_error("Fargate only supports network mode 'awsvpc'.")
    cpu, memory = units(request["cpu"], "VCPU", 1024), units(request["memory"], "GB", 1024)
    if cpu is None:
        raise client_error("Invalid 'cpu' setting for task.")
    if memory is None:
        raise client_error("Invalid 'memory' setting for task.")
    if memory not in fact("ecs.fargate_sizes").get(cpu, ()):
        raise client_error(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation "
            "for the valid values."
        )
    for container in request["containerDefinitions"]:
        log = container.get("logConfiguration") or {}
        if log.get("logDriver") == "awslogs":
            for option in ("awslogs-group", "awslogs-region", "awslogs-stream-prefix"):
                if not (log.get("options") or {}).get(option):
                    raise client_error(f"Log driver awslogs requires options: {option}.")
            if not request.get("executionRoleArn"):
                raise client_error(
                    "Fargate requires task definition to have execution role ARN to support log driver awslogs."
                )
        if container.get("secrets") and not request.get("executionRoleArn"):
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support secrets."
            )
        if ".dkr.ecr." in container["image"] and not request.get("executionRoleArn"):
            raise client_error(
                "Fargate requires task definition to have execution role ARN to support ECR images."
            )
        if container.get("privileged"):
            raise client_error("Fargate does not support privileged containers.")
    if sum(container.get("cpu") or 0 for container in request["containerDefinitions"]) > cpu:
        raise client_error("The sum of the cpu of the containers must not exceed the cpu of the task.")


def units(text: str, unit: str, factor: int):
    """'512', '0.5 vCPU' or '1 GB' as a number of CPU units or MiB."""
    plain = text.strip().upper()
    if plain.isdecimal():
        return int(plain)
    number = plain.removesuffix(unit).strip()
    return int(float(number) * factor) if plain.endswith(unit) and matches(r"\d+(\.\d+)?", number) else None


def deletions(context, request):
    if len(request["taskDefinitions"]) > fact("ecs.task_definition_deletions"):
        raise invalid("The number of task definitions must not exceed 10.")


# --- services ---------------------------------------------------------------------------------------


def service(context, request):
    created = context.operation.name == "CreateService"
    check_name("Cluster", request.get("cluster"))
    if created and not matches(fact("ecs.name"), request["serviceName"]):
        raise invalid(
            "Service name must be 1 to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens."
        )
    if (request.get("desiredCount") or 0) < 0:
        raise invalid("desiredCount must not be negative.")
    if created and request.get("desiredCount") is None and request.get("schedulingStrategy") != "DAEMON":
        raise invalid("Desired count cannot be null or negative when scheduling strategy is REPLICA.")
    if len(request.get("clientToken") or "") > fact("ecs.client_token"):
        raise invalid("clientToken must not be longer than 36 characters.")
    if request.get("launchType") and request.get("capacityProviderStrategy"):
        raise invalid(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."
        )
    if created and request.get("launchType") == "FARGATE" and not request.get("networkConfiguration"):
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    vpc = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if vpc is not None and not vpc.get("subnets"):
        raise invalid("subnets can not be empty.")
    if vpc is not None and (len(vpc["subnets"]) > 16 or len(vpc.get("securityGroups") or []) > 5):
        raise invalid("At most 16 subnets and 5 security groups can be given.")
    if len(request.get("loadBalancers") or []) > 5:
        raise invalid("At most 5 load balancers can be given.")
    for balancer in request.get("loadBalancers") or []:
        if not balancer.get("containerName") or balancer.get("containerPort") is None:
            raise invalid("Container name and container port must be specified for a load balancer.")
    grace = request.get("healthCheckGracePeriodSeconds")
    if grace and created and not request.get("loadBalancers"):
        raise invalid("Health check grace period is only valid for services configured to use load balancers")
    check_deployment(request.get("deploymentConfiguration") or {})


def check_deployment(configuration):
    low, high = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    if low == 100 and high == 100:
        raise invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )
    if low is not None and high is not None and low > high:
        raise invalid("maximumPercent cannot be less than minimumHealthyPercent.")
    if high is not None and high < 100:
        raise invalid("maximumPercent must be 100 or more.")
    for kind, field in (("linearConfiguration", "stepPercent"), ("canaryConfiguration", "canaryPercent")):
        value, (least, most) = (configuration.get(kind) or {}).get(field), fact("ecs.percentages")[field]
        if value is not None and not least <= value <= most:
            raise invalid(f"{field} must be between {least} and {most}.")
    check_bakes(configuration)


def check_bakes(configuration):
    strategy = configuration.get("strategy")
    if strategy == "BLUE_GREEN" and configuration.get("bakeTimeInMinutes") is None:
        raise invalid("bakeTimeInMinutes must be specified for the deployment strategy BLUE_GREEN.")
    minutes = {"bakeTimeInMinutes": configuration.get("bakeTimeInMinutes")}
    for kind, owner, field in (
        ("linearConfiguration", "LINEAR", "stepBakeTimeInMinutes"),
        ("canaryConfiguration", "CANARY", "canaryBakeTimeInMinutes"),
    ):
        if configuration.get(kind) and strategy not in (None, owner):
            raise invalid(f"{kind} can only be specified for the deployment strategy {owner}.")
        minutes[field] = (configuration.get(kind) or {}).get(field)
    for field, value in minutes.items():
        if value is not None and not 0 <= value <= fact("ecs.bake_minutes"):
            raise invalid(f"{field} must be between 0 and {fact('ecs.bake_minutes')}.")


def describe(context, request):
    if len(request["services"]) > fact("ecs.describe_services"):
        raise invalid("Services cannot exceed 10.")


def tasks(context, request):
    if len(request["tasks"]) > fact("ecs.describe_tasks"):
        raise invalid("Tasks cannot exceed 100.")


RULES = {
    "CreateCluster": [cluster],
    "DeleteCluster": [cluster],
    "RegisterTaskDefinition": [task_definition],
    "DeleteTaskDefinitions": [deletions],
    "CreateService": [service],
    "UpdateService": [service],
    "DescribeServices": [cluster, describe],
    "DescribeTasks": [cluster, tasks],
}
