"""RDS: what there is, how it goes from one status to the next, and how it is found.

AWS rules followed: identifiers are kept in small letters and found whatever their case, by name or by ARN; a
global cluster belongs to the account and is seen from every region, its members are clusters of different ones;
codes of errors differ from the names of their shapes (DBInstanceNotFound, but DBClusterNotFoundFault).
"""

import functools
import secrets
import string
import threading
from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.durations import after, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.services.rds.passwords import Password

# Operations, control endpoints and what other services see take turns.
lock = threading.RLock()


@dataclass
class SubnetGroup:
    name: str
    description: str
    vpc_id: str
    subnets: dict  # id -> zone
    tags: dict


@dataclass
class ParameterGroup:
    name: str
    family: str
    description: str
    tags: dict
    values: dict = field(default_factory=dict)  # name -> (value, how it was applied)


@dataclass
class Cluster:
    account_id: str
    region: str
    name: str
    settings: dict  # as the API shows them
    subnet_group: str
    security_groups: list[str]
    parameter_group: str
    tags: dict
    user: str | None = None
    password: Password | None = None
    log_exports: list = field(default_factory=list)
    status: str = "creating"
    course: int = 0
    is_changing: bool = False  # from the call on, whatever the status says yet
    ready_at: float = 0.0  # the moment at which it can have instances
    instances: list = field(default_factory=list)  # in the order of their creation
    writer: str | None = None
    pending: dict = field(default_factory=dict)
    global_name: str | None = None
    is_secondary: bool = False
    forwards: bool = False
    forwards_settled_at: float = 0.0
    in_sync_at: float = 0.0
    resource_id: str = field(default_factory=lambda: resource_id("cluster"))
    created: float = field(default_factory=epoch)

    @property
    def arn(self) -> str:
        return arn_of(self.account_id, self.region, "cluster", self.name)

    @property
    def engine(self) -> str:
        return self.settings["Engine"]

    @property
    def version(self) -> str:
        return self.settings["EngineVersion"]


@dataclass
class Instance:
    account_id: str
    region: str
    name: str
    cluster: Cluster
    settings: dict
    parameter_group: str
    tags: dict
    subnet_id: str = ""
    interface: str | None = None
    gone_at: float = 0.0  # the moment of its end, once it is being deleted
    status: str = "creating"
    course: int = 0
    has_started: bool = False  # it has had an endpoint
    pending: dict = field(default_factory=dict)
    waits_for_reboot: set = field(default_factory=set)  # "cluster", "instance": whose parameters
    applied_at: float = 0.0  # the moment at which dynamic parameters have been applied
    resource_id: str = field(default_factory=lambda: resource_id("db"))
    created: float = field(default_factory=epoch)

    @property
    def arn(self) -> str:
        return arn_of(self.account_id, self.region, "db", self.name)


@dataclass
class GlobalCluster:
    account_id: str
    name: str
    home: str  # the region it was made from
    settings: dict
    tags: dict
    status: str = "creating"
    course: int = 0
    members: list = field(default_factory=list)  # clusters, in the order in which they joined
    failover: dict | None = None
    empty_at: float = 0.0  # the moment from which on AWS sees that the last member has left
    resource_id: str = field(default_factory=lambda: f"cluster-{secrets.token_hex(8)}")

    @property
    def arn(self) -> str:
        return f"arn:aws:rds::{self.account_id}:global-cluster:{self.name}"

    @property
    def primary(self) -> Cluster | None:
        return next((member for member in self.members if not member.is_secondary), None)

    @property
    def secondaries(self) -> list[Cluster]:
        return [member for member in self.members if member.is_secondary]


@dataclass
class Snapshot:
    account_id: str
    region: str
    name: str
    data: dict
    tags: dict
    status: str = "creating"
    course: int = 0

    @property
    def arn(self) -> str:
        return arn_of(self.account_id, self.region, "cluster-snapshot", self.name)


@dataclass
class Region:
    subnet_groups: dict = field(default_factory=dict)
    cluster_parameter_groups: dict = field(default_factory=dict)
    parameter_groups: dict = field(default_factory=dict)
    clusters: dict = field(default_factory=dict)
    instances: dict = field(default_factory=dict)
    snapshots: dict = field(default_factory=dict)
    withdrawn: set = field(default_factory=set)  # (engine, version) that this region no longer offers
    dns_id: str = field(default_factory=lambda: "c" + "".join(secrets.choice(DNS) for _ in range(11)))


DNS = string.ascii_lowercase + string.digits
stores = State("rds")
regions: dict[tuple[str, str], Region] = stores.store("regions", defaultdict(Region))
global_clusters: dict[tuple[str, str], GlobalCluster] = stores.store("global_clusters", {})
# (account, region, name) -> the status in which a test wants it to end
failing: dict[tuple, str] = stores.store("failing", {})
service_linked: set = stores.store("service_linked", set())  # accounts whose role for RDS exists
scheduled = stores.store("scheduled", Scheduled())


