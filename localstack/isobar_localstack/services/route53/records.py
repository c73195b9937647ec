"""Route 53 record sets: the rules a batch of changes has to obey.

AWS rules followed: a record is known by (name, type, set identifier); CREATE of an existing one,
DELETE of a missing one or with other values fails; one (name, type) group has one routing policy;
names are kept in lower case, with trailing dot and octal escapes (`*` becomes `\\052`).
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple

from isobar_localstack.core.clock import clock
from isobar_localstack.core.errors import error

POLICIES = (
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)
LIST_LIMIT = 300
BATCH_VALUES_LIMIT = 1000
BATCH_CHARACTERS_LIMIT = 32000


class Key(NamedTuple):
    name: str
    type: str
    set_identifier: str | None


@dataclass
class Record:
    data: dict
    since: float  # on the clock of lifecycles, for those who wait for a record to spread


# --- names --------------------------------------------------------------------------------------


def normalize(name: str) -> str:
    plain = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), name).lower()
    if not plain.endswith("."):
        plain += "."
    return "".join(c if re.match(r"[a-z0-9._\-]", c) else f"\\{ord(c):03o}" for c in plain)


def sort_name(name: str) -> list[str]:
    """Route 53 sorts by labels from the right: com.example before com.example.www."""
    return name.rstrip(".").split(".")[::-1] if name != "." else []


def key_of(data: dict) -> Key:
    return Key(normalize(data["Name"]), data["Type"], data.get("SetIdentifier"))


def apex_records(name: str, servers) -> dict:
    soa = f"{servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    apex = (("NS", 172800, [f"{server}." for server in servers]), ("SOA", 900, [soa]))
    return {
        Key(name, kind, None): Record(
            {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": v} for v in values]},
            clock.now(),
        )
        for kind, ttl, values in apex
    }


def is_apex_default(zone_name: str, key: Key) -> bool:
    return key.name == zone_name and key.type in ("NS", "SOA")


# --- changes ------------------------------------------------------------------------------------


def apply(changes: list[dict], zone, account) -> dict:
    """The zone's records after the changes; raises when any of them is wrong."""
    check_size(changes)
    for change in changes:
        check_shape(change)
        check_health_check(change["ResourceRecordSet"], account)
    after, problems = dict(zone.records), []
    for change in changes:
        problems += apply_one(change, after, zone)
    changed = {key_of(change["ResourceRecordSet"]) for change in changes}
    problems += group_problems(after, changed, zone) + alias_problems(after, changed, zone, account)
    if problems:
        raise error("InvalidChangeBatch", "[" + ", ".join(dict.fromkeys(problems)) + "]")
    return after


def check_size(changes):
    values = [
        (record["Value"], 2 if change["Action"] == "UPSERT" else 1)
        for change in changes
        for record in change["ResourceRecordSet"].get("ResourceRecords") or []
    ]
    if sum(weight for _, weight in values) > BATCH_VALUES_LIMIT:
        raise error("InvalidChangeBatch", f"[Number of records limit of {BATCH_VALUES_LIMIT} exceeded.]")
    if sum(len(value) * weight for value, weight in values) > BATCH_CHARACTERS_LIMIT:
        raise error(
            "InvalidChangeBatch", f"[Number of characters limit of {BATCH_CHARACTERS_LIMIT} exceeded.]"
        )


