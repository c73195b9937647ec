"""RDS: parameter groups of clusters and of instances.

AWS rules followed: name and family stay, both kinds have names of their own; 20 parameters a call; a static parameter
waits for a reboot, and saying that it is to be applied immediately is a mistake; a dynamic one is applied within
moments; a group in use is not deleted; the default group of a family is there by itself and cannot be changed. Deleting
a missing cluster parameter group is DBParameterGroupNotFound, creating a cluster with one DBClusterParameterGroupNotFound.
"""

from dataclasses import dataclass

from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict
from isobar_localstack.services.rds import engines, parameters
from isobar_localstack.services.rds.reading import filtered, paged, without_empty
from isobar_localstack.services.rds.state import ParameterGroup, arn_of, contradictory, here, invalid

AT_ONCE = 20
SOURCES = ("engine-default", "system", "user")


@dataclass(frozen=True)
class Kind:
    group: str  # whose parameters: cluster or instance
    table: str
    member: str  # of requests and answers
    word: str  # in ARNs


OF_CLUSTERS = Kind("cluster", "cluster_parameter_groups", "DBClusterParameterGroup", "cluster-pg")
OF_INSTANCES = Kind("instance", "parameter_groups", "DBParameterGroup", "pg")


def operations() -> dict:
    handlers = {}
    for kind, own in ((OF_CLUSTERS, "DBCluster"), (OF_INSTANCES, "DB")):
        for name, handler in (
            (f"Create{own}ParameterGroup", create),
            (f"Describe{own}ParameterGroups", describe_all),
            (f"Describe{own}Parameters", describe_parameters),
            (f"Modify{own}ParameterGroup", modify),
            (f"Reset{own}ParameterGroup", reset),
            (f"Delete{own}ParameterGroup", delete),
        ):
            handlers[name] = of_kind(kind, handler)
    handlers["DescribeEngineDefaultClusterParameters"] = of_kind(OF_CLUSTERS, describe_defaults)
    handlers["DescribeEngineDefaultParameters"] = of_kind(OF_INSTANCES, describe_defaults)
    return handlers


def of_kind(kind: Kind, handler):
    def handle(context, request):
        return handler(context, request, kind)

    return handle


# --- groups ---------------------------------------------------------------------------------------


def groups(context, kind: Kind) -> dict:
    return getattr(here(context), kind.table)


def create(context, request, kind: Kind):
    name, family = request[f"{kind.member}Name"].lower(), request["DBParameterGroupFamily"]
    if family not in engines.families():
        raise invalid(f"ParameterGroupFamily {family} is not a valid parameter group family")
    if name in groups(context, kind) or name.startswith("default."):
        raise error("DBParameterGroupAlreadyExists", f"Parameter group {name} already exists")
    group = ParameterGroup(name, family, request["Description"], tag_dict(request.get("Tags")))
    groups(context, kind)[name] = group
    return {kind.member: to_response(context, group, kind)}


def find(context, kind: Kind, name: str, code="DBParameterGroupNotFound") -> ParameterGroup:
    name = name.lower()
    if name not in groups(context, kind) and name.removeprefix("default.") in engines.families():
        family = name.removeprefix("default.")
        return ParameterGroup(name, family, f"Default parameter group for {family}", {})
    if name not in groups(context, kind):
        raise error(code, f"{kind.member} not found: {name}", 404)
    return groups(context, kind)[name]


def find_own(context, kind: Kind, name: str) -> ParameterGroup:
    """One that can be changed."""
    group = find(context, kind, name)
    if group.name.startswith("default."):
        raise invalid(f"The parameter {kind.member}Name cannot be a default parameter group: {group.name}")
    return group


def check_family(group: ParameterGroup, family: str):
    if group.family != family:
        raise contradictory(
            f"The Parameter Group {group.name} with DBParameterGroupFamily {group.family} cannot be used for this "
            f"instance. Please use a Parameter Group with DBParameterGroupFamily {family}"
        )


def describe_all(context, request, kind: Kind):
    name = request.get(f"{kind.member}Name")
    found = [find(context, kind, name)] if name else in_order(context, kind)
    return paged(f"{kind.member}s", [to_response(context, group, kind) for group in found], request)


def in_order(context, kind: Kind) -> list[ParameterGroup]:
    """With the default groups of the families that are in use."""
    used = {name for name in users(context, kind).values() if name.startswith("default.")}
    return [find(context, kind, name) for name in sorted({*groups(context, kind), *used})]


def to_response(context, group: ParameterGroup, kind: Kind) -> dict:
    return {
        f"{kind.member}Name": group.name,
        "DBParameterGroupFamily": group.family,
        "Description": group.description,
        f"{kind.member}Arn": arn_of(context.account_id, context.region, kind.word, group.name),
    }


def users(context, kind: Kind) -> dict:
    """Name of the cluster or instance -> its group."""
    there = here(context)
    things = there.clusters if kind is OF_CLUSTERS else there.instances
    return {name: thing.parameter_group for name, thing in things.items()}


