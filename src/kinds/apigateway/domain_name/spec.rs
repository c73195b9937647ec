//! The properties of a custom domain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::apigateway::{EndpointAccessMode, IpAddressType};

/// The properties of a custom domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The name, in lower case; `*.` at the start stands for one label. The same name may stand in
    /// every region of an account, and in one account only.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$"),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub domain: String,
    /// ARN of an issued certificate of the same region that holds the name.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:acm:[a-z0-9-]+:\d+:certificate/.+$"), extend("x-needs" = "serving"))]
    pub certificate_arn: String,
    /// Least TLS version and ciphers: `TLS_1_0`, `TLS_1_2` or a `SecurityPolicy_…`; AWS chooses when
    /// left out. A change takes about 15 minutes.
    #[schemars(regex(pattern = r"^(TLS_1_[02]|SecurityPolicy_[A-Za-z0-9_]+)$"))]
    pub security_policy: Option<String>,
    /// Strictness with which a `SecurityPolicy_…` is applied.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// Routing of requests to APIs; `BASE_PATH_MAPPING_ONLY` when left out.
    pub routing_mode: Option<RoutingMode>,
    /// Addresses it answers on; `ipv4` when left out.
    pub ip_address_type: Option<IpAddressType>,
    /// Callers must show a certificate of their own; they need none when left out.
    pub mutual_tls: Option<MutualTls>,
    /// ARN of a public ACM certificate that proves the name ours, if `certificate_arn` is imported or
    /// private and `mutual_tls` is on.
    pub ownership_verification_certificate_arn: Option<String>,
    /// Tags, by key, without spaces and `@`. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Routing of requests to APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoutingMode {
    /// By base path mappings.
    BasePathMappingOnly,
    /// By routing rules.
    RoutingRuleOnly,
    /// By routing rules, then by base path mappings.
    RoutingRuleThenBasePathMapping,
}

/// Authorities of the certificates that callers must show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutualTls {
    /// `s3://bucket/key` of a PEM file with the authorities that are trusted.
    #[schemars(regex(pattern = r"^s3://[^/]+/.+$"))]
    pub truststore_uri: String,
    /// Version of that object; AWS takes the newest when left out, and does not notice newer ones.
    pub truststore_version: Option<String>,
}
