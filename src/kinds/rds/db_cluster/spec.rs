//! Fields of a cluster, and the rules that AWS has for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// Fields of a cluster.
///
/// It is made as what its global database lacks: as the writer of a global cluster that has none, else as a reader that
/// AWS fills from the writer. From then on the role is AWS's, and no difference.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-wait" = "AWS takes 3 to 25 minutes to make one; a reader of a global database as long as it takes to copy the data"))]
pub struct Spec {
    /// Name, unique in the region; 1 to 63 lower-case letters, digits and dashes, a letter first, no dash at the end.
    #[schemars(
        regex(pattern = r"^[a-z](-?[a-z0-9])*$"),
        length(max = 63),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Engine. It cannot be changed.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub engine: Engine,
    /// Version of the engine, in full: `16.8`, `8.0.mysql_aurora.3.08.0`; AWS takes its default when left out. A minor
    /// version is changed here: the readers of a global database before its writer, whatever the order of regions. A major
    /// one of a global database is changed through its global cluster. AWS has no way back to an older one.
    #[schemars(
        regex(pattern = r"^\d+\.\d+(\.\d+)*(\.mysql_aurora\.\d+\.\d+\.\d+)?(-limitless)?$"),
        extend("x-wait" = "the instances restart with the new version: minutes in which the cluster answers nothing")
    )]
    pub engine_version: Option<String>,
    /// Name of the global cluster that it is made as a member of. AWS takes in none that stands already, and a cluster is
    /// never taken out because the file no longer says this: `rds.GlobalClusterMember` does that when it is deleted.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub global_cluster: Option<String>,
    /// Name of the master user; 1 to 16 letters and digits, a letter first. Only the first cluster of a global database is
    /// made with it, so it is said for all alike; from then on it cannot be changed.
    #[schemars(
        regex(pattern = r"^[A-Za-z][A-Za-z0-9]{0,15}$"),
        extend("x-change" = "replace", "x-write-only" = true)
    )]
    pub master_username: Option<String>,
    /// ARN of the secret in Secrets Manager, or of its replica in this region, that holds the master password: the whole
    /// value, or `password` of a JSON object; 8 to 41 printable characters without `/`, `"` and `@`. It is read for the call
    /// that hands it to RDS, and is neither remembered nor shown. Another secret sets the password anew; a rotation of this
    /// one is no difference.
    #[schemars(regex(pattern = "^arn:[a-z-]+:secretsmanager:"), extend("x-write-only" = true))]
    pub master_secret: Option<String>,
    /// Database that it is made with; none when left out. Only the first cluster of a global database is made with it, as
    /// with `master_username`.
    #[schemars(
        regex(pattern = r"^[A-Za-z][A-Za-z0-9]{0,63}$"),
        extend("x-change" = "replace", "x-write-only" = true)
    )]
    pub database_name: Option<String>,
    /// Port; 5432 or 3306, as the engine has it, when left out. A change restarts the instances.
    #[schemars(range(min = 1150, max = 65_535))]
    pub port: Option<i32>,
    /// Name of the subnet group that its instances stand in. AWS moves a cluster to another one with an outage; a member of
    /// a global database it does not move.
    #[schemars(extend("x-wait" = "the cluster answers nothing while it is moved"))]
    pub subnet_group: Option<String>,
    /// Ids of its security groups; AWS takes the VPC's default group when left out.
    #[schemars(length(min = 1), extend("x-unordered" = true, "x-grants" = []))]
    pub security_groups: Option<Vec<String>>,
    /// Name of its cluster parameter group; the engine's default one when left out. Static parameters of another group
    /// count once the instances have been restarted: see `restart_key` of `rds.DbInstance`.
    pub parameter_group: Option<String>,
    /// ARN of the KMS key of this region that encrypts it, not of an alias; the account's default key when left out. It
    /// cannot be changed: another key takes a copy, restored from a snapshot.
    #[schemars(regex(pattern = "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$"), extend("x-change" = "replace"))]
    pub kms_key: Option<String>,
    /// Encryption at rest, the same for all members of a global database. It cannot be changed.
    #[schemars(extend("x-change" = "replace"))]
    pub storage_encrypted: Option<bool>,
    /// Storage: paid by input and output, or at a higher price for its size with these included. AWS takes a change back to
    /// `aurora` at any time, one to `aurora-iopt1` once in 30 days.
    #[schemars(extend("x-reset" = "aurora"))]
    pub storage_type: Option<StorageType>,
    /// Range of capacity of its serverless instances (class `db.serverless`).
    pub capacity: Option<Capacity>,
    /// Forwarding of writes from this cluster to the writer while it is a reader of a global database; false when left out.
    /// It is said for all members alike, because roles move.
    #[schemars(extend("x-reset" = false))]
    pub write_forwarding: Option<bool>,
    /// For how many days back it can be restored to any second; 1 to 35, 1 when left out.
    #[schemars(range(min = 1, max = 35), extend("x-risk" = "backup", "x-reset" = 1))]
    pub backup_retention_days: Option<i32>,
    /// Time of day, UTC, of the daily backup: `02:00-03:00`; AWS chooses one when left out.
    #[schemars(regex(pattern = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"))]
    pub backup_window: Option<String>,
    /// Time of the week, UTC, for what AWS has to do: `sun:04:00-sun:05:00`; AWS chooses one when left out. Changes of this
    /// file do not wait for it.
    #[schemars(regex(
        pattern = r"^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$"
    ))]
    pub maintenance_window: Option<String>,
    /// Protection from being deleted; false when left out. While it is on in AWS, the cluster is deleted on the user's word
    /// alone, and then it is switched off.
    #[schemars(extend("x-risk" = "protection", "x-protects" = true, "x-reset" = false))]
    pub deletion_protection: Option<bool>,
    /// Copies of its tags on its snapshots; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub copy_tags_to_snapshot: Option<bool>,
    /// Logs that it sends to CloudWatch: `postgresql` and `iam-db-auth-error`, or `audit`, `error`, `general`, `slowquery`,
    /// `instance` and `iam-db-auth-error` with MySQL.
    #[schemars(extend("x-unordered" = true, "x-reset" = []))]
    pub log_exports: Option<Vec<String>>,
    /// Login with IAM in place of a password; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub iam_authentication: Option<bool>,
    /// Data API: SQL over HTTPS; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub data_api: Option<bool>,
    /// Middle of the name of the snapshot that is taken when it is deleted, `NAME-final-TIME`; `final` when left out. With
    /// an empty text it is deleted without one. What counts is what was last applied. Kept in the tag
    /// `isobar:final-snapshot`.
    #[schemars(
        regex(pattern = r"^([a-z0-9](-?[a-z0-9])*)?$"),
        length(max = 63),
        extend("x-reset" = "final")
    )]
    pub final_snapshot: Option<String>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Aurora with the interface of MySQL.
    AuroraMysql,
    /// Aurora with the interface of PostgreSQL.
    AuroraPostgresql,
}

