"""Elastic Load Balancing v2: its operations."""

from isobar_localstack.services.elbv2 import (
    attributes,
    listener_rules,
    listeners,
    load_balancers,
    tags,
    target_groups,
)
from isobar_localstack.services.elbv2.state import in_turn

PARTS = (attributes, load_balancers, listeners, listener_rules, target_groups, tags)


def operations(original: dict) -> dict:
    own = {name: handler for part in PARTS for name, handler in part.operations().items()}
    return {name: in_turn(handler) for name, handler in own.items()}
