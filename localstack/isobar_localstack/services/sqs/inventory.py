"""SQS: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for url in names_of(client, "list_queues", "QueueUrls", None):
        yield "queue", url.rsplit("/", 1)[-1]
