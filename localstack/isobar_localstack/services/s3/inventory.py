"""S3: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for bucket in names_of(client, "list_buckets", "Buckets", "Name", BucketRegion=client.meta.region_name):
        yield "bucket", bucket
