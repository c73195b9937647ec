//! Fields of a rule.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderRewriteConfig, RewriteConfig, RuleTransform, TransformTypeEnum, UrlRewriteConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use crate::aws::Tags;
use crate::kinds::elbv2::action::Action;

/// What a rule can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// ARN of the listener. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub listener_arn: String,
    /// Its place among the rules of the listener, 1 to 50,000, the lowest first.
    #[schemars(range(min = 1, max = 50_000))]
    pub priority: i32,
    /// What a request must fulfil, all of it; up to 5 values altogether.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub conditions: Vec<Condition>,
    /// What becomes of such a request.
    #[schemars(length(min = 1))]
    pub actions: Vec<Action>,
    /// How host and path are rewritten before the request goes on; one of each at most. An empty list for not at all.
    #[schemars(length(max = 2))]
    pub transforms: Option<Vec<Transform>>,
    /// Whether a service (ECS, when it deploys blue and green) shifts the requests between the target groups of
    /// `actions`. Their weights are then those of the creation, and the service's from there on.
    pub traffic_owned_by_service: Option<bool>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// How a part of a request is rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transform {
    /// The host.
    HostHeaderRewrite(Rewrite),
    /// Path and query.
    UrlRewrite(Rewrite),
}

/// What is replaced by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// A regular expression, up to 1,024 characters.
    #[schemars(length(min = 1, max = 1024))]
    pub regex: String,
    /// What stands in its place; `$1` is its first group.
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
