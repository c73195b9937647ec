//! Fields of a VPC endpoint.

use aws_sdk_ec2::types::VpcEndpointType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;
use crate::value::Json;

/// Fields of a VPC endpoint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The VPC that it is in. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: String,
    /// The service that it leads to, such as `com.amazonaws.us-east-1.secretsmanager`. A change replaces.
    #[schemars(regex(pattern = r"^[a-z0-9.-]+$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub service_name: String,
    /// `gateway`, free of charge and through route tables, for S3 and DynamoDB; `interface`, with addresses in subnets;
    /// or `gateway-load-balancer`. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub vpc_endpoint_type: EndpointType,
    /// The region of the service, if it is another one. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub service_region: Option<String>,
    /// Of a gateway: the route tables that get a route to it. One that is not listed loses its own.
    #[schemars(extend("x-unordered" = true))]
    pub route_table_ids: Option<Vec<String>>,
    /// Of an interface: the subnets in which it has an address, one in each zone.
    #[schemars(extend("x-unordered" = true))]
    pub subnet_ids: Option<Vec<String>>,
    /// Of an interface: the security groups that say who may use it; the VPC's default group when left out.
    #[schemars(length(min = 1), extend("x-unordered" = true))]
    pub security_group_ids: Option<Vec<String>>,
    /// Of an interface: whether the service's own name leads to it in the VPC, which needs `enable_dns_support` and
    /// `enable_dns_hostnames` there; AWS says yes when left out.
    pub private_dns_enabled: Option<bool>,
    /// Of an interface: the addresses that it has.
    pub ip_address_type: Option<IpAddressType>,
    /// Policy document of what may be done through the endpoint; AWS allows everything when left out.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy"))]
    pub policy: Option<Json>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Type of endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointType {
    /// Through route tables.
    Gateway,
    /// At addresses in subnets.
    Interface,
    /// Through route tables, to appliances that look at the traffic.
    GatewayLoadBalancer,
}

/// The addresses of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IpAddressType {
    /// IPv4.
    Ipv4,
    /// Both.
    Dualstack,
    /// IPv6.
    Ipv6,
}

/// AWS's own words, which are in another case than ours.
impl EndpointType {
    pub(super) fn to_aws(self) -> VpcEndpointType {
        match self {
            Self::Gateway => VpcEndpointType::Gateway,
            Self::Interface => VpcEndpointType::Interface,
            Self::GatewayLoadBalancer => VpcEndpointType::GatewayLoadBalancer,
        }
    }

    pub(super) fn from_aws(live: &VpcEndpointType) -> Option<Self> {
        [Self::Gateway, Self::Interface, Self::GatewayLoadBalancer].into_iter().find(|kind| kind.to_aws() == *live)
    }
}

/// Faults that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    let of_interface =
        spec.security_group_ids.is_some() || spec.private_dns_enabled.is_some() || spec.ip_address_type.is_some();
    match spec.vpc_endpoint_type {
        EndpointType::Gateway => rule(
            of_interface || spec.subnet_ids.is_some(),
            "`subnet_ids`, `security_group_ids`, `private_dns_enabled` and `ip_address_type` are for interface endpoints",
        ),
        EndpointType::Interface => {
            rule(spec.route_table_ids.is_some(), "`route_table_ids` are for gateway endpoints");
        }
        EndpointType::GatewayLoadBalancer => rule(
            spec.route_table_ids.is_some() || spec.security_group_ids.is_some() || spec.private_dns_enabled.is_some(),
            "an endpoint of a gateway load balancer takes `subnet_ids`, and routes of the route tables lead to it",
        ),
    }
    wrong
}
