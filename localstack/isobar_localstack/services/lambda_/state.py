"""Lambda: what there is beyond LocalStack's own stores, and how functions are found in those."""

import threading

from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State

lock = threading.RLock()
stores = State("lambda")
scheduled = stores.store("scheduled", Scheduled())
provisioned: dict = stores.store("provisioned", {})  # qualified ARN -> state of its concurrency
held: dict = stores.store("held", {})  # (account, region) -> (subnet, groups) -> id of the interface
released: set = stores.store("released", set())  # ids of interfaces that are on their way


def find(context, name_or_arn: str):
    from localstack.services.lambda_.invocation.models import lambda_stores

    name = name_or_arn.split(":function:")[-1].split(":")[0]
    return lambda_stores[context.account_id][context.region].functions.get(name)


def all_functions(account_id: str, region: str) -> dict:
    from localstack.services.lambda_.invocation.models import lambda_stores

    return lambda_stores[account_id][region].functions
