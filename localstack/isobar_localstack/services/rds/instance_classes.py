"""RDS: the classes of instances and what can be ordered.

AWS rules followed: a class is offered for an engine and some of its versions; burstable classes are for tests and
have no part in a global cluster; `db.serverless` is for versions with Serverless v2. AWS has more of them [memory].
"""

from isobar_localstack.services.rds import network
from isobar_localstack.services.rds.engines import ENGINES, MYSQL, Version, every, is_offered
from isobar_localstack.services.rds.reading import filtered, paged
from isobar_localstack.services.rds.state import contradictory, invalid

SERVERLESS = "db.serverless"
SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
SERIES = ("r5", "r6g", "r6i", "r7g", "r7i", "r8g")
BURSTABLE = ("db.t3.medium", "db.t3.large", "db.t4g.medium", "db.t4g.large")
SIZES_OF = {
    "r5": (*SIZES, "24xlarge"),
    "r6i": (*SIZES, "24xlarge", "32xlarge"),
    "r7i": (*SIZES, "24xlarge", "48xlarge"),
}
CERTIFICATES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
STORAGE = ("aurora", "aurora-iopt1")


def operations() -> dict:
    return {"DescribeOrderableDBInstanceOptions": describe_all}


def offered(version: Version) -> list[str]:
    series = SERIES if version.major != "5.7" else ("r5",)
    classes = [f"db.{one}.{size}" for one in series for size in SIZES_OF.get(one, SIZES)]
    return [*classes, *BURSTABLE, *([SERVERLESS] if version.capacities else [])]


def is_burstable(name: str) -> bool:
    return name.startswith("db.t")


def check(version: Version, name: str):
    if name not in offered(version):
        licence = "general-public-license" if version.engine == MYSQL else "postgresql-license"
        raise contradictory(
            "RDS does not support creating a DB instance with the following combination: "
            f"DBInstanceClass={name}, Engine={version.engine}, EngineVersion={version.name}, LicenseModel={licence}. "
            "For supported combinations of instance class and database engine version, see the documentation."
        )


def describe_all(context, request):
    if request["Engine"] not in ENGINES:
        raise invalid(f"Invalid DB engine: {request['Engine']}")
    options = [
        (version, name, storage)
        for version in every(request["Engine"])
        if is_offered(context, version) and request.get("EngineVersion") in (None, version.name)
        for name in offered(version)
        if request.get("DBInstanceClass") in (None, name)
        for storage in STORAGE
    ]
    options = filtered(options, request, {})
    zones = [{"Name": zone} for zone in network.zones(context)]
    shown = [to_response(version, name, storage, zones) for version, name, storage in options]
    return paged("OrderableDBInstanceOptions", shown, request)


def to_response(version: Version, name: str, storage: str, zones: list[dict]) -> dict:
    return {
        "Engine": version.engine,
        "EngineVersion": version.name,
        "DBInstanceClass": name,
        "LicenseModel": "general-public-license" if version.engine == MYSQL else "postgresql-license",
        "AvailabilityZones": zones,
        "MultiAZCapable": False,
        "ReadReplicaCapable": False,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": storage,
        "SupportsIops": False,
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": True,
        "SupportedEngineModes": ["provisioned"],
        "SupportsStorageAutoscaling": False,
        "SupportsKerberosAuthentication": True,
        "OutpostCapable": False,
        "SupportsGlobalDatabases": version.can_be_global and not is_burstable(name),
        "SupportedNetworkTypes": ["IPV4", "DUAL"],
        "SupportsClusters": True,
    }
