"""RDS: what the Describe operations share: pages, filters, tags in the form of this API.

AWS rules followed: pages hold 20 to 100 records, 100 if nothing is said; a filter that an operation does not know is
refused; names and ARNs in filters mean the same.
"""

from isobar_localstack.core.paging import page
from isobar_localstack.realism import consistency
from isobar_localstack.services.rds.state import invalid

LEAST, MOST = 20, 100


def paged(key: str, items: list, request) -> dict:
    size = request.get("MaxRecords")
    size = MOST if size is None else size
    if not LEAST <= size <= MOST:
        raise invalid(f"Invalid value {size} for MaxRecords. Must be between {LEAST} and {MOST}")
    shown, marker = page(items, request.get("Marker"), size, invalid("Invalid marker"))
    return {key: shown} | ({"Marker": marker} if marker else {})


def filtered(items: list, request, filters: dict) -> list:
    """`filters`: name -> the values of an item, of which one has to be among those asked for."""
    for wanted in request.get("Filters") or []:
        if wanted["Name"] not in filters:
            raise invalid(f"Unrecognized filter name: {wanted['Name']}")
        values, of = set(wanted["Values"]), filters[wanted["Name"]]
        items = [item for item in items if values & set(of(item))]
    return items


def mark_new(context, kind: str, name: str):
    consistency.mark("consistency.rds_describe", *place(context, kind), kind, name)


def is_new(context, kind: str, name: str) -> bool:
    """True as long as the Describe operations do not know it."""
    return not context.is_internal_call and consistency.not_visible_yet(
        "consistency.rds_describe", *place(context, kind), kind, name
    )


def place(context, kind: str) -> tuple:
    return context.account_id, "" if kind == "global" else context.region


def without_empty(answer: dict) -> dict:
    return {key: value for key, value in answer.items() if value is not None}
