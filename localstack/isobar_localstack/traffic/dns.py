"""Names: the records that answer them, and the custom domain names and load balancers that these lead to.

A name is asked in each region that one of its records leads to, and everywhere: whatever record Route 53 picks for a
client, it has to lead to an answer.
"""

import fnmatch
import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from isobar_localstack.core.durations import is_over
from isobar_localstack.services.acm import certificates as acm
from isobar_localstack.services.apigateway.domains import ROOT
from isobar_localstack.services.apigateway.state import Domain, moto_api, stages_of
from isobar_localstack.services.apigateway.state import regions as apigateway_regions
from isobar_localstack.services.elbv2 import state as elbv2
from isobar_localstack.services.route53.state import accounts
from isobar_localstack.traffic import api, balancer
from isobar_localstack.traffic.answer import AND, EVERYWHERE, Answer, Entrance, all_of, no

TYPES = ("A", "AAAA", "CNAME")
DEEPEST = 5  # aliases of aliases
REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
OURS = re.compile(r".*(\.elb|\.execute-api)\..*amazonaws\.com|d[a-z0-9]{13}\.cloudfront\.net")


class Way(NamedTuple):
    """A request to a name."""

    method: str
    path: str
    port: int = 443

    def to(self, name: str) -> str:
        return f"{self.method} {name}{'' if self.port == 443 else f':{self.port}'}{self.path}"


class ToDomain:
    """A record that leads to a custom domain name of API Gateway."""

    def __init__(self, account_id: str, region: str, domain: Domain):
        self.place, self.region, self.domain = (account_id, region), region, domain
        self._refusals: dict[str, str | None] = {}

    def ways(self) -> dict[Way, tuple]:
        return self._ways

    @functools.cached_property
    def _ways(self) -> dict[Way, tuple]:
        """Each request that a mapping takes, with the mapping, method and path it is asked by."""
        found = {}
        for base, mapping in list(self.domain.mappings.items()):
            prefix = "" if base == ROOT else f"/{base}"
            there = moto_api(*self.place, mapping["restApiId"])
            stage = mapping.get("stage") or ""
            for method, path in api.methods_of(there, stage) if there and stage in stages_of(there) else ():
                found[Way(method, prefix + path)] = (mapping, method, path)
        return found

    def ask(self, name: str, way: Way) -> Answer:
        if name not in self._refusals:
            self._refusals[name] = self._refusal(name)
        if why := self._refusals[name]:
            return no(why)
        found = self.ways().get(way)
        if found is None:
            return no(f"nothing is mapped to {way.to(name)}")
        return api.ask_mapped(*self.place, *found)

    def _refusal(self, name: str) -> str | None:
        """Why it answers nothing under this name."""
        data = self.domain.data
        if not fnmatch.fnmatchcase(name, data["domainName"]):
            return f"domain name {data['domainName']} does not answer for {name}"
        if not is_over(self.domain.busy_until) and self.domain.busy_status == "PENDING":
            return f"domain name {data['domainName']} is PENDING"
        for arn in sorted(self.domain.certificates):
            status = acm.status_of(self.place[0], arn.split(":")[3], arn)
            if status != "ISSUED":
                return f"certificate {arn} is {status or 'gone'}"
        return None


class ToBalancer:
    """A record that leads to a load balancer."""

    def __init__(self, account_id: str, region: str, there: elbv2.Balancer):
        self.place, self.region, self.balancer = (account_id, region), region, there
        self.source = balancer.source_of(there)

    def ways(self) -> dict[Way, balancer.Request]:
        found = balancer.ways_in(*self.place, self.balancer)
        return {Way(one.request.method, one.request.path, one.port): one.request for one in found}

    def ask(self, name: str, way: Way) -> Answer:
        request = balancer.Request(way.method, way.path, name)
        return balancer.ask(*self.place, self.balancer, way.port, self.source, request)


class ToNothing:
    """A record that leads to something of this emulator that is not there."""

    def __init__(self, name: str):
        self.name = name
        self.region = next((part for part in name.split(".") if REGION.fullmatch(part)), EVERYWHERE)

    def ways(self) -> dict:
        return {}

    def ask(self, name: str, way: Way) -> Answer:
        return no(f"the record of {name} leads to {self.name}, which does not exist")


# --- what is asked --------------------------------------------------------------------------------


