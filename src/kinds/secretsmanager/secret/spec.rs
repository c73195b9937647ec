//! The properties of a secret, and the rules between them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::value::Json;

/// The properties of a secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region: 1 to 512 letters, digits and `/_+=.@-`. AWS advises against one that ends with a hyphen
    /// and six characters, which is how ARNs of secrets end.
    #[schemars(regex(pattern = r"^[A-Za-z0-9/_+=.@-]{1,512}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Description; at most 2048 characters.
    #[schemars(length(max = 2048), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// KMS key that encrypts it: the ARN of a key or an alias of this region. An empty text for `aws/secretsmanager`, the
    /// key that AWS manages, which it is when left out. A change encrypts the current values again.
    #[schemars(
        regex(pattern = "^(|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+)$"),
        extend("x-reset" = "")
    )]
    pub kms_key: Option<String>,
    /// The value that a new secret gets, made by AWS; nobody sees it. Without this the secret is made without a value, and
    /// somebody else puts one in. It is about a new secret alone: a value that is there is never made again, so that a
    /// change of this field changes nothing. Another value comes by rotation, or with another secret.
    #[schemars(extend("x-owned-by-aws" = true))]
    pub generate: Option<Generate>,
    /// Copies in other regions, which follow the value, the tags and the policy. None when left out.
    #[schemars(extend("x-key" = "region"))]
    pub replicas: Option<Vec<Replica>>,
    /// Rotation of the value by a Lambda function. None when left out.
    #[schemars(extend("x-reset" = {"function": ""}))]
    pub rotation: Option<Rotation>,
    /// Resource policy: who may use the secret besides this account. `{}` for none, which it is when left out. One that
    /// would let everybody in is refused by AWS.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy", "x-reset" = {}))]
    pub policy: Option<Json>,
    /// Days for which a deleted secret can be restored, 7 to 30; 30 when left out. It is kept as the tag
    /// `isobar:recovery-window` until then.
    #[schemars(range(min = 7, max = 30), extend("x-risk" = "backup", "x-reset" = 30))]
    pub recovery_window_days: Option<i32>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A value that AWS makes at random.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// Number of characters; 8 to 4096, 32 when left out.
    #[schemars(range(min = 8, max = 4096))]
    pub length: Option<i32>,
    /// Characters that are not in it. Master passwords of databases have no `/`, `@`, `"` and no blank.
    #[schemars(length(max = 4096))]
    pub exclude: Option<String>,
    /// Punctuation is in it; true when left out.
    pub punctuation: Option<bool>,
    /// Makes the value JSON with this `username` and the generated `password`, which is what rotation functions of
    /// databases expect. The value is the password alone when left out.
    #[schemars(length(min = 1, max = 128))]
    pub username: Option<String>,
}

/// A copy of the secret in another region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The region.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z]+)+-\d+$"))]
    pub region: String,
    /// KMS key of that region that encrypts the copy: the ARN of a key or an alias. An empty text for
    /// `aws/secretsmanager`, which it is when left out. Another key takes the copy away and makes it again.
    #[schemars(
        regex(pattern = "^(|arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/.+)$"),
        extend("x-risk" = "rebuild", "x-reset" = "")
    )]
    pub kms_key: Option<String>,
}

/// Rotation of the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// ARN of the function that makes a new value. An empty text for no rotation. The first rotation comes with the
    /// schedule, not at once.
    pub function: String,
    /// Days between two rotations, 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    pub after_days: Option<i64>,
    /// Schedule instead of `after_days`: `rate(10 days)`, or `cron(0 16 1,15 * ? *)` in UTC.
    #[schemars(regex(pattern = r"^(rate|cron)\([0-9A-Za-z #?*,/-]{1,249}\)$"))]
    pub schedule: Option<String>,
    /// Length of the window in which a rotation happens, such as `3h`; until the end of the day when left out.
    #[schemars(regex(pattern = r"^\d{1,2}h$"))]
    pub duration: Option<String>,
}

impl Spec {
    /// The wanted copies, by region; none if they are not managed.
    pub(super) fn replicas(&self) -> BTreeMap<&str, &Replica> {
        self.replicas.iter().flatten().map(|replica| (replica.region.as_str(), replica)).collect()
    }
}

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    let replicas = spec.replicas.as_deref().unwrap_or_default();
    let regions: BTreeSet<&str> = replicas.iter().map(|replica| replica.region.as_str()).collect();
    rule(regions.len() < replicas.len(), "duplicate region in `replicas`");
    let elsewhere = |replica: &Replica| {
        let key = replica.kms_key.as_deref().unwrap_or_default();
        key.starts_with("arn:") && key.split(':').nth(3) != Some(&replica.region)
    };
    rule(replicas.iter().any(elsewhere), "a replica is encrypted with a `kms_key` of its own region");
    if let Some(Rotation { function, after_days, schedule, .. }) = &spec.rotation {
        let told = usize::from(after_days.is_some()) + usize::from(schedule.is_some());
        rule(!function.is_empty() && told != 1, "rotation takes `after_days` or `schedule`, and not both");
    }
    wrong
}
