"""Rights: what serves keeps what it needs until it serves no more.

Those who serve are holders: the revision of a service with its tasks, the version of a function that an alias leads
to, the instances of a launch template's version. What a holder needs is what it has while things are as they
were: what its role allows, the tables and functions that this is about, the balancers whose groups let its groups
in, the AWS services of its role within reach, the internet. AWS looks at roles, groups and routes at each call, so a
right that is taken away is missing at once.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from isobar_localstack.services.autoscaling import state as autoscaling
from isobar_localstack.services.dynamodb import state as dynamodb
from isobar_localstack.services.ecs import state as ecs
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.services.iam import roles as iam
from isobar_localstack.services.lambda_ import state as lambda_
from isobar_localstack.traffic import balancer, functions, network, policies, targets
from isobar_localstack.traffic.policies import Right

# prefix of an action -> names of the service's endpoints
ENDPOINTS = {
    "ecr": ("ecr.api", "ecr.dkr", "s3"),
    "cloudwatch": ("monitoring",),
    "ssmmessages": ("ssmmessages",),
}
WITH_ENDPOINTS = ("dynamodb", "s3", "ssm", "secretsmanager", "logs", "sqs", "sns", "kms", "lambda", "sts")
THINGS = re.compile(r"arn:[^:]+:(dynamodb:[^:*]+:\d+:table/[^/*]+|lambda:[^:*]+:\d+:function:[^:*]+)")
SECRET_ACTIONS = {"ssm": "ssm:GetParameters", "secretsmanager": "secretsmanager:GetSecretValue"}


@dataclass(frozen=True)
class Allowed:
    """A role allows something."""

    role: str
    right: Right

    def __str__(self):
        return f"{self.right}, by role {self.role.rsplit('/', 1)[-1]}"


@dataclass(frozen=True)
class Reached:
    """A listener of a balancer lets the holder in."""

    balancer: str  # its DNS name, which is what callers know
    port: int

    def __str__(self):
        return f"a way to {self.balancer}:{self.port}"


@dataclass(frozen=True)
class Served:
    """An AWS service is within reach, by an endpoint or by the internet."""

    service: str

    def __str__(self):
        return f"a way to {self.service}"


INTERNET = Served("the internet")


@dataclass(frozen=True)
class There:
    """What a right is about exists: a table, a function."""

    arn: str

    def __str__(self):
        return self.arn


@dataclass(frozen=True)
class Name:
    """A holder by what stays while it serves, and what it is a state of."""

    what: str
    of: str
    region: str
    answers_as: str  # how an answer names it


@dataclass
class Holder:
    name: Name
    account_id: str
    roles: list  # ARNs
    interfaces: list = field(default_factory=list)
    definite: set = field(default_factory=set)  # needs that it names itself

    @property
    def place(self) -> tuple[str, str]:
        return self.account_id, self.name.region


# --- who serves -----------------------------------------------------------------------------------


def holders() -> Iterator[Holder]:
    yield from services()
    yield from versions()
    yield from instances()


def services() -> Iterator[Holder]:
    for (account_id, region), here in list(ecs.regions.items()):
        for service in list(here.services.values()):
            for rollout in list(service.rollouts):
                tasks = [
                    one for one in service.tasks() if one.rollout == rollout.id and one.status == "RUNNING"
                ]
                if tasks or comes_back(service, rollout):
                    yield of_rollout(account_id, region, here, service, rollout, tasks)


def comes_back(service, rollout) -> bool:
    """True if a failure of the deployment under way would bring it back."""
    return bool(service.deployment) and rollout in service.deployment.sources


def of_rollout(account_id: str, region: str, here, service, rollout, tasks: list) -> Holder:
    arn = rollout.revision.data["taskDefinition"]
    definition = ecs.definition_of(here, arn)
    data = definition.data if definition else {}
    roles = [data[key] for key in ("taskRoleArn", "executionRoleArn") if data.get(key)]
    ids = [one for task in tasks for one in task.interfaces]
    revision = arn.rsplit("/", 1)[-1]
    what = f"service {service.name}, {revision} ({rollout.id})"
    return Holder(
        Name(what, service.arn, region, f"task of {revision}"),
        account_id,
        roles,
        network.interfaces_named(account_id, region, ids),
        set(start_needs(account_id, region, data)),
    )


def start_needs(account_id: str, region: str, definition: dict) -> Iterator[Allowed]:
    """What the execution role has to allow for another task of the revision to start: its secrets and its logs."""
    role = definition.get("executionRoleArn")
    for container in definition.get("containerDefinitions") or () if role else ():
        for secret in container.get("secrets") or ():
            arn = secret_arn(account_id, region, secret["valueFrom"])
            yield Allowed(role, Right(SECRET_ACTIONS[arn.split(":")[2]], arn))
        options = (container.get("logConfiguration") or {}).get("options") or {}
        if options.get("awslogs-group"):
            where = options.get("awslogs-region") or region
            stream = f"arn:aws:logs:{where}:{account_id}:log-group:{options['awslogs-group']}:log-stream:any"
            yield Allowed(role, Right("logs:CreateLogStream", stream))


def secret_arn(account_id: str, region: str, named: str) -> str:
    if ":secretsmanager:" in named:
        return ":".join(named.split(":")[:7])
    if named.startswith("arn:"):
        return named
    return f"arn:aws:ssm:{region}:{account_id}:parameter/{named.lstrip('/')}"


def versions() -> Iterator[Holder]:
    from localstack.services.lambda_.invocation.models import lambda_stores

    for account_id, regions in list(lambda_stores.items()):
        for region in list(regions):
            for function in list(lambda_.all_functions(account_id, region).values()):
                numbers = {
                    one for alias in list(function.aliases) for one in functions.versions_of(function, alias)
                }
                for number in sorted(numbers & function.versions.keys()):
                    version = function.versions[number]
                    what = f"function {function.function_name}:{number}"
                    name = Name(what, function.function_name, region, what)
                    yield Holder(name, account_id, [version.config.role])


def instances() -> Iterator[Holder]:
    for group in list(autoscaling.groups.values()):
        found = {}
        for instance in list(group.instances.values()):
            if instance.state == "InService":
                found.setdefault(str(instance.template.get("Version")), []).append(instance)
        for number, members in sorted(found.items()):
            yield of_instances(group, number, members)


def of_instances(group, number: str, members: list) -> Holder:
    place = (group.account, group.region)
    data = targets.template_data(*place, members[0].template) or {}
    wanted = data.get("IamInstanceProfile") or {}
    profile = iam.profile(group.account, wanted.get("Arn") or wanted.get("Name") or "") or {"Roles": []}
    running = [targets.ec2.moto(*place).get_instance_by_id(one.id) for one in members]
    interfaces = [nic for one in running if one for nic in one.nics.values()]
    which = f"{group.name}, template version {number}"
    name = Name(f"fleet {which}", group.arn, group.region, f"instance of group {which}")
    return Holder(name, group.account, [role["Arn"] for role in profile["Roles"]], interfaces)


# --- what they have -------------------------------------------------------------------------------


def has_now(holder: Holder) -> frozenset:
    """All that the holder has."""
    found = holder.definite - missing(holder, frozenset(holder.definite))
    for arn in holder.roles:
        role = policies.role_of(holder.account_id, arn)
        documents = policies.documents_of(holder.account_id, role) if role else ()
        found |= {Allowed(arn, right) for right in policies.rights_in(documents)}
    found |= {There(need.right.resource) for need in found if THINGS.fullmatch(need.right.resource)}
    found -= {need for need in ways_in(frozenset(found)) if not has_way(holder, need)}
    services = {one for need in found if isinstance(need, Allowed) for one in endpoints_of(need)}
    ways = {Served(one) for one in services} | {INTERNET} if holder.interfaces else set()
    return frozenset(found | {way for way in ways if has_way(holder, way)} | set(reached(holder)))


def missing(holder: Holder, needs: frozenset) -> set:
    """Needs of the holder that are not met."""
    found = set()
    for arn, rights in by_role(needs).items():
        role = policies.role_of(holder.account_id, arn)
        documents = policies.documents_of(holder.account_id, role) if role else ()
        found |= {Allowed(arn, right) for right in policies.missing_in(documents, rights)}
    return found | {need for need in ways_in(needs) if not has_way(holder, need)}


@functools.lru_cache(maxsize=1024)
def by_role(needs: frozenset) -> dict[str, frozenset[Right]]:
    found = {}
    for need in needs:
        if isinstance(need, Allowed):
            found.setdefault(need.role, set()).add(need.right)
    return {arn: frozenset(rights) for arn, rights in found.items()}


def ways_in(needs: frozenset) -> list:
    return [need for need in needs if not isinstance(need, Allowed)]


def endpoints_of(need) -> tuple:
    prefix = need.right.action.partition(":")[0].lower()
    return ENDPOINTS.get(prefix) or ((prefix,) if prefix in WITH_ENDPOINTS else ())


def reached(holder: Holder) -> Iterator[Reached]:
    """Balancers whose groups name a group of the holder; those open to everybody are nobody's in particular."""
    groups = groups_of(holder)
    here = elbv2.regions[holder.place]
    for there in list(here.balancers.values()) if groups else ():
        for listener in elbv2.listeners_of(here, there.data["LoadBalancerArn"]):
            port = listener.data.get("Port")
            if groups & named_by(holder, there, port):
                need = Reached(there.data.get("DNSName", ""), port)
                if has_way(holder, need):
                    yield need


