//! `fleets`: instances in Auto Scaling groups.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Scale, TargetHealth};
use crate::value::Json;

/// EC2 instances in an Auto Scaling group, in every region, in the private subnets of the network; with a `port` also a
/// load balancer in front of them, which is internal unless `public` is true.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// Machine image: `ssm:/PATH` of a parameter that holds one, the same in every region, or `ami-...`, which is
    /// another one in each: write it under `regions`.
    pub ami: String,
    /// Instance type, such as `t3.large`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"))]
    pub r#type: String,
    /// Port that the instances listen on. Left out: they take no requests, and have no load balancer. An API that
    /// routes here asks for the path that the client asked for.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// File that instances run or read when they start, relative to the stack file; at most 16 KiB of text. It is taken
    /// as it is: `${...}` in it belongs to the shell.
    pub user_data: Option<String>,
    /// Variables that a `user_data` script starts with; here `${tables.carts.name}` stands for a value. Not for secrets.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What it may use: `tables.carts: read-write`, `services.stock: call`. Becomes a least-privilege role, and rules of
    /// security groups.
    #[serde(default)]
    pub access: BTreeMap<String, Access>,
    /// How the load balancer probes it.
    pub health: Option<TargetHealth>,
    /// Whether the load balancer is open to the internet, in plain HTTP; false if left out. An API is the better way.
    #[serde(default)]
    pub public: bool,
    /// How many instances there are, if nothing scales it; 2 if left out.
    #[schemars(range(max = 1000))]
    pub desired: Option<u32>,
    /// Scales the number of instances.
    pub scale: Option<Scale>,
    /// How instances are replaced when anything about them changes.
    #[serde(default)]
    pub refresh: Refresh,
    /// Whether Systems Manager may open sessions on the instances, without a key or an open port; false if left out.
    pub session_manager: Option<bool>,
    /// Name of a key pair for SSH; an empty text for none.
    pub key: Option<String>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
    /// Whether its resources stay in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// How instances are replaced when anything about them changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Share of the instances that must be healthy throughout; 90% if left out.
    #[schemars(regex(pattern = r"^(100|[0-9]{1,2})%$"))]
    pub min_healthy: Option<String>,
    /// How long a new instance takes until it counts; 120s if left out.
    #[schemars(regex(pattern = r"^[0-9]+(s|m)$"))]
    pub warmup: Option<String>,
}
