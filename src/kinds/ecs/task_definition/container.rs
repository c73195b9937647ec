//! Fields of a container of a task.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A container of a task.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Container {
    /// Name, unique in the task; 1 to 255 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,255}$"))]
    pub name: String,
    /// Image, with a tag or, better, a digest: a tag that is moved changes nothing here.
    #[schemars(length(min = 1), extend("x-highlight" = true))]
    pub image: String,
    /// Essential container, with which the task ends; true when left out. One container must be essential.
    #[schemars(extend("default" = true))]
    pub essential: Option<bool>,
    /// CPU units set aside for it; 0 when left out.
    #[schemars(range(min = 0), extend("default" = 0))]
    pub cpu: Option<i32>,
    /// Memory in MiB beyond which it is killed.
    #[schemars(range(min = 4))]
    pub memory: Option<i32>,
    /// Memory in MiB set aside for it.
    #[schemars(range(min = 4))]
    pub memory_reservation: Option<i32>,
    /// Ports that it listens on.
    pub port_mappings: Option<Vec<PortMapping>>,
    /// Environment, by name.
    #[schemars(extend("x-needs" = "nothing"))]
    pub environment: Option<BTreeMap<String, String>>,
    /// ARNs of files in S3 with more of the environment.
    pub environment_files: Option<Vec<String>>,
    /// ARNs of secrets and parameters whose values stand in the environment, by name. The value is read when a task starts.
    pub secrets: Option<BTreeMap<String, String>>,
    /// Command, in place of the image's.
    pub command: Option<Vec<String>>,
    /// Entry point, in place of the image's.
    pub entry_point: Option<Vec<String>>,
    /// Working directory, in place of the image's.
    pub working_directory: Option<String>,
    /// As whom it runs: `user`, `uid`, `user:group` or `uid:gid`.
    pub user: Option<String>,
    /// Log configuration.
    pub log: Option<Log>,
    /// Health check of the container.
    pub health_check: Option<HealthCheck>,
    /// Conditions of other containers before it starts, by container name.
    pub depends_on: Option<BTreeMap<String, Condition>>,
    /// Restarts of the container by itself, without the task.
    pub restart_policy: Option<RestartPolicy>,
    /// Timeout for the containers that it depends on, 2 to 3600 seconds.
    #[schemars(range(min = 2, max = 3600))]
    pub start_timeout_seconds: Option<i32>,
    /// Seconds from the stop signal until the container is killed; 30 when left out. At most 120 on Fargate.
    #[schemars(range(min = 0, max = 3600))]
    pub stop_timeout_seconds: Option<i32>,
    /// Volumes that it sees. One path, one volume.
    #[schemars(extend("x-key" = "container_path"))]
    pub mount_points: Option<Vec<MountPoint>>,
    /// Other containers whose volumes it sees.
    #[schemars(extend("x-key" = "source_container"))]
    pub volumes_from: Option<Vec<VolumesFrom>>,
    /// Read-only root file system; false when left out.
    #[schemars(extend("default" = false))]
    pub readonly_root_filesystem: Option<bool>,
    /// Elevated privileges on the instance; false when left out. Not on Fargate.
    #[schemars(extend("default" = false))]
    pub privileged: Option<bool>,
    /// Linux options of the container.
    pub linux_parameters: Option<LinuxParameters>,
    /// Limits by name, such as `nofile`.
    pub ulimits: Option<BTreeMap<String, Ulimit>>,
    /// Settings of the kernel by name, such as `net.core.somaxconn`.
    pub system_controls: Option<BTreeMap<String, String>>,
    /// Devices it needs, by type: `GPU`, `InferenceAccelerator` or `NeuronDevice`.
    pub resource_requirements: Option<BTreeMap<String, String>>,
    /// Log router (FireLens) for the other containers.
    pub firelens: Option<Firelens>,
    /// ARN of the secret with which its image is pulled, if the registry is private and not ECR.
    pub repository_credentials: Option<String>,
    /// Resolution of a tag once for all tasks of a deployment; `enabled` when left out.
    #[schemars(extend("default" = "enabled"))]
    pub version_consistency: Option<VersionConsistency>,
    /// Name of its host. Not with `awsvpc`.
    pub hostname: Option<String>,
    /// Further hosts, by name.
    pub extra_hosts: Option<BTreeMap<String, String>>,
    /// Networking off; false when left out.
    #[schemars(extend("default" = false))]
    pub disable_networking: Option<bool>,
    /// Addresses of name servers.
    pub dns_servers: Option<Vec<String>>,
    /// Domains in which names are looked up.
    pub dns_search_domains: Option<Vec<String>>,
    /// Containers it can reach by name, `name:alias`. With `bridge` only.
    pub links: Option<Vec<String>>,
    /// Labels of `SELinux` and `AppArmor`, and credential specs. Not on Fargate.
    pub docker_security_options: Option<Vec<String>>,
    /// Labels of the container.
    pub docker_labels: Option<BTreeMap<String, String>>,
    /// ARNs of credential specs for Active Directory.
    pub credential_specs: Option<Vec<String>>,
    /// Open standard input; false when left out.
    #[schemars(extend("default" = false))]
    pub interactive: Option<bool>,
    /// Pseudo terminal; false when left out.
    #[schemars(extend("default" = false))]
    pub pseudo_terminal: Option<bool>,
}

