//! The properties of a function.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// The properties of a function.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 64 letters, digits, `-` and `_`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Code: a zip file or a container image. A change from one to the other replaces.
    #[schemars(extend("x-change" = "replace-case"))]
    pub code: Code,
    /// ARN of the role it runs as, which must trust `lambda.amazonaws.com`.
    #[schemars(regex(pattern = r"^arn:aws[a-zA-Z-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@/-]+$"))]
    pub role: String,
    /// Entry point, such as `index.handler`; 1 to 128 characters. Needed with a zip file, not taken with an image.
    #[schemars(regex(pattern = r"^[^\s]{1,128}$"))]
    pub handler: Option<String>,
    /// Runtime, such as `nodejs24.x`, `python3.14`, `java25` or `provided.al2023`. Needed with a zip file,
    /// not taken with an image.
    #[schemars(regex(pattern = r"^(nodejs|python|java|dotnet|dotnetcore|ruby|go|provided)[0-9a-z.]*$"), extend("x-highlight" = true))]
    pub runtime: Option<String>,
    /// Memory in MB, 128 to 10240, and processor power with it; 128 when left out.
    #[schemars(range(min = 128, max = 10240), extend("x-highlight" = true, "x-reset" = 128))]
    pub memory_size: Option<i32>,
    /// Seconds after which a call is given up, 1 to 900; 3 when left out.
    #[schemars(range(min = 1, max = 900), extend("x-highlight" = true, "x-reset" = 3))]
    pub timeout_seconds: Option<i32>,
    /// Environment variables, 4 KB together. One that is not listed is taken away.
    #[schemars(extend("x-reset" = {}, "x-needs" = "nothing"))]
    pub environment: Option<BTreeMap<String, String>>,
    /// Description; at most 256 characters.
    #[schemars(length(max = 256), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// The one processor it runs on; `x86_64` when left out.
    #[schemars(length(min = 1, max = 1), extend("x-reset" = ["x86_64"]))]
    pub architectures: Option<Vec<Architecture>>,
    /// Size of `/tmp` in MB, 512 to 10240; 512 when left out.
    #[schemars(range(min = 512, max = 10240), extend("x-reset" = 512))]
    pub ephemeral_storage: Option<i32>,
    /// ARNs of layer versions, at most 5; the later ones lie over the earlier ones.
    #[schemars(length(max = 5), extend("x-reset" = []))]
    pub layers: Option<Vec<String>>,
    /// The network it is attached to; none when left out. Empty lists detach it.
    #[schemars(extend("x-reset" = {"subnets": [], "security_groups": []}))]
    pub vpc: Option<Vpc>,
    /// Tracing with X-Ray; `PassThrough` when left out.
    #[schemars(extend("x-reset" = "PassThrough"))]
    pub tracing: Option<Tracing>,
    /// ARN of the SQS queue or SNS topic for events that failed. An empty text takes it away.
    #[schemars(extend("x-reset" = ""))]
    pub dead_letter_arn: Option<String>,
    /// ARN of the KMS key that encrypts the environment. An empty text goes back to the key that AWS keeps.
    #[schemars(extend("x-reset" = ""))]
    pub kms_key: Option<String>,
    /// Start of versions from a snapshot; `None` when left out.
    #[schemars(extend("x-reset" = "None"))]
    pub snap_start: Option<SnapStart>,
    /// Format and place of its logs.
    pub logging: Option<Logging>,
    /// EFS file systems, at most one. Needs `vpc`.
    #[schemars(length(max = 1), extend("x-reset" = []))]
    pub file_systems: Option<Vec<FileSystem>>,
    /// Start of an image, in place of its Dockerfile's.
    pub image_config: Option<ImageConfig>,
    /// Concurrent calls that are reserved for it, and its limit; 0 stops it, -1 removes the reservation.
    #[schemars(range(min = -1), extend("x-reset" = -1))]
    pub reserved_concurrency: Option<i32>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Code of a function.
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
    /// Path on this machine; at most 50 MB, 250 MB unpacked.
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
    /// Outbound IPv6, in dual-stack subnets; false when left out.
    pub ipv6: Option<bool>,
}

/// Tracing with X-Ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Tracing {
    /// A sample of the calls.
    Active,
    /// The calls that the caller traces.
    PassThrough,
}

/// Start of versions from a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SnapStart {
    /// Published versions do.
    PublishedVersions,
    /// None does.
    None,
}

/// Format and place of a function's logs.
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
    /// Possible faults.
    Warn,
    /// Faults.
    Error,
    /// Faults that end the function.
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
    /// Possible faults.
    Warn,
}

/// An EFS file system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSystem {
    /// ARN of the access point.
    pub access_point_arn: String,
    /// Mount point, below `/mnt/`.
    #[schemars(regex(pattern = r"^/mnt/[a-zA-Z0-9._-]+$"), length(max = 160))]
    pub mount_path: String,
}

/// Start of an image.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageConfig {
    /// The program and its first arguments.
    pub entry_point: Option<Vec<String>>,
    /// Further arguments.
    pub command: Option<Vec<String>>,
    /// Working directory; at most 1000 characters.
    #[schemars(length(max = 1000))]
    pub working_directory: Option<String>,
}

/// The outputs of a function.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN, without a version.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// ARN by which API Gateway calls it.
    pub invoke_arn: String,
    /// SHA-256 of its code in base64; of an image, the digest.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description", "reserved_concurrency", "environment", "memory_size", "timeout_seconds", "role", "handler", "runtime", "layers", "logging", "vpc", "tracing"]))]
    pub code_sha256: String,
    /// A fingerprint of code and configuration: another one when a version is due.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description", "reserved_concurrency"]))]
    pub published_state: String,
}
