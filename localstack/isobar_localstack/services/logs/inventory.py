"""CloudWatch Logs: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import names_of


def live(client):
    for group in names_of(client, "describe_log_groups", "logGroups", "logGroupName"):
        yield "log-group", group
