//! Mutual authentication of a listener: callers show certificates too.

use aws_sdk_elasticloadbalancingv2::types::MutualAuthenticationAttributes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{from_wire, to_wire};

/// Mutual TLS: certificates of callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutualAuthentication {
    /// Treatment of a caller's certificate.
    pub mode: MutualMode,
    /// ARN of the trust store, with `verify`.
    pub trust_store_arn: Option<String>,
    /// Acceptance of expired certificates; false when left out.
    pub ignore_client_certificate_expiry: Option<bool>,
}

/// Treatment of a caller's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MutualMode {
    /// None is asked for.
    Off,
    /// It is passed on to the targets.
    Passthrough,
    /// It is held against the trust store.
    Verify,
}

impl MutualAuthentication {
    pub(super) fn to_aws(&self) -> MutualAuthenticationAttributes {
        MutualAuthenticationAttributes::builder()
            .mode(to_wire(self.mode))
            .set_trust_store_arn(self.trust_store_arn.clone())
            .set_ignore_client_certificate_expiry(self.ignore_client_certificate_expiry)
            .build()
    }

    pub(super) fn from_aws(live: MutualAuthenticationAttributes) -> Option<Self> {
        Some(Self {
            mode: live.mode.and_then(|mode| from_wire(&mode))?,
            trust_store_arn: live.trust_store_arn,
            ignore_client_certificate_expiry: Some(live.ignore_client_certificate_expiry.unwrap_or(false)),
        })
    }
}
