"""CloudWatch: the data of metrics as a part of the state, and the alarms that follow it."""

import contextlib
import sqlite3

from isobar_localstack.core.emulated import loaded
from isobar_localstack.core.state import Part


def provider():
    """LocalStack's provider, or None as long as the service is not in use."""
    return loaded["cloudwatch"].lifecycle_hook if "cloudwatch" in loaded else None


class Metrics(Part):
    def take(self) -> bytes:
        from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

        if provider() is None:
            return b""
        with sqlite3.connect(CloudwatchDatabase.METRICS_DB) as connection:
            return connection.serialize()

    def give(self, wanted: bytes | None):
        from localstack.services.cloudwatch.cloudwatch_database_helper import CloudwatchDatabase

        if provider() is None:
            return
        if not wanted:
            provider().cloudwatch_database.clear_tables()
            return
        with contextlib.closing(sqlite3.connect(":memory:")) as source:
            source.deserialize(wanted)
            with contextlib.closing(sqlite3.connect(CloudwatchDatabase.METRICS_DB)) as target:
                source.backup(target)

    @contextlib.contextmanager
    def paused(self):
        """Alarms are evaluated by a thread each."""
        cloudwatch = provider()
        if cloudwatch:
            cloudwatch.alarm_scheduler.shutdown()
        try:
            yield
        finally:
            if cloudwatch:
                cloudwatch.alarm_scheduler = type(cloudwatch.alarm_scheduler)()
                cloudwatch.alarm_scheduler.start()
                cloudwatch.alarm_scheduler.restart_existing_alarms()


metrics = Metrics("cloudwatch.metrics")
