"""Route 53: hosted zones, changes and tags; records and health checks are in the files beside.

Gaps of LocalStack (moto) closed here: CallerReference was ignored, changes were INSYNC at once,
DELETE and CREATE of records were not checked, tags of unknown things were accepted. The service
is account-wide: all state is per account, whatever the region of the request.

AWS rules followed: a CallerReference counts for ever, also after the zone is gone; a new zone has
its apex NS and SOA; a zone with other records cannot be deleted.
"""

import random
import string

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.durations import due, is_over
from isobar_localstack.core.errors import error
from isobar_localstack.core.tags import tag_list
from isobar_localstack.services.route53 import health_checks as health
from isobar_localstack.services.route53 import records
from isobar_localstack.services.route53.state import PAGE_SIZE, Account, Zone, accounts, after_marker

LOCATION = "https://route53.amazonaws.com/2013-04-01"
TAGGED_PER_CALL = 10
NAME_SERVERS = ("ns-1.awsdns-00.com", "ns-2.awsdns-01.net", "ns-3.awsdns-02.org", "ns-4.awsdns-03.co.uk")


def operations(original: dict) -> dict:
    return {
        "CreateHostedZone": create_zone,
        "GetHostedZone": get_zone,
        "GetHostedZoneCount": count_zones,
        "ListHostedZones": list_zones,
        "ListHostedZonesByName": list_zones_by_name,
        "UpdateHostedZoneComment": update_comment,
        "UpdateHostedZoneFeatures": update_features,
        "DeleteHostedZone": delete_zone,
        "ChangeResourceRecordSets": change_records,
        "ListResourceRecordSets": list_records,
        "GetChange": get_change,
        "ChangeTagsForResource": change_tags,
        "ListTagsForResource": list_tags,
        "ListTagsForResources": list_tags_of_several,
    } | health.operations(accounts)


# --- zones --------------------------------------------------------------------------------------


def random_id(prefix: str) -> str:
    return prefix + "".join(random.choices(string.ascii_uppercase + string.digits, k=20))


def bare(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]