/// Storage of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StorageType {
    /// Standard: paid by input and output.
    #[serde(rename = "aurora")]
    Standard,
    /// I/O-Optimized.
    #[serde(rename = "aurora-iopt1")]
    IoOptimized,
}

/// Range of capacity of serverless instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Least capacity, in Aurora capacity units; 0 to 256 in steps of 0.5. With 0 an instance pauses while nobody uses it.
    /// A cluster of a global database needs enough to take over: AWS advises 8.
    #[schemars(range(min = 0, max = 256))]
    pub min: f64,
    /// Most capacity; 1 to 256 in steps of 0.5.
    #[schemars(range(min = 1, max = 256))]
    pub max: f64,
    /// With `min: 0`: seconds without use after which an instance pauses; 300 to 86400, 300 when left out.
    #[schemars(range(min = 300, max = 86_400))]
    pub auto_pause: Option<i32>,
}

/// Names that both engines keep for themselves, and those of one alone. AWS refuses some more.
const RESERVED: [&str; 3] = ["rdsadmin", "rdsproxyadmin", "rdsrepladmin"];
const RESERVED_BY_POSTGRES: [&str; 11] =
    ["admin", "all", "analyse", "analyze", "and", "any", "grant", "public", "select", "table", "user"];
const RESERVED_BY_MYSQL: [&str; 2] = ["mysql", "root"];

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    if let Some(capacity) = &spec.capacity {
        let whole = |units: f64| (units * 2.0).fract() == 0.0;
        rule(capacity.min > capacity.max, "`capacity`: `min` is above `max`");
        rule(!whole(capacity.min) || !whole(capacity.max), "`capacity` is in steps of 0.5");
        rule(capacity.auto_pause.is_some() && capacity.min > 0.0, "`auto_pause` has no effect without `min: 0`");
    }
    rule(spec.kms_key.is_some() && spec.storage_encrypted == Some(false), "`kms_key` needs `storage_encrypted: true`");
    let name = spec.master_username.as_deref().unwrap_or_default();
    rule(is_reserved(spec.engine, name), "`master_username` is a name that the engine keeps for itself");
    rule(
        spec.master_username.is_some() != spec.master_secret.is_some(),
        "`master_username` and `master_secret` go together",
    );
    rule(
        spec.global_cluster.is_none() && spec.write_forwarding == Some(true),
        "`write_forwarding` has no effect without `global_cluster`",
    );
    if let Some(version) = &spec.engine_version {
        let is_mysql = version.contains("mysql_aurora");
        rule(
            is_mysql != (spec.engine == Engine::AuroraMysql),
            "`engine_version` is one of the other engine: `16.8` is of aurora-postgresql, `8.0.mysql_aurora.3.08.0` of aurora-mysql",
        );
    }
    faults
}

