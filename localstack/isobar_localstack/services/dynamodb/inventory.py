"""DynamoDB: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for table in names_of(client, "list_tables", "TableNames", None):
        yield "table", table
