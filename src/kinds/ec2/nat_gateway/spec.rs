//! Fields of a NAT gateway.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::Tags;

/// Fields of a NAT gateway.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// `zonal`, in one subnet, or `regional`, one gateway for all zones of the VPC, which needs no public subnet;
    /// `zonal` when left out. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub availability_mode: Option<AvailabilityMode>,
    /// `public`, to the internet, or `private`, to other networks; `public` when left out. A change replaces.
    #[schemars(extend("x-highlight" = true, "x-change" = "replace"))]
    pub connectivity_type: Option<ConnectivityType>,
    /// Of a zonal gateway: the subnet that it stands in, a public one for a public gateway, with the VPC's internet
    /// gateway attached before. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub subnet_id: Option<String>,
    /// Of a zonal public gateway: id of the elastic IP that it goes out with. A change replaces; while it stays, the
    /// old gateway goes before the new one comes.
    #[schemars(extend("x-change" = "replace"))]
    pub allocation_id: Option<String>,
    /// Of a zonal gateway: its address in the subnet; AWS takes one when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub private_ip_address: Option<String>,
    /// Of a zonal public gateway: ids of more elastic IPs, for more connections to one destination; AWS allows one
    /// unless the quota was raised, and 7 at most. One that is not listed is taken off.
    #[schemars(length(max = 7), extend("x-unordered" = true))]
    pub secondary_allocation_ids: Option<Vec<String>>,
    /// Of a regional gateway: the VPC that it serves. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: Option<String>,
    /// Of a regional gateway: the zones that it stands in, with its elastic IPs there. When left out, AWS takes
    /// addresses of its own and follows the subnets into new zones, within an hour. A zone that is not listed is left.
    #[schemars(length(min = 1), extend("x-key" = "availability_zone_id"))]
    pub zone_addresses: Option<Vec<ZoneAddresses>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Availability mode of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AvailabilityMode {
    /// In one subnet.
    Zonal,
    /// In all zones of the VPC.
    Regional,
}

/// Connectivity of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectivityType {
    /// To the internet.
    Public,
    /// To other networks.
    Private,
}

/// The addresses of a regional gateway in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneAddresses {
    /// The zone by its id, such as `use1-az1`.
    pub availability_zone_id: String,
    /// Ids of the elastic IPs, 1 to 32.
    #[schemars(length(min = 1, max = 32), extend("x-unordered" = true))]
    pub allocation_ids: Vec<String>,
}

/// Faults that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    let private = spec.connectivity_type == Some(ConnectivityType::Private);
    if spec.availability_mode == Some(AvailabilityMode::Regional) {
        rule(spec.vpc_id.is_none(), "a regional gateway needs `vpc_id`");
        let zonal = [&spec.subnet_id, &spec.allocation_id, &spec.private_ip_address].into_iter().any(Option::is_some);
        rule(
            zonal || spec.secondary_allocation_ids.is_some(),
            "`subnet_id`, `allocation_id`, `private_ip_address` and `secondary_allocation_ids` are for zonal gateways; a regional one takes `zone_addresses`",
        );
        rule(private, "a regional gateway is public");
        let zones = spec.zone_addresses.iter().flatten().map(|zone| &zone.availability_zone_id);
        let count = zones.clone().count();
        rule(zones.collect::<BTreeSet<_>>().len() < count, "duplicate zone in `zone_addresses`");
    } else {
        rule(spec.subnet_id.is_none(), "a zonal gateway needs `subnet_id`");
        let regional = spec.vpc_id.is_some() || spec.zone_addresses.is_some();
        rule(regional, "`vpc_id` and `zone_addresses` are for `availability_mode: regional`");
        rule(!private && spec.allocation_id.is_none(), "a public gateway needs `allocation_id`");
        let public = spec.allocation_id.is_some() || spec.secondary_allocation_ids.is_some();
        rule(private && public, "a private gateway takes no elastic IP");
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn modes_take_fields_of_their_own() {
        let faults = |json| check(&serde_json::from_value(json).expect("a spec")).len();
        assert_eq!(faults(json!({"subnet_id": "subnet-1", "allocation_id": "eipalloc-1"})), 0);
        assert_eq!(faults(json!({"availability_mode": "regional", "vpc_id": "vpc-1"})), 0);
        assert_eq!(faults(json!({"subnet_id": "subnet-1", "connectivity_type": "private"})), 0);
        assert_eq!(faults(json!({"subnet_id": "subnet-1"})), 1);
        assert_eq!(faults(json!({"availability_mode": "regional", "subnet_id": "subnet-1"})), 2);
        assert_eq!(faults(json!({"vpc_id": "vpc-1", "allocation_id": "eipalloc-1"})), 2);
        let twice = json!({"availability_zone_id": "use1-az1", "allocation_ids": ["eipalloc-1"]});
        assert_eq!(
            faults(json!({"availability_mode": "regional", "vpc_id": "vpc-1", "zone_addresses": [twice, twice]})),
            1
        );
    }
}
