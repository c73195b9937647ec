"""ECS: what there is, how it is found, and what happens later.

AWS rules followed: names and ARNs are taken alike; ids are 32 hexadecimal digits; a cluster or service
that was deleted stays visible as INACTIVE until its name is used again.

Requests and control endpoints take turns (`in_turn`). Time passes when anybody looks: `settle` does what
is due, each thing with the moment it was due at, and then lets the scheduler look at every service.
"""

import secrets
import threading
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core import durations
from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import Event
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State

EVENTS_KEPT = 100
lock = threading.RLock()
stores = State("ecs")
scheduled = stores.store("scheduled", Scheduled())
# What the scheduler has to know and those below it find out.
service_due = Event("ecs.service_due")  # (service, moment)
# (moment, account id, region, ARN): a task or service no longer uses it
definition_released = Event("ecs.definition_released")
task_failed = Event("ecs.task_failed")  # (account id, region, task, moment, reason)
failing_images: dict = stores.store("failing_images", {})  # (region or None, pattern) -> reason
# accounts in which ECS has made its service-linked role
service_linked: set = stores.store("service_linked", set())


@dataclass
class Cluster:
    arn: str
    name: str
    tags: dict
    settings: list
    configuration: dict = field(default_factory=dict)
    service_connect: dict = field(default_factory=dict)
    providers: list = field(default_factory=list)
    strategy: list = field(default_factory=list)
    status: str = "ACTIVE"


@dataclass
class TaskDefinition:
    arn: str
    family: str
    revision: int
    data: dict  # as DescribeTaskDefinition shows it
    tags: dict

    @property
    def status(self) -> str:
        return self.data["status"]


@dataclass
class Revision:
    """A service revision: the settings that a deployment runs."""

    arn: str
    data: dict
    created_at: float = field(default_factory=epoch)


@dataclass
class Rollout:
    """An entry of `deployments` of a service: the tasks of one revision."""

    id: str
    revision: Revision
    state: str = "IN_PROGRESS"
    reason: str = ""
    failed_tasks: int = 0
    failures_in_a_row: int = 0
    next_start: float = 0.0  # no new tasks before, after failures
    alternate: bool = False  # whether its tasks are in the alternate target groups
    unplaced: bool = False  # that no task can be placed has been said
    created_at: float = field(default_factory=epoch)
    updated_at: float = field(default_factory=epoch)


@dataclass
class Deployment:
    """A service deployment."""

    arn: str
    target: Rollout
    sources: list  # rollouts
    configuration: dict
    is_first: bool = False
    status: str = "PENDING"
    reason: str = ""
    stage: str | None = None
    stage_ends: float | None = None  # for what simply takes its time
    step: int = 0  # of the shift of production traffic
    weight: float = 0.0  # of production traffic that the target has
    test_weight: float = 0.0
    steady_since: float | None = None
    breaker: str = "DISABLED"
    alarms: str = "DISABLED"
    ignored_alarms: list = field(default_factory=list)
    triggered_alarms: list = field(default_factory=list)
    rollback: dict | None = None
    times: dict = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.status in ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


@dataclass
class Task:
    arn: str
    family: str
    task_definition: str
    cluster: str
    data: dict
    tags: dict
    service: str | None = None
    rollout: str | None = None
    status: str = "PROVISIONING"
    wanted: str = "RUNNING"
    interfaces: list = field(default_factory=list)
    targets: list = field(default_factory=list)  # (target group arn, {"Id", "Port"})
    was_healthy: bool = False
    grace_ends: float = 0.0
    stopped_enough: float | None = None  # containers have ended; its targets may still drain

    @property
    def is_alive(self) -> bool:
        return self.wanted == "RUNNING"

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]