def groups_of(holder: Holder) -> set:
    return {group.id for one in holder.interfaces for group in one.group_set}


def named_by(holder: Holder, there, port: int) -> set:
    return {
        (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        for group_id in there.data.get("SecurityGroups") or ()
        for rule in network.rules_of(*holder.place, group_id)
        if not rule["IsEgress"] and network.has_port(rule, port)
    }


def has_way(holder: Holder, need) -> bool:
    """True if all of the holder has it; one that does not run now does not miss it."""
    if isinstance(need, Reached):
        return not holder.interfaces or reaches(holder, need)
    if isinstance(need, There):
        return is_there(need.arn)
    if need == INTERNET:
        return not any(network.way_out_refusal(*holder.place, one) for one in holder.interfaces)
    return not any(network.service_refusal(*holder.place, one, need.service) for one in holder.interfaces)


def is_there(arn: str) -> bool:
    _, _, service, region, account_id, resource = arn.split(":", 5)
    name = resource.replace("/", ":").split(":")[1]
    if service == "lambda":
        return name in lambda_.all_functions(account_id, region)
    table = dynamodb.accounts[account_id].tables.get((region, name))
    return table is not None and table.status != "DELETING"


def reaches(holder: Holder, need: Reached) -> bool:
    here = elbv2.regions[holder.place]
    there = next((one for one in here.balancers.values() if one.data.get("DNSName") == need.balancer), None)
    if there is None:
        return False
    ends = {network.end_of([one]) for one in holder.interfaces}
    return any(
        listener.data.get("Port") == need.port
        for listener in elbv2.listeners_of(here, there.data["LoadBalancerArn"])
    ) and not any(balancer.connection_refusal(*holder.place, there, need.port, end) for end in ends)
