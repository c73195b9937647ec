"""RDS: the engines and their versions, a selection of what AWS offers.

AWS rules followed: a version is withdrawn some day, and can then be described (`IncludeAll`) and not be used, where it
already runs it stays; not every version can be global, forward writes or run serverless; within a major version every
later minor one is a target of upgrades, so is the next major version; `16` or `8.0` means the default of that one.
"""

import functools
import re
from dataclasses import dataclass

from isobar_localstack.core.errors import error
from isobar_localstack.services.rds.state import contradictory, here, invalid

MYSQL, POSTGRESQL = "aurora-mysql", "aurora-postgresql"
ENGINES = (MYSQL, POSTGRESQL)
PORTS = {MYSQL: 3306, POSTGRESQL: 5432}
DESCRIPTIONS = {MYSQL: "Aurora MySQL", POSTGRESQL: "Aurora PostgreSQL"}
LOG_TYPES = {
    MYSQL: ("audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"),
    POSTGRESQL: ("iam-db-auth-error", "instance", "postgresql"),
}
# Which versions AWS offers is [memory]; the first of a major version that can do something is [doc].
VERSIONS = {
    POSTGRESQL: (
        *("14.6", "14.9", "14.13", "14.17"),
        *("15.3", "15.4", "15.8", "15.12"),
        *("16.1", "16.4", "16.4-limitless", "16.6", "16.8", "16.9"),
        *("17.4", "17.5"),
    ),
    MYSQL: (
        "5.7.mysql_aurora.2.12.5",
        *(f"8.0.mysql_aurora.3.{minor}" for minor in ("04.3", "05.2", "08.2", "10.0", "10.1")),
    ),
}
WITHDRAWN = {(POSTGRESQL, "16.6")}  # [doc]
DEFAULTS = {
    POSTGRESQL: {"14": "14.17", "15": "15.12", "16": "16.8", "17": "17.4"},
    MYSQL: {"5.7": "5.7.mysql_aurora.2.12.5", "8.0": "8.0.mysql_aurora.3.10.0"},
}
DEFAULT_MAJOR = {POSTGRESQL: "16", MYSQL: "8.0"}
FORWARDING_SINCE = {"14": 9, "15": 4}  # minor versions of PostgreSQL [doc]; later ones all can
AUTO_PAUSE_SINCE = {"14": 12, "15": 7, "16": 3}  # [doc]
CAPACITY_256_SINCE = {"14": 10, "15": 5, "16": 1}  # [doc]


@functools.total_ordering
@dataclass(frozen=True)
class Version:
    engine: str
    name: str

    @property
    def major(self) -> str:
        return self.name.split(".mysql_aurora.")[0] if self.engine == MYSQL else self.name.split(".")[0]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(int(number) for number in re.findall(r"\d+", self.name))

    def __lt__(self, other: "Version") -> bool:
        return self.numbers < other.numbers

    @property
    def family(self) -> str:
        return f"{self.engine}{self.major}"

    @property
    def can_be_global(self) -> bool:
        return not self.name.endswith("-limitless")

    @property
    def can_forward(self) -> bool:
        if self.engine == MYSQL:
            return True
        return self.can_be_global and self.numbers[1] >= FORWARDING_SINCE.get(self.major, 0)

    @property
    def capacities(self) -> tuple[float, float] | None:
        """The least and the most of Serverless v2, if there is any."""
        if self.engine == MYSQL:
            minor = self.numbers[3]
            return None if self.major == "5.7" else (0 if minor >= 8 else 0.5, 256 if minor >= 6 else 128)
        minor = self.numbers[1]
        least = 0 if minor >= AUTO_PAUSE_SINCE.get(self.major, 0) else 0.5
        return least, 256 if minor >= CAPACITY_256_SINCE.get(self.major, 0) else 128


def every(engine: str) -> list[Version]:
    return [Version(engine, name) for name in VERSIONS[engine]]


def is_offered(context, version: Version) -> bool:
    key = (version.engine, version.name)
    return version.name in VERSIONS[version.engine] and key not in WITHDRAWN | here(context).withdrawn


def default(engine: str, major: str) -> Version:
    return Version(engine, DEFAULTS[engine][major])


def families() -> set[str]:
    return {version.family for engine in ENGINES for version in every(engine)}


def default_group(version: Version) -> str:
    return f"default.{version.family}"


def check_engine(engine: str):
    if engine not in ENGINES:
        raise invalid(f"Invalid DB engine: {engine}")


def chosen(context, engine: str, name: str | None) -> Version:
    """The version that is asked for, if it is offered here."""
    check_engine(engine)
    if not name or name in DEFAULTS[engine]:
        version = default(engine, name or DEFAULT_MAJOR[engine])
    else:
        version = Version(engine, name)
    if not is_offered(context, version):
        raise contradictory(f"Cannot find version {name or version.name} for {engine}")
    return version


def targets(version: Version) -> list[Version]:
    """What a database of this version can be upgraded to."""
    if not version.can_be_global:
        return []
    majors = list(DEFAULTS[version.engine])
    reachable = majors[majors.index(version.major) :]
    later = [other for other in every(version.engine) if other > version and other.can_be_global]
    return [other for other in later if other.major in reachable]


def check_upgrade(context, version: Version, wanted: Version, allows_major: bool):
    if not is_offered(context, wanted):
        raise contradictory(f"Cannot find version {wanted.name} for {wanted.engine}")
    if wanted not in targets(version):
        raise contradictory(f"Cannot upgrade {version.engine} from {version.name} to {wanted.name}")
    if wanted.major != version.major and not allows_major:
        raise contradictory(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        )


def check_global(version: Version):
    if not version.can_be_global:
        raise invalid("The requested engine version was not found or does not support global functionality")


def check_log_types(version: Version, types: list[str]):
    if wrong := [one for one in types if one not in LOG_TYPES[version.engine]]:
        raise contradictory(
            f"You cannot use the log types '{', '.join(wrong)}' with engine version {version.engine} "
            f"{version.name}. For supported log types, see the documentation."
        )


def check_forwarding(version: Version):
    if not version.can_forward:
        raise error(
            "InvalidParameterCombination",
            f"Global write forwarding is not supported for {version.engine} version {version.name}.",
        )
