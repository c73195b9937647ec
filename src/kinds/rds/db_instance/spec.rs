//! Fields of an instance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::rds::db_cluster::Engine;

/// Fields of an instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-wait" = "AWS takes 6 to 15 minutes to make one"))]
pub struct Spec {
    /// Name, unique in the region; 1 to 63 lower-case letters, digits and dashes, a letter first, no dash at the end.
    #[schemars(
        regex(pattern = r"^[a-z](-?[a-z0-9])*$"),
        length(max = 63),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Name of the cluster that it belongs to. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub cluster: String,
    /// Engine, that of its cluster. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub engine: Engine,
    /// Class: `db.serverless`, or a size such as `db.r7g.large`. A change restarts it; the instances of a cluster take
    /// turns, the writer last.
    #[schemars(
        regex(pattern = r"^db\.[a-z0-9]+(\.[a-z0-9]+)?$"),
        extend("x-highlight" = true, "x-wait" = "the instance restarts with another class")
    )]
    pub class: String,
    /// Name of its parameter group; the engine's default one when left out.
    pub parameter_group: Option<String>,
    /// Text whose change restarts it, for parameters that count from the next start only: the `restart_key` of its cluster's
    /// parameter group, of its own, or both. The instances of a cluster take turns, the writer last. Without it, AWS tells
    /// `pending-reboot` of such parameters until somebody restarts the instance.
    #[schemars(extend("x-write-only" = true, "x-wait" = "the instance restarts if static parameters have changed"))]
    pub restart_key: Option<String>,
    /// Rank in which it becomes the cluster's writer when that fails; 0 to 15, the lowest first, 1 when left out.
    #[schemars(range(min = 0, max = 15), extend("x-reset" = 1))]
    pub promotion_tier: Option<i32>,
    /// Availability zone; AWS chooses one of the subnet group when left out. A change replaces.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)+-\d+[a-z]$"), extend("x-change" = "replace"))]
    pub zone: Option<String>,
    /// Public address; false when left out.
    #[schemars(extend("x-public" = [true], "x-reset" = false))]
    pub publicly_accessible: Option<bool>,
    /// Enhanced monitoring of the operating system; off when left out.
    #[schemars(extend("x-reset" = {"interval": 0}))]
    pub monitoring: Option<Monitoring>,
    /// Performance Insights; off when left out.
    #[schemars(extend("x-reset" = {"enabled": false}))]
    pub performance_insights: Option<PerformanceInsights>,
    /// Minor versions by AWS itself, in the maintenance window; AWS takes true when left out. Without effect in a global
    /// database.
    #[schemars(extend("x-reset" = true))]
    pub auto_minor_version_upgrade: Option<bool>,
    /// Name of the certificate authority of its TLS certificate, such as `rds-ca-rsa2048-g1`; AWS's default when left out.
    pub ca_certificate: Option<String>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Enhanced monitoring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// Seconds between two measures: 1, 5, 10, 15, 30 or 60; 0 for none.
    #[schemars(range(min = 0, max = 60))]
    pub interval: i32,
    /// ARN of the role that writes them to CloudWatch; needed unless `interval` is 0.
    #[schemars(regex(pattern = "^arn:[a-z-]+:iam::"))]
    pub role: Option<String>,
}

/// Performance Insights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerformanceInsights {
    /// On or off.
    pub enabled: bool,
    /// Days for which it keeps what it has seen: 7, a multiple of 31 up to 713, or 731; 7 when left out.
    #[schemars(range(min = 7, max = 731))]
    pub retention_days: Option<i32>,
    /// ARN of the KMS key that encrypts that; the account's default key when left out. It cannot be changed while it is on.
    pub kms_key: Option<String>,
}

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    if let Some(monitoring) = &spec.monitoring {
        let known = [0, 1, 5, 10, 15, 30, 60].contains(&monitoring.interval);
        rule(!known, "`interval` of `monitoring` is 0, 1, 5, 10, 15, 30 or 60 seconds");
        rule(monitoring.interval > 0 && monitoring.role.is_none(), "`monitoring` needs a `role`");
        rule(monitoring.interval == 0 && monitoring.role.is_some(), "`role` has no effect with `interval: 0`");
    }
    if let Some(insights) = &spec.performance_insights {
        let days = insights.retention_days.unwrap_or(7);
        let known = days == 7 || days == 731 || (days % 31 == 0 && days <= 713);
        rule(!known, "`retention_days` of `performance_insights` is 7, a multiple of 31 up to 713, or 731");
        let more = insights.retention_days.is_some() || insights.kms_key.is_some();
        rule(!insights.enabled && more, "`retention_days` and `kms_key` have no effect with `enabled: false`");
    }
    faults
}
