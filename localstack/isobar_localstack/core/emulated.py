"""An AWS service as this emulator has it: the one object that a folder of `services` declares as `SERVICE`.

All that is told of a service is told there, and whoever needs a part of it asks every object: the gateway for
operations, `realism` for throttling, limits, errors and rules, the inventory and the tagging API for what there is.
"""

import enum
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto as ask_moto
from localstack.services.plugins import SERVICE_PLUGINS, Service

from isobar_localstack.core import durations
from isobar_localstack.core.operations import one_at_a_time
from isobar_localstack.core.state import Part

loaded: dict[str, Service] = {}  # by API: what has been asked for since the start


class Base(enum.Enum):
    LOCALSTACK = "LocalStack's own service, with single operations replaced"
    MOTO = "moto answers whatever is not replaced"
    OWN = "only the operations that are given exist"
    UNCHANGED = "as LocalStack has it, if at all; what is declared is how AWS refuses"


@dataclass(frozen=True)
class Throttling:
    """The answer of a service to whoever asks too often."""

    code: str
    status: int = 400
    message: str = "Rate exceeded"
    retry_after: bool = False  # whether a Retry-After is sent


REGION, ACCOUNT = "region", "account"  # one bucket per account and region, or one per account


@dataclass(frozen=True)
class Limit:
    """A token bucket; the operations of one limit share it."""

    operations: tuple  # patterns
    per_second: float
    burst: float
    mark: str  # evidence: doc, model, memory
    scope: str = REGION
    but: tuple = ()  # operations that do not count


def per(seconds: float) -> float:
    return 1 / seconds


@dataclass(frozen=True)
class Quota:
    """A limit on the number of things."""

    of_aws: int
    raised: int  # the number here, see `realism.quotas`
    code: str
    message: str
    status: int = 400


def nothing_replaced(original: dict) -> dict:
    return {}


@dataclass(frozen=True)
class Emulated:
    api: str  # as botocore names it
    _: KW_ONLY
    based_on: Base
    operations: Callable[[dict], dict] = nothing_replaced  # base's handlers -> those that take their places
    prepare: tuple = ()  # called before the base is loaded
    # How it refuses.
    throttling: Throttling
    limits: tuple[Limit, ...] = ()
    quotas: dict[str, Quota] = field(default_factory=dict)
    bucket_per_operation: bool = False  # not one for all that a limit names
    errors: Callable | None = None  # (operation, problems) -> the error; requests are not checked without it
    unreadable: str | None = None  # the code for a body that cannot be read, where `errors` has none
    rules: dict = field(default_factory=dict)  # operation -> text rules f(context, request)
    # What there is.
    inventory: Callable | None = None  # client -> (kind, name) of all there is
    tagged: Callable | None = None  # (account id, region) -> (ARN, tags)
    is_global: bool = False  # one for all regions; its things are found in us-east-1
    state: tuple[Part, ...] = ()
    # Time and tests.
    durations: dict[str, float] = field(default_factory=dict)  # in seconds, as AWS takes them
    controls: dict = field(default_factory=dict)  # path below /_isobar -> class of the endpoint
    before_requests: Callable | None = None  # handler of every request, also of other services
    after_requests: Callable | None = None

    def __post_init__(self):
        durations.declare(self.api, self.durations)

    @property
    def is_replaced(self) -> bool:
        return self.based_on is not Base.UNCHANGED

    def service(self) -> Service:
        for prepare in self.prepare:
            prepare()
        loaded[self.api] = made = self._on_base()
        return made

    def _on_base(self) -> Service:
        if self.based_on is Base.LOCALSTACK:
            service = SERVICE_PLUGINS.plugin_manager.load(f"{self.api}:default").service
            table = service.skeleton.dispatch_table
            table |= self.operations(dict(table))
            return service
        model = load_service(self.api)
        if self.based_on is Base.MOTO:
            table = dict.fromkeys(model.operation_names, ask_moto)
            return Service(self.api, skeleton=Skeleton(model, table | self.operations(table)))
        return Service(self.api, skeleton=Skeleton(model, one_at_a_time(self.operations({}))))