def zone_of(context, request, key="Id") -> Zone:
    zone_id = bare(request[key])
    try:
        return accounts[context.account_id].zones[zone_id]
    except KeyError:
        raise error("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404) from None


def create_zone(context, request):
    account = accounts[context.account_id]
    reference = request["CallerReference"]
    if reference in account.zone_references:
        raise error(
            "HostedZoneAlreadyExists",
            "A hosted zone has already been created with the specified caller reference.",
            409,
        )
    config = request.get("HostedZoneConfig") or {}
    vpc = request.get("VPC")
    if bool(config.get("PrivateZone")) != bool(vpc):
        raise error("InvalidInput", "A private hosted zone needs a VPC, and only a private one can have one.")
    zone = Zone(
        random_id("Z"),
        records.normalize(request["Name"]),
        reference,
        config.get("Comment"),
        bool(vpc),
        vpc,
    )
    zone.records = records.apex_records(zone.name, NAME_SERVERS)
    account.zones[zone.id] = zone
    account.zone_references.add(reference)
    answer = {
        "HostedZone": describe_zone(zone),
        "ChangeInfo": new_change(account),
        "Location": f"{LOCATION}/hostedzone/{zone.id}",
    }
    return answer | ({"VPC": vpc} if vpc else {"DelegationSet": {"NameServers": list(NAME_SERVERS)}})


def describe_zone(zone: Zone) -> dict:
    config = {"PrivateZone": zone.private}
    if zone.comment is not None:
        config["Comment"] = zone.comment
    described = {
        "Id": f"/hostedzone/{zone.id}",
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": len(zone.records),
    }
    if zone.accelerated:
        described["Features"] = {
            "AcceleratedRecoveryStatus": "ENABLED" if is_over(zone.enabled_at) else "ENABLING"
        }
    return described


def get_zone(context, request):
    zone = zone_of(context, request)
    answer = {"HostedZone": describe_zone(zone)}
    if zone.private:
        return answer | {"VPCs": [zone.vpc]}
    return answer | {"DelegationSet": {"NameServers": list(NAME_SERVERS)}}


def count_zones(context, request):
    return {"HostedZoneCount": len(accounts[context.account_id].zones)}


def list_zones(context, request):
    zones = sorted(accounts[context.account_id].zones.values(), key=lambda zone: zone.id)
    shown, following = after_marker(zones, request, lambda zone: zone.id)
    return {"HostedZones": [describe_zone(zone) for zone in shown]} | following


def list_zones_by_name(context, request):
    def position(zone):
        return records.sort_name(zone.name), zone.id

    start = (
        records.sort_name(records.normalize(request.get("DNSName") or ".")),
        bare(request.get("HostedZoneId") or ""),
    )
    size = min(int(request.get("MaxItems") or PAGE_SIZE), PAGE_SIZE)
    rest = [
        z for z in sorted(accounts[context.account_id].zones.values(), key=position) if position(z) >= start
    ]
    answer = {
        "HostedZones": [describe_zone(zone) for zone in rest[:size]],
        "MaxItems": str(size),
        "IsTruncated": len(rest) > size,
    }
    answer |= {key: request[key] for key in ("DNSName", "HostedZoneId") if request.get(key)}
    if len(rest) > size:
        answer |= {"NextDNSName": rest[size].name, "NextHostedZoneId": rest[size].id}
    return answer


def update_comment(context, request):
    zone = zone_of(context, request)
    zone.comment = request.get("Comment")
    return {"HostedZone": describe_zone(zone)}


def update_features(context, request):
    zone = zone_of(context, request, "HostedZoneId")
    wanted = bool(request.get("EnableAcceleratedRecovery"))
    if wanted and not zone.accelerated:
        zone.enabled_at = due("route53.recovery_enabling")
    zone.accelerated = wanted
    return {}


def delete_zone(context, request):
    zone = zone_of(context, request)
    if any(not records.is_apex_default(zone.name, key) for key in zone.records):
        raise error(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
        )
    if zone.accelerated:
        raise error(
            "InvalidInput", "Accelerated recovery must be disabled before the hosted zone is deleted."
        )
    account = accounts[context.account_id]
    del account.zones[zone.id]
    account.tags.pop(("hostedzone", zone.id), None)
    return {"ChangeInfo": new_change(account)}


# --- records and changes ------------------------------------------------------------------------


def change_records(context, request):
    account, zone = accounts[context.account_id], zone_of(context, request, "HostedZoneId")
    batch = request["ChangeBatch"]
    # All or nothing: the changes are tried on a copy, which replaces the records at the very end.
    zone.records = records.apply(batch["Changes"], zone, account)
    return {"ChangeInfo": new_change(account, batch.get("Comment"))}


def list_records(context, request):
    return records.list_page(zone_of(context, request, "HostedZoneId").records, request)


def new_change(account: Account, comment=None) -> dict:
    change = {"Id": "/change/" + random_id("C"), "SubmittedAt": epoch()}
    if comment:
        change["Comment"] = comment
    account.changes[bare(change["Id"])] = (change, due("route53.insync"))
    return change | {"Status": "PENDING"}


def get_change(context, request):
    change_id = bare(request["Id"])
    try:
        change, insync_at = accounts[context.account_id].changes[change_id]
    except KeyError:
        raise error(
            "NoSuchChange", f"A change with the specified change ID does not exist: {change_id}", 404
        ) from None
    return {"ChangeInfo": change | {"Status": "INSYNC" if is_over(insync_at) else "PENDING"}}


def cname_since(account_id: str, name: str, value: str) -> float | None:
    """Since when (on the clock of lifecycles) a public zone has this CNAME; None when there is none."""
    for zone in list(accounts[account_id].zones.values()):
        record = zone.records.get((records.normalize(name), "CNAME", None))
        if record and not zone.private:
            values = [records.normalize(r["Value"]) for r in record.data.get("ResourceRecords", [])]
            if records.normalize(value) in values:
                return record.since
    return None


# --- tags ---------------------------------------------------------------------------------------


def tag_key(context, kind: str, resource_id: str) -> tuple[str, str]:
    account, resource_id = accounts[context.account_id], bare(resource_id)
    if kind == "healthcheck" and resource_id not in account.checks:
        raise health.no_such_check(resource_id)
    if kind == "hostedzone" and resource_id not in account.zones:
        raise error("NoSuchHostedZone", f"No hosted zone found with ID: {resource_id}", 404)
    return kind, resource_id


def change_tags(context, request):
    tags = accounts[context.account_id].tags[tag_key(context, request["ResourceType"], request["ResourceId"])]
    for key in request.get("RemoveTagKeys") or []:
        tags.pop(key, None)
    tags.update({tag["Key"]: tag.get("Value") or "" for tag in request.get("AddTags") or []})
    return {}


def tag_set(context, kind: str, resource_id: str) -> dict:
    key = tag_key(context, kind, resource_id)
    tags = accounts[context.account_id].tags.get(key, {})
    return {"ResourceType": kind, "ResourceId": key[1], "Tags": tag_list(tags)}


def list_tags(context, request):
    return {"ResourceTagSet": tag_set(context, request["ResourceType"], request["ResourceId"])}


def list_tags_of_several(context, request):
    ids = request["ResourceIds"]
    if len(ids) > TAGGED_PER_CALL:
        raise error("InvalidInput", f"At most {TAGGED_PER_CALL} resource ids are allowed.")
    return {"ResourceTagSets": [tag_set(context, request["ResourceType"], id_) for id_ in ids]}


def tagged(account_id: str, region: str):
    """(arn, tags) of everything here; the tagging API knows these in us-east-1 only."""
    if region != "us-east-1":
        return
    account = accounts[account_id]
    for kind, things in (("hostedzone", account.zones), ("healthcheck", account.checks)):
        for resource_id in list(things):
            yield f"arn:aws:route53:::{kind}/{resource_id}", account.tags.get((kind, resource_id), {})
