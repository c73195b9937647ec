//! One route: where to, and over what.

use aws_sdk_ec2::types::{Route as Live, RouteOrigin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::ReadRequest;
use crate::kinds::ec2::cidr::{wrong_ipv4, wrong_ipv6};

/// A route: one destination and one target.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Destination: a block of IPv4 addresses, `0.0.0.0/0` for everything that no other route is for.
    #[schemars(regex(pattern = r"^[0-9.]+/[0-9]{1,2}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_cidr_block: Option<String>,
    /// Destination: a block of IPv6 addresses, `::/0` for everything that no other route is for.
    #[schemars(regex(pattern = r"^[0-9a-f:.]+/[0-9]{1,3}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_ipv6_cidr_block: Option<String>,
    /// Destination: id of a prefix list, a set of blocks that somebody looks after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_prefix_list_id: Option<String>,
    /// Target: an internet gateway or a virtual private gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_id: Option<String>,
    /// Target: a NAT gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateway_id: Option<String>,
    /// Target: an egress-only internet gateway, the way out for IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_only_internet_gateway_id: Option<String>,
    /// Target: a transit gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_gateway_id: Option<String>,
    /// Target: a peering connection to another VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_peering_connection_id: Option<String>,
    /// Target: an endpoint of a gateway load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint_id: Option<String>,
    /// Target: a network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_id: Option<String>,
    /// Target: an instance with one network interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Target: a carrier gateway, the way into a mobile network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_gateway_id: Option<String>,
    /// Target: the gateway of an Outpost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_gateway_id: Option<String>,
    /// Target: ARN of a core network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_network_arn: Option<String>,
}

/// The fields that tell the destination: a table has one route to each.
pub(super) const DESTINATION: [&str; 3] =
    ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];

impl Route {
    /// Destination of the route.
    pub(super) fn destination(&self) -> &str {
        let all = [&self.destination_cidr_block, &self.destination_ipv6_cidr_block, &self.destination_prefix_list_id];
        all.into_iter().flatten().next().map(String::as_str).unwrap_or_default()
    }

    fn targets(&self) -> usize {
        let all = [
            &self.gateway_id,
            &self.nat_gateway_id,
            &self.egress_only_internet_gateway_id,
            &self.transit_gateway_id,
            &self.vpc_peering_connection_id,
            &self.vpc_endpoint_id,
            &self.network_interface_id,
            &self.instance_id,
            &self.carrier_gateway_id,
            &self.local_gateway_id,
            &self.core_network_arn,
        ];
        all.into_iter().flatten().count()
    }

    /// Faults that the schema does not find.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let destinations =
            [&self.destination_cidr_block, &self.destination_ipv6_cidr_block, &self.destination_prefix_list_id];
        if destinations.into_iter().flatten().count() != 1 {
            wrong.push("a route needs exactly one destination".to_owned());
        }
        if self.targets() != 1 {
            wrong.push(format!("the route to {} needs exactly one target", self.destination()));
        }
        let four = self.destination_cidr_block.iter();
        wrong.extend(four.filter_map(|block| wrong_ipv4("destination_cidr_block", block)));
        let six = self.destination_ipv6_cidr_block.iter();
        wrong.extend(six.filter_map(|block| wrong_ipv6("destination_ipv6_cidr_block", block)));
        wrong
    }

    /// A live route, if it is one that a user makes. The VPC's own, those that gateways spread and those that
    /// gateway endpoints put in are AWS's.
    pub(super) fn of(live: &Live, request: &ReadRequest) -> Option<Self> {
        let made = matches!(live.origin, None | Some(RouteOrigin::CreateRoute));
        let gateway = live.gateway_id.clone().filter(|id| !id.is_empty());
        let is = |start: &str| gateway.as_ref().is_some_and(|id| id.starts_with(start));
        let of_endpoint = is("vpce-") && live.destination_prefix_list_id.is_some();
        if !made || of_endpoint || is("local") {
            return None;
        }
        // An instance is told with its interface: the file says which of the two is meant.
        let interface = live.network_interface_id.clone();
        let by_interface =
            interface.as_ref().is_some_and(|id| request.texts("routes.network_interface_id").any(|said| said == id));
        let instance = live.instance_id.clone().filter(|_| !by_interface);
        Some(Self {
            destination_cidr_block: live.destination_cidr_block.clone(),
            destination_ipv6_cidr_block: live.destination_ipv6_cidr_block.clone(),
            destination_prefix_list_id: live.destination_prefix_list_id.clone(),
            vpc_endpoint_id: gateway.clone().filter(|_| is("vpce-")),
            gateway_id: gateway.clone().filter(|_| !is("vpce-")),
            nat_gateway_id: live.nat_gateway_id.clone(),
            egress_only_internet_gateway_id: live.egress_only_internet_gateway_id.clone(),
            transit_gateway_id: live.transit_gateway_id.clone(),
            vpc_peering_connection_id: live.vpc_peering_connection_id.clone(),
            network_interface_id: interface.filter(|_| instance.is_none()),
            instance_id: instance,
            carrier_gateway_id: live.carrier_gateway_id.clone(),
            local_gateway_id: live.local_gateway_id.clone(),
            core_network_arn: live.core_network_arn.clone(),
        })
    }
}

