"""DynamoDB: what is known of tables and global tables beyond moto's own table objects.

moto keeps one table object per region with keys, indexes and items. Here are the states they go
through, the groups of replicas they form, and the list of things that happen later. Replicas of
one group share one dictionary of items, so that a write in any region is seen in all.
"""

import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from moto.dynamodb.models import dynamodb_backends

from isobar_localstack.core.clock import clock, epoch
from isobar_localstack.core.durations import due
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State


@dataclass
class Replica:
    status: str
    details: dict = field(default_factory=dict)  # key and overrides of the region


@dataclass
class Group:
    """A global table: the regions of one table."""

    replicas: dict[str, Replica] = field(default_factory=dict)
    # regions replicas were added from, and until when it counts
    sources: dict[str, float] = field(default_factory=dict)
    consistency: str = "EVENTUAL"
    witness: Replica | None = None
    witness_region: str | None = None


@dataclass
class Table:
    """One table in one region."""

    account_id: str
    region: str
    name: str
    status: str = "CREATING"
    group: Group | None = None
    index_status: dict[str, str] = field(default_factory=dict)  # only those that are not ACTIVE
    table_class: str | None = None
    table_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    made: float = field(default_factory=clock.now)  # on the clock of lifecycles

    @property
    def moto(self):
        return dynamodb_backends[self.account_id][self.region].tables[self.name]

    @property
    def arn(self) -> str:
        return f"arn:aws:dynamodb:{self.region}:{self.account_id}:table/{self.name}"

    @property
    def created(self) -> float:
        """Its age is that of the clock of lifecycles: what AWS keeps for a day is as old as it says."""
        return round(epoch() - (clock.now() - self.made), 3)

    def members(self) -> list["Table"]:
        """The table itself and its replicas."""
        if self.group is None:
            return [self]
        account = accounts[self.account_id]
        return [
            account.tables[region, self.name]
            for region in self.group.replicas
            if (region, self.name) in account.tables
        ]


class Account:
    def __init__(self):
        self.tables: dict[tuple[str, str], Table] = {}
        self._scheduled = Scheduled()

    def later(self, duration: str, action, *arguments):
        self._scheduled.at(due(duration), action, *arguments)

    def settle(self):
        self._scheduled.settle()


stores = State("dynamodb")
accounts: dict[str, Account] = stores.store("accounts", defaultdict(Account))


def not_found(name: str):
    return error("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def invalid(message: str):
    return error("ValidationException", message)


def in_use(message: str):
    return error("ResourceInUseException", f"Attempt to change a resource which is still in use: {message}")


def plain_name(name_or_arn: str) -> str:
    return name_or_arn.split(":table/")[-1].split("/")[0]


def find(context, name_or_arn: str) -> Table:
    name = plain_name(name_or_arn)
    try:
        return accounts[context.account_id].tables[context.region, name]
    except KeyError:
        raise not_found(name) from None


def find_readable(context, name_or_arn: str) -> Table:
    table = find(context, name_or_arn)
    check_readable(table)
    return table


def check_readable(table: Table):
    """DescribeTable still shows a table that is being deleted; nothing else does."""
    if table.status == "DELETING":
        raise not_found(table.name)


def find_by_arn(context, arn: str) -> Table:
    try:
        return accounts[context.account_id].tables[arn.split(":")[3], plain_name(arn)]
    except KeyError:
        raise error(
            "ResourceNotFoundException", f"Requested resource not found: ResourcArn: {arn} not found"
        ) from None


def check_changeable(table: Table):
    doing = {"CREATING": "created", "UPDATING": "updated", "DELETING": "deleted"}.get(table.status)
    if doing:
        raise in_use(f"Table is being {doing}: {table.name}")


def check_indexes_settled(table: Table):
    for index, status in table.index_status.items():
        doing = {"CREATING": "created", "DELETING": "deleted"}.get(status, "updated")
        raise in_use(f"Index is being {doing}: {index}")


def remove(table: Table):
    """The table is gone from its region; a group of one is no group any more."""
    accounts[table.account_id].tables.pop((table.region, table.name), None)
    dynamodb_backends[table.account_id][table.region].tables.pop(table.name, None)
    group = table.group
    if group is None:
        return
    group.replicas.pop(table.region, None)
    group.sources.pop(table.region, None)
    dissolve_if_alone(table.account_id, table.name, group)


def dissolve_if_alone(account_id: str, name: str, group: Group):
    if len(group.replicas) == 1 and group.witness is None:
        survivor = accounts[account_id].tables.get((next(iter(group.replicas)), name))
        if survivor:
            survivor.group = None


def share_items(table: Table):
    """After a transaction moto may hold another dictionary than before."""
    items = table.moto.items
    for member in table.members():
        member.moto.items = items


@regions_of_things.subscribe
def regions_in_use() -> set[str]:
    return {region for account in list(accounts.values()) for region, _ in list(account.tables)}