def entrances() -> Iterator[tuple[Entrance, Answer]]:
    for account_id, account in list(accounts.items()):
        for (name, kind), records in groups_of(account).items():
            words = f"{name} ({kind})" if kind == "AAAA" else name
            for way, region, answer in asked_by_name(account_id, account, name, records):
                yield Entrance(way.to(words), region), answer
    yield from domains_without_zone()


def groups_of(account) -> dict[tuple, list[dict]]:
    """The records of a name and type."""
    found = defaultdict(list)
    for zone in list(account.zones.values()):
        for key, record in list(zone.records.items()):
            if key.type in TYPES:
                found[plain(key.name), key.type].append(record.data)
    return found


def plain(name: str) -> str:
    return name.rstrip(".").replace("\\052", "*")


def asked_by_name(account_id: str, account, name: str, records: list[dict]):
    led = [(record, target) for record in records if (target := target_of(account_id, account, record))]
    ways = {way for _, target in led for way in target.ways()}
    for way in sorted(ways, key=lambda one: (one.path, one.method, one.port)):
        answers = [(record, target, ask(account, name, way, record, target)) for record, target in led]
        for region in sorted({target.region for _, target in led}):
            here = [answer for _, target, answer in answers if target.region == region]
            yield way, region, all_of(here)
        yield way, EVERYWHERE, all_of(picked(account, answers))


def ask(account, name: str, way: Way, record: dict, target) -> Answer:
    check = record.get("HealthCheckId")
    if check and check not in account.checks:
        return no(f"the record of {name} names health check {check}, which does not exist")
    answer = target.ask(name.replace("*", "any"), way)
    return answer if answer.is_given else no(f"in {target.region}: {answer.why}")


def domains_without_zone() -> Iterator[tuple[Entrance, Answer]]:
    """Custom domain names whose records are kept elsewhere."""
    for (account_id, region), here in list(apigateway_regions.items()):
        for name, domain in list(here.domains.items()):
            if any(is_in(name, zone.name) for zone in list(accounts[account_id].zones.values())):
                continue
            target = ToDomain(account_id, region, domain)
            for way in target.ways():
                yield Entrance(way.to(name), region), target.ask(name, way)


def is_in(name: str, zone: str) -> bool:
    zone = zone.rstrip(".")
    return name == zone or name.endswith(f".{zone}")


# --- where records lead ---------------------------------------------------------------------------


def target_of(account_id: str, account, record: dict, depth: int = 0):
    """None if it leads out of this emulator."""
    values = record.get("ResourceRecords") or [{}]
    name = (record.get("AliasTarget") or {}).get("DNSName") or values[0].get("Value", "")
    name = name.rstrip(".").lower()
    for (owner, region), here in list(apigateway_regions.items()):
        for domain in list(here.domains.values()) if owner == account_id else ():
            if name in (
                domain.data.get("regionalDomainName"),
                domain.data.get("distributionDomainName"),
            ):
                return ToDomain(account_id, region, domain)
    for (owner, region), here in list(elbv2.regions.items()):
        for there in list(here.balancers.values()) if owner == account_id else ():
            if name.removeprefix("dualstack.") == there.data.get("DNSName", "").lower():
                return ToBalancer(account_id, region, there)
    others = [data for (other, _), group in groups_of(account).items() if other == name for data in group]
    found = (target_of(account_id, account, one, depth + 1) for one in others if depth < DEEPEST)
    return next((target for target in found if target), ToNothing(name) if OURS.fullmatch(name) else None)


# --- which record is picked -----------------------------------------------------------------------


def picked(account, answers: list[tuple]) -> list[Answer]:
    """Answers of the records that clients may be given; all of them when none is healthy, as Route 53 does."""
    healthy = [one for one in answers if is_healthy(account, *one)]
    weighed = [one for one in healthy if one[0].get("Weight") != 0]
    primary = [one for one in weighed if one[0].get("Failover") != "SECONDARY"]
    chosen = primary or weighed or healthy or answers
    return [located(answer, target.region) for _, target, answer in chosen]


def located(answer: Answer, region: str) -> Answer:
    """The same answer, with the region that it comes from."""
    return answer._replace(by=AND.join(f"{part} in {region}" for part in answer.by.split(AND)))


def is_healthy(account, record: dict, target, answer: Answer) -> bool:
    alias = record.get("AliasTarget") or {}
    if alias.get("EvaluateTargetHealth") and not answer.is_given:
        return False
    check = account.checks.get(record.get("HealthCheckId"))
    if check is None or check.config.get("Disabled"):
        return True
    return (check.last_known and not check.told_unhealthy) != bool(check.config.get("Inverted"))