def check_shape(change):
    data = change["ResourceRecordSet"]
    where = (
        f"in Change with [Action={change['Action']}, Name={data['Name']}, "
        f"Type={data['Type']}, SetIdentifier={data.get('SetIdentifier', 'null')}]"
    )
    alias, values = data.get("AliasTarget"), data.get("ResourceRecords")
    if (
        bool(alias) == bool(values)
        or (values and data.get("TTL") is None)
        or (alias and data.get("TTL") is not None)
    ):
        found = "none" if not alias and not values else "more than one or an incomplete one"
        raise error(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], "
            f"or TrafficPolicyInstanceId], but found {found} {where}",
        )
    policies = policies_of(data)
    if len(policies) > 1:
        raise error(
            "InvalidInput",
            f"Invalid request: Expected at most one of [{', '.join(POLICIES)}], but found {', '.join(policies)} {where}",
        )
    if policies and not data.get("SetIdentifier"):
        raise error("InvalidInput", f"Invalid request: Missing field 'SetIdentifier' {where}")
    if data.get("SetIdentifier") and not policies:
        raise error(
            "InvalidInput",
            f"Invalid request: Expected exactly one of [{', '.join(POLICIES)}], but found none {where}",
        )


def policies_of(data: dict) -> list[str]:
    return [policy for policy in POLICIES if data.get(policy) is not None]


def check_health_check(data, account):
    check = data.get("HealthCheckId")
    if check and check not in account.checks:
        raise error("NoSuchHealthCheck", f"No health check exists with the specified ID: {check}", 404)


def apply_one(change, after: dict, zone) -> list[str]:
    data = clean(change["ResourceRecordSet"])
    action, key = change["Action"], key_of(data)
    problems = record_problems(data, key, zone) if action != "DELETE" else []
    existing = after.get(key)
    if action == "CREATE" and existing:
        problems.append(f"Tried to create resource record set {record_text(key)} but it already exists")
    elif action == "DELETE" and not existing:
        problems.append(f"Tried to delete resource record set {record_text(key)} but it was not found")
    elif action == "DELETE" and comparable(existing.data) != comparable(data):
        problems.append(
            f"Tried to delete resource record set {record_text(key)} but the values provided do not match the current values"
        )
    elif action == "DELETE" and is_apex_default(zone.name, key):
        problems.append(
            "A HostedZone must contain exactly one SOA record."
            if key.type == "SOA"
            else "A HostedZone must contain at least one NS record for the zone itself."
        )
    if problems:
        return problems
    if action == "DELETE":
        del after[key]
    else:
        unchanged = existing and comparable(existing.data) == comparable(data)
        after[key] = Record(data, existing.since if unchanged else clock.now())
    return []


def clean(data: dict) -> dict:
    """The record as AWS keeps it: normalized names, nothing that is not set."""
    kept = {name: value for name, value in data.items() if value is not None and value != []}
    kept["Name"] = normalize(kept["Name"])
    if alias := kept.get("AliasTarget"):
        kept["AliasTarget"] = alias | {"DNSName": normalize(alias["DNSName"])}
    return kept


def comparable(data: dict) -> dict:
    values = sorted(record["Value"] for record in data.get("ResourceRecords", []))
    return data | {"ResourceRecords": values}


def record_text(key: Key) -> str:
    identifier = f", set-identifier='{key.set_identifier}'" if key.set_identifier else ""
    return f"[name='{key.name}', type='{key.type}'{identifier}]"


# --- what a single record must look like ----------------------------------------------------------


def record_problems(data: dict, key: Key, zone) -> list[str]:
    if key.name != zone.name and not key.name.endswith(f".{zone.name}"):
        return [f"RRSet with DNS name {key.name} is not permitted in zone {zone.name}"]
    if key.type == "CNAME" and key.name == zone.name:
        return [f"RRSet of type CNAME with DNS name {key.name} is not permitted at apex in zone {zone.name}"]
    values = [record["Value"] for record in data.get("ResourceRecords", [])]
    problems = [problem for value in values if (problem := value_problem(key.type, value))]
    if len(set(values)) != len(values):
        problems.append(f"Duplicate Resource Record: '{values[0]}'")
    if key.type == "CNAME" and len(values) > 1:
        problems.append(f"RRSet of type CNAME with DNS name {key.name} must have exactly one value")
    return problems


