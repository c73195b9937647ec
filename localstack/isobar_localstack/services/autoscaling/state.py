"""EC2 Auto Scaling: what its files share: groups, their instances, activities and what happens later.

Everything that happens at its time carries the moment it was due, so that what follows is counted
from there, however late somebody looks. Whoever looks takes `lock` and calls `settle` first; requests
to EC2 and load balancing do so too, since instances come and go while nobody asks for the group.
"""

import datetime
import threading
import uuid
from dataclasses import dataclass, field

from isobar_localstack.core.errors import error
from isobar_localstack.core.events import Event
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State

lock = threading.RLock()
stores = State("autoscaling")
scheduled = stores.store("scheduled", Scheduled())
# What becomes of instances; the refreshes of their group listen.
instances_changed = Event("autoscaling.instances_changed")  # (group, moment)
instance_failed = Event("autoscaling.instance_failed")  # (group, instance, moment)
groups: dict[tuple[str, str, str], "Group"] = stores.store("groups", {})  # (account, region, name)
GROUP_TYPE = "auto-scaling-group"


@dataclass
class Instance:
    id: str
    zone: str
    subnet: str
    image: str
    kind: str  # instance type
    template: dict  # as in the group, with the number of the version
    launched: float
    state: str = "Pending"
    healthy: bool = True
    protected: bool = False
    in_service_since: float = 0.0
    refreshed_by: str = ""  # the refresh it was launched for


@dataclass
class Group:
    account: str
    region: str
    name: str
    arn: str
    settings: dict  # as CreateAutoScalingGroup names them
    tags: dict = field(default_factory=dict)  # key -> (value, whether new instances get it)
    sources: dict = field(default_factory=dict)  # identifier -> {"Type", "State"}
    instances: dict = field(default_factory=dict)
    activities: list = field(default_factory=list)  # the newest first
    policies: dict = field(default_factory=dict)
    refreshes: list = field(default_factory=list)  # the newest first
    scheduled: dict = field(default_factory=dict)
    metrics: list = field(default_factory=list)
    suspended: dict = field(default_factory=dict)  # process -> why
    deleting: bool = False
    tries_again: bool = False  # a launch has failed
    surge: int = 0  # how many more than desired a refresh wants
    created: datetime.datetime = field(default_factory=lambda: utc_now())


def utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def invalid(message: str):
    return error("ValidationError", message)


def find(account: str, region: str, name: str) -> Group:
    group = groups.get((account, region, name))
    if group is None:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return group


def group_of(context, request) -> Group:
    """The group of a request that changes it."""
    group = find(context.account_id, context.region, request["AutoScalingGroupName"])
    if group.deleting:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{group.name}' is pending delete")
    return group


def groups_in(context) -> list[Group]:
    here = (context.account_id, context.region)
    return [group for key, group in sorted(groups.items()) if key[:2] == here]


def forget(group: Group, moment: float):
    groups.pop((group.account, group.region, group.name), None)


# --- time -----------------------------------------------------------------------------------------


def later(group: Group, moment: float, action, *arguments):
    """At that moment: `action(group, *arguments, moment)`, unless the group has gone by then."""
    scheduled.at(moment, run, action, group.account, group.region, group.name, group.arn, arguments, moment)


def run(action, account: str, region: str, name: str, arn: str, arguments: tuple, moment: float):
    group = groups.get((account, region, name))
    if group is not None and group.arn == arn:  # not another one of the same name
        action(group, *arguments, moment)


# --- activities -----------------------------------------------------------------------------------


def begin(group: Group, description: str, cause: str) -> dict:
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": cause,
        "StartTime": utc_now(),
        "StatusCode": "InProgress",
        "Progress": 50,
        "Details": "{}",
    }
    group.activities.insert(0, activity)
    return activity


def finish(group: Group, activity_id: str, status: str = "Successful", message: str = ""):
    for activity in group.activities:
        if activity["ActivityId"] == activity_id and activity["StatusCode"] == "InProgress":
            activity |= {"StatusCode": status, "EndTime": utc_now(), "Progress": 100}
            if message:
                activity["StatusMessage"] = message[:255]
