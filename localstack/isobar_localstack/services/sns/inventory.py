"""SNS: what is alive, as (kind, name)."""

from isobar_localstack.core.inventory import collect, names_of


def live(client):
    for topic in names_of(client, "list_topics", "Topics", "TopicArn"):
        yield "topic", topic.rsplit(":", 1)[-1]
        for item in collect(
            client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic), "Subscriptions"
        ):
            yield "subscription", f"{topic.rsplit(':', 1)[-1]} {item['Protocol']} {item['Endpoint']}"
