//! NAT gateway: the way out of subnets that nothing comes into, for one zone or for all.
//!
//! Addresses that AWS takes for a regional gateway by itself are AWS's: they are shown and left alone.

mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{
    AvailabilityZoneAddress, NatGateway as Live, NatGatewayAddress, NatGatewayAddressStatus as Status, NatGatewayState,
    ResourceType,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Described, arn, as_not_visible_yet, describe_one, find_owned, look_up, read_described, sync_tags, tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest, Readiness};
use crate::kinds::reading::created;
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use spec::{AvailabilityMode, ConnectivityType, Spec, ZoneAddresses};

/// A NAT gateway.
pub struct NatGateway;

/// Outputs of a NAT gateway.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `nat-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The public addresses that it goes out with.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub public_ips: Vec<String>,
    /// Of a regional gateway: the route table of its own way out.
    pub route_table_id: Option<String>,
}

impl Kind for NatGateway {
    const NAME: &'static str = "ec2.NatGateway";
    const ABOUT: &'static str = "A NAT gateway, for one zone or for a whole VPC";
    const EXAMPLE: &'static str = "
availability_mode: zonal
connectivity_type: public
subnet_id: ${ec2.Subnet.id}
allocation_id: ${ec2.ElasticIp.allocation_id}
tags: {Name: shop-out, internet: '${ec2.InternetGateway.id}'}
";
    const CHANGES: &'static [&'static str] = &[
        "tags: {Name: shop-out, team: platform, internet: '${ec2.InternetGateway.id}'}",
        "{subnet_id: subnet-0123456789abcdef0, secondary_allocation_ids: [eipalloc-0123456789abcdef0]}",
        "{connectivity_type: private, allocation_id: null, secondary_allocation_ids: null, private_ip_address: 10.40.16.20}",
        "
availability_mode: regional
connectivity_type: public
subnet_id: null
allocation_id: null
private_ip_address: null
vpc_id: ${ec2.Vpc.id}
zone_addresses: [{availability_zone_id: use1-az1, allocation_ids: ['${ec2.ElasticIp.allocation_id}']}]
",
    ];
    const TRAITS: Traits = Traits {
        deadline: Duration::from_mins(15),
        // A gateway that keeps its elastic IP can only come when the old one has let it go.
        unique_by: &["allocation_id", "availability_mode", "connectivity_type"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"],
        exists: &["IdempotentParameterMismatch"],
        conflict: &["Resource.AlreadyAssociated", "InvalidIPAddress.InUse"],
        not_visible_yet: &[
            "Gateway.NotAttached",
            "InvalidAllocationID.NotFound",
            "InvalidElasticIpID.NotFound",
            "InvalidSubnetID.NotFound",
            "InvalidVpcID.NotFound",
        ],
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_described(cx, requests, |request, live| found(cx, request, live)).await
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        find_owned::<Live>(cx, owner).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let zones = spec.zone_addresses.as_ref().map(|zones| {
            let zone = |zone: &ZoneAddresses| {
                let ids = Some(zone.allocation_ids.clone());
                let address = AvailabilityZoneAddress::builder().availability_zone_id(&zone.availability_zone_id);
                address.set_allocation_ids(ids).build()
            };
            zones.iter().map(zone).collect()
        });
        let secondary = spec.secondary_allocation_ids.clone().filter(|ids| !ids.is_empty());
        let call = cx.ec2().create_nat_gateway().client_token(owner.token());
        let made = call
            .set_availability_mode(spec.availability_mode.map(|mode| to_wire(mode).as_str().into()))
            .set_connectivity_type(spec.connectivity_type.map(|kind| to_wire(kind).as_str().into()))
            .set_subnet_id(spec.subnet_id.clone())
            .set_allocation_id(spec.allocation_id.clone())
            .set_private_ip_address(spec.private_ip_address.clone())
            .set_secondary_allocation_ids(secondary)
            .set_vpc_id(spec.vpc_id.clone())
            .set_availability_zone_addresses(zones)
            .tag_specifications(tag_specification(ResourceType::Natgateway, spec.tags.as_ref(), owner))
            .send()
            .await?;
        let state = made.nat_gateway.as_ref().and_then(|made| made.state.clone());
        let id = created("ec2:CreateNatGateway", made.nat_gateway.and_then(|made| made.nat_gateway_id))?;
        if matches!(state, Some(NatGatewayState::Deleted | NatGatewayState::Deleting)) {
            let message = format!("the token belongs to {id}, which was deleted");
            return Err(CloudError::local(Class::Exists, "ec2:CreateNatGateway", message));
        }
        Ok(id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            update_addresses(cx, id, to).await?;
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.ec2().delete_nat_gateway().nat_gateway_id(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

async fn found(cx: &Cx, request: &ReadRequest, live: Live) -> Result<Found<NatGateway>> {
    let addresses = || live.nat_gateway_addresses().iter().filter(|address| is_ours(address));
    let regional = live.availability_mode().is_some_and(|mode| mode.as_str() == "regional");
    let primary = addresses().find(|address| is_primary(&live, address)).filter(|_| !regional);
    let secondary = addresses().filter(|address| !is_primary(&live, address));
    let mut zones = BTreeMap::<String, Vec<String>>::new();
    for address in addresses() {
        let ids = zones.entry(address.availability_zone_id.clone().unwrap_or_default()).or_default();
        ids.extend(address.allocation_id.clone());
    }
    let zones = zones.into_iter().map(|(zone, ids)| ZoneAddresses { availability_zone_id: zone, allocation_ids: ids });
    let mode = if regional { AvailabilityMode::Regional } else { AvailabilityMode::Zonal };
    let spec = Spec {
        availability_mode: Some(mode),
        connectivity_type: live
            .connectivity_type()
            .map_or(Some(ConnectivityType::Public), |kind| from_wire(kind.as_str())),
        subnet_id: live.subnet_id.clone().filter(|_| !regional),
        allocation_id: primary.and_then(|address| address.allocation_id.clone()),
        private_ip_address: primary.and_then(|address| address.private_ip.clone()),
        secondary_allocation_ids: Some(secondary.filter_map(|address| address.allocation_id.clone()).collect()),
        vpc_id: live.vpc_id.clone(),
        zone_addresses: Some(zones.collect()),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs {
        id: live.id().to_owned(),
        arn: arn(cx, None, "natgateway", live.id()).await?,
        public_ips: addresses().filter_map(|address| address.public_ip.clone()).collect(),
        route_table_id: live.route_table_id.clone(),
    };
    Ok(Found { readiness: readiness(request, &live), not_read: not_read(&live), ..Found::serving(spec, outputs) })
}

/// True for addresses that stay: not those on their way out or that failed.
fn is_ours(address: &NatGatewayAddress) -> bool {
    !matches!(address.status, Some(Status::Disassociating | Status::Unassigning | Status::Failed))
}

/// The first address of a zonal gateway is its own for life. Where AWS marks none, it is the one that is listed first.
fn is_primary(live: &Live, address: &NatGatewayAddress) -> bool {
    let all = live.nat_gateway_addresses();
    if all.iter().any(|one| one.is_primary == Some(true)) {
        return address.is_primary == Some(true);
    }
    all.first().is_some_and(|first| std::ptr::eq(first, address))
}

/// Fields that do not show yet of a pending gateway, and not all of a failed one.
fn not_read(live: &Live) -> &'static [&'static str] {
    match live.state {
        Some(NatGatewayState::Pending | NatGatewayState::Failed) => {
            &["allocation_id", "private_ip_address", "secondary_allocation_ids", "zone_addresses", "public_ips"]
        }
        _ => &[],
    }
}

fn readiness(request: &ReadRequest, live: &Live) -> Readiness {
    // Addresses that AWS looks after take up to an hour to follow the subnets; nobody waits for them.
    let managed = request.manages("zone_addresses") || request.manages("secondary_allocation_ids");
    let moves = |address: &NatGatewayAddress| {
        let coming = matches!(address.status, Some(Status::Associating | Status::Assigning));
        coming || matches!(address.status, Some(Status::Disassociating | Status::Unassigning))
    };
    match &live.state {
        Some(NatGatewayState::Pending) => Readiness::Pending("creating the gateway".to_owned()),
        Some(NatGatewayState::Deleting) => Readiness::Pending("deleting the gateway".to_owned()),
        Some(NatGatewayState::Failed) => {
            let code = live.failure_code().unwrap_or("the gateway has failed");
            Readiness::Failed(format!("{code}: {}", live.failure_message().unwrap_or("no reason given")))
        }
        _ if managed && live.nat_gateway_addresses().iter().any(moves) => {
            Readiness::Pending("moving addresses of the gateway".to_owned())
        }
        _ => Readiness::Serving,
    }
}

/// An address of a gateway: its zone, if the gateway is regional, and its allocation.
type Place = (Option<String>, String);

/// The addresses that the file wants besides the first of a zonal gateway; `None` if it does not say.
fn wanted_places(to: &Spec) -> Option<BTreeSet<Place>> {
    if let Some(zones) = &to.zone_addresses {
        let in_zone = |zone: &ZoneAddresses| {
            let name = zone.availability_zone_id.clone();
            zone.allocation_ids.iter().map(move |id| (Some(name.clone()), id.clone())).collect::<Vec<_>>()
        };
        return Some(zones.iter().flat_map(in_zone).collect());
    }
    Some(to.secondary_allocation_ids.as_ref()?.iter().map(|id| (None, id.clone())).collect())
}

/// First the addresses that come, so that connections always have one; then those that go. One that moves to
/// another zone has to go before it can come.
async fn update_addresses(cx: &Cx, id: &PhysicalId, to: &Spec) -> Result<()> {
    let Some(wanted) = wanted_places(to) else { return Ok(()) };
    let Some(live) = describe_one::<Live>(cx, id).await? else { return Ok(()) };
    let zonal = to.zone_addresses.is_none();
    let there = live.nat_gateway_addresses().iter().filter(|address| is_ours(address));
    let there = there.filter(|address| !(zonal && is_primary(&live, address))).filter_map(|address| {
        let zone = if zonal { None } else { address.availability_zone_id.clone() };
        Some(((zone, address.allocation_id.clone()?), address.association_id.clone()?))
    });
    let there: BTreeMap<Place, String> = there.collect();
    let mut coming = BTreeMap::<Option<String>, Vec<String>>::new();
    for (zone, allocation) in wanted.iter().filter(|place| !there.contains_key(place)) {
        if !there.keys().any(|(_, in_use)| in_use == allocation) {
            coming.entry(zone.clone()).or_default().push(allocation.clone());
        }
    }
    if let Some((zone, ids)) = coming.into_iter().next() {
        let call = cx.ec2().associate_nat_gateway_address().nat_gateway_id(id.as_str());
        call.set_availability_zone_id(zone).set_allocation_ids(Some(ids)).send().await?;
        return Ok(());
    }
    let going = there.into_iter().filter(|(place, _)| !wanted.contains(place)).map(|(_, association)| association);
    let going: Vec<String> = going.collect();
    if !going.is_empty() {
        let call = cx.ec2().disassociate_nat_gateway_address().nat_gateway_id(id.as_str());
        call.set_association_ids(Some(going)).send().await?;
    }
    Ok(())
}
