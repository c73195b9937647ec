//! Fields of a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::ecs::Capacity;

/// What a cluster can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 letters, digits, `_` and `-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Settings by AWS's names.
    pub settings: Option<Settings>,
    /// What commands in running tasks, and stored data, are encrypted and logged with.
    pub configuration: Option<Configuration>,
    /// Capacity providers that services may use: `FARGATE`, `FARGATE_SPOT` or names; up to 20. One that is not
    /// listed is detached.
    #[schemars(length(max = 20), extend("x-unordered" = true))]
    pub capacity_providers: Option<Vec<String>>,
    /// How tasks are spread when neither a service nor its launch type says so.
    #[schemars(extend("x-key" = "capacity_provider"))]
    pub default_capacity_provider_strategy: Option<Vec<Capacity>>,
    /// ARN of the Cloud Map namespace in which services find each other by default. An empty text takes it away.
    pub service_connect_namespace: Option<String>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Settings of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How closely CloudWatch watches it; the account's setting when left out.
    #[serde(rename = "containerInsights")]
    pub container_insights: Option<Insights>,
}

/// How closely CloudWatch watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Insights {
    /// Down to each container.
    Enhanced,
    /// By service and task.
    Enabled,
    /// Not beyond each service's CPU and memory.
    Disabled,
}

/// What is encrypted and logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// How commands in running tasks are encrypted and logged.
    pub execute_command: Option<ExecuteCommand>,
    /// How stored data is encrypted.
    pub managed_storage: Option<ManagedStorage>,
}

/// How commands in running tasks are encrypted and logged.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommand {
    /// KMS key between this machine and the container.
    pub kms_key_id: Option<String>,
    /// Where it is logged; `DEFAULT` when left out.
    pub logging: Option<Logging>,
    /// CloudWatch log group, with `logging: OVERRIDE`.
    pub log_group: Option<String>,
    /// Whether the log group is encrypted.
    pub log_group_encrypted: Option<bool>,
    /// S3 bucket, with `logging: OVERRIDE`.
    pub s3_bucket: Option<String>,
    /// What keys in the bucket begin with.
    pub s3_key_prefix: Option<String>,
    /// Whether the bucket is encrypted.
    pub s3_encrypted: Option<bool>,
}

/// Where commands are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Logging {
    /// Nowhere.
    None,
    /// Where the container logs.
    Default,
    /// To the log group and bucket that are named.
    Override,
}

/// How stored data is encrypted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedStorage {
    /// KMS key of volumes that ECS makes.
    pub kms_key_id: Option<String>,
    /// KMS key of the disks of tasks on Fargate.
    pub fargate_ephemeral_storage_kms_key_id: Option<String>,
}
