"""Secrets Manager: what there is, how it is found, and who may change it.

AWS rules followed: a secret is named by its name, its ARN, or the ARN without the six random characters; the ARN of
another region is not found. A secret that is marked for deletion is described, restored and deleted for good, nothing else.
A replica is read-only but for its key.
"""

import threading
from dataclasses import dataclass, field

from isobar_localstack.core.clock import epoch
from isobar_localstack.core.errors import error
from isobar_localstack.core.events import regions_of_things
from isobar_localstack.core.scheduler import Scheduled
from isobar_localstack.core.state import State
from isobar_localstack.realism import consistency

CURRENT, PREVIOUS, AWAITED = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
DEFAULT_KEY = "alias/aws/secretsmanager"


@dataclass
class Version:
    id: str
    string: str | None = field(repr=False)
    binary: bytes | None = field(repr=False)
    stages: list
    key: str | None  # what it is encrypted with; None is AWS's own key
    created: float = field(default_factory=epoch)
    accessed: float | None = None

    @property
    def has_value(self) -> bool:
        return self.string is not None or self.binary is not None


@dataclass
class Content:
    """All of a secret that its replicas follow."""

    description: str | None
    tags: dict
    versions: dict[str, Version] = field(default_factory=dict)
    policy: str | None = None
    changed: float = field(default_factory=epoch)


@dataclass
class Replica:
    """A region that the secret is replicated to, as the primary secret knows it."""

    key: str | None
    overwrites: bool
    status: str = "InProgress"
    message: str | None = None
    turn: int = 0  # what was begun before it does not count


@dataclass
class Rotation:
    function: str
    rules: dict = field(default_factory=dict)
    enabled: bool = True
    last: float | None = None
    next: float | None = None
    turn: int = 0


@dataclass
class Secret:
    account_id: str
    region: str
    name: str
    suffix: str
    content: Content
    key: str | None = None
    primary_region: str | None = None  # in a replica
    replicas: dict[str, Replica] = field(default_factory=dict)
    rotation: Rotation | None = None
    created: float = field(default_factory=epoch)
    accessed: float | None = None
    deleted: float | None = None  # the date at which it will be deleted
    ends: float | None = None  # the same on the clock of lifecycles
    is_forced: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        return self.account_id, self.region, self.name

    @property
    def arn(self) -> str:
        return f"{self.partial_arn}-{self.suffix}"

    @property
    def partial_arn(self) -> str:
        return f"arn:aws:secretsmanager:{self.region}:{self.account_id}:secret:{self.name}"

    def short(self) -> dict:
        return {"ARN": self.arn, "Name": self.name}


lock = threading.RLock()
stores = State("secretsmanager")
scheduled = stores.store("scheduled", Scheduled())
secrets: dict[tuple, Secret] = stores.store("secrets", {})  # (account, region, name)
known: dict[str, str] = stores.store("known", {})  # every value there has been -> whose it was


@regions_of_things.subscribe
def regions_in_use() -> set[str]:
    return {region for _, region, _ in list(secrets)}


def invalid_request(message: str):
    return error("InvalidRequestException", message)


def invalid_parameter(message: str):
    return error("InvalidParameterException", message)


def not_found(message: str = "Secrets Manager can't find the specified secret."):
    return error("ResourceNotFoundException", message)


def find(context, given: str) -> Secret:
    """The secret, also one that is marked for deletion."""
    secret = lookup(context, given)
    if secret is None:
        raise not_found()
    return secret


def lookup(context, given: str) -> Secret | None:
    if not given.startswith("arn:"):
        return secrets.get((context.account_id, context.region, given))
    here = [secret for secret in secrets.values() if secret.place[:2] == (context.account_id, context.region)]
    return next((secret for secret in here if given in (secret.arn, secret.partial_arn)), None)


def find_seen(context, given: str) -> Secret:
    """As one that reads: a new secret may be unknown for a moment."""
    secret = find(context, given)
    if not context.is_internal_call and consistency.not_visible_yet(
        "consistency.secretsmanager", *secret.place
    ):
        raise not_found()
    return secret


def mark_new(secret: Secret):
    consistency.mark("consistency.secretsmanager", *secret.place)
    consistency.mark("consistency.list", "secretsmanager", *secret.place)


def check_not_deleted(secret: Secret):
    if secret.deleted is not None:
        raise invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion."
        )


def check_primary(secret: Secret):
    if secret.primary_region is not None:
        raise invalid_parameter(
            "Operation not permitted on a replica secret. Call must be made in primary secret's region."
        )


def find_changeable(context, given: str) -> Secret:
    secret = find(context, given)
    check_primary(secret)
    check_not_deleted(secret)
    return secret
