"""Secrets Manager: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect


def live(client):
    everything = client.get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
    for secret in collect(everything, "SecretList"):
        is_replica = secret.get("PrimaryRegion", client.meta.region_name) != client.meta.region_name
        ends = "DeletedDate" in secret
        yield (
            "secret-pending-deletion" if ends else "secret-replica" if is_replica else "secret",
            secret["Name"],
        )
