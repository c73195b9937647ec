//! The properties of a stage.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::apigateway::method_settings::{Caching, LoggingLevel, MethodSettings, Throttle};

/// The properties of a stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Id of the REST API.
    #[schemars(length(min = 1), extend("x-change" = "replace"))]
    pub rest_api_id: String,
    /// Name, the first part of the path in the `execute-api` address; 1 to 128 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,128}$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub name: String,
    /// Id of the deployment it shows.
    #[schemars(length(min = 1))]
    pub deployment_id: String,
    /// Description; at most 1024 characters.
    #[schemars(length(max = 1024), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// Stage variables. Names of letters, digits and `_`; values of letters, digits and `-._~:/?#&=,`.
    #[schemars(extend("x-reset" = {}))]
    pub variables: Option<BTreeMap<String, String>>,
    /// Tracing of requests with X-Ray; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub tracing: Option<bool>,
    /// Access log, a line for each request; none when left out.
    pub access_log: Option<AccessLog>,
    /// Most requests that are let through to all methods together; the account's limits when left out.
    #[schemars(extend("x-reset" = {"rate": -1.0, "burst": -1}))]
    pub throttle: Option<Throttle>,
    /// Metrics of each method; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub metrics_enabled: Option<bool>,
    /// Level of the execution log; `OFF` when left out. It needs the account's logging role.
    #[schemars(extend("x-reset" = "OFF"))]
    pub logging_level: Option<LoggingLevel>,
    /// Whole requests and responses in the execution log, secrets and all; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub data_trace_enabled: Option<bool>,
    /// Caching of responses, if there is a cache cluster.
    pub caching: Option<Caching>,
    /// Settings of single methods in place of the stage's, by `<path>/<METHOD>`, such as `/orders/{id}/GET`.
    #[schemars(extend("x-reset" = {}))]
    pub method_settings: Option<BTreeMap<String, MethodSettings>>,
    /// Cache cluster, paid by the hour; false when left out. It takes about 4 minutes to create.
    #[schemars(extend("x-reset" = false))]
    pub cache_cluster_enabled: Option<bool>,
    /// Size of the cache cluster in GB; 0.5 when left out. A change empties it.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// Tags, by key, without spaces and `@`. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Access log, a line for each request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// ARN of a log group, without `:*` at the end, or of a Firehose stream whose name begins with
    /// `amazon-apigateway-`.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:(logs|firehose):[^*]+$"))]
    pub destination_arn: String,
    /// The line, made of `$context` variables, `$context.requestId` or `$context.extendedRequestId`
    /// among them; at most 3072 characters.
    #[schemars(length(max = 3072), regex(pattern = r"^[^\n]*\$context\.(requestId|extendedRequestId)[^\n]*$"))]
    pub format: String,
}

/// Size of a cache cluster, in GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CacheClusterSize {
    /// 0.5 GB.
    #[serde(rename = "0.5")]
    Half,
    /// 1.6 GB.
    #[serde(rename = "1.6")]
    G1,
    /// 6.1 GB.
    #[serde(rename = "6.1")]
    G6,
    /// 13.5 GB.
    #[serde(rename = "13.5")]
    G13,
    /// 28.4 GB.
    #[serde(rename = "28.4")]
    G28,
    /// 58.2 GB.
    #[serde(rename = "58.2")]
    G58,
    /// 118 GB.
    #[serde(rename = "118")]
    G118,
    /// 237 GB.
    #[serde(rename = "237")]
    G237,
}
