"""RDS: the parameters of the families, a selection of some hundred that AWS has.

Each is (of a cluster's or an instance's group, type, allowed values, static or dynamic, default of the engine). The
values are [doc] of the Aurora user guide's tables of parameters where it has them, else [memory].
"""

import re
from dataclasses import dataclass

from isobar_localstack.services.rds.engines import MYSQL

CLUSTER, INSTANCE, BOTH = {"cluster"}, {"instance"}, {"cluster", "instance"}
SWITCH, ON_OFF = "0,1", "ON,OFF"
LEVELS = "disabled,debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic"


@dataclass(frozen=True)
class Parameter:
    name: str
    groups: set
    kind: str  # integer, boolean, string, list, float
    allowed: str | None
    is_static: bool
    default: str | None
    is_modifiable: bool = True

    def accepts(self, value: str) -> bool:
        """By the form in which AWS shows what is allowed: words or ranges between commas, or anything."""
        if self.kind in ("integer", "float") and not is_number(value, self.kind):
            return False
        if not self.allowed:
            return True
        given = [part.strip() for part in value.split(",")] if self.kind == "list" else [value]
        return all(any(fits(one, part) for part in self.allowed.split(",")) for one in given)


def is_number(value: str, kind: str) -> bool:
    if "{" in value:  # a formula of the instance's memory
        return True
    return re.fullmatch(r"-?\d+" if kind == "integer" else r"-?\d+(\.\d+)?", value) is not None


def fits(value: str, allowed: str) -> bool:
    if "{" in value:
        return True
    bounds = re.fullmatch(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)", allowed)
    if bounds and is_number(value, "float"):
        return float(bounds[1]) <= float(value) <= float(bounds[2])
    return value.lower() == allowed.lower()


def static(name, groups, kind, allowed, default=None):
    return Parameter(name, groups, kind, allowed, True, default)


def dynamic(name, groups, kind, allowed, default=None):
    return Parameter(name, groups, kind, allowed, False, default)


def fixed(name, groups, kind, allowed, default):
    return Parameter(name, groups, kind, allowed, True, default, False)


OF_POSTGRESQL = (
    dynamic("apg_write_forward.connect_timeout", BOTH, "integer", "0-2147483647", "30"),
    dynamic("apg_write_forward.consistency_mode", BOTH, "string", "SESSION,EVENTUAL,GLOBAL,OFF", "SESSION"),
    dynamic(
        "apg_write_forward.idle_in_transaction_session_timeout", BOTH, "integer", "0-2147483647", "86400000"
    ),
    dynamic("apg_write_forward.idle_session_timeout", BOTH, "integer", "0-2147483647", "300000"),
    static("apg_write_forward.max_forwarding_connections_percent", BOTH, "integer", "1-100", "25"),
    static("apg_plan_mgmt.capture_plan_baselines", BOTH, "string", "off,manual,automatic", "off"),
    dynamic("autovacuum", BOTH, "boolean", SWITCH, "1"),
    dynamic("autovacuum_naptime", BOTH, "integer", "1-2147483", "5"),
    static(
        "autovacuum_max_workers",
        BOTH,
        "integer",
        "1-262143",
        "GREATEST({DBInstanceClassMemory/64371566592},3)",
    ),
    dynamic("deadlock_timeout", BOTH, "integer", "1-2147483647", "1000"),
    dynamic(
        "default_transaction_isolation",
        BOTH,
        "string",
        "serializable,repeatable read,read committed,read uncommitted",
    ),
    dynamic("idle_in_transaction_session_timeout", BOTH, "integer", "0-2147483647", "86400000"),
    dynamic("lock_timeout", BOTH, "integer", "0-2147483647"),
    dynamic("log_connections", BOTH, "boolean", SWITCH),
    dynamic("log_disconnections", BOTH, "boolean", SWITCH),
    dynamic("log_lock_waits", BOTH, "boolean", SWITCH),
    dynamic("log_min_duration_statement", BOTH, "integer", "-1-2147483647"),
    dynamic("log_min_messages", BOTH, "string", LEVELS),
    dynamic("log_statement", BOTH, "string", "none,ddl,mod,all"),
    static("max_connections", BOTH, "integer", "6-262143", "LEAST({DBInstanceClassMemory/9531392},5000)"),
    static("max_prepared_transactions", BOTH, "integer", "0-262143", "0"),
    static("max_replication_slots", CLUSTER, "integer", "5-262143", "20"),
    static("max_wal_senders", CLUSTER, "integer", "5-262143", "20"),
    static("max_worker_processes", BOTH, "integer", "0-262143", "GREATEST(${DBInstanceVCPU*2},8)"),
    dynamic("pg_stat_statements.track", BOTH, "string", "none,top,all", "top"),
    dynamic(
        "pgaudit.log",
        BOTH,
        "list",
        "ddl,function,misc,read,role,write,none,all,-ddl,-function,-misc,-read,-role,-write",
    ),
    dynamic("random_page_cost", BOTH, "float", "0-1000000"),
    dynamic("rds.adaptive_autovacuum", BOTH, "boolean", SWITCH, "1"),
    static("rds.babelfish_status", CLUSTER, "string", "on,off,datatypeonly", "off"),
    dynamic("rds.force_autovacuum_logging_level", BOTH, "string", LEVELS, "warning"),
    dynamic("rds.force_ssl", CLUSTER, "boolean", SWITCH, "0"),
    dynamic("rds.global_db_rpo", CLUSTER, "integer", "20-2147483647"),
    static("rds.logical_replication", CLUSTER, "boolean", SWITCH, "0"),
    dynamic("rds.log_retention_period", BOTH, "integer", "1440-10080", "4320"),
    dynamic("rds.restrict_password_commands", CLUSTER, "boolean", SWITCH),
    fixed("rds.extensions", BOTH, "list", None, "pg_stat_statements, pgaudit, pgcrypto, vector"),
    dynamic("search_path", BOTH, "string", None),
    static("shared_buffers", BOTH, "integer", "16-1073741823", "SUM({DBInstanceClassMemory/12038},-50003)"),
    static(
        "shared_preload_libraries",
        BOTH,
        "list",
        "auto_explain,orafce,pg_cron,pg_hint_plan,pg_prewarm,pg_similarity,pg_stat_statements,pg_tle,pgaudit,pglogical",
        "pg_stat_statements",
    ),
    dynamic("statement_timeout", BOTH, "integer", "0-2147483647"),
    static("timezone", BOTH, "string", None, "UTC"),
    static("track_activity_query_size", BOTH, "integer", "100-1048576", "4096"),
    dynamic("work_mem", BOTH, "integer", "64-2147483647"),
)

