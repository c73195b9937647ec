//! Fields of a target group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::kinds::elbv2::Attributes;

/// Fields of a target group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 32 letters, digits and dashes, no dash at either end. A change replaces; beside
    /// `variant`, it counts for the next group only.
    #[schemars(
        regex(pattern = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$"),
        extend("x-change" = "replace", "x-settled-by" = "variant"),
    )]
    pub name: String,
    /// Text that tells it from another one for the same purpose, such as the network that it is in: with another text it
    /// is replaced, and old and new stand side by side until the new one serves. Kept in the tag `isobar:variant`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 +=._:/@-]{1,256}$"), extend("x-change" = "replace-set"))]
    pub variant: Option<String>,
    /// Protocol to the targets; not of `lambda`. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub protocol: Option<Protocol>,
    /// Port of targets that do not name another one, 1 to 65535; not of `lambda`. A change replaces; beside `variant`, it
    /// counts for the next group only.
    #[schemars(range(min = 1, max = 65_535), extend("x-highlight" = true, "x-change" = "replace", "x-settled-by" = "variant"))]
    pub port: Option<i32>,
    /// Version of HTTP; `HTTP1` when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub protocol_version: Option<ProtocolVersion>,
    /// VPC of the targets; not of `lambda`. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: Option<String>,
    /// Type of the targets; `instance` when left out. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub target_type: Option<TargetType>,
    /// Kind of the targets' addresses; `ipv4` when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub ip_address_type: Option<IpAddressType>,
    /// Port on which targets are told what the load balancer makes of them, 1 to 65535. A change replaces.
    #[schemars(range(min = 1, max = 65_535), extend("x-change" = "replace"))]
    pub target_control_port: Option<i32>,
    /// Health check of the targets.
    pub health_check: Option<HealthCheck>,
    /// AWS's attributes by name, such as `deregistration_delay.timeout_seconds: '30'`; AWS waits 300 seconds for a
    /// leaving target when that is left out. One that is not listed, or no longer, stays as it is.
    #[schemars(extend("x-merge" = true, "x-stays" = true))]
    pub attributes: Option<Attributes>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Health check of the targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Health checks on or off; on when left out, but off with `lambda`.
    pub enabled: Option<bool>,
    /// Protocol of a check; AWS takes HTTP for application load balancers and TCP for others when left out.
    pub protocol: Option<Protocol>,
    /// Port of a check, or `traffic-port`, which AWS takes when left out.
    #[schemars(regex(pattern = r"^(traffic-port|\d{1,5})$"))]
    pub port: Option<String>,
    /// Path of the HTTP request; `/` when left out, and `/AWS.ALB/healthcheck` of GRPC.
    #[schemars(length(min = 1, max = 1024), regex(pattern = "^/"))]
    pub path: Option<String>,
    /// Seconds between two checks, 5 to 300; AWS takes 30 when left out, and 35 of `lambda`.
    #[schemars(range(min = 5, max = 300))]
    pub interval_seconds: Option<i32>,
    /// Seconds within which a target must answer, 2 to 120; AWS takes 5 or 6 when left out, and 30 of `lambda`.
    #[schemars(range(min = 2, max = 120))]
    pub timeout_seconds: Option<i32>,
    /// After how many good checks a target is healthy, 2 to 10; AWS takes 5 when left out.
    #[schemars(range(min = 2, max = 10))]
    pub healthy_threshold: Option<i32>,
    /// After how many bad checks a target is unhealthy, 2 to 10; AWS takes 2 when left out.
    #[schemars(range(min = 2, max = 10))]
    pub unhealthy_threshold: Option<i32>,
    /// Good answers: codes of HTTP such as `200-299` or `200,302`, of GRPC such as `0`; AWS takes 200, or 12 of
    /// GRPC, when left out.
    #[schemars(regex(pattern = r"^\d{1,3}([,-]\d{1,3})*$"))]
    pub matcher: Option<String>,
}

/// Protocol to targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    /// Of application load balancers.
    Http,
    /// Of application load balancers.
    Https,
    /// Of network load balancers.
    Tcp,
    /// Of network load balancers, encrypted.
    Tls,
    /// Of network load balancers.
    Udp,
    /// Of network load balancers, both on one port.
    TcpUdp,
    /// Of network load balancers.
    Quic,
    /// Of network load balancers, both on one port.
    TcpQuic,
    /// Of gateway load balancers.
    Geneve,
}

/// Version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    #[serde(rename = "HTTP1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "HTTP2")]
    Http2,
    /// GRPC.
    #[serde(rename = "GRPC")]
    Grpc,
}

/// Type of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// Instances of EC2.
    Instance,
    /// Addresses, such as those of Fargate tasks.
    Ip,
    /// One Lambda function.
    Lambda,
    /// One application load balancer.
    Alb,
}

/// Kind of the targets' addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpAddressType {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}