def delete(context, request, kind: Kind):
    group = find_own(context, kind, request[f"{kind.member}Name"])
    if group.name in users(context, kind).values():
        raise error(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {group.name}, "
            "so the group cannot be deleted",
        )
    del groups(context, kind)[group.name]
    return {}


# --- parameters -----------------------------------------------------------------------------------


def describe_parameters(context, request, kind: Kind):
    group, source = find(context, kind, request[f"{kind.member}Name"]), request.get("Source")
    if source and source not in SOURCES:
        raise invalid(f"Source must be one of {', '.join(SOURCES)}")
    shown = [parameter_to_response(group, one) for one in parameters.of(group.family, kind.group).values()]
    shown = filtered(shown, request, {"parameter-name": lambda parameter: [parameter["ParameterName"]]})
    return paged("Parameters", [one for one in shown if source in (None, one["Source"])], request)


def describe_defaults(context, request, kind: Kind):
    family = request["DBParameterGroupFamily"]
    if family not in engines.families():
        raise invalid(f"ParameterGroupFamily {family} is not a valid parameter group family")
    group = ParameterGroup(f"default.{family}", family, "", {})
    shown = [parameter_to_response(group, one) for one in parameters.of(family, kind.group).values()]
    page = paged("Parameters", shown, request)
    return {"EngineDefaults": {"DBParameterGroupFamily": family} | page}


def parameter_to_response(group: ParameterGroup, parameter: parameters.Parameter) -> dict:
    value, method = group.values.get(parameter.name, (parameter.default, "pending-reboot"))
    source = "user" if parameter.name in group.values else "system" if parameter.default else "engine-default"
    return without_empty(
        {
            "ParameterName": parameter.name,
            "ParameterValue": value,
            "Description": f"The parameter {parameter.name}.",
            "Source": source,
            "ApplyType": "static" if parameter.is_static else "dynamic",
            "DataType": parameter.kind,
            "AllowedValues": parameter.allowed,
            "IsModifiable": parameter.is_modifiable,
            "ApplyMethod": method,
            "SupportedEngineModes": ["provisioned"],
        }
    )


def checked(group: ParameterGroup, kind: Kind, wanted: list, with_values: bool) -> list:
    if not wanted:
        raise invalid("Parameters: at least one parameter has to be named")
    if len(wanted) > AT_ONCE:
        raise invalid(f"A maximum of {AT_ONCE} parameters can be modified in a single request.")
    known = parameters.of(group.family, kind.group)
    for given in wanted:
        name, value = given.get("ParameterName"), given.get("ParameterValue")
        if name not in known:
            raise invalid(f"Could not find parameter with name: {name}")
        parameter = known[name]
        if not parameter.is_modifiable:
            raise invalid(f"The parameter {name} cannot be modified.")
        if not given.get("ApplyMethod"):
            raise invalid(f"The apply method of the parameter {name} must be provided.")
        if parameter.is_static and given["ApplyMethod"] == "immediate":
            raise contradictory("cannot use immediate apply method for static parameter")
        if with_values and (value is None or not parameter.accepts(value)):
            raise invalid(
                f"Invalid parameter value: {value} for: {name} allowed values are: {parameter.allowed or '*'}"
            )
    return [known[given["ParameterName"]] for given in wanted]


def modify(context, request, kind: Kind):
    group = find_own(context, kind, request[f"{kind.member}Name"])
    checked(group, kind, request["Parameters"], with_values=True)
    before = dict(group.values)
    for given in request["Parameters"]:
        group.values[given["ParameterName"]] = (given["ParameterValue"], given["ApplyMethod"])
    changed = [one for one in request["Parameters"] if value_of(before, one) != value_of(group.values, one)]
    apply(context, group, kind, changed)
    return {f"{kind.member}Name": group.name}


def value_of(values: dict, given: dict) -> str | None:
    return values.get(given["ParameterName"], (None,))[0]


def reset(context, request, kind: Kind):
    group, named = find_own(context, kind, request[f"{kind.member}Name"]), request.get("Parameters") or []
    if request.get("ResetAllParameters"):
        if named:
            raise contradictory("ResetAllParameters and Parameters cannot be specified together.")
        known = parameters.of(group.family, kind.group)
        named = [
            {"ParameterName": name, "ApplyMethod": "pending-reboot" if known[name].is_static else "immediate"}
            for name in group.values
        ]
    else:
        checked(group, kind, named, with_values=False)
    changed = [given for given in named if group.values.pop(given["ParameterName"], None)]
    apply(context, group, kind, changed)
    return {f"{kind.member}Name": group.name}


def apply(context, group: ParameterGroup, kind: Kind, changed: list):
    """To the instances that use the group: at once, or after their next reboot."""
    for instance in here(context).instances.values():
        holder = instance.cluster if kind is OF_CLUSTERS else instance
        if holder.parameter_group != group.name or not changed:
            continue
        if any(given["ApplyMethod"] == "pending-reboot" for given in changed):
            instance.waits_for_reboot.add(kind.group)
        else:
            instance.applied_at = due("rds.parameters_applying")
