"""Route 53: what there is, per account, and its paging."""

from collections import defaultdict
from dataclasses import dataclass, field

from isobar_localstack.core.state import State

PAGE_SIZE = 100


@dataclass
class Zone:
    id: str
    name: str
    caller_reference: str
    comment: str | None
    private: bool
    vpc: dict | None
    accelerated: bool = False
    enabled_at: float = 0.0
    records: dict = field(default_factory=dict)


@dataclass
class Account:
    zones: dict = field(default_factory=dict)
    zone_references: set = field(default_factory=set)
    changes: dict = field(default_factory=dict)
    checks: dict = field(default_factory=dict)
    check_references: dict = field(default_factory=dict)
    tags: dict = field(default_factory=lambda: defaultdict(dict))  # (type, id) -> tags


stores = State("route53")
accounts: dict[str, Account] = stores.store("accounts", defaultdict(Account))


def after_marker(items: list, request, identify, limit=PAGE_SIZE) -> tuple[list, dict]:
    """Route 53's paging: Marker is the id of the first item to show."""
    marker = request.get("Marker")
    size = min(int(request.get("MaxItems") or limit), limit)
    rest = [item for item in items if not marker or identify(item) >= marker]
    following = {"Marker": marker or "", "MaxItems": str(size), "IsTruncated": len(rest) > size}
    if len(rest) > size:
        following["NextMarker"] = identify(rest[size])
    return rest[:size], following