/// True for a name that no user can have.
fn is_reserved(engine: Engine, name: &str) -> bool {
    let name = name.to_lowercase();
    let of_engine = match engine {
        Engine::AuroraPostgresql => RESERVED_BY_POSTGRES.contains(&name.as_str()),
        Engine::AuroraMysql => RESERVED_BY_MYSQL.contains(&name.as_str()),
    };
    of_engine || RESERVED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::Json;

    #[expect(clippy::needless_pass_by_value, reason = "cases read better without borrows")]
    fn faults(fields: Json) -> usize {
        let mut spec = json!({"name": "orders", "engine": "aurora-postgresql"});
        for (name, value) in fields.as_object().into_iter().flatten() {
            spec[name] = value.clone();
        }
        check(&serde_json::from_value(spec).expect("a spec")).len()
    }

    #[test]
    fn capacity_is_a_range_in_half_units_that_pauses_at_nothing_only() {
        let of = |capacity: Json| faults(json!({"capacity": capacity}));
        assert_eq!(of(json!({"min": 0.5, "max": 16})), 0);
        assert_eq!(of(json!({"min": 0, "max": 1, "auto_pause": 300})), 0);
        assert_eq!(of(json!({"min": 8, "max": 4})), 1);
        assert_eq!(of(json!({"min": 0.25, "max": 4})), 1);
        assert_eq!(of(json!({"min": 1, "max": 4, "auto_pause": 300})), 1);
    }

    #[test]
    fn users_versions_and_keys_fit_the_engine() {
        let login = |name: &str| json!({"master_username": name, "master_secret": "arn:aws:secretsmanager:x"});
        assert_eq!(faults(login("orders")), 0);
        assert_eq!(faults(login("admin")), 1);
        assert_eq!(faults(json!({"master_username": "orders"})), 1);
        assert_eq!(faults(json!({"engine": "aurora-mysql", "engine_version": "16.8"})), 1);
        assert_eq!(faults(json!({"engine": "aurora-mysql", "engine_version": "8.0.mysql_aurora.3.10.0"})), 0);
        assert_eq!(faults(json!({"kms_key": "arn:x", "storage_encrypted": false})), 1);
        assert_eq!(faults(json!({"write_forwarding": true})), 1);
    }
}
