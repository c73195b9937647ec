//! The stack file as types. Every doc comment here is part of the reference that `isobar schema` prints.
//!
//! `${param.x}` is filled in before these types are read; other `${...}` stay in the texts and are
//! looked up when blocks have become resources.

mod databases;
mod fleets;
mod functions;
mod network;
mod scaling;
mod services;
mod state;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use databases::{Database, DatabaseBackup, DatabaseCapacity, Engine};
pub use fleets::{Fleet, Refresh};
pub use functions::{Access, Architecture, Function};
pub use network::{ExistingNetwork, Nat, Network};
pub use scaling::{Balanced, Scale, Scheduled, TargetHealth};
pub use services::{Deploy, Service, Strategy};
pub use state::{StateCopy, StatePlace};

use crate::value::Json;

/// An application that runs in two or more regions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Name of the stack and prefix of every physical name: 2 to 25 lower-case letters, digits and dashes.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{1,24}$"))]
    pub stack: String,
    /// The account it belongs to; any other is refused. In quotes, because it is no number.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    pub account: Option<String>,
    /// The regions it runs in. The first is the primary: home of global tables, last in a rollout.
    #[schemars(length(min = 1, max = 20))]
    pub regions: Vec<String>,
    /// Tags on everything that takes tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Values to be set from outside, with `--set NAME=VALUE`; used as `${param.NAME}`.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Where the state is kept; if left out, in `.isobar/` beside this file.
    pub state: Option<StatePlace>,
    /// The DNS zone and how its names are routed.
    pub dns: Option<Dns>,
    /// A private network in every region, which services and fleets run in.
    pub network: Option<Network>,
    /// Containers on ECS Fargate, each behind a load balancer.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// Instances in Auto Scaling groups, each behind a load balancer.
    #[serde(default)]
    pub fleets: BTreeMap<String, Fleet>,
    /// Lambda functions.
    #[serde(default)]
    pub functions: BTreeMap<String, Function>,
    /// API Gateway REST APIs.
    #[serde(default)]
    pub apis: BTreeMap<String, Api>,
    /// `DynamoDB` global tables.
    #[serde(default)]
    pub tables: BTreeMap<String, Table>,
    /// Aurora global databases.
    #[serde(default)]
    pub databases: BTreeMap<String, Database>,
    /// Who hears of alarms.
    pub notify: Option<Notify>,
    /// How a change goes from region to region.
    #[serde(default)]
    pub rollout: Rollout,
    /// Blocks that have a new name, `old: new`; their resources are kept. Their names in AWS are made of the old
    /// name for as long as the line stands, because a new name in AWS would be a new resource.
    #[serde(default)]
    pub moved: BTreeMap<String, String>,
    /// Raw resources: one AWS resource of a known kind each.
    #[serde(default)]
    pub resources: BTreeMap<String, Resource>,
}

/// A value to be set from outside.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What stands if nothing is set. Without it the parameter must be set.
    pub default: Option<Json>,
    /// What it is for.
    pub description: Option<String>,
}

/// The DNS zone and how its names are routed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Name of the zone, such as `shop.example.com`. Looked up, unless `create` is true.
    pub zone: String,
    /// ID of the zone, `Z...`, where several have the name. Not with `create`.
    #[schemars(regex(pattern = r"^Z[A-Z0-9]{1,31}$"))]
    pub id: Option<String>,
    /// Whether this stack makes the zone and owns it.
    #[serde(default)]
    pub create: bool,
    /// How clients are sent to a region.
    #[serde(default)]
    pub routing: Routing,
    /// Whether the zone is protected from deletion; true unless the file says otherwise.
    pub protect: Option<bool>,
    /// Whether the zone stays in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// How clients are sent to a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// To the region with the lowest latency.
    #[default]
    Latency,
    /// By weight, equal unless an API says otherwise.
    Weighted,
}

/// An API Gateway REST API, in every region, behind one name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Public name. Certificate, regional domains, records and health checks follow from it.
    pub domain: Option<String>,
    /// `METHOD /path: functions.name`, or `services.name` or `fleets.name`, which are called with the same path. A path may hold `{name}` and end in `{name+}`; `ANY` is every method.
    #[schemars(length(min = 1))]
    pub routes: BTreeMap<String, String>,
    /// Limits on requests; `{}` for none but the account's own.
    pub throttle: Option<Throttle>,
    /// How the health of a region is judged.
    pub health: Option<Health>,
    /// Overrides `dns.routing`.
    pub routing: Option<Routing>,
    /// Share of this region when routing is weighted, 0 to 255; overridden under `regions`.
    #[schemars(range(min = 0, max = 255))]
    pub weight: Option<u8>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
    /// Whether its resources stay in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
}

/// Limits on requests.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Requests a second.
    #[schemars(range(min = 0))]
    pub rate: Option<f64>,
    /// Requests at once.
    #[schemars(range(min = 0))]
    pub burst: Option<u32>,
}

