"""Everything alive in the emulator, by plain calls of the AWS API.

    GET /_isobar/inventory                          in every region in which anything was written
    GET /_isobar/inventory?regions=eu-west-1,…

One object per thing: region, service, kind, name or id. What AWS makes by itself (the NS and SOA records of a zone,
AWS's managed policies) is left out. Things that are everywhere, such as roles and hosted zones, have the region
`global`. The calls are not counted.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from localstack.aws.connect import connect_to

from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.operations import READS
from isobar_localstack.core.registry import services
from isobar_localstack.core.state import State

GLOBAL, HOME = "global", "us-east-1"
FIELDS = ("region", "service", "kind", "name")
THREADS = 8

state = State("inventory")
regions_used: set = state.store("regions_used", set())
_lock = threading.Lock()


# --- what the services' listings share --------------------------------------------------------------


def collect(pages, key):
    return [item for page in pages for item in page.get(key, [])]


def names_of(client, operation, key, name, **arguments):
    items = collect(client.get_paginator(operation).paginate(**arguments), key)
    return [item if name is None else item[name] for item in items]


def pages_of(client, operation, key):
    return collect(client.get_paginator(operation).paginate(), key)


# --- the whole --------------------------------------------------------------------------------------


def client_of(service: str, region: str):
    return connect_to.get_client(
        service_name=service,
        region_name=region,
        aws_access_key_id="000000000000",
        aws_secret_access_key="test",
        aws_session_token=None,
    )


def inventory(regions) -> list[tuple[str, str, str, str]]:
    listed = [service for service in services().values() if service.inventory]
    places = [(region, service) for region in regions for service in listed if not service.is_global]
    places += [(GLOBAL, service) for service in listed if service.is_global]

    def look(place):
        region, service = place
        client = client_of(service.api, HOME if region == GLOBAL else region)
        return [(region, service.api, kind, name) for kind, name in service.inventory(client)]

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(thing for things in pool.map(look, places) for thing in things)


def note_region(chain, context, response):
    if context.operation is not None and not context.operation.name.startswith(READS):
        with _lock:
            regions_used.add(context.region)


def regions_in_use() -> list[str]:
    with _lock:
        used = {region for region in regions_used if region and region != GLOBAL}
    return sorted(used.union(*regions_of_things.publish()))


class InventoryResource:
    def on_get(self, request):
        wanted = request.args.get("regions")
        regions = wanted.split(",") if wanted else regions_in_use()
        return [dict(zip(FIELDS, thing)) for thing in inventory(regions)]
