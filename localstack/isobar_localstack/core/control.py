"""The emulator's own endpoints, under /_isobar. Each is described where it is made."""

from localstack.aws import handlers
from localstack.http import Resource
from localstack.services.internal import get_internal_apis

from isobar_localstack.core import clock, inventory, snapshots
from isobar_localstack.core.registry import services

CONTROLS = {
    "clock": clock.ClockResource,
    "inventory": inventory.InventoryResource,
    "reset": snapshots.ResetResource,
    "restore": snapshots.RestoreResource,
    "snapshot": snapshots.SnapshotResource,
}


def install(first=()):
    """`first`: handlers that see a request before any service does."""
    declared = services().values()
    for controls in (CONTROLS, *(service.controls for service in declared)):
        for path, resource in controls.items():
            get_internal_apis().add(Resource(f"/_isobar/{path}", resource()))
    observers = [service.before_requests for service in declared if service.before_requests]
    for handler in (snapshots.enter, *first, inventory.note_region, *observers):
        handlers.serve_custom_service_request_handlers.append(handler)
    for service in declared:
        if service.after_requests:
            handlers.run_custom_response_handlers.append(service.after_requests)
    handlers.run_custom_finalizers.append(snapshots.leave)