OF_MYSQL = (
    dynamic("aurora_fwd_writer_idle_timeout", CLUSTER, "integer", "1-86400", "60"),
    dynamic("aurora_fwd_writer_max_connections_pct", CLUSTER, "integer", "0-90", "10"),
    dynamic("aurora_parallel_query", BOTH, "boolean", ON_OFF, "OFF"),
    dynamic("aurora_replica_read_consistency", BOTH, "string", "EVENTUAL,SESSION,GLOBAL"),
    dynamic("binlog_cache_size", BOTH, "integer", "4096-18446744073709547520", "32768"),
    static("binlog_format", CLUSTER, "string", "ROW,STATEMENT,MIXED,OFF", "OFF"),
    dynamic("character_set_client", BOTH, "string", "ascii,binary,latin1,utf8,utf8mb3,utf8mb4"),
    dynamic("character_set_connection", BOTH, "string", "ascii,binary,latin1,utf8,utf8mb3,utf8mb4"),
    dynamic("character_set_database", BOTH, "string", "ascii,binary,latin1,utf8,utf8mb3,utf8mb4"),
    dynamic("character_set_server", BOTH, "string", "ascii,binary,latin1,utf8,utf8mb3,utf8mb4"),
    dynamic("collation_server", BOTH, "string", None),
    dynamic("event_scheduler", BOTH, "string", ON_OFF),
    dynamic("general_log", BOTH, "boolean", SWITCH),
    static("innodb_autoinc_lock_mode", CLUSTER, "integer", "0,1,2", "2"),
    static(
        "innodb_buffer_pool_size",
        INSTANCE,
        "integer",
        "5242880-18446744073709551615",
        "{DBInstanceClassMemory*3/4}",
    ),
    static("innodb_file_per_table", CLUSTER, "boolean", SWITCH),
    dynamic("innodb_lock_wait_timeout", BOTH, "integer", "1-1073741824"),
    dynamic("interactive_timeout", BOTH, "integer", "1-31536000"),
    dynamic("log_output", BOTH, "string", "TABLE,FILE,NONE", "FILE"),
    dynamic("long_query_time", BOTH, "float", "0-31536000"),
    static("lower_case_table_names", CLUSTER, "integer", "0,1", "0"),
    dynamic("max_allowed_packet", BOTH, "integer", "1024-1073741824"),
    dynamic(
        "max_connections",
        BOTH,
        "integer",
        "1-16000",
        "GREATEST({log(DBInstanceClassMemory/805306368)*45},{log(DBInstanceClassMemory/8187281408)*1000})",
    ),
    static("performance_schema", INSTANCE, "boolean", SWITCH, "0"),
    fixed("port", CLUSTER, "integer", "1150-65535", "{EndPointPort}"),
    dynamic("require_secure_transport", CLUSTER, "boolean", "ON,OFF", "OFF"),
    dynamic("server_audit_events", CLUSTER, "list", "CONNECT,QUERY,QUERY_DCL,QUERY_DDL,QUERY_DML,TABLE"),
    dynamic("server_audit_logging", CLUSTER, "boolean", SWITCH, "0"),
    dynamic("slow_query_log", BOTH, "boolean", SWITCH),
    dynamic("sql_mode", BOTH, "list", None),
    dynamic("time_zone", CLUSTER, "string", None, "UTC"),
    static("tls_version", CLUSTER, "list", "TLSv1.2,TLSv1.3"),
    dynamic(
        "transaction_isolation",
        BOTH,
        "string",
        "READ-UNCOMMITTED,READ-COMMITTED,REPEATABLE-READ,SERIALIZABLE",
    ),
    dynamic("wait_timeout", BOTH, "integer", "1-31536000"),
)


def of(family: str, group: str) -> dict[str, Parameter]:
    """By name; `group` is cluster or instance."""
    every = OF_MYSQL if family.startswith(MYSQL) else OF_POSTGRESQL
    return {one.name: one for one in every if group in one.groups}
