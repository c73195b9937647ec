"""Load balancers: a request comes in on a port, the rules of the listener choose what becomes of it."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass

from isobar_localstack.core.durations import is_over
from isobar_localstack.services.acm import certificates as acm
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.traffic import network, targets
from isobar_localstack.traffic.answer import Answer, Entrance, all_of, by, no


@dataclass(frozen=True)
class Request:
    method: str = "GET"
    path: str = "/"
    host: str = ""


def entrances() -> Iterator[tuple[Entrance, Answer]]:
    """Every path that a rule names, and the root: from the internet, or from whoever is let in inside."""
    for (account_id, region), here in list(elbv2.regions.items()):
        for balancer in list(here.balancers.values()):
            source = source_of(balancer)
            for way in ways_in(account_id, region, balancer):
                entrance = Entrance(f"{balancer.data['LoadBalancerName']} {way.words}", region)
                yield entrance, ask(account_id, region, balancer, way.port, source, way.request)


def source_of(balancer) -> network.End:
    """Who is let in to an internal one is a right of the callers, see `rights`."""
    return network.INTERNET if balancer.data.get("Scheme") == "internet-facing" else network.UNSEEN


@dataclass(frozen=True)
class Way:
    port: int
    request: Request

    @property
    def words(self) -> str:
        return f":{self.port} {self.request.method} {self.request.path}"


def ways_in(account_id: str, region: str, balancer, host: str = "") -> Iterator[Way]:
    here = elbv2.regions[account_id, region]
    for listener in elbv2.listeners_of(here, balancer.data["LoadBalancerArn"]):
        rules = elbv2.rules_of(here, listener.data["ListenerArn"])
        asked = {request_of(rule.data["Conditions"], host) for rule in rules} | {Request(host=host)}
        for request in sorted(asked, key=lambda one: (one.path, one.method, one.host)):
            yield Way(listener.data["Port"], request)


def request_of(conditions: list, host: str) -> Request:
    """One that these conditions fit, as far as they speak of method, path and host."""
    values = {one["Field"]: values_of(one) for one in conditions}
    first = {field: found[0] if found else "" for field, found in values.items()}
    path = re.sub(r"[*?]", "x", first.get("path-pattern") or "/")
    return Request(first.get("http-request-method") or "GET", path, first.get("host-header") or host)


# --- asking ---------------------------------------------------------------------------------------


def ask(account_id: str, region: str, balancer, port: int, source: network.End, request: Request) -> Answer:
    name, here = balancer.data["LoadBalancerName"], elbv2.regions[account_id, region]
    if not is_over(balancer.active_at):
        return no(f"load balancer {name} is provisioning")
    why = connection_refusal(account_id, region, balancer, port, source)
    if why:
        return no(f"load balancer {name}: {why}")
    listener = next(
        (
            one
            for one in elbv2.listeners_of(here, balancer.data["LoadBalancerArn"])
            if one.data.get("Port") == port
        ),
        None,
    )
    if listener is None:
        return no(f"load balancer {name} has no listener on port {port}")
    why = certificate_refusal(account_id, region, listener)
    return no(why) if why else act(account_id, region, balancer, chosen(here, listener, request))


def connection_refusal(account_id: str, region: str, balancer, port: int, source) -> str | None:
    end = end_of(account_id, region, balancer)
    if end is None:
        return "it has no network interface"
    if source is network.INTERNET:
        why = network.way_in_refusal(account_id, region, balancer.subnets.values())
        if why:
            return why
    return None if source is network.UNSEEN else network.refusal(account_id, region, source, end, port)


def end_of(account_id: str, region: str, balancer) -> network.End | None:
    ids = balancer.interfaces.values()
    return network.end_of(network.interfaces_named(account_id, region, ids))


def certificate_refusal(account_id: str, region: str, listener) -> str | None:
    for certificate in listener.data.get("Certificates") or []:
        arn = certificate["CertificateArn"]
        if (status := acm.status_of(account_id, region, arn)) != "ISSUED":
            return f"certificate {arn} is {status or 'gone'}"
    return None


# --- rules and actions ----------------------------------------------------------------------------


def chosen(here: elbv2.Region, listener, request: Request) -> list[dict]:
    """The actions of the first rule that fits."""
    rules = elbv2.rules_of(here, listener.data["ListenerArn"])
    for rule in sorted(rules, key=lambda one: int(one.data["Priority"])):
        if all(fits(condition, request) for condition in rule.data["Conditions"]):
            return rule.data["Actions"]
    return listener.data["DefaultActions"]


def values_of(condition: dict) -> list:
    configs = [value for name, value in condition.items() if name.endswith("Config")]
    return condition.get("Values") or (configs[0].get("Values") if configs else None) or []


def fits(condition: dict, request: Request) -> bool:
    """Headers, queries and addresses are not asked for here: a rule that wants some does not fit."""
    values, patterns = values_of(condition), condition.get("RegexValues") or []
    match condition["Field"]:
        case "path-pattern":
            text = request.path
        case "host-header":
            text, values = request.host.lower(), [value.lower() for value in values]
        case "http-request-method":
            return request.method in values
        case _:
            return False
    return any(fnmatch.fnmatchcase(text, value.replace("[", "[[]")) for value in values) or any(
        re.search(pattern, text) for pattern in patterns
    )


def act(account_id: str, region: str, balancer, actions: list[dict]) -> Answer:
    """The last action answers; those before it ask who the client is."""
    action = max(actions, key=lambda one: one.get("Order") or 0)
    match action["Type"]:
        case "forward":
            return forward(account_id, region, balancer, action)
        case "redirect":
            return by("a redirect")
        case "fixed-response":
            code = action["FixedResponseConfig"]["StatusCode"]
            words = f"load balancer {balancer.data['LoadBalancerName']} answers {code} itself"
            return by(words) if code[0] in "23" else no(words)
    return no(f"an action of type {action['Type']} leads nowhere")


def forward(account_id: str, region: str, balancer, action: dict) -> Answer:
    config = action.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn"), "Weight": 1}]
    weighed = [group["TargetGroupArn"] for group in groups if group.get("Weight", 1)]
    if not weighed:
        return no("no target group has a weight")
    source = end_of(account_id, region, balancer) or network.INTERNET
    return all_of(targets.ask(account_id, region, arn, source) for arn in weighed)
