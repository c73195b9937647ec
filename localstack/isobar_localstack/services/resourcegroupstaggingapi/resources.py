"""Resource Groups Tagging API, answered from the services' own state.

Gap of LocalStack closed here: GetResources failed inside once some services had been used.

AWS rules followed: the API is regional, and what is global (Route 53) is found in us-east-1;
keys of several filters are combined with AND, values of one with OR; a list of ARNs excludes
every other parameter; with eventual consistency the answer is as old as the lag in `durations`, so
that new things are missing and deleted ones linger. Unlike AWS, a call without filter leaves out what
has lost all its tags.
"""

import re
import threading

from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.operations import READS
from isobar_localstack.core.paging import page
from isobar_localstack.core.registry import services
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency

PER_PAGE = 100
HOME = "us-east-1"  # where global services are found
TAG_LIMITS = {"TagFilters": 50, "ResourceARNList": 100, "ResourceTypeFilters": 100}


def operations(original: dict) -> dict:
    return {"GetResources": get_resources, "GetTagKeys": get_tag_keys, "GetTagValues": get_tag_values}


def invalid(message: str):
    return error("InvalidParameterException", message)


def all_tagged(context) -> list[tuple[str, dict]]:
    if not consistency.is_eventual():
        return sorted(current(context.account_id, context.region).items())
    return sorted(lagging(context.account_id, context.region).items())


def current(account_id: str, region: str) -> dict:
    found = {}
    for service in services().values():
        if service.tagged:
            found.update((arn, dict(tags)) for arn, tags in service.tagged(account_id, region) if tags)
    return found


# --- the lag ----------------------------------------------------------------------------------------

lock = threading.Lock()
stores = State("resourcegroupstaggingapi")
views: dict = stores.store("views", {})  # (account, region) -> [(from when it is seen, what was there)]


def lagging(account_id: str, region: str) -> dict:
    observe(account_id, region)
    with lock:
        history = views[account_id, region]
        while len(history) > 1 and is_over(history[1][0]):
            history.pop(0)
        return history[0][1] if is_over(history[0][0]) else {}


def observe(account_id: str, region: str):
    there = current(account_id, region)
    with lock:
        history = views.setdefault((account_id, region), [])
        if not history or history[-1][1] != there:
            history.append((due("consistency.tagging"), there))


def observe_writes(chain, context, response):
    """After each request that may have changed something; for the handlers of responses."""
    if not consistency.is_eventual() or context.operation is None or context.is_internal_call:
        return
    changed = services().get(context.service.service_name)
    if changed is None or changed.tagged is None or context.operation.name.startswith(READS):
        return
    observe(context.account_id, HOME if changed.is_global else context.region)


def get_resources(context, request):
    check(request)
    arns, types = request.get("ResourceARNList"), request.get("ResourceTypeFilters")
    chosen = [
        (arn, tags)
        for arn, tags in all_tagged(context)
        if (not arns or arn in arns)
        and (not types or any(is_of_type(arn, kind) for kind in types))
        and all(matches(tags, wanted) for wanted in request.get("TagFilters") or [])
    ]
    bad_token = error("PaginationTokenExpiredException", "The pagination token is not valid.")
    size = min(request.get("ResourcesPerPage") or PER_PAGE, PER_PAGE)
    shown, token = page(chosen, request.get("PaginationToken"), size, bad_token)
    return {
        "PaginationToken": token or "",
        "ResourceTagMappingList": [mapping(arn, tags) for arn, tags in shown],
    }


def check(request):
    for name, limit in TAG_LIMITS.items():
        if len(request.get(name) or []) > limit:
            raise invalid(f"{name} can have at most {limit} entries")
    others = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "TagsPerPage", "PaginationToken")
    if request.get("ResourceARNList") and any(request.get(name) for name in others):
        raise invalid("ResourceARNList cannot be combined with other parameters")


def mapping(arn: str, tags: dict) -> dict:
    return {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def matches(tags: dict, wanted: dict) -> bool:
    values = wanted.get("Values")
    return wanted["Key"] in tags and (not values or tags[wanted["Key"]] in values)


def is_of_type(arn: str, kind: str) -> bool:
    """`lambda` or `lambda:function`; the type is what stands before the first / or : of the resource."""
    _, _, service_name, _, _, resource = arn.split(":", 5)
    wanted_service, _, wanted_type = kind.partition(":")
    resource = resource.lstrip("/")
    if service_name != wanted_service:
        return False
    if not wanted_type:
        return True
    if service_name == "apigateway":
        is_stage = "/stages/" in resource
        return resource.startswith(f"{wanted_type.split('/')[0]}/") and is_stage == wanted_type.endswith(
            "/stages"
        )
    has_type = re.search(r"[:/]", resource)
    return bool(has_type) and re.split(r"[:/]", resource)[0] == wanted_type


def get_tag_keys(context, request):
    keys = sorted({key for _, tags in all_tagged(context) for key in tags})
    shown, token = page(keys, request.get("PaginationToken"), PER_PAGE)
    return {"PaginationToken": token or "", "TagKeys": shown}


def get_tag_values(context, request):
    values = sorted({tags[request["Key"]] for _, tags in all_tagged(context) if request["Key"] in tags})
    shown, token = page(values, request.get("PaginationToken"), PER_PAGE)
    return {"PaginationToken": token or "", "TagValues": shown}