def here(context) -> Region:
    return regions[context.account_id, context.region]


def region_of(thing) -> Region:
    return regions[thing.account_id, thing.region]


@regions_of_things.subscribe
def regions_in_use() -> set[str]:
    return {region for (_, region), there in list(regions.items()) if there.clusters or there.snapshots}


# --- turns and time -------------------------------------------------------------------------------


def in_turn(handler):
    @functools.wraps(handler)
    def run(*arguments, **more):
        with lock:
            scheduled.settle()
            return handler(*arguments, **more)

    return run


def advance(chain, context, response):
    """Before requests of services that see what becomes of databases: interfaces in subnets, groups of logs."""
    if context.operation is None or context.is_internal_call or not regions:
        return
    if context.service.service_name in ("ec2", "logs"):
        with lock:
            scheduled.settle()


def go_through(thing, *steps, then=None, since=None):
    """Its statuses from now on: (status, duration) of each, and at last one that stays.

    What was on its way before comes no more. `then` is an action with arguments for the end.
    """
    thing.course += 1
    enter(thing, thing.course, clock.now() if since is None else since, steps, then)


def enter(thing, course: int, moment: float, steps: tuple, then: tuple | None):
    if thing.course != course:
        return
    first, *rest = steps
    if isinstance(first, str):
        thing.status = outcome(thing, first)
        if then and thing.status == first:
            action, *arguments = then
            action(thing, moment, *arguments)
        return
    thing.status, duration = first
    over = after(moment, duration)
    scheduled.at(over, enter, thing, course, over, tuple(rest), then)


def outcome(thing, status: str) -> str:
    if status != "available" or not isinstance(thing, (Cluster, Instance)):
        return status
    return failing.get((thing.account_id, thing.region, thing.name), status)


# --- names ----------------------------------------------------------------------------------------


def arn_of(account_id: str, region: str, word: str, name: str) -> str:
    return f"arn:aws:rds:{region}:{account_id}:{word}:{name}"


def resource_id(prefix: str) -> str:
    return f"{prefix}-{''.join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(26))}"


def name_in(identifier: str) -> str:
    """The name in an ARN, or the name itself, as AWS keeps it."""
    return identifier.split(":", 6)[-1].lower() if identifier.startswith("arn:") else identifier.lower()


def invalid(message: str):
    return error("InvalidParameterValue", message)


def contradictory(message: str):
    return error("InvalidParameterCombination", message)


# --- finding --------------------------------------------------------------------------------------


def find_cluster(context, identifier: str) -> Cluster:
    cluster = here(context).clusters.get(name_in(identifier))
    if cluster is None or identifier.startswith("arn:") and identifier != cluster.arn:
        raise no_cluster(identifier)
    return cluster


def no_cluster(identifier: str):
    return error("DBClusterNotFoundFault", f"DBCluster {identifier} not found.", 404)


def find_instance(context, identifier: str) -> Instance:
    instance = here(context).instances.get(name_in(identifier))
    if instance is None or identifier.startswith("arn:") and identifier != instance.arn:
        raise no_instance(identifier)
    return instance


def no_instance(identifier: str):
    return error("DBInstanceNotFound", f"DBInstance {identifier} not found.", 404)


def find_global(context, identifier: str) -> GlobalCluster:
    found = global_clusters.get((context.account_id, identifier.lower()))
    if found is None:
        raise no_global(identifier)
    return found


def no_global(identifier: str):
    return error("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found", 404)


def global_of(cluster: Cluster) -> GlobalCluster | None:
    return global_clusters.get((cluster.account_id, cluster.global_name)) if cluster.global_name else None


def instances_of(cluster: Cluster) -> list[Instance]:
    there = region_of(cluster).instances
    return [there[name] for name in cluster.instances]


def running(cluster: Cluster) -> list[Instance]:
    return [one for one in instances_of(cluster) if one.status == "available"]


def check_available(cluster: Cluster):
    if cluster.status != "available" or cluster.is_changing:
        raise error(
            "InvalidDBClusterStateFault", f"DbCluster {cluster.name} is not currently in the available state"
        )


def forwarding_status(cluster: Cluster) -> str:
    """Asked for on a primary it comes about when that is demoted, and not before."""
    settled = is_over(cluster.forwards_settled_at)
    if cluster.is_secondary and cluster.forwards:
        return "enabled" if settled else "enabling"
    return "disabled" if settled or not cluster.is_secondary else "disabling"


def is_applying(instance: Instance) -> bool:
    """Dynamic parameters are on their way to it."""
    return not is_over(instance.applied_at)
