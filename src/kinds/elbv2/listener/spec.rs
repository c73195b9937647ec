//! Fields of a listener.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mutual::MutualAuthentication;
use crate::aws::Tags;
use crate::kinds::elbv2::Attributes;
use crate::kinds::elbv2::action::Action;

/// Fields of a listener.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// ARN of the load balancer. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub load_balancer_arn: String,
    /// Port, 1 to 65535; not of a gateway load balancer.
    #[schemars(range(min = 1, max = 65_535), extend("x-highlight" = true))]
    pub port: Option<i32>,
    /// HTTP or HTTPS of an application load balancer, the others of a network load balancer; not of a gateway one.
    #[schemars(extend("x-highlight" = true))]
    pub protocol: Option<Protocol>,
    /// ARNs of certificates, with HTTPS and TLS. The first is the default one; callers that name a host get the
    /// one that fits, in whatever order the others stand.
    #[schemars(extend("x-unordered" = "rest", "x-needs" = "serving"))]
    pub certificate_arns: Option<Vec<String>>,
    /// Which versions of TLS and ciphers are spoken, such as `ELBSecurityPolicy-TLS13-1-2-2021-06`; AWS takes an
    /// old one when left out.
    pub ssl_policy: Option<String>,
    /// With TLS: which protocol is agreed on; `None` when left out.
    pub alpn_policy: Option<AlpnPolicy>,
    /// Mutual TLS: certificates of callers; off when left out. HTTPS only.
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Actions on requests that no rule takes.
    #[schemars(length(min = 1))]
    pub default_actions: Vec<Action>,
    /// Ownership of the weights: true if a service (ECS, in blue-green deployments) shifts requests between the target
    /// groups of `default_actions`. Their weights are then those of the creation, and the service's from there on.
    pub traffic_owned_by_service: Option<bool>,
    /// AWS's attributes by name, such as `routing.http.response.server.enabled: 'false'`. One that is not listed,
    /// or no longer, stays as it is.
    #[schemars(extend("x-merge" = true, "x-stays" = true))]
    pub attributes: Option<Attributes>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Protocol of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// Connections.
    Tcp,
    /// Connections over TLS, which ends at the load balancer.
    Tls,
    /// Datagrams.
    Udp,
    /// Connections and datagrams.
    TcpUdp,
    /// QUIC.
    Quic,
    /// Connections and QUIC.
    TcpQuic,
}

/// Which protocol is agreed on over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AlpnPolicy {
    /// HTTP/1 only.
    HTTP1Only,
    /// HTTP/2 only.
    HTTP2Only,
    /// HTTP/1 rather than HTTP/2.
    HTTP2Optional,
    /// HTTP/2 rather than HTTP/1.
    HTTP2Preferred,
    /// It is not agreed on.
    None,
}
