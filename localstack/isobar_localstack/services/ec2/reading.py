"""EC2: every Describe call in the same way: ids, filters, pages.

Gaps of LocalStack closed here: each call knew a few filters and failed with the others, ignored pages,
or ids that do not exist.

AWS rules followed: an unknown id is an error, a filter that nothing matches is an empty list; filters
are combined with AND, their values with OR, `*` and `?` are wildcards; ids and MaxResults exclude each
other (how many there can be on a page is in the model). With eventual consistency what is new is left out.
"""

import re
from datetime import datetime

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page
from isobar_localstack.services.ec2 import state


def described(list_key: str, ids_key: str | None, id_key: str, describe_all, filters: dict):
    """A handler. `shown_all(context)` gives everything as the API shows it, `filters` names -> path or function.

    A filter not named there is the member of the same name: vpc-id is VpcId.
    """

    def handler(context, request):
        ids = (request.get(ids_key) if ids_key else None) or []
        check_page(request, ids)
        everything = [item for item in describe_all(context) if is_seen(context, item.get(id_key))]
        known = {item.get(id_key) for item in everything}
        for wanted in ids:
            if wanted not in known:
                raise unknown(wanted, id_key)
        chosen = [item for item in everything if not ids or item[id_key] in ids]
        for wanted in request.get("Filters") or request.get("Filter") or []:
            chosen = [item for item in chosen if matches(item, wanted, filters)]
        return paged(list_key, chosen, request)

    return handler


PREFIXES = {
    "AllocationId": "eipalloc",
    "GroupId": "sg",
    "InternetGatewayId": "igw",
    "NatGatewayId": "nat",
    "NetworkInterfaceId": "eni",
    "RouteTableId": "rtb",
    "SecurityGroupRuleId": "sgr",
    "SubnetId": "subnet",
    "VpcEndpointId": "vpce",
    "VpcId": "vpc",
}


def unknown(wanted: str, id_key: str):
    if id_key == "PrefixListId":
        return error("InvalidPrefixListId.NotFound", f"The Prefix List ID '{wanted}' does not exist")
    prefix = PREFIXES[id_key]
    if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", wanted) and prefix not in ("nat", "vpce"):
        code = (
            state.KINDS[prefix][0]
            .replace(".NotFound", ".Malformed")
            .replace("InvalidGroup.", "InvalidGroupId.")
        )
        return error(code, f'Invalid id: "{wanted}" (expecting "{prefix}-...")')
    return state.not_found(wanted, prefix)


def is_seen(context, resource_id) -> bool:
    return context.is_internal_call or not state.is_new(context.account_id, context.region, resource_id)


# --- pages ----------------------------------------------------------------------------------------


def check_page(request, ids: list):
    if ids and request.get("MaxResults") is not None:
        raise error(
            "InvalidParameterCombination",
            "The parameter MaxResults cannot be used with the parameter for ids",
        )


def paged(list_key: str, chosen: list, request) -> dict:
    bad_token = error("InvalidNextToken", "The token is invalid")
    shown, token = page(chosen, request.get("NextToken"), request.get("MaxResults") or 1000, bad_token)
    return {list_key: shown} | ({"NextToken": token} if token else {})


# --- filters --------------------------------------------------------------------------------------


def matches(item: dict, wanted: dict, filters: dict) -> bool:
    values = values_of(item, wanted["Name"], filters)
    patterns = [pattern_of(value) for value in wanted.get("Values") or []]
    return any(pattern.fullmatch(value) for pattern in patterns for value in values)


def values_of(item: dict, name: str, filters: dict) -> list[str]:
    tags = item.get("Tags") or item.get("TagSet") or []
    if name.startswith("tag:"):
        return [tag["Value"] for tag in tags if tag["Key"] == name[4:]]
    if name in ("tag-key", "tag-value"):
        return [tag["Key" if name == "tag-key" else "Value"] for tag in tags]
    way = filters.get(name) or "".join(word[:1].upper() + word[1:] for word in name.split("-"))
    if callable(way):
        return [text(value) for value in way(item)]
    if name not in filters and way not in ALWAYS and way not in item:
        raise error("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [text(value) for value in along(item, way.split("."))]


# Members that may be missing in one item and still are filters.
ALWAYS = {
    "SubnetId",
    "VpcId",
    "RequesterId",
    "AssociationId",
    "NetworkInterfaceId",
    "InstanceId",
    "Description",
    "State",
    "OwnerId",
}


def along(item, path: list[str]) -> list:
    """The values at the end of the path, through all lists on the way."""
    if isinstance(item, list):
        return [value for entry in item for value in along(entry, path)]
    if not path:
        return [] if item is None else [item]
    return along(item.get(path[0]), path[1:]) if isinstance(item, dict) else []


def text(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def pattern_of(value: str) -> re.Pattern:
    """EC2's wildcards; a backslash takes away their meaning."""
    pieces = re.findall(r"\\.|.", value, re.S)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(piece) or re.escape(piece[-1]) for piece in pieces), re.S)
