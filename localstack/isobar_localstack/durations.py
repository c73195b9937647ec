"""How long things take: every waiting time of the emulator, in seconds as AWS takes them.

They are multiplied by the environment variable ISOBAR_EMULATOR_PACE: 0.01 by default (a minute
becomes 0.6 s), 0 makes everything happen at once, 1 is the real speed.
"""

import os
import time

SECONDS = {
    "acm.record_appears": 5,
    "acm.issued_after_record": 120,
    "acm.in_use_lag": 60,
    "apigateway.domain_updating": 30,
    "dynamodb.table_creating": 20,
    "dynamodb.table_deleting": 10,
    "dynamodb.table_updating": 10,
    "dynamodb.index_creating": 60,
    "dynamodb.index_deleting": 20,
    "dynamodb.ttl_changing": 30,
    "dynamodb.replica_creating": 120,
    "dynamodb.replica_updating": 20,
    "dynamodb.replica_deleting": 60,
    "lambda.preparing": 5,
    "route53.insync": 30,
}


def pace() -> float:
    return float(os.environ.get("ISOBAR_EMULATOR_PACE", "0.01"))


def scaled(name: str) -> float:
    return SECONDS[name] * pace()


def due(name: str) -> float:
    """The moment, on the monotonic clock, at which something that begins now is over."""
    return time.monotonic() + scaled(name)


def is_over(moment: float) -> bool:
    return time.monotonic() >= moment