/// A port, or a range of ports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct PortMapping {
    /// The container's port. Exactly one of this and `container_port_range` is required.
    #[schemars(range(min = 1, max = 65535))]
    pub container_port: Option<i32>,
    /// The instance's port, with `bridge` only; a free one when left out.
    #[schemars(range(min = 1, max = 65535))]
    pub host_port: Option<i32>,
    /// The container's ports, `8000-8009`.
    #[schemars(regex(pattern = r"^\d{1,5}-\d{1,5}$"))]
    pub container_port_range: Option<String>,
    /// Protocol; `tcp` when left out.
    #[schemars(extend("default" = "tcp"))]
    pub protocol: Option<Protocol>,
    /// Name for Service Connect; 1 to 64 lower-case letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[a-z0-9_][a-z0-9_-]{0,63}$"))]
    pub name: Option<String>,
    /// Application protocol for Service Connect; TCP when left out.
    pub app_protocol: Option<AppProtocol>,
}

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Application protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppProtocol {
    /// HTTP 1.
    Http,
    /// HTTP 2.
    Http2,
    /// gRPC.
    Grpc,
}

/// Log configuration of a container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Log {
    /// Log driver: `awslogs`, `splunk` and `awsfirelens` on Fargate; others on instances.
    #[schemars(length(min = 1))]
    pub driver: String,
    /// Options of the driver, such as `awslogs-group`.
    pub options: Option<BTreeMap<String, String>>,
    /// ARNs of secrets that the driver is told, by option.
    pub secret_options: Option<BTreeMap<String, String>>,
}

/// Health check of a container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct HealthCheck {
    /// `[CMD, program, argument]` or `[CMD-SHELL, line]`; well is what ends with 0.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Pause between two checks, 5 to 300 seconds; 30 when left out.
    #[schemars(range(min = 5, max = 300), extend("default" = 30))]
    pub interval_seconds: Option<i32>,
    /// Timeout of a check, 2 to 60 seconds; 5 when left out.
    #[schemars(range(min = 2, max = 60), extend("default" = 5))]
    pub timeout_seconds: Option<i32>,
    /// Consecutive failures until unhealthy, 1 to 10; 3 when left out.
    #[schemars(range(min = 1, max = 10), extend("default" = 3))]
    pub retries: Option<i32>,
    /// For how long after the start failures do not count, 0 to 300 seconds; 0 when left out.
    #[schemars(range(min = 0, max = 300), extend("default" = 0))]
    pub start_period_seconds: Option<i32>,
}

/// Condition of another container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Condition {
    /// It has started.
    Start,
    /// It has ended.
    Complete,
    /// It has ended with 0.
    Success,
    /// Its health check says that it is well.
    Healthy,
}

/// Restart policy of a container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct RestartPolicy {
    /// Restarts on or off.
    pub enabled: bool,
    /// Exit codes after which it is not; up to 50.
    #[schemars(length(max = 50), extend("x-unordered" = true))]
    pub ignored_exit_codes: Option<Vec<i32>>,
    /// For how long it must have run, 60 to 1800 seconds; 300 when left out.
    #[schemars(range(min = 60, max = 1800), extend("default" = 300))]
    pub restart_attempt_period_seconds: Option<i32>,
}

/// A volume that a container sees.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct MountPoint {
    /// Name of the volume.
    pub source_volume: String,
    /// Path in the container.
    pub container_path: String,
    /// Read-only mount; false when left out.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
}

/// Another container whose volumes are seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct VolumesFrom {
    /// Name of the container.
    pub source_container: String,
    /// Read-only mount; false when left out.
    #[schemars(extend("default" = false))]
    pub read_only: Option<bool>,
}

/// Linux options of a container.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct LinuxParameters {
    /// Init process that forwards signals and reaps; false when left out.
    #[schemars(extend("default" = false))]
    pub init_process_enabled: Option<bool>,
    /// Capabilities beyond Docker's own. On Fargate `SYS_PTRACE` only.
    #[schemars(extend("x-unordered" = true))]
    pub add_capabilities: Option<Vec<String>>,
    /// Capabilities taken away.
    #[schemars(extend("x-unordered" = true))]
    pub drop_capabilities: Option<Vec<String>>,
    /// Devices of the instance. Not on Fargate.
    #[schemars(extend("x-key" = "host_path"))]
    pub devices: Option<Vec<Device>>,
    /// Size of `/dev/shm` in MiB. Not on Fargate.
    pub shared_memory_mib: Option<i32>,
    /// Folders in memory. Not on Fargate.
    #[schemars(extend("x-key" = "container_path"))]
    pub tmpfs: Option<Vec<Tmpfs>>,
    /// Swap in MiB; 0 for none. Not on Fargate.
    #[schemars(range(min = 0))]
    pub max_swap_mib: Option<i32>,
    /// Swappiness, 0 to 100. Not on Fargate.
    #[schemars(range(min = 0, max = 100))]
    pub swappiness: Option<i32>,
}

/// A device of the instance.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Device {
    /// Path on the instance.
    pub host_path: String,
    /// Path in the container; that on the instance when left out.
    pub container_path: Option<String>,
    /// Permissions: `read`, `write`, `mknod`; all of them when left out.
    #[schemars(extend("x-unordered" = true))]
    pub permissions: Option<Vec<String>>,
}

/// A folder in memory.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Tmpfs {
    /// Path in the container.
    pub container_path: String,
    /// Size in MiB.
    #[schemars(range(min = 1))]
    pub size_mib: i32,
    /// Mount options.
    #[schemars(extend("x-unordered" = true))]
    pub mount_options: Option<Vec<String>>,
}

/// A limit.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ulimit {
    /// Soft limit.
    pub soft: i32,
    /// Hard limit.
    pub hard: i32,
}

/// A log router (FireLens).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Firelens {
    /// `fluentd` or `fluentbit`.
    #[schemars(regex(pattern = "^(fluentd|fluentbit)$"))]
    pub r#type: String,
    /// Options of the log router.
    pub options: Option<BTreeMap<String, String>>,
}

/// Resolution of an image's tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VersionConsistency {
    /// It is.
    Enabled,
    /// Each task takes what the tag stands for when it starts.
    Disabled,
}
