//! What a function can be told to be.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// What a function can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 64 letters, digits, `-` and `_`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// What it runs: a zip file or a container image. From one to the other it is replaced.
    #[schemars(extend("x-change" = "replace-case"))]
    pub code: Code,
    /// ARN of the role it runs as, which must trust `lambda.amazonaws.com`.
    #[schemars(regex(pattern = r"^arn:aws[a-zA-Z-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@/-]+$"))]
    pub role: String,
    /// What is called, such as `index.handler`; 1 to 128 characters. Wanted with a zip file, not taken with an image.
    #[schemars(regex(pattern = r"^[^\s]{1,128}$"))]
    pub handler: Option<String>,
    /// Runtime, such as `nodejs24.x`, `python3.14`, `java25` or `provided.al2023`. Wanted with a zip file,
    /// not taken with an image.
    #[schemars(regex(pattern = r"^(nodejs|python|java|dotnet|dotnetcore|ruby|go|provided)[0-9a-z.]*$"))]
    pub runtime: Option<String>,
    /// Memory in MB, 128 to 10240, and processor power with it; 128 when left out.
    #[schemars(range(min = 128, max = 10240))]
    pub memory_size: Option<i32>,
    /// Seconds after which a call is given up, 1 to 900; 3 when left out.
    #[schemars(range(min = 1, max = 900))]
    pub timeout_seconds: Option<i32>,
    /// Environment variables, 4 KB together. One that is not listed is taken away.
    pub environment: Option<BTreeMap<String, String>>,
    /// What it is for; at most 256 characters.
    #[schemars(length(max = 256))]
    pub description: Option<String>,
    /// The one processor it runs on; `x86_64` when left out.
    #[schemars(length(min = 1, max = 1))]
    pub architectures: Option<Vec<Architecture>>,
    /// Size of `/tmp` in MB, 512 to 10240; 512 when left out.
    #[schemars(range(min = 512, max = 10240))]
    pub ephemeral_storage: Option<i32>,
    /// ARNs of layer versions, at most 5; the later ones lie over the earlier ones.
    #[schemars(length(max = 5))]
    pub layers: Option<Vec<String>>,
    /// The network it is attached to; none when left out. Empty lists detach it.
    pub vpc: Option<Vpc>,
    /// What X-Ray is told; `PassThrough` when left out.
    pub tracing: Option<Tracing>,
    /// ARN of the SQS queue or SNS topic for events that failed. An empty text takes it away.
    pub dead_letter_arn: Option<String>,
    /// ARN of the KMS key that encrypts the environment. An empty text goes back to the key that AWS keeps.
    pub kms_key: Option<String>,
    /// Whether versions start from a snapshot; `None` when left out.
    pub snap_start: Option<SnapStart>,
    /// How and where it logs.
    pub logging: Option<Logging>,
    /// EFS file systems, at most one. Wants `vpc`.
    #[schemars(length(max = 1))]
    pub file_systems: Option<Vec<FileSystem>>,
    /// What an image is started with, in place of what its Dockerfile says.
    pub image_config: Option<ImageConfig>,
    /// How many calls may run at once, kept for it alone; 0 stops it, -1 takes the reservation away.
    #[schemars(range(min = -1))]
    pub reserved_concurrency: Option<i32>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// What a function runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A zip file on this machine.
    Zip(Zip),
    /// A container image.
    Image(Image),
}

/// A zip file on this machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zip {
    /// Where it is; at most 50 MB, 250 MB unpacked.
    // Where the file lies is no property of the function: only other content is a difference.
    #[schemars(extend("x-write-only" = true, "x-owned-by-aws" = true))]
    pub path: String,
    /// SHA-256 of its bytes in base64. It is uploaded when AWS has another one.
    #[schemars(regex(pattern = r"^[A-Za-z0-9+/]{43}=$"))]
    pub sha256: String,
}

/// A container image.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// URI in ECR in the function's own region, with a tag or, better, a digest: a tag that is moved changes nothing here.
    #[schemars(length(min = 1))]
    pub uri: String,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86,
    /// Graviton.
    #[serde(rename = "arm64")]
    Arm,
}

/// The network a function is attached to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// Ids of subnets, at most 16.
    #[schemars(length(max = 16), extend("x-unordered" = true))]
    pub subnets: Vec<String>,
    /// Ids of security groups, at most 5.
    #[schemars(length(max = 5), extend("x-unordered" = true))]
    pub security_groups: Vec<String>,
    /// Whether IPv6 goes out too, in subnets with both; false when left out.
    pub ipv6: Option<bool>,
}

/// What X-Ray is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Tracing {
    /// A sample of the calls.
    Active,
    /// The calls that the caller traces.
    PassThrough,
}

/// Whether versions start from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SnapStart {
    /// Published versions do.
    PublishedVersions,
    /// None does.
    None,
}

/// How and where a function logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// Form of the lines; `Text` when left out.
    pub format: Option<LogFormat>,
    /// Name of the log group; `/aws/lambda/<name>` when left out.
    #[schemars(regex(pattern = r"^[.\-_/#A-Za-z0-9]{1,512}$"))]
    pub log_group: Option<String>,
    /// Least weight of the function's own lines; `INFO` when left out. Wants the format `JSON`.
    pub application_level: Option<ApplicationLevel>,
    /// Least weight of Lambda's lines; `INFO` when left out. Wants the format `JSON`.
    pub system_level: Option<SystemLevel>,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LogFormat {
    /// As they are written.
    Text,
    /// A JSON object each.
    #[serde(rename = "JSON")]
    Json,
}

/// Weight of a function's own lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApplicationLevel {
    /// Everything.
    Trace,
    /// For finding faults.
    Debug,
    /// The usual.
    Info,
    /// What may be wrong.
    Warn,
    /// What went wrong.
    Error,
    /// What ended it.
    Fatal,
}

/// Weight of Lambda's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SystemLevel {
    /// Everything.
    Debug,
    /// The usual.
    Info,
    /// What may be wrong.
    Warn,
}

/// An EFS file system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSystem {
    /// ARN of the access point.
    pub access_point_arn: String,
    /// Where it is seen, below `/mnt/`.
    #[schemars(regex(pattern = r"^/mnt/[a-zA-Z0-9._-]+$"), length(max = 160))]
    pub mount_path: String,
}

/// What an image is started with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// The program and its first arguments.
    pub entry_point: Option<Vec<String>>,
    /// Further arguments.
    pub command: Option<Vec<String>>,
    /// Where it starts; at most 1000 characters.
    #[schemars(length(max = 1000))]
    pub working_directory: Option<String>,
}

/// What a function can be referred to by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, without a version.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What API Gateway calls.
    pub invoke_arn: String,
    /// SHA-256 of its code in base64; of an image, the digest.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description", "reserved_concurrency", "environment", "memory_size", "timeout_seconds", "role", "handler", "runtime", "layers", "logging", "vpc", "tracing"]))]
    pub code_sha256: String,
    /// A fingerprint of code and configuration: another one when a version is due.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description", "reserved_concurrency"]))]
    pub published_state: String,
}
