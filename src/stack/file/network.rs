//! `network`: the private network of every region.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Json;

/// A private network in every region: a VPC with a private subnet in each zone, and, if anything public is
/// needed, a public subnet in each zone and an internet gateway.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Addresses of each region's VPC: `{us-east-1: 10.1.0.0/16, us-west-2: 10.2.0.0/16}`, `/16` to `/22`, none
    /// inside another. Each zone has a part of it that depends on the zone's number alone, so that zones may be
    /// added later. A change replaces the network and all that is in it.
    #[serde(default)]
    pub cidr: BTreeMap<String, String>,
    /// Zones of each region: how many, 2 to 6, or which ones by their ID, which is the same in every account:
    /// `{us-east-1: [use1-az1, use1-az4]}`. Two if left out, among those where VPC links can be.
    pub zones: Option<Json>,
    /// How private subnets reach the internet; `single` if left out.
    #[serde(default)]
    pub nat: Nat,
    /// AWS services that are reached without the internet: `dynamodb` and `s3` cost nothing; others, such as
    /// `logs` or `secretsmanager`, are an interface in every zone and billed by the hour. `ecr` is what it takes to
    /// pull images. With `nat: none` and services, `ecr`, `s3` and `logs` are added by themselves, because no task
    /// could start without them; and `secretsmanager` and `ssm` if a service has secrets there.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Networks that somebody else looks after, by region, in place of everything above.
    #[serde(default)]
    pub existing: BTreeMap<String, ExistingNetwork>,
    /// Whether it stays in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// How private subnets reach the internet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// Not at all.
    None,
    /// Through one gateway in one zone: cheap, and cut off while that zone is down.
    #[default]
    Single,
    /// Through a gateway in each zone.
    PerZone,
    /// Through one gateway that AWS spreads over all zones, with addresses of AWS's choice.
    Regional,
}

/// A VPC that is there already.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingNetwork {
    /// Its id, `vpc-...`.
    #[schemars(regex(pattern = r"^vpc-[0-9a-f]{8,17}$"))]
    pub vpc: String,
    /// Ids of private subnets in at least two zones, with a way to what tasks and instances need.
    #[schemars(length(min = 2))]
    pub private: Vec<String>,
    /// Ids of public subnets in at least two zones; needed for what is `public`.
    #[serde(default)]
    pub public: Vec<String>,
}
