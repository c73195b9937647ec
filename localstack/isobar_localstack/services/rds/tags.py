"""RDS: tags of everything that has some.

AWS rules followed: they are set by ARN; a global cluster's are found by the tagging API in the region that it was made
from [memory].
"""

from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_dict, tag_list
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.services.rds import parameter_groups, snapshots, subnet_groups
from isobar_localstack.services.rds.state import (
    arn_of,
    find_cluster,
    find_global,
    find_instance,
    global_clusters,
    in_turn,
    invalid,
    name_in,
    regions,
)


def operations() -> dict:
    return {
        "AddTagsToResource": add,
        "RemoveTagsFromResource": remove,
        "ListTagsForResource": list_all,
    }


def of_cluster_group(context, arn: str):
    return parameter_groups.find(context, parameter_groups.OF_CLUSTERS, name_in(arn))


def of_group(context, arn: str):
    return parameter_groups.find(context, parameter_groups.OF_INSTANCES, name_in(arn))


FINDERS = {
    "cluster": find_cluster,
    "cluster-pg": of_cluster_group,
    "cluster-snapshot": lambda context, arn: snapshots.find(context, arn),
    "db": find_instance,
    "pg": of_group,
    "subgrp": lambda context, arn: subnet_groups.find(context, name_in(arn)),
}


def find(context, arn: str):
    parts = arn.split(":", 6)
    if len(parts) == 7 and parts[:3] == ["arn", "aws", "rds"] and parts[4] == context.account_id:
        if parts[5] == "global-cluster" and not parts[3]:
            return find_global(context, parts[6])
        if parts[5] in FINDERS and parts[3] == context.region:
            return FINDERS[parts[5]](context, arn)
    raise invalid(f"Invalid resource name: {arn}")


def add(context, request):
    tags = find(context, request["ResourceName"]).tags
    new = tags | tag_dict(request["Tags"])
    if len(new) > fact("tags.number"):
        raise error("InvalidParameterValue", f"A resource can have {fact('tags.number')} tags at most.")
    tags |= new
    return {}


def remove(context, request):
    tags = find(context, request["ResourceName"]).tags
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


def list_all(context, request):
    return {"TagList": tag_list(find(context, request["ResourceName"]).tags)}


@in_turn
def tagged(account_id: str, region: str):
    there = regions.get((account_id, region))
    found = [
        (one.arn, one.tags)
        for one in global_clusters.values()
        if (one.account_id, one.home) == (account_id, region)
    ]
    if there is None:
        return found
    for word, table in (
        ("subgrp", there.subnet_groups),
        ("cluster-pg", there.cluster_parameter_groups),
        ("pg", there.parameter_groups),
        ("cluster", there.clusters),
        ("db", there.instances),
        ("cluster-snapshot", there.snapshots),
    ):
        found += [(arn_of(account_id, region, word, name), thing.tags) for name, thing in table.items()]
    return found
