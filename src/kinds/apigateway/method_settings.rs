//! Settings of the methods of a stage: of all together, or of one.

use aws_sdk_apigateway::types::MethodSetting;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Patch, escape_pointer, unescape_pointer};
use crate::aws::from_wire;

/// AWS's name for all methods of a stage.
pub(super) const ALL: &str = "*/*";

/// Settings of one method, in place of the stage's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodSettings {
    /// Most requests that are let through; the account's limits when left out.
    pub throttle: Option<Throttle>,
    /// Metrics of its own; false when left out.
    pub metrics_enabled: Option<bool>,
    /// Level of the execution log; `OFF` when left out. It needs the account's logging role.
    pub logging_level: Option<LoggingLevel>,
    /// Whole requests and responses in the execution log, secrets and all; false when left out.
    pub data_trace_enabled: Option<bool>,
    /// Caching of responses, if the stage has a cache cluster.
    pub caching: Option<Caching>,
}

/// Most requests that are let through.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Requests per second, in the long run; -1 for no limit but the account's.
    #[schemars(range(min = -1), extend("x-risk" = "capacity"))]
    pub rate: f64,
    /// Requests at once; -1 for no limit but the account's.
    #[schemars(range(min = -1))]
    pub burst: i32,
}

/// Level of the execution log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LoggingLevel {
    /// Nothing.
    Off,
    /// Errors.
    Error,
    /// Errors and every step.
    Info,
}

/// Caching of responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caching {
    /// Switch; false when left out.
    pub enabled: Option<bool>,
    /// For how many seconds; 0 to 3600, 300 when left out.
    #[schemars(range(min = 0, max = 3600))]
    pub ttl_seconds: Option<i32>,
    /// Encryption in the cache; false when left out.
    pub encrypted: Option<bool>,
    /// Callers need a permission in IAM to bypass the cache; true when left out.
    pub require_authorization: Option<bool>,
    /// Treatment of a caller without that permission; `SUCCEED_WITH_RESPONSE_HEADER` when left out.
    pub unauthorized_strategy: Option<UnauthorizedStrategy>,
}

/// Treatment of a caller who wants to bypass the cache without the permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UnauthorizedStrategy {
    /// The request is refused.
    #[serde(rename = "FAIL_WITH_403")]
    FailWith403,
    /// The cached answer, with a warning header.
    SucceedWithResponseHeader,
    /// The cached answer.
    SucceedWithoutResponseHeader,
}

impl MethodSettings {
    /// From these to others, under `/<resource>/<METHOD>`.
    pub(super) fn patch(&self, to: &Self, under: &str, patch: &mut Patch) {
        let rates = [self, to].map(|it| it.throttle.map(|throttle| throttle.rate));
        patch.set(&format!("{under}/throttling/rateLimit"), rates[0].as_ref(), rates[1].as_ref());
        let bursts = [self, to].map(|it| it.throttle.map(|throttle| throttle.burst));
        patch.set(&format!("{under}/throttling/burstLimit"), bursts[0].as_ref(), bursts[1].as_ref());
        patch.set(&format!("{under}/metrics/enabled"), self.metrics_enabled.as_ref(), to.metrics_enabled.as_ref());
        patch.set_enum(&format!("{under}/logging/loglevel"), self.logging_level.as_ref(), to.logging_level.as_ref());
        let traces = [self, to].map(|it| it.data_trace_enabled.as_ref());
        patch.set(&format!("{under}/logging/dataTrace"), traces[0], traces[1]);
        let [live, wanted] = [self, to].map(|it| it.caching.unwrap_or_default());
        let under = format!("{under}/caching");
        patch.set(&format!("{under}/enabled"), live.enabled.as_ref(), wanted.enabled.as_ref());
        patch.set(&format!("{under}/ttlInSeconds"), live.ttl_seconds.as_ref(), wanted.ttl_seconds.as_ref());
        patch.set(&format!("{under}/dataEncrypted"), live.encrypted.as_ref(), wanted.encrypted.as_ref());
        let guards = [&live, &wanted].map(|it| it.require_authorization.as_ref());
        patch.set(&format!("{under}/requireAuthorizationForCacheControl"), guards[0], guards[1]);
        let strategies = [&live, &wanted].map(|it| it.unauthorized_strategy.as_ref());
        patch.set_enum(&format!("{under}/unauthorizedCacheControlHeaderStrategy"), strategies[0], strategies[1]);
    }
}

impl From<&MethodSetting> for MethodSettings {
    fn from(live: &MethodSetting) -> Self {
        Self {
            throttle: Some(Throttle { rate: live.throttling_rate_limit, burst: live.throttling_burst_limit }),
            metrics_enabled: Some(live.metrics_enabled),
            logging_level: live.logging_level.as_deref().map_or(Some(LoggingLevel::Off), from_wire),
            data_trace_enabled: Some(live.data_trace_enabled),
            caching: Some(Caching {
                enabled: Some(live.caching_enabled),
                ttl_seconds: Some(live.cache_ttl_in_seconds),
                encrypted: Some(live.cache_data_encrypted),
                require_authorization: Some(live.require_authorization_for_cache_control),
                unauthorized_strategy: live
                    .unauthorized_cache_control_header_strategy
                    .as_ref()
                    .and_then(|it| from_wire(it.as_str())),
            }),
        }
    }
}

/// AWS's key of a method that is written `/orders/{id}/GET`: `~1orders~1{id}/GET`.
pub(super) fn key(written: &str) -> String {
    let (resource, method) = written.rsplit_once('/').unwrap_or(("", written));
    format!("{}/{method}", escape_pointer(if resource.is_empty() { "/" } else { resource }))
}

/// A method as it is written, from AWS's key.
pub(super) fn path(key: &str) -> String {
    let (resource, method) = key.rsplit_once('/').unwrap_or(("", key));
    let resource = unescape_pointer(resource);
    if resource.starts_with('/') { format!("{resource}/{method}") } else { format!("/{resource}/{method}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_written_by_their_path() {
        for (written, aws) in [("/orders/{id}/GET", "~1orders~1{id}/GET"), ("//GET", "~1/GET"), ("/*/GET", "~1*/GET")] {
            assert_eq!(key(written), aws);
            assert_eq!(path(aws), written);
        }
        assert_eq!(path("orders/GET"), "/orders/GET");
    }
}
