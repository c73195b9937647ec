"""Route 53: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    for zone in collect(client.get_paginator("list_hosted_zones").paginate(), "HostedZones"):
        yield "hosted-zone", f"{zone['Name']} {zone['Id'].rsplit('/', 1)[-1]}"
        pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"])
        for record in collect(pages, "ResourceRecordSets"):
            if record["Name"] != zone["Name"] or record["Type"] not in ("NS", "SOA"):
                yield (
                    "record",
                    " ".join(filter(None, (record["Name"], record["Type"], record.get("SetIdentifier")))),
                )
    for check in names_of(client, "list_health_checks", "HealthChecks", "Id"):
        yield "health-check", check
