"""RDS: identifiers, windows, users, capacities, periods: what the model's text says and its shapes do not."""

import re

from isobar_localstack.core.errors import error
from isobar_localstack.realism.strict.facts import fact
from isobar_localstack.realism.strict.texts import matches

IDENTIFIER = r"[A-Za-z](-?[A-Za-z0-9]+)*"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY, MINUTES_OF_A_WEEK = 24 * 60, 7 * 24 * 60
LEAST_WINDOW = 30


def invalid(message: str):
    return error("InvalidParameterValue", message)


def violation(operation, problems):
    """The answer to a request that violates the service model; never with the value of what is secret [memory]."""
    problem = problems[0]
    name = problem.path[0][:1].upper() + problem.path[0][1:]
    if problem.kind == "null":
        return error("MissingParameter", f"The request must contain the parameter {name}")
    value = "****" if "password" in name.lower() else problem.value
    return invalid(f"Value ({value}) for parameter {name} is invalid. {problem.constraint}")


# --- names ----------------------------------------------------------------------------------------


def identifier(name: str, most: int, can_be_arn=False):
    def check(context, request):
        value = request.get(name)
        if value is None or can_be_arn and value.startswith("arn:"):
            return
        if not matches(IDENTIFIER, value):
            raise invalid(
                f"The parameter {name} is not a valid identifier. Identifiers must begin with a letter; must contain "
                "only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive "
                "hyphens."
            )
        if len(value) > most:
            raise invalid(
                f"The parameter {name} is not a valid identifier because it is longer than {most} characters."
            )

    return check


def subnet_group(context, request):
    name = request["DBSubnetGroupName"]
    if not matches(fact("rds.subnet_group_name"), name) or name.lower() == "default":
        raise invalid(
            "The parameter DBSubnetGroupName must be provided and must not be 'default'. It must begin with a letter and "
            "contain no more than 255 letters, numbers, periods, underscores, spaces, or hyphens."
        )
    if not request["DBSubnetGroupDescription"].strip():
        raise invalid("The parameter DBSubnetGroupDescription must be provided and must not be blank.")


def parameter_group(name: str):
    def check(context, request):
        identifier(name, 255)(context, request)
        if not request["Description"].strip():
            raise invalid("The parameter Description must be provided and must not be blank.")

    return check


def database(context, request):
    name = request.get("DatabaseName")
    if name is None:
        return
    if not matches(fact("rds.database_name"), name):
        raise invalid(
            "DatabaseName must begin with a letter and contain only alphanumeric characters, 64 of them at most."
        )
    if name.lower() in fact("rds.reserved_databases"):
        raise invalid(f"DatabaseName {name} cannot be used. It is a reserved word for this engine")


def user(context, request):
    name = request.get("MasterUsername")
    if name is None:
        return
    if not matches(fact("rds.user_name"), name):
        raise invalid(
            f"The parameter MasterUsername is not valid: {name}. It must be 1 to 16 letters or numbers and begin with a "
            "letter."
        )
    if name.lower() in fact("rds.reserved_users").get(request.get("Engine"), ()):
        raise invalid(f"MasterUsername {name} cannot be used as it is a reserved word used by the engine")


# --- windows --------------------------------------------------------------------------------------


def minute(text: str) -> int | None:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text)
    return int(found[1]) * 60 + int(found[2]) if found else None


def daily(text: str) -> tuple[int, int] | None:
    """Begin and length in minutes."""
    moments = [minute(part) for part in text.split("-")]
    if len(moments) != 2 or None in moments:
        return None
    return moments[0], (moments[1] - moments[0]) % MINUTES_OF_A_DAY


def weekly(text: str) -> tuple[int, int] | None:
    moments = []
    for part in text.lower().split("-"):
        day, _, time = part.partition(":")
        if day not in DAYS or minute(time) is None:
            return None
        moments.append(DAYS.index(day) * MINUTES_OF_A_DAY + minute(time))
    return (moments[0], (moments[1] - moments[0]) % MINUTES_OF_A_WEEK) if len(moments) == 2 else None


def windows(context, request):
    backup, maintenance = (request.get(f"Preferred{one}Window") for one in ("Backup", "Maintenance"))
    parsed = [
        checked_window(text, parse, shown)
        for text, parse, shown in (
            (backup, daily, "backup window: {}. The format is hh24:mi-hh24:mi, 30 minutes at least."),
            (
                maintenance,
                weekly,
                "maintenance window: {}. The format is ddd:hh24:mi-ddd:hh24:mi, 30 minutes at least.",
            ),
        )
    ]
    if None not in parsed and overlap(*parsed):
        raise invalid("The backup window and maintenance window must not overlap.")


