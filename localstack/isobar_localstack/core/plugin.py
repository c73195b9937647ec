"""Entry points: what LocalStack finds through `entry_points.txt`, which the launcher writes.

`start` runs once, before the gateway serves its first request. The providers, one per folder of `services` and
named as it is, run when a service is used for the first time; `start` makes them the preferred ones, so that
neither environment variables nor a changed start command are needed.
"""

import functools

from localstack import config
from localstack.runtime import hooks
from localstack.services.plugins import aws_provider

PROVIDER = "isobar"


@hooks.on_infra_start()
def start():
    # LocalStack loads entry points before it can do without its handlers being imported.
    from isobar_localstack.core import calls, control, middleware, registry
    from isobar_localstack.realism import consistency, faults, quotas, rates, strict
    from isobar_localstack.traffic import control as traffic

    for service in registry.services().values():
        if service.is_replaced:
            config.SERVICE_PROVIDER_CONFIG.set_provider(service.api, PROVIDER)
    config.LAMBDA_RUNTIME_EXECUTOR = PROVIDER
    listen_on_named_address_only()
    for part in (calls, consistency, faults, quotas, rates, strict):
        part.install()
    # As on AWS: who is not served does not count, who is throttled is not checked.
    checks = [
        faults.check,
        *([rates.check] if rates.is_on() else []),
        *([strict.check] if strict.is_on() else []),
    ]
    middleware.install(checks)
    control.install(first=(traffic.begin,))
    traffic.install()


def listen_on_named_address_only():
    """LocalStack binds to all interfaces whatever GATEWAY_LISTEN says; keep it to the address asked for."""
    from localstack.runtime.server import twisted as server

    listen = config.GATEWAY_LISTEN[0].host
    server.endpoints.TCP4ServerEndpoint = functools.partial(
        server.endpoints.TCP4ServerEndpoint, interface=listen
    )


def __getattr__(folder: str):
    """The provider of a folder of `services`."""
    if folder.startswith("__"):
        raise AttributeError(folder)

    def create():
        from isobar_localstack.core import registry

        return registry.in_folder(folder).service()

    return aws_provider(api=api_of(folder), name=PROVIDER)(create)


def api_of(folder: str) -> str:
    return folder.rstrip("_").replace("_", "-")
