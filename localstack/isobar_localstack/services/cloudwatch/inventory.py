"""CloudWatch: what is alive, as (kind, name)."""


def live(client):
    for page in client.get_paginator("describe_alarms").paginate(
        AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    ):
        for alarm in page["MetricAlarms"]:
            yield "alarm", alarm["AlarmName"]
        for alarm in page["CompositeAlarms"]:
            yield "composite-alarm", alarm["AlarmName"]
