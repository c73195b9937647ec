//! Fields of a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::ecs::Capacity;

/// Fields of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 letters, digits, `_` and `-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Settings by AWS's names.
    pub settings: Option<Settings>,
    /// Encryption and logging of commands in running tasks and of stored data.
    pub configuration: Option<Configuration>,
    /// Capacity providers that services may use: `FARGATE`, `FARGATE_SPOT` or names; up to 20. One that is not
    /// listed is detached.
    #[schemars(length(max = 20), extend("x-unordered" = true))]
    pub capacity_providers: Option<Vec<String>>,
    /// Default strategy for services without a strategy or launch type.
    #[schemars(extend("x-key" = "capacity_provider"))]
    pub default_capacity_provider_strategy: Option<Vec<Capacity>>,
    /// ARN of the Cloud Map namespace in which services find each other by default. An empty text takes it away.
    pub service_connect_namespace: Option<String>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Settings of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Level of Container Insights; the account's setting when left out.
    #[serde(rename = "containerInsights")]
    pub container_insights: Option<Insights>,
}

/// Level of Container Insights.
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

/// Encryption and logging.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Encryption and logging of commands in running tasks (ECS Exec).
    pub execute_command: Option<ExecuteCommand>,
    /// Encryption of stored data.
    pub managed_storage: Option<ManagedStorage>,
}

/// Encryption and logging of commands in running tasks (ECS Exec).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteCommand {
    /// KMS key between this machine and the container.
    pub kms_key_id: Option<String>,
    /// Log target of commands; `DEFAULT` when left out.
    pub logging: Option<Logging>,
    /// CloudWatch log group, with `logging: OVERRIDE`.
    pub log_group: Option<String>,
    /// Encryption of the log group.
    pub log_group_encrypted: Option<bool>,
    /// S3 bucket, with `logging: OVERRIDE`.
    pub s3_bucket: Option<String>,
    /// Prefix of keys in the bucket.
    pub s3_key_prefix: Option<String>,
    /// Encryption of the bucket.
    pub s3_encrypted: Option<bool>,
}

/// Log target of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Logging {
    /// Nowhere.
    None,
    /// The log driver of the container.
    Default,
    /// To the log group and bucket that are named.
    Override,
}

/// Encryption of stored data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManagedStorage {
    /// KMS key of volumes that ECS makes.
    pub kms_key_id: Option<String>,
    /// KMS key of the disks of tasks on Fargate.
    pub fargate_ephemeral_storage_kms_key_id: Option<String>,
}