def value_problem(kind: str, value: str) -> str | None:
    wrong = None
    if kind in ("A", "AAAA"):
        version = 4 if kind == "A" else 6
        if not is_address(value, version):
            wrong = f"{kind}RRDATAIllegalIPv{version}Address (Value is not a valid IPv{version} address)"
    elif kind in ("TXT", "SPF") and not re.fullmatch(r'("([^"\\]|\\.){0,255}"\s*)+', value):
        wrong = "InvalidCharacterString (Value should be enclosed in quotation marks)"
    return f"Invalid Resource Record: 'FATAL problem: {wrong} encountered with '{value}''" if wrong else None


def is_address(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False


# --- what the records of one name must agree on ---------------------------------------------------


def group_problems(after: dict, changed: set, zone) -> list[str]:
    problems = []
    for name in {key.name for key in changed}:
        types = {key.type for key in after if key.name == name}
        if "CNAME" in types and len(types) > 1:
            problems.append(
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records "
                f"with the same DNS name in zone {zone.name}"
            )
    for name, kind in {(key.name, key.type) for key in changed}:
        group = {key: record.data for key, record in after.items() if (key.name, key.type) == (name, kind)}
        problems += policy_problems(name, kind, group, changed)
    return problems


def policy_problems(name, kind, group: dict, changed) -> list[str]:
    kinds = {(policies_of(data) or ["simple"])[0] for data in group.values()}
    identifiers = [key.set_identifier for key in group if key in changed]
    if len(kinds) > 1:
        return [
            f"RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier or 'null'} cannot be created "
            "as other RRSets exist with the same name and type but another routing policy."
            for identifier in identifiers
        ]
    seen, problems = set(), []
    for key, data in group.items():
        place = unique_place(data)
        if place is not None and place in seen:
            problems.append(
                f"RRSet with DNS name {name}, type {kind}, SetIdentifier {key.set_identifier} cannot be created "
                f"because a RRSet with the same name, type and {place[0]} ({place[1]}) already exists."
            )
        seen.add(place)
    return problems


def unique_place(data: dict):
    """The part that may occur only once in a group: a latency region, a location, a failover role."""
    for policy in ("Region", "Failover"):
        if data.get(policy):
            return policy, data[policy]
    if location := data.get("GeoLocation"):
        return "GeoLocation", "/".join(f"{k}={v}" for k, v in sorted(location.items()))
    return None


def alias_problems(after: dict, changed: set, zone, account) -> list[str]:
    """An alias into one of the account's own zones needs its target to be there."""
    problems = []
    for key in changed & after.keys():
        alias = after[key].data.get("AliasTarget")
        target_zone = account.zones.get(alias["HostedZoneId"]) if alias else None
        if target_zone is None:
            continue
        there = after if target_zone is zone else target_zone.records
        if not any((k.name, k.type) == (alias["DNSName"], key.type) for k in there):
            problems.append(
                f"Tried to create an alias that targets {alias['DNSName']}, type {key.type} in zone "
                f"{target_zone.id}, but that target was not found"
            )
    return problems


# --- listing --------------------------------------------------------------------------------------


def list_page(records: dict, request) -> dict:
    def position(key: Key):
        return sort_name(key.name), key.type, key.set_identifier or ""

    size = min(int(request.get("MaxItems") or LIST_LIMIT), LIST_LIMIT)
    start_name = request.get("StartRecordName")
    start = (
        sort_name(normalize(start_name)) if start_name else [],
        request.get("StartRecordType") or "",
        request.get("StartRecordIdentifier") or "",
    )
    rest = [key for key in sorted(records, key=position) if position(key) >= start]
    answer = {
        "ResourceRecordSets": [records[key].data for key in rest[:size]],
        "IsTruncated": len(rest) > size,
        "MaxItems": str(size),
    }
    if len(rest) > size:
        following = rest[size]
        answer |= {"NextRecordName": following.name, "NextRecordType": following.type}
        if following.set_identifier:
            answer["NextRecordIdentifier"] = following.set_identifier
    return answer