/// Puts destination and target of a route into a call that makes or replaces it.
macro_rules! put {
    ($call:expr, $route:expr) => {
        $call
            .set_destination_cidr_block($route.destination_cidr_block.clone())
            .set_destination_ipv6_cidr_block($route.destination_ipv6_cidr_block.clone())
            .set_destination_prefix_list_id($route.destination_prefix_list_id.clone())
            .set_gateway_id($route.gateway_id.clone())
            .set_nat_gateway_id($route.nat_gateway_id.clone())
            .set_egress_only_internet_gateway_id($route.egress_only_internet_gateway_id.clone())
            .set_transit_gateway_id($route.transit_gateway_id.clone())
            .set_vpc_peering_connection_id($route.vpc_peering_connection_id.clone())
            .set_vpc_endpoint_id($route.vpc_endpoint_id.clone())
            .set_network_interface_id($route.network_interface_id.clone())
            .set_instance_id($route.instance_id.clone())
            .set_carrier_gateway_id($route.carrier_gateway_id.clone())
            .set_local_gateway_id($route.local_gateway_id.clone())
            .set_core_network_arn($route.core_network_arn.clone())
    };
}
pub(super) use put;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::names::PhysicalId;

    fn to(destination: &str) -> aws_sdk_ec2::types::builders::RouteBuilder {
        Live::builder().destination_cidr_block(destination).origin(RouteOrigin::CreateRoute)
    }

    fn seen(live: &Live, spec: &serde_json::Value) -> Option<serde_json::Value> {
        let request = ReadRequest::new(PhysicalId::new("rtb-1"), spec);
        Route::of(live, &request).map(|route| serde_json::to_value(route).expect("a route"))
    }

    #[test]
    fn routes_of_aws_are_not_managed() {
        let none = json!({});
        let local = Live::builder().destination_cidr_block("10.0.0.0/16").gateway_id("local");
        assert_eq!(seen(&local.origin(RouteOrigin::CreateRouteTable).build(), &none), None);
        assert_eq!(seen(&to("10.9.0.0/16").origin(RouteOrigin::EnableVgwRoutePropagation).build(), &none), None);
        let s3 = Live::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        assert_eq!(seen(&s3.origin(RouteOrigin::CreateRoute).build(), &none), None);
        assert_eq!(
            seen(&to("0.0.0.0/0").nat_gateway_id("nat-1").build(), &none),
            Some(json!({"destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-1"}))
        );
        assert_eq!(
            seen(&to("0.0.0.0/0").gateway_id("vpce-1").build(), &none),
            Some(json!({"destination_cidr_block": "0.0.0.0/0", "vpc_endpoint_id": "vpce-1"}))
        );
    }

    #[test]
    fn instances_read_as_the_file_names_them() {
        let live = to("10.9.0.0/16").instance_id("i-1").network_interface_id("eni-1").build();
        let by_instance = json!({"destination_cidr_block": "10.9.0.0/16", "instance_id": "i-1"});
        let by_interface = json!({"destination_cidr_block": "10.9.0.0/16", "network_interface_id": "eni-1"});
        for file in [&by_instance, &by_interface] {
            assert_eq!(seen(&live, &json!({"routes": [file]})).as_ref(), Some(file));
        }
    }

    #[test]
    fn routes_need_one_destination_and_one_target() {
        let faults = |json| serde_json::from_value::<Route>(json).expect("a route").faults().len();
        assert_eq!(faults(json!({"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"})), 0);
        assert_eq!(faults(json!({"destination_cidr_block": "0.0.0.0/0"})), 1);
        assert_eq!(faults(json!({"gateway_id": "igw-1", "nat_gateway_id": "nat-1"})), 2);
        assert_eq!(faults(json!({"destination_ipv6_cidr_block": "2001:db8::1/56", "gateway_id": "igw-1"})), 1);
    }
}
