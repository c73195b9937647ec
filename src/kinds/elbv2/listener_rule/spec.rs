//! Fields of a rule.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderRewriteConfig, RewriteConfig, RuleTransform, TransformTypeEnum, UrlRewriteConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use crate::aws::Tags;
use crate::kinds::elbv2::action::Action;

/// Fields of a rule.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// ARN of the listener. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub listener_arn: String,
    /// Its place among the rules of the listener, 1 to 50,000, the lowest first.
    #[schemars(range(min = 1, max = 50_000), extend("x-highlight" = true))]
    pub priority: i32,
    /// Conditions that a request must all fulfil; up to 5 values in total.
    #[schemars(length(min = 1), extend("x-highlight" = true, "x-unordered" = true))]
    pub conditions: Vec<Condition>,
    /// Actions on a matching request.
    #[schemars(length(min = 1))]
    pub actions: Vec<Action>,
    /// Rewrites of host and path before the request goes on; at most one of each. An empty list for none.
    #[schemars(length(max = 2), extend("x-reset" = []))]
    pub transforms: Option<Vec<Transform>>,
    /// Ownership of the weights: true if a service (ECS, in blue-green deployments) shifts requests between the target
    /// groups of `actions`. Their weights are then those of the creation, and the service's from there on.
    #[schemars(extend("x-reset" = false, "x-holds" = ["actions"]))]
    pub traffic_owned_by_service: Option<bool>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// A rewrite of a part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The host.
    HostHeaderRewrite(Rewrite),
    /// Path and query.
    UrlRewrite(Rewrite),
}

/// A replacement by a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// A regular expression, up to 1,024 characters.
    #[schemars(length(min = 1, max = 1024))]
    pub regex: String,
    /// Replacement; `$1` is the first group.
    #[schemars(length(max = 1024))]
    pub replace: String,
}

impl Transform {
    pub(super) fn to_aws(&self) -> RuleTransform {
        let rewrite = |one: &Rewrite| RewriteConfig::builder().regex(&one.regex).replace(&one.replace).build();
        match self {
            Self::HostHeaderRewrite(one) => RuleTransform::builder()
                .r#type(TransformTypeEnum::HostHeaderRewrite)
                .host_header_rewrite_config(HostHeaderRewriteConfig::builder().rewrites(rewrite(one)).build()),
            Self::UrlRewrite(one) => RuleTransform::builder()
                .r#type(TransformTypeEnum::UrlRewrite)
                .url_rewrite_config(UrlRewriteConfig::builder().rewrites(rewrite(one)).build()),
        }
        .build()
    }

    pub(super) fn from_aws(live: RuleTransform) -> Option<Self> {
        let rewrite = |all: Option<Vec<RewriteConfig>>| {
            let one = all?.into_iter().next()?;
            Some(Rewrite { regex: one.regex.unwrap_or_default(), replace: one.replace.unwrap_or_default() })
        };
        if let Some(host) = live.host_header_rewrite_config {
            return rewrite(host.rewrites).map(Self::HostHeaderRewrite);
        }
        rewrite(live.url_rewrite_config?.rewrites).map(Self::UrlRewrite)
    }
}