def checked_window(text: str | None, parse, shown: str):
    if text is None:
        return None
    window = parse(text)
    if window is None or window[1] < LEAST_WINDOW:
        raise invalid(f"Invalid {shown.format(text)}")
    return window


def overlap(of_day: tuple, of_week: tuple) -> bool:
    (begin, length), (start, span) = of_day, of_week
    return any(
        (day * MINUTES_OF_A_DAY + begin - start) % MINUTES_OF_A_WEEK < span
        or (start - day * MINUTES_OF_A_DAY - begin) % MINUTES_OF_A_WEEK < length
        for day in range(7)
    )


# --- numbers --------------------------------------------------------------------------------------


def within(name: str, fact_name: str, message: str):
    def check(context, request):
        low, high = fact(fact_name)
        value = request.get(name)
        if value is not None and not low <= value <= high:
            raise invalid(message.format(value=value, low=low, high=high))

    return check


retention = within(
    "BackupRetentionPeriod",
    "rds.backup_retention",
    "Invalid backup retention period: {value}. Retention period must be between {low} and {high}",
)
tier = within(
    "PromotionTier", "rds.promotion_tier", "PromotionTier must be between {low} and {high}: {value}"
)
port = within("Port", "rds.port", "Invalid port {value}. The port must be between {low} and {high}")


def one_of(name: str, fact_name: str):
    def check(context, request):
        value = request.get(name)
        if value is not None and value not in fact(fact_name):
            raise invalid(
                f"Invalid value for {name}: {value}. Valid values: {', '.join(map(str, fact(fact_name)))}"
            )

    return check


def capacity(context, request):
    wanted = request.get("ServerlessV2ScalingConfiguration") or {}
    for name in ("MinCapacity", "MaxCapacity"):
        value = wanted.get(name)
        if value is not None and (value * 2 != int(value * 2) or value < 0):
            raise invalid(f"Serverless v2 {name} {value} isn't valid. Specify it in half-step increments.")
    low, high = fact("rds.auto_pause")
    pause = wanted.get("SecondsUntilAutoPause")
    if pause is not None and not low <= pause <= high:
        raise invalid(f"SecondsUntilAutoPause must be between {low} and {high}: {pause}")


def tag_texts(context, request):
    for tag in request.get("Tags") or []:
        for text in (tag.get("Key") or "", tag.get("Value") or ""):
            if re.search(r"[^\w\s.:/=+\-@]", text):
                raise invalid(f"Tag contains characters that are not allowed: {text}")
            if text.startswith("rds:"):
                raise invalid("Tags starting with 'rds:' are reserved for internal use")


monitoring = one_of("MonitoringInterval", "rds.monitoring_intervals")
insights = one_of("PerformanceInsightsRetentionPeriod", "rds.insights_retention")
storage = one_of("StorageType", "rds.storage_types")
network = one_of("NetworkType", "rds.network_types")
mode = one_of("EngineMode", "rds.engine_modes")
cluster_name = identifier("DBClusterIdentifier", 63)
instance_name = identifier("DBInstanceIdentifier", 63)
snapshot_name = identifier("DBClusterSnapshotIdentifier", 63)
final_snapshot = identifier("FinalDBSnapshotIdentifier", 255)
global_name = identifier("GlobalClusterIdentifier", 63)
OF_CLUSTERS = (retention, port, windows, capacity, storage, network)

RULES = {
    "CreateDBSubnetGroup": [subnet_group, tag_texts],
    "CreateDBClusterParameterGroup": [parameter_group("DBClusterParameterGroupName"), tag_texts],
    "CreateDBParameterGroup": [parameter_group("DBParameterGroupName"), tag_texts],
    "CreateGlobalCluster": [global_name, database, tag_texts],
    "CreateDBCluster": [cluster_name, database, user, mode, *OF_CLUSTERS, tag_texts],
    "ModifyDBCluster": [*OF_CLUSTERS],
    "DeleteDBCluster": [final_snapshot],
    "CreateDBClusterSnapshot": [snapshot_name, tag_texts],
    "CreateDBInstance": [instance_name, tier, windows, monitoring, insights, tag_texts],
    "ModifyDBInstance": [tier, windows, monitoring, insights],
    "AddTagsToResource": [tag_texts],
}
