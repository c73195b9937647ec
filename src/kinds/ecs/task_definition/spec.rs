//! Fields of a task definition, beside its containers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::Container;
use crate::aws::Tags;

/// Fields of a task definition. A revision is registered whole: what the file leaves out, it does not have.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Spec {
    /// Family, under which revisions are counted; 1 to 255 letters, digits, `_` and `-`. A change replaces.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"), extend("x-change" = "replace"))]
    pub family: String,
    /// CPU units of the whole task, 1024 to a vCPU. Fargate wants it, and takes certain sizes only.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-highlight" = true))]
    pub cpu: Option<i32>,
    /// Memory of the whole task, in MiB. Fargate wants it, and takes certain sizes to each `cpu` only.
    #[schemars(range(min = 1, max = 10_000_000), extend("x-highlight" = true))]
    pub memory: Option<i32>,
    /// Network mode of the containers; `bridge` when left out. Fargate needs `awsvpc`.
    #[schemars(extend("default" = "bridge"))]
    pub network_mode: Option<NetworkMode>,
    /// Launch types that AWS checks the definition against when it is registered.
    #[schemars(extend("x-unordered" = true))]
    pub requires_compatibilities: Option<Vec<Compatibility>>,
    /// ARN of the role with which ECS pulls images, reads secrets and writes logs.
    #[schemars(length(min = 1))]
    pub execution_role_arn: Option<String>,
    /// ARN of the role that the containers have.
    #[schemars(length(min = 1))]
    pub task_role_arn: Option<String>,
    /// Processor and operating system; Linux on Intel and AMD when left out.
    pub runtime_platform: Option<RuntimePlatform>,
    /// Disk of a task on Fargate in GiB, 21 to 200; 20 when left out.
    #[schemars(range(min = 21, max = 200))]
    pub ephemeral_storage_gib: Option<i32>,
    /// The containers; 1 to 10.
    #[schemars(length(min = 1, max = 10), extend("x-key" = "name"))]
    pub containers: Vec<Container>,
    /// Volumes that containers may mount.
    #[schemars(extend("x-key" = "name"))]
    pub volumes: Option<Vec<Volume>>,
    /// Processes that the containers see; each its own when left out.
    pub pid_mode: Option<PidMode>,
    /// Shared memory that the containers see. Not on Fargate.
    pub ipc_mode: Option<IpcMode>,
    /// Expressions of the cluster query language that an instance must meet; up to 10. Not on Fargate.
    #[schemars(length(max = 10), extend("x-unordered" = true))]
    pub placement_constraints: Option<Vec<String>>,
    /// The container that traffic goes through (App Mesh).
    pub proxy: Option<Proxy>,
    /// Fault injection into the task's network; false when left out.
    #[schemars(extend("default" = false))]
    pub enable_fault_injection: Option<bool>,
    /// Tags. A change of them alone registers nothing.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Network mode of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// A network interface of its own for each task.
    Awsvpc,
    /// Docker's own network on the instance.
    Bridge,
    /// The instance's network.
    Host,
    /// Not at all.
    None,
}

/// Launch type that a task definition is compatible with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Compatibility {
    /// Fargate.
    Fargate,
    /// Instances of one's own.
    Ec2,
    /// Machines elsewhere.
    External,
    /// Instances that ECS looks after.
    ManagedInstances,
}

/// Processor and operating system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct RuntimePlatform {
    /// Processor; `X86_64` when left out.
    #[schemars(extend("default" = "X86_64"))]
    pub cpu_architecture: Option<CpuArchitecture>,
    /// `LINUX`, or one of Windows, such as `WINDOWS_SERVER_2022_CORE`; `LINUX` when left out.
    #[schemars(regex(pattern = "^[A-Z0-9_]+$"), extend("default" = "LINUX"))]
    pub operating_system_family: Option<String>,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CpuArchitecture {
    /// Intel and AMD.
    #[serde(rename = "X86_64")]
    X86,
    /// Graviton.
    #[serde(rename = "ARM64")]
    Arm,
}

/// Processes that containers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PidMode {
    /// The instance's.
    Host,
    /// Those of the whole task.
    Task,
}

/// Shared memory of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpcMode {
    /// The instance's.
    Host,
    /// The memory of the whole task.
    Task,
    /// Its own.
    None,
}

/// A volume. One with nothing but a name is empty, and goes with the task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Volume {
    /// Name by which containers mount the volume.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
    /// A folder of the instance. Not on Fargate.
    pub host_path: Option<String>,
    /// A file system of EFS.
    pub efs: Option<Efs>,
    /// A file system of S3 Files.
    pub s3_files: Option<S3Files>,
    /// A volume that Docker makes. Not on Fargate.
    pub docker: Option<DockerVolume>,
    /// A file system of `FSx` for Windows.
    pub fsx_windows: Option<FsxWindows>,
    /// Volume that the service configures (an EBS volume); false when left out.
    #[schemars(extend("default" = false))]
    pub configured_at_launch: Option<bool>,
}

/// A file system of EFS.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Efs {
    /// Its id.
    pub file_system_id: String,
    /// The folder in it that is mounted; `/` when left out. With an access point it must be left out.
    #[schemars(extend("default" = "/"))]
    pub root_directory: Option<String>,
    /// Encryption in transit; false when left out. Required by an access point and by `iam`.
    #[schemars(extend("default" = false))]
    pub transit_encryption: Option<bool>,
    /// Port for encrypted traffic; the mount helper chooses one when left out.
    #[schemars(range(min = 1, max = 65535))]
    pub transit_encryption_port: Option<i32>,
    /// Id of an access point.
    pub access_point_id: Option<String>,
    /// IAM authorization by the task's role; false when left out.
    #[schemars(extend("default" = false))]
    pub iam: Option<bool>,
}

/// A file system of S3 Files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct S3Files {
    /// Its ARN.
    pub file_system_arn: String,
    /// The folder in it that is mounted; `/` when left out.
    #[schemars(extend("default" = "/"))]
    pub root_directory: Option<String>,
    /// Port for encrypted traffic.
    #[schemars(range(min = 1, max = 65535))]
    pub transit_encryption_port: Option<i32>,
    /// ARN of an access point.
    pub access_point_arn: Option<String>,
}

/// A volume that Docker makes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct DockerVolume {
    /// Lifetime of the volume; `task` when left out.
    #[schemars(extend("default" = "task"))]
    pub scope: Option<Scope>,
    /// Creation of a shared volume that does not exist; false when left out.
    #[schemars(extend("default" = false))]
    pub autoprovision: Option<bool>,
    /// Docker's driver; `local` when left out.
    #[schemars(extend("default" = "local"))]
    pub driver: Option<String>,
    /// Options of the driver.
    pub driver_options: Option<BTreeMap<String, String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Lifetime of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// As long as its task.
    Task,
    /// Longer than its task.
    Shared,
}

/// A file system of `FSx` for Windows.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FsxWindows {
    /// Its id.
    pub file_system_id: String,
    /// The folder in it that is mounted.
    pub root_directory: String,
    /// ARN of the secret or parameter with name and password.
    pub credentials_parameter: String,
    /// Name of the domain.
    pub domain: String,
}

/// The container that traffic goes through.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Proxy {
    /// Name of the container.
    pub container_name: String,
    /// Properties of the proxy, by name.
    pub properties: Option<BTreeMap<String, String>>,
}

/// Outputs of a task definition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// ARN of the newest revision, with its number: what a service takes.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub arn: String,
    /// The family.
    pub family: String,
    /// Number of the newest revision.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub revision: i32,
}