/// How the health of a region is judged. A region that is unhealthy leaves DNS by itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Alarm on 5XX answers; above 5% for 3 minutes if left out.
    pub errors: Option<ErrorRate>,
    /// Alarm on slow answers, for people only: it takes no region out of DNS. With `notify`; 99% of
    /// the answers within 3 seconds, judged over 5 minutes, if left out.
    pub latency: Option<Latency>,
    /// A path that Route 53 probes over HTTPS in each region, such as `/healthz`; not probed if left out.
    #[schemars(regex(pattern = r"^/"))]
    pub path: Option<String>,
}

/// A rate of errors that is too high.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRate {
    /// Share of requests, such as `5%`.
    #[schemars(regex(pattern = r"^[0-9]+(\.[0-9]+)?%$"))]
    pub above: String,
    /// For how long, in whole minutes, such as `3m`.
    #[schemars(regex(pattern = r"^[0-9]+m$"))]
    pub r#for: String,
}

/// Answers that take too long.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// What 99% of the answers must stay under, such as `3s` or `500ms`.
    #[schemars(regex(pattern = r"^[0-9]+(ms|s)$"))]
    pub above: String,
    /// For how long, in whole minutes, such as `5m`.
    #[schemars(regex(pattern = r"^[0-9]+m$"))]
    pub r#for: String,
}

/// A `DynamoDB` global table: one replica in every region.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// One or two attributes with their types: partition key, then sort key, in this order.
    pub key: Option<BTreeMap<String, AttributeType>>,
    /// Global secondary indexes; `{}` for none.
    pub indexes: Option<BTreeMap<String, Index>>,
    /// Attribute that holds the time of expiry, in seconds since 1970; an empty text for none. Another one takes AWS up to an
    /// hour, in which nothing expires.
    pub ttl: Option<String>,
    /// Eventual (last writer wins) or strong (three regions, one may be a witness).
    #[serde(default)]
    pub consistency: Consistency,
    /// Region of the witness, for strong consistency with two replicas.
    pub witness: Option<String>,
    /// Backups.
    pub backup: Option<TableBackup>,
    /// Whether it is protected from deletion; true unless the file says otherwise.
    pub protect: Option<bool>,
    /// Whether it stays in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
    /// A table that somebody else looks after: `{id: NAME}` of one in the primary region, or its ARN.
    pub existing: Option<Existing>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
}

impl Table {
    /// Its global secondary indexes.
    pub fn indexes(&self) -> impl Iterator<Item = (&String, &Index)> {
        self.indexes.iter().flatten()
    }
}

/// A global secondary index.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// One or two attributes with their types: partition key, then sort key, in this order.
    pub key: BTreeMap<String, AttributeType>,
    /// Attributes beside the keys; all if left out, none if the list is empty.
    pub include: Option<Vec<String>>,
}

/// What a key attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Text.
    String,
    /// A number.
    Number,
    /// Bytes.
    Binary,
}

/// How replicas agree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Last writer wins.
    #[default]
    Eventual,
    /// A read sees every write that was answered.
    Strong,
}

/// Backups of a table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableBackup {
    /// How far back the table can be restored to any second, `1d` to `35d`; `0d` for not at all.
    #[schemars(regex(pattern = r"^[0-9]+d$"))]
    pub point_in_time: String,
}

/// A thing that Isobar refers to and does not manage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// What AWS calls it.
    pub id: String,
}

/// Who hears of alarms: a topic in every region.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// E-mail addresses; each has to be confirmed by its owner.
    #[serde(default)]
    pub email: Vec<String>,
}

/// How a change goes from region to region.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// Order of the regions; secondaries first and the primary last if left out.
    pub order: Option<Vec<String>>,
}

/// One AWS resource of a known kind, with its full set of properties.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its kind, such as `sns.Topic`.
    pub kind: String,
    /// Where: `each-region`, `primary`, `global`, or a list of regions.
    #[serde(default = "each_region")]
    pub r#in: Json,
    /// Its properties. A `name` that is left out is made of the stack's name and its own.
    pub properties: Option<BTreeMap<String, Json>>,
    /// Addresses that must be there before it.
    #[serde(default)]
    pub after: Vec<String>,
    /// Addresses that must serve before it is created, and that it does without from then on.
    #[serde(default)]
    pub starts_after: Vec<String>,
    /// A thing that somebody else looks after, in place of properties.
    pub existing: Option<BTreeMap<String, Json>>,
    /// Whether it is protected from deletion; data is unless the file says otherwise.
    pub protect: Option<bool>,
    /// Whether it stays in AWS when it leaves the file.
    #[serde(default)]
    pub retain: bool,
    /// How long a change of it may take, such as `30m`.
    #[schemars(regex(pattern = r"^[0-9]+(s|m|h)$"))]
    pub timeout: Option<String>,
    /// Differences by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Json>,
}

fn each_region() -> Json {
    Json::String("each-region".into())
}
