"""EC2 Auto Scaling: the instance refresh of a group that is under way, if there is one."""

from dataclasses import dataclass, field

from isobar_localstack.core.errors import error
from isobar_localstack.services.autoscaling import launches
from isobar_localstack.services.autoscaling.state import Group

RUNNING = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")


@dataclass
class Refresh:
    id: str
    response: dict  # as DescribeInstanceRefreshes shows it
    before: dict | None = None  # the group's template when it began
    old: list = field(default_factory=list)  # ids of instances that are still to be replaced
    number: int = 0  # of instances to replace at the beginning
    failing: bool = False
    round: int = 0  # batches and roll-backs so far: timers of earlier ones count no more
    warm_at: float = 0.0  # until then the last batch warms up
    paused_at: list = field(default_factory=list)  # checkpoints that have been reached
    paused_until: float = 0.0

    @property
    def status(self) -> str:
        return self.response["Status"]


def running(group: Group) -> Refresh | None:
    return next((refresh for refresh in group.refreshes if refresh.status in RUNNING), None)


def running_id(group: Group) -> str:
    refresh = running(group)
    return f"{refresh.id}/{refresh.round}" if refresh else ""


def check_none_runs(group: Group):
    if running(group):
        raise error(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this operation.",
        )


def template_for(group: Group) -> dict:
    """The template that new instances are launched from."""
    refresh = running(group)
    desired = (
        (refresh.response.get("DesiredConfiguration") or {})
        if refresh and refresh.status != "RollbackInProgress"
        else {}
    )
    return launches.template_of(desired) or launches.template_of(group.settings)
