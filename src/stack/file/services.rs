//! `services`: containers on ECS Fargate.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Architecture, Scale, TargetHealth};
use crate::value::Json;

/// A container on ECS Fargate, in every region, in the private subnets of the network; with a `port` also a load
/// balancer in front of it, which is internal unless `public` is true.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Image with a tag or digest, such as `public.ecr.aws/acme/checkout:1.4.2`.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Port that the container listens on. Left out: it takes no requests, and has no load balancer. An API that
    /// routes here asks for the path that the client asked for.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Processor units, 1024 to a core: 256, 512, 1024, 2048, 4096, 8192 or 16384; 256 if left out.
    pub cpu: Option<u32>,
    /// Memory in MiB, of the sizes that go with `cpu`; the least of them if left out.
    pub memory: Option<u32>,
    /// Processor: `arm64` or `x86_64`, which is what stands if left out.
    pub architecture: Option<Architecture>,
    /// Disk space in GiB, 21 to 200; Fargate gives 20 if left out. It is gone with the task.
    #[schemars(range(min = 21, max = 200))]
    pub disk: Option<u32>,
    /// Command in place of the image's own, in words.
    pub command: Option<Vec<String>>,
    /// Entry point in place of the image's own, in words.
    pub entry_point: Option<Vec<String>>,
    /// User in the container, such as `1000:1000`; the image's own if left out.
    pub user: Option<String>,
    /// Whether the container's own files cannot be written.
    pub read_only: Option<bool>,
    /// How long the container has between being told to stop and being killed, at most 120s; 30s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub stop_timeout: Option<String>,
    /// Environment variables. Not for secrets: they are shown in plans and kept in the state.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values are secrets: the ARN of a secret in Secrets Manager (with `:KEY::` behind it,
    /// one key of it), or the name (`/path`) or ARN of a parameter in SSM. Only the name is in plans and state. A database's
    /// is its password, `${databases.orders.secret}`; its user is `${databases.orders.secret}:username::`, and the JSON of
    /// both `${databases.orders.secret}:::`.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What it may use: `tables.carts: read-write`, `functions.mail: invoke`, `services.stock: call`. Becomes a
    /// least-privilege role, and rules of security groups.
    #[serde(default)]
    pub access: BTreeMap<String, Access>,
    /// How the load balancer probes it.
    pub health: Option<TargetHealth>,
    /// Whether the load balancer is open to the internet, in plain HTTP; false if left out. An API is the better way.
    #[serde(default)]
    pub public: bool,
    /// How many tasks there are, if nothing scales it; 2 at first if left out, and from then on as many as you say
    /// elsewhere.
    #[schemars(range(max = 5000))]
    pub desired: Option<u32>,
    /// Scales the number of tasks.
    pub scale: Option<Scale>,
    /// How a new version takes over.
    #[serde(default)]
    pub deploy: Deploy,
    /// Whether `aws ecs execute-command` opens a shell in its containers; false if left out.
    pub exec: Option<bool>,
    /// Days that logs are kept; 30 if left out.
    pub log_days: Option<u32>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
    /// Whether its resources stay in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// How a new version takes over. One that does not become healthy is rolled back by ECS in any case.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deploy {
    /// The way; `rolling` if left out. The others need a `port`, and roll back when the service's error alarm goes off.
    #[serde(default)]
    pub strategy: Strategy,
    /// How long the old tasks stay after all requests go to the new ones, in whole minutes up to 1440m; 5m if left
    /// out. Not for `rolling`.
    #[schemars(regex(pattern = r"^[0-9]+m$"))]
    pub bake: Option<String>,
    /// Share of the requests that moves at a time with `linear` (10% if left out), or first with `canary` (5%).
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?%$"))]
    pub step: Option<String>,
    /// How long each step lasts with `linear`, or the first with `canary`, in whole minutes up to 1440m; 5m if left out.
    #[schemars(regex(pattern = r"^[0-9]+m$"))]
    pub every: Option<String>,
    /// Share of the tasks that must be healthy throughout, with `rolling`; 100% if left out.
    #[schemars(regex(pattern = r"^[0-9]+%$"))]
    pub min_healthy: Option<String>,
    /// Share of the tasks that may run at once, old and new, with `rolling`; 200% if left out.
    #[schemars(regex(pattern = r"^[0-9]+%$"))]
    pub max: Option<String>,
}

/// How requests move from the old tasks to the new ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Task by task.
    #[default]
    Rolling,
    /// All at once, to a second set of tasks, while the first stays for a time.
    BlueGreen,
    /// In equal steps.
    Linear,
    /// A small share first, then all.
    Canary,
}

impl Strategy {
    /// Whether ECS moves requests between two target groups.
    pub fn shifts_traffic(self) -> bool {
        self != Self::Rolling
    }
}
