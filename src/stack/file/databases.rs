//! `databases`: Aurora global databases.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Json;

/// An Aurora global database: a cluster in every region, in the private subnets of the network. One of them writes, the
/// others read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Engine: `aurora-postgresql` or `aurora-mysql`. It cannot be changed.
    pub engine: Engine,
    /// Version in full and in quotes: `"16.8"`, or `8.0.mysql_aurora.3.08.2` of MySQL. AWS takes no way back to an older
    /// one.
    pub version: String,
    /// Capacity of serverless instances, in Aurora capacity units; or `class`.
    pub capacity: Option<DatabaseCapacity>,
    /// Class of the instances, such as `db.r6g.large`; or `capacity`.
    pub class: Option<String>,
    /// Instances of each region, 0 to 15, the writer among them; 2 if left out. A region with 0 (headless) keeps the data,
    /// and can neither read nor take over before it has one; not for the region in which the writer starts.
    #[schemars(range(min = 0, max = 15))]
    pub instances: Option<u8>,
    /// Whether the readers' regions pass writes on to the writer; false if left out. It is switched on in every region,
    /// because roles move, and so is the parameter without which nothing is passed on, unless `parameters` says it.
    pub write_forwarding: Option<bool>,
    /// Region in which the writer starts and in which the secret and the key are at home; the first of the stack if left
    /// out. It stays as long as the database lives, wherever the writer is by then.
    pub home: Option<String>,
    /// Name of the database in it; the block's own, letters and digits alone, if left out. It cannot be changed.
    pub name: Option<String>,
    /// Name of the master user; `postgres` or `admin`, as the engine has it, if left out. It cannot be changed.
    pub user: Option<String>,
    /// Port, 1150 to 65535; 5432 or 3306, as the engine has it, if left out.
    #[schemars(range(min = 1150, max = 65535))]
    pub port: Option<u16>,
    /// Parameters of the engine, by name; `{}` for none but its defaults. Of static ones the instances are restarted, one
    /// after the other.
    pub parameters: Option<BTreeMap<String, Json>>,
    /// Logs that go to CloudWatch, such as `postgresql`, or `slowquery` and `error` of MySQL; `[]` for none.
    pub logs: Option<Vec<String>>,
    /// Days that these logs are kept; 30 if left out.
    pub log_days: Option<u32>,
    /// Whether users may log in with IAM in place of a password; false if left out.
    pub iam: Option<bool>,
    /// Whether SQL can be sent over HTTPS (Data API); false if left out.
    pub data_api: Option<bool>,
    /// Backups, in every region.
    pub backup: Option<DatabaseBackup>,
    /// Time of the week, UTC, for what AWS has to do, such as `sun:04:00-sun:05:00`; AWS chooses one if left out, and
    /// keeps the last one that was said.
    #[schemars(regex(
        pattern = r"^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$"
    ))]
    pub maintenance: Option<String>,
    /// Whether a snapshot is taken when a cluster is deleted; true if left out. It stays in AWS.
    pub final_snapshot: Option<bool>,
    /// Whether it is encrypted with a KMS key of its own, with a replica in every region, in place of the key that AWS has
    /// for the account; false if left out. It cannot be changed.
    pub key: Option<bool>,
    /// Whether it is protected from deletion, with its secret and key; true unless the file says otherwise.
    pub protect: Option<bool>,
    /// Whether its resources stay in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
    /// Differences by region: `capacity`, `class`, `instances`, `backup`, `protect`.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
}

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Aurora with the interface of `PostgreSQL`.
    AuroraPostgresql,
    /// Aurora with the interface of `MySQL`.
    AuroraMysql,
}

impl Engine {
    /// The word of the file, which is AWS's.
    pub fn word(self) -> &'static str {
        match self {
            Self::AuroraPostgresql => "aurora-postgresql",
            Self::AuroraMysql => "aurora-mysql",
        }
    }
}

/// Range of capacity of serverless instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseCapacity {
    /// Least capacity, 0 to 256 in steps of 0.5. A region that takes over has to grow from here: AWS advises 8.
    #[schemars(range(min = 0, max = 256))]
    pub min: f64,
    /// Most capacity, 1 to 256 in steps of 0.5.
    #[schemars(range(min = 1, max = 256))]
    pub max: f64,
    /// With `min: 0`: how long without use before an instance pauses, `5m` to `24h`; 5m if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m|h)$"))]
    pub pause: Option<String>,
}

/// Backups of a database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseBackup {
    /// How far back it can be restored to any second, `1d` to `35d`; 7d if left out.
    #[schemars(regex(pattern = r"^[0-9]+d$"))]
    pub retain: Option<String>,
    /// Time of day, UTC, of the daily backup, such as `03:00-04:00`; AWS chooses one if left out, and keeps the
    /// last one that was said.
    #[schemars(regex(pattern = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"))]
    pub window: Option<String>,
}
