"""EC2 Auto Scaling: instances from Pending to Terminated, and what keeps their number.

AWS rules followed: an instance is Pending until it has booted, then InService and registered with
the group's targets; one that fails its checks is replaced; scaling in takes the oldest template and
then the oldest instance first and spares what is protected. An instance is terminated when its
targets have let it go.

Nothing runs, hence every image is healthy, until a test says otherwise:

    POST /_isobar/autoscaling/failing-images {"image": "ami-0bad"}   instances of images that contain this fail
    GET, DELETE …/failing-images                                    lists, forgets them
"""

from localstack.aws.api import CommonServiceException

from isobar_localstack.core.durations import after, due
from isobar_localstack.services.autoscaling import launches, traffic
from isobar_localstack.services.autoscaling.running_refresh import running_id, template_for
from isobar_localstack.services.autoscaling.state import (
    Group,
    Instance,
    begin,
    finish,
    forget,
    instance_failed,
    instances_changed,
    later,
    scheduled,
    stores,
)

failing_images: list[str] = stores.store("failing_images", [])
RUNNING = ("Pending", "InService")
STOPPED = ("stopping", "stopped", "shutting-down", "terminated")


# --- how many -------------------------------------------------------------------------------------


def alive(group: Group) -> list[Instance]:
    return [instance for instance in group.instances.values() if instance.state in RUNNING]


def serving(group: Group) -> list[Instance]:
    return [
        instance
        for instance in group.instances.values()
        if instance.state == "InService" and instance.healthy
    ]


def balance(group: Group, moment: float):
    """Starts or ends instances until there are as many as desired."""
    wanted = 0 if group.deleting else group.settings["DesiredCapacity"] + group.surge
    missing = wanted - len(alive(group))
    if missing > 0 and "Launch" not in group.suspended:
        for _ in range(missing):
            if not launch(group, moment):
                return
    if missing < 0 and ("Terminate" not in group.suspended or group.deleting):
        for instance in victims(group)[:-missing]:
            terminate(
                group, instance, moment, "a user request or a scaling policy changed the desired capacity"
            )


def victims(group: Group) -> list[Instance]:
    """Whom scaling in takes first."""
    current = number_now(group)

    def order(instance):
        return (instance.healthy, instance.template["Version"] == current, instance.launched)

    return sorted((i for i in alive(group) if group.deleting or not i.protected), key=order)


def number_now(group: Group) -> str | None:
    """The version new instances get; None when the template has gone."""
    specification = launches.template_of(group.settings)
    try:
        return (
            str(launches.resolved(group.account, group.region, specification).number)
            if specification
            else None
        )
    except CommonServiceException:
        return None


# --- starting -------------------------------------------------------------------------------------


def launch(group: Group, moment: float) -> bool:
    cause = "An instance was started in response to a difference between desired and actual capacity."
    try:
        instance = launches.start(group, template_for(group), moment)
    except CommonServiceException as problem:
        activity = begin(group, "Launching a new EC2 instance", cause)
        finish(group, activity["ActivityId"], "Failed", problem.message)
        if not group.tries_again:
            group.tries_again = True
            later(group, due("autoscaling.launch_again"), balance_again)
        return False
    instance.refreshed_by = running_id(group)
    group.instances[instance.id] = instance
    activity = begin(group, f"Launching a new EC2 instance: {instance.id}", cause)
    later(group, after(moment, "autoscaling.instance_booting"), booted, instance.id, activity["ActivityId"])
    return True


def balance_again(group: Group, moment: float):
    group.tries_again = False
    balance(group, moment)


def booted(group: Group, instance_id: str, activity_id: str, moment: float):
    instance = group.instances.get(instance_id)
    if instance is None or instance.state != "Pending":
        return
    launches.set_state(group, instance_id, "running", 16)
    instance.state, instance.in_service_since = "InService", moment
    finish(group, activity_id)
    traffic.register(group, [instance_id])
    if is_failing(instance):
        later(group, after(moment, "autoscaling.health_check_failing"), found_unhealthy, instance_id)
    instances_changed.publish(group, moment)


def is_failing(instance: Instance) -> bool:
    return any(image in instance.image for image in failing_images)


# --- ending ---------------------------------------------------------------------------------------


def terminate(group: Group, instance: Instance, moment: float, why: str):
    if instance.state not in RUNNING:
        return
    instance.state = "Terminating"
    activity = begin(
        group,
        f"Terminating EC2 instance: {instance.id}",
        f"An instance was taken out of service because {why}.",
    )
    traffic.deregister(group, [instance.id])
    if not traffic.attached(group):
        launches.set_state(group, instance.id, "shutting-down", 32)
    later(
        group, after(moment, "autoscaling.instance_terminating"), ended, instance.id, activity["ActivityId"]
    )


def ended(group: Group, instance_id: str, activity_id: str, moment: float):
    if traffic.is_draining(group, instance_id):
        return later(group, due("autoscaling.draining_asked_again"), ended, instance_id, activity_id)
    launches.terminate(group, instance_id)
    scheduled.at(
        after(moment, "autoscaling.terminated_instance_shown"),
        launches.forget,
        group.account,
        group.region,
        instance_id,
    )
    group.instances.pop(instance_id, None)
    finish(group, activity_id)
    if group.deleting and not group.instances:
        return later(group, after(moment, "autoscaling.group_deleting"), forget)
    balance(group, moment)
    instances_changed.publish(group, moment)


# --- health ---------------------------------------------------------------------------------------


def inspect(group: Group, moment: float):
    """Checks health by EC2 and the target groups, whenever somebody looks."""
    if "HealthCheck" in group.suspended:
        return
    for instance in list(group.instances.values()):
        if instance.state == "InService" and instance.healthy and has_failed(group, instance, moment):
            found_unhealthy(group, instance.id, moment)


def has_failed(group: Group, instance: Instance, moment: float) -> bool:
    of_ec2 = launches.of_ec2(group, instance.id)
    if of_ec2 is None or of_ec2.state in STOPPED:
        return True
    in_grace = moment < instance.in_service_since + group.settings["HealthCheckGracePeriod"]
    return (
        "ELB" in group.settings["HealthCheckType"]
        and not in_grace
        and traffic.is_unhealthy(group, instance.id)
    )


def found_unhealthy(group: Group, instance_id: str, moment: float):
    instance = group.instances.get(instance_id)
    if instance is None or instance.state != "InService":
        return
    instance.healthy = False
    instance_failed.publish(group, instance, moment)
    if "ReplaceUnhealthy" not in group.suspended:
        later(group, due("autoscaling.unhealthy_replaced"), replace, instance_id)


def replace(group: Group, instance_id: str, moment: float):
    instance = group.instances.get(instance_id)
    if instance is None or instance.healthy:
        return
    terminate(group, instance, moment, "of a health check that indicated it has become unhealthy")
    balance(group, moment)


class FailingImagesResource:
    def on_get(self, request):
        return list(failing_images)

    def on_post(self, request):
        failing_images.append(request.get_json(force=True)["image"])
        return self.on_get(request)

    def on_delete(self, request):
        failing_images.clear()
        return {}