@dataclass
class Service:
    account_id: str
    region: str
    arn: str
    name: str
    cluster: Cluster
    data: dict  # settings that belong to no revision
    desired: int
    tags: dict
    token: str | None = None
    status: str = "ACTIVE"
    rollouts: list = field(default_factory=list)  # the primary one first
    deployments: list = field(default_factory=list)  # the newest first
    revisions: list = field(default_factory=list)
    events: list = field(default_factory=list)
    is_steady: bool = False
    deletion_ends: float = 0.0
    created_at: float = field(default_factory=epoch)

    @property
    def primary(self) -> Rollout:
        return self.rollouts[0]

    @property
    def deployment(self) -> Deployment | None:
        """The one that is not over yet."""
        return next((one for one in self.deployments if not one.is_over), None)

    def tasks(self) -> list[Task]:
        tasks = regions[self.account_id, self.region].tasks
        return [task for task in list(tasks.values()) if task.service == self.arn]

    def say(self, text: str):
        message = f"(service {self.name}) {text}"
        self.events.insert(0, {"id": str(uuid.uuid4()), "createdAt": epoch(), "message": message})
        del self.events[EVENTS_KEPT:]


@dataclass
class Region:
    clusters: dict = field(default_factory=dict)  # name -> Cluster
    # family -> [TaskDefinition], the number of a revision is its place + 1
    families: dict = field(default_factory=dict)
    services: dict = field(default_factory=dict)  # arn -> Service
    tasks: dict = field(default_factory=dict)  # arn -> Task


regions: dict[tuple[str, str], Region] = stores.store("regions", defaultdict(Region))


def here(context) -> Region:
    return regions[context.account_id, context.region]


# --- time -----------------------------------------------------------------------------------------


def later(moment: float, action, *arguments):
    """The action is told its moment first, so that what follows from it is not late when nobody looked."""
    scheduled.at(moment, action, moment, *arguments)


def due_after(moment: float, name: str) -> float:
    return durations.after(moment, name)


def look_at(moment: float, account_id: str, region: str, service_arn: str | None):
    """To be put off with `later`: the scheduler looks at the service."""
    service = regions[account_id, region].services.get(service_arn)
    if service is not None:
        service_due.publish(service, moment)


def release_definition(moment: float, account_id: str, region: str, arn: str):
    """To be put off with `later`: somebody no longer uses the task definition."""
    definition_released.publish(moment, account_id, region, arn)


# --- errors ---------------------------------------------------------------------------------------


def invalid(message: str):
    return error("InvalidParameterException", message)


def client_error(message: str):
    return error("ClientException", message)


# --- names and finding ----------------------------------------------------------------------------


def arn_of(context, resource: str) -> str:
    return f"arn:aws:ecs:{context.region}:{context.account_id}:{resource}"


def new_id() -> str:
    return secrets.token_hex(16)


def new_number() -> str:
    """As in ecs-svc/1234567890123456789."""
    return str(10**18 + secrets.randbelow(9 * 10**18))


def last_part(name_or_arn: str) -> str:
    return name_or_arn.rsplit("/", 1)[-1]


def find_cluster(context, name_or_arn: str | None) -> Cluster:
    cluster = here(context).clusters.get(last_part(name_or_arn or "default"))
    if cluster is None or cluster.status == "INACTIVE":
        raise error("ClusterNotFoundException", "Cluster not found.")
    return cluster


def service_named(context, cluster: Cluster, name_or_arn: str) -> Service | None:
    return here(context).services.get(arn_of(context, f"service/{cluster.name}/{last_part(name_or_arn)}"))


def find_service(context, cluster: Cluster, name_or_arn: str) -> Service:
    service = service_named(context, cluster, name_or_arn)
    if service is None:
        raise error("ServiceNotFoundException", "Service not found.")
    return service


def find_active_service(context, request) -> Service:
    service = find_service(context, find_cluster(context, request.get("cluster")), request["service"])
    if service.status != "ACTIVE":
        raise error("ServiceNotActiveException", "Service was not ACTIVE.")
    return service


def definition_of(region: Region, name_or_arn: str) -> TaskDefinition | None:
    """From an ARN, family:revision, or a family: then its latest active revision."""
    family, _, number = last_part(name_or_arn).partition(":")
    revisions = [one for one in region.families.get(family, []) if one is not None]
    if number:
        return next((one for one in revisions if str(one.revision) == number), None)
    return next((one for one in reversed(revisions) if one.status == "ACTIVE"), None)


def tag_dict(tags) -> dict:
    return {tag["key"]: tag.get("value", "") for tag in tags or []}


def tag_list(tags: dict) -> list[dict]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def failure(arn: str, reason: str = "MISSING") -> dict:
    return {"arn": arn, "reason": reason}
