"""REST APIs: stage, deployment, method, integration, and what this leads to."""

import re
import urllib.parse
from collections.abc import Iterator

from isobar_localstack.services.apigateway import deployed
from isobar_localstack.services.apigateway import vpc_links as links_of_version_1
from isobar_localstack.services.apigateway.state import moto_api, stages_of
from isobar_localstack.services.apigatewayv2 import vpc_links as links_of_version_2
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.traffic import balancer, functions, network
from isobar_localstack.traffic.answer import Answer, Entrance, all_of, by, no

SERVICE = "apigateway.amazonaws.com"


def entrances() -> Iterator[tuple[Entrance, Answer]]:
    """Every method of every stage by the API's own address, unless that is switched off."""
    for account_id, region, api in all_apis():
        if api.disableExecuteApiEndpoint:
            continue
        for stage in list(stages_of(api)):
            for method, path in methods_of(api, stage):
                name = f"{api.name}/{stage} {method} {path}"
                yield Entrance(name, region), ask(account_id, region, api, stage, method, path)


def all_apis() -> Iterator[tuple[str, str, object]]:
    from moto.apigateway.models import apigateway_backends

    for account_id, regions in list(apigateway_backends.items()):
        for region, backend in list(regions.items()):
            for api in list(backend.apis.values()):
                yield account_id, region, api


def methods_of(api, stage_name: str) -> list[tuple[str, str]]:
    """Method and path of all that any deployment of the stage has."""
    stage = stages_of(api).get(stage_name)
    ids = deployed.deployments_of(stage) if stage else []
    found = {pair for one in ids for pair in deployed.methods(api, one) or ()}
    return sorted(found, key=lambda pair: pair[::-1])


def ask_mapped(account_id: str, region: str, mapping: dict, method: str, path: str) -> Answer:
    """What a base path mapping leads to."""
    api = moto_api(account_id, region, mapping["restApiId"])
    if api is None:
        return no(f"API {mapping['restApiId']} does not exist")
    return ask(account_id, region, api, mapping.get("stage") or "", method, path)


_asked: dict[tuple, Answer] = {}  # within one look nothing changes


def begin_look():
    _asked.clear()


def ask(account_id: str, region: str, api, stage_name: str, method: str, path: str) -> Answer:
    stage, key = stages_of(api).get(stage_name), (api.id, region, stage_name, method, path)
    if stage is None:
        return no(f"API {api.name} has no stage {stage_name}")
    if key not in _asked:
        ids = deployed.deployments_of(stage)
        _asked[key] = all_of(ask_deployment(account_id, region, api, stage, one, method, path) for one in ids)
    return _asked[key]


def ask_deployment(account_id, region, api, stage, deployment_id, method, path) -> Answer:
    methods = deployed.methods(api, deployment_id)
    if methods is None:
        return no(f"API {api.name} has no deployment {deployment_id}")
    found = methods.get((method, path))
    if found is None:
        return no(f"deployment {deployment_id} of API {api.name} has no {method} {path}")
    variables = stage.data.get("variables") or {}
    integration = {name: filled(value, variables) for name, value in found["integration"].items()}
    place = (account_id, region)
    return ask_integration(place, integration, api, stage.data["stageName"], method, path)


def filled(value, variables: dict):
    if not isinstance(value, str) or "${" not in value:
        return value
    return re.sub(r"\$\{stageVariables\.(\w+)\}", lambda found: variables.get(found[1], ""), value)


# --- integrations ---------------------------------------------------------------------------------


def ask_integration(place, integration: dict, api, stage: str, method: str, path: str) -> Answer:
    kind, uri = (integration.get("type") or "").upper(), integration.get("uri") or ""
    if kind == "MOCK":
        return by("a mock")
    if ":lambda:path/" in uri:
        account_id, region = place
        source = f"arn:aws:execute-api:{region}:{account_id}:{api.id}/{stage}/{verb_of(method)}{path}"
        caller = functions.Caller(SERVICE, integration.get("credentials"), source)
        return functions.call(uri.partition("/functions/")[2], caller)
    if integration.get("connectionType") == "VPC_LINK":
        return through_link(place, integration, balancer.Request(verb_of(method), f"/{stage}{path_of(uri)}"))
    return by(uri) if kind in ("HTTP", "HTTP_PROXY", "AWS") and uri else no("there is no integration")


def verb_of(method: str) -> str:
    return "GET" if method == "ANY" else method


def address_of(uri: str) -> urllib.parse.SplitResult:
    """Parts of the path that are the client's are any word."""
    return urllib.parse.urlsplit(re.sub(r"\{[^}]*\}", "x", uri))


def path_of(uri: str) -> str:
    return address_of(uri).path or "/"


def port_of(uri: str) -> int:
    """Scheme and port of the address choose the listener."""
    parts = address_of(uri)
    return parts.port or (443 if parts.scheme == "https" else 80)


# --- VPC links ------------------------------------------------------------------------------------


def through_link(place, integration: dict, request: balancer.Request) -> Answer:
    link_id = integration.get("connectionId") or ""
    first = links_of_version_1.links(*place).get(link_id)
    link = first or links_of_version_2.links_in(*place).get(link_id)
    if link is None:
        return no(f"VPC link {link_id} does not exist")
    status = link.get("VpcLinkStatus") or link.get("status")
    if status != "AVAILABLE":
        return no(f"VPC link {link_id} is {status}")
    target = (link.get("targetArns") or [""])[0] if first else integration.get("integrationTarget") or ""
    listener = elbv2.regions[place].listeners.get(target)
    there = elbv2.regions[place].balancers.get(listener.data["LoadBalancerArn"] if listener else target)
    if there is None:
        return no(f"VPC link {link_id} leads to {target}, which does not exist")
    source = network.UNSEEN if first else link_end(*place, link_id)
    if source is None:
        return no(f"VPC link {link_id} has no network interface")
    port = listener.data["Port"] if listener else port_of(integration["uri"])
    return balancer.ask(*place, there, port, source, request)


def link_end(account_id: str, region: str, link_id: str) -> network.End | None:
    ids = links_of_version_2.interfaces.get(link_id) or []
    return network.end_of(network.interfaces_named(account_id, region, ids))
