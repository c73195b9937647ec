"""Target groups and what is behind them: healthy targets, their network interfaces, tasks, instances."""

from isobar_localstack.services.autoscaling import state as autoscaling
from isobar_localstack.services.ec2 import state as ec2
from isobar_localstack.services.ecs import state as ecs
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.services.elbv2 import targets as elbv2_targets
from isobar_localstack.services.iam import roles as iam
from isobar_localstack.traffic import functions, network, policies
from isobar_localstack.traffic.answer import Answer, all_of, by, no

HEALTHY = ("healthy", "unavailable")  # those without health checks get requests too


def ask(account_id: str, region: str, group_arn: str, source: network.End) -> Answer:
    """Answered if every healthy target answers: the next request may go to any of them."""
    group = elbv2.regions[account_id, region].groups.get(group_arn)
    if group is None:
        return no(f"target group {group_arn} does not exist")
    elbv2_targets.settle(group)
    name, there = group.data["TargetGroupName"], list(group.targets.values())
    ready = [target for target in there if target.health in HEALTHY]
    if not ready:
        states = ", ".join(sorted(f"{one.id} is {one.health}" for one in there)) or "it has none"
        return no(f"target group {name} has no healthy target: {states}")
    kind = group.data["TargetType"]
    return all_of(ask_target(account_id, region, group, kind, target, source) for target in ready)


def ask_target(account_id: str, region: str, group, kind: str, target, source: network.End) -> Answer:
    if kind == "lambda":
        caller = functions.Caller("elasticloadbalancing.amazonaws.com", None, group.data["TargetGroupArn"])
        return functions.call(target.id, caller)
    if kind == "alb":
        return by(f"load balancer {target.id}")
    if kind == "instance":
        return ask_instance(account_id, region, target, source)
    return ask_address(account_id, region, group, target, source)


# --- addresses and tasks --------------------------------------------------------------------------


def ask_address(account_id: str, region: str, group, target, source: network.End) -> Answer:
    vpc_id, place = group.data.get("VpcId"), f"{target.id}:{target.port}"
    interface = network.interface_at(account_id, region, vpc_id, target.id)
    if interface is None:
        inside = network.is_inside(account_id, region, vpc_id, target.id)
        return no(f"nothing has the address {target.id}") if inside else by(f"{place} outside of the network")
    why = network.refusal(account_id, region, source, network.end_of([interface]), target.port)
    if why:
        return no(f"{place}: {why}")
    task = task_of(account_id, region, interface.id)
    return ask_task(account_id, region, task, target.port) if task else by(place)


def task_of(account_id: str, region: str, interface_id: str):
    tasks = list(ecs.regions[account_id, region].tasks.values())
    return next((task for task in tasks if interface_id in task.interfaces), None)


def ask_task(account_id: str, region: str, task, port: int) -> Answer:
    name = task.task_definition.rsplit("/", 1)[-1]
    if task.status not in ("RUNNING", "DEACTIVATING"):
        return no(f"task {task.id} of {name} is {task.status}")
    definition = ecs.definition_of(ecs.regions[account_id, region], task.task_definition)
    if definition is None:
        return no(f"task definition {name} does not exist")
    if port not in ports_of(definition):
        return no(f"nothing listens on port {port} in tasks of {name}")
    arn = definition.data.get("taskRoleArn")
    why = arn and policies.role_problem(account_id, arn, "ecs-tasks.amazonaws.com")
    return no(f"task of {name}: {why}") if why else by(f"task of {name}")


def ports_of(definition) -> set[int]:
    return {
        mapping["containerPort"]
        for container in definition.data["containerDefinitions"]
        for mapping in container["portMappings"]
        if "containerPort" in mapping
    }


# --- instances ------------------------------------------------------------------------------------


def ask_instance(account_id: str, region: str, target, source: network.End) -> Answer:
    instance = ec2.moto(account_id, region).get_instance_by_id(target.id)
    if instance is None or instance.state != "running":
        return no(f"instance {target.id} is {instance.state if instance else 'gone'}")
    end = network.end_of(list(instance.nics.values()))
    why = end and network.refusal(account_id, region, source, end, target.port)
    why = why or profile_problem(account_id, region, target.id)
    return no(f"{target.id}:{target.port}: {why}") if why else by(f"instance {name_of(target.id)}")


def name_of(instance_id: str) -> str:
    found = found_in_group(instance_id)
    if found is None:
        return instance_id
    group, instance = found
    return f"of group {group.name}, template version {instance.template.get('Version')}"


def found_in_group(instance_id: str):
    for group in list(autoscaling.groups.values()):
        if instance := group.instances.get(instance_id):
            return group, instance
    return None


def profile_problem(account_id: str, region: str, instance_id: str) -> str | None:
    """Why an instance has no rights: its profile and the role in it belong to the template's version."""
    found = found_in_group(instance_id)
    data = template_data(account_id, region, found[1].template) if found else None
    wanted = (data or {}).get("IamInstanceProfile") or {}
    if not wanted:
        return None
    name = wanted.get("Arn") or wanted.get("Name")
    profile = iam.profile(account_id, name)
    if profile is None or not profile["Roles"]:
        return f"instance profile {name} {'has no role' if profile else 'does not exist'}"
    return policies.role_problem(account_id, profile["Roles"][0]["Arn"], "ec2.amazonaws.com")


def template_data(account_id: str, region: str, template: dict) -> dict | None:
    made = ec2.moto(account_id, region).launch_templates.get(template.get("LaunchTemplateId"))
    number = str(template.get("Version"))
    return next((one.data for one in made.versions if str(one.number) == number), None) if made else None
