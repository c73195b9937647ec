"""RDS: DescribeDBEngineVersions, and what a test says of single versions.

    POST /_isobar/rds/withdrawn-versions {"region": "eu-west-1", "engine": "aurora-postgresql", "version": "16.4"}
    POST /_isobar/rds/withdrawn-versions {…, "offered": true}        and back
    GET  /_isobar/rds/withdrawn-versions                             {"eu-west-1": ["aurora-postgresql 16.4"]}

AWS rules followed: only available versions are listed unless all are asked for; other engines of RDS, which are not
served here, have none.
"""

from isobar_localstack.services.rds.engines import (
    DEFAULT_MAJOR,
    DEFAULTS,
    DESCRIPTIONS,
    ENGINES,
    LOG_TYPES,
    MYSQL,
    POSTGRESQL,
    Version,
    default,
    every,
    is_offered,
    targets,
)
from isobar_localstack.services.rds.instance_classes import CERTIFICATES
from isobar_localstack.services.rds.reading import filtered, paged, without_empty
from isobar_localstack.services.rds.state import in_turn, invalid, regions

OTHER_ENGINES = (
    "custom-",
    "db2-",
    "mariadb",
    "mysql",
    "oracle-",
    "postgres",
    "sqlserver-",
    "neptune",
    "docdb",
)
FEATURES = {MYSQL: [], POSTGRESQL: ["Lambda", "s3Export", "s3Import"]}


def operations() -> dict:
    return {"DescribeDBEngineVersions": describe_all}


def describe_all(context, request):
    engine = request.get("Engine")
    if engine and engine not in ENGINES and not engine.startswith(OTHER_ENGINES):
        raise invalid(f"Unrecognized engine name: {engine}")
    versions = [version for one in ENGINES for version in every(one) if is_wanted(context, request, version)]
    versions = filtered(versions, request, FILTERS | {"status": lambda version: [status(context, version)]})
    return paged("DBEngineVersions", [to_response(context, version) for version in versions], request)


def is_wanted(context, request, version: Version) -> bool:
    asked_for = request.get("EngineVersion")
    has_status = any(wanted["Name"] == "status" for wanted in request.get("Filters") or [])
    return (
        request.get("Engine") in (None, version.engine)
        and (not asked_for or asked_for in (version.name, version.major))
        and request.get("DBParameterGroupFamily") in (None, version.family)
        and (bool(request.get("IncludeAll")) or has_status or is_offered(context, version))
        and (not request.get("DefaultOnly") or version == default_of(version, asked_for))
    )


def default_of(version: Version, asked_for: str | None) -> Version:
    major = version.major if asked_for in DEFAULTS[version.engine] else DEFAULT_MAJOR[version.engine]
    return default(version.engine, major)


def status(context, version: Version) -> str:
    return "available" if is_offered(context, version) else "deprecated"


FILTERS = {
    "db-parameter-group-family": lambda version: [version.family],
    "engine": lambda version: [version.engine],
    "engine-mode": lambda version: ["provisioned"],
    "engine-version": lambda version: [version.name],
}


def to_response(context, version: Version) -> dict:
    capacities = version.capacities
    named = f"{DESCRIPTIONS[version.engine]} (Compatible with {version.name})"
    return without_empty(
        {
            "Engine": version.engine,
            "EngineVersion": version.name,
            "MajorEngineVersion": version.major,
            "DBParameterGroupFamily": version.family,
            "DBEngineDescription": DESCRIPTIONS[version.engine],
            "DBEngineVersionDescription": named,
            "ValidUpgradeTarget": [
                target(version, one) for one in targets(version) if is_offered(context, one)
            ],
            "ExportableLogTypes": list(LOG_TYPES[version.engine]),
            "SupportsLogExportsToCloudwatchLogs": True,
            "SupportsReadReplica": False,
            "SupportedEngineModes": ["provisioned"],
            "SupportedFeatureNames": FEATURES[version.engine],
            "Status": status(context, version),
            "SupportsParallelQuery": version.engine == MYSQL,
            "SupportsGlobalDatabases": version.can_be_global,
            "SupportsBabelfish": version.engine == POSTGRESQL,
            "SupportsLimitlessDatabase": version.name.endswith("-limitless"),
            "SupportsCertificateRotationWithoutRestart": True,
            "SupportedCACertificateIdentifiers": list(CERTIFICATES),
            "SupportsLocalWriteForwarding": version.can_forward,
            "SupportsIntegrations": version.can_be_global,
            "ServerlessV2FeaturesSupport": capacities
            and {"MinCapacity": float(capacities[0]), "MaxCapacity": float(capacities[1])},
        }
    )


def target(version: Version, other: Version) -> dict:
    return {
        "Engine": other.engine,
        "EngineVersion": other.name,
        "Description": f"{DESCRIPTIONS[other.engine]} (Compatible with {other.name})",
        "AutoUpgrade": False,
        "IsMajorVersionUpgrade": other.major != version.major,
        "SupportedEngineModes": ["provisioned"],
        "SupportsGlobalDatabases": other.can_be_global,
        "SupportsLocalWriteForwarding": other.can_forward,
    }


class WithdrawnVersionsResource:
    @in_turn
    def on_get(self, request):
        return {
            region: sorted(" ".join(version) for version in there.withdrawn)
            for (_, region), there in sorted(regions.items())
            if there.withdrawn
        }

    @in_turn
    def on_post(self, request):
        wanted = request.get_json(force=True)
        withdrawn = regions[wanted.get("account", "000000000000"), wanted["region"]].withdrawn
        key = (wanted["engine"], wanted["version"])
        if wanted.get("offered"):
            withdrawn.discard(key)
        else:
            withdrawn.add(key)
        return self.on_get(request)
