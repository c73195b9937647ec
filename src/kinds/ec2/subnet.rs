//! Subnet: a part of a VPC in one availability zone.

use std::time::Duration;

use aws_sdk_ec2::types::{AttributeBooleanValue, HostnameType, ResourceType, Subnet as Live, SubnetState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cidr::wrong_network;
use super::{
    Described, arn, as_not_visible_yet, find_owned, look_up, read_described, refused_delete, sync_tags,
    tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::reading::{changed, created};
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A subnet.
pub struct Subnet;

/// Fields of a subnet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The VPC that it is a part of. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub vpc_id: String,
    /// Its addresses, out of those of the VPC; a /16 to /28 that begins at its first address. AWS keeps five of them.
    /// A load balancer wants 8 that are free. A change replaces.
    #[schemars(regex(pattern = r"^[0-9.]+/(1[6-9]|2[0-8])$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub cidr_block: String,
    /// The zone by its id, such as `use1-az1`, which means the same place in every account, as names do not. A change
    /// replaces; the old subnet goes first, unless the new one has other addresses.
    #[schemars(regex(pattern = r"^[a-z0-9-]+-az[0-9]+$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub availability_zone_id: String,
    /// Public addresses for instances at launch; false when left out.
    #[schemars(extend("x-public" = [true], "x-reset" = false))]
    pub map_public_ip_on_launch: Option<bool>,
    /// Source of instance names; `ip-name`, their address, when left out.
    pub private_dns_hostname_type_on_launch: Option<Hostnames>,
    /// A records for instance names that contain the id; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub enable_resource_name_dns_a_record_on_launch: Option<bool>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Source of instance names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hostnames {
    /// Their IPv4 address.
    IpName,
    /// Their id.
    ResourceName,
}

/// Outputs of a subnet.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `subnet-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its addresses.
    pub cidr_block: String,
    /// Name of its zone in this account, such as `us-east-1a`.
    pub availability_zone: String,
    /// Id of its zone, such as `use1-az1`.
    pub availability_zone_id: String,
}

impl Kind for Subnet {
    const NAME: &'static str = "ec2.Subnet";
    const ABOUT: &'static str = "A subnet: a part of a VPC in one availability zone";
    const EXAMPLE: &'static str = "
vpc_id: ${ec2.Vpc.id}
cidr_block: 10.40.16.0/20
availability_zone_id: use1-az1
map_public_ip_on_launch: true
tags: {Name: shop-public-1, team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "map_public_ip_on_launch: false",
        "{private_dns_hostname_type_on_launch: resource-name, enable_resource_name_dns_a_record_on_launch: true}",
        "{private_dns_hostname_type_on_launch: ip-name, enable_resource_name_dns_a_record_on_launch: false}",
        "tags: {Name: shop-public-1, team: platform, cost: '7'}",
        "availability_zone_id: use1-az2",
        "cidr_block: 10.40.32.0/20",
        "vpc_id: vpc-0123456789abcdef0",
    ];
    const TRAITS: Traits = Traits {
        // Interfaces that Lambda lent go up to 45 minutes after the functions.
        deadline: Duration::from_mins(45),
        // Two subnets of a VPC do not overlap.
        unique_by: &["cidr_block", "vpc_id"],
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidSubnetID.NotFound"],
        conflict: &["DependencyViolation"],
        not_visible_yet: &["InvalidVpcID.NotFound"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_described(cx, requests, |_, live| found(cx, live)).await
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        find_owned::<Live>(cx, owner).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.ec2().create_subnet().vpc_id(&spec.vpc_id).cidr_block(&spec.cidr_block);
        let call = call.availability_zone_id(&spec.availability_zone_id);
        let made =
            call.tag_specifications(tag_specification(ResourceType::Subnet, spec.tags.as_ref(), owner)).send().await?;
        created("ec2:CreateSubnet", made.subnet.and_then(|subnet| subnet.subnet_id))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            update_attributes(cx, id, from, to).await?;
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        match cx.ec2().delete_subnet().subnet_id(id.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused_delete(cx, error, "subnet-id", id).await),
        }
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        wrong_network("cidr_block", &spec.cidr_block).into_iter().collect()
    }
}

async fn found(cx: &Cx, live: Live) -> Result<Found<Subnet>> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let names = live.private_dns_name_options_on_launch();
    let spec = Spec {
        vpc_id: text(&live.vpc_id),
        cidr_block: text(&live.cidr_block),
        availability_zone_id: text(&live.availability_zone_id),
        map_public_ip_on_launch: Some(live.map_public_ip_on_launch.unwrap_or(false)),
        private_dns_hostname_type_on_launch: Some(
            names.and_then(|names| from_wire(names.hostname_type()?.as_str())).unwrap_or(Hostnames::IpName),
        ),
        enable_resource_name_dns_a_record_on_launch: Some(
            names.and_then(|names| names.enable_resource_name_dns_a_record).unwrap_or(false),
        ),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let id = live.id();
    let outputs = Outputs {
        id: id.to_owned(),
        arn: match &live.subnet_arn {
            Some(arn) => arn.clone(),
            None => arn(cx, live.owner_id(), "subnet", id).await?,
        },
        cidr_block: spec.cidr_block.clone(),
        availability_zone: text(&live.availability_zone),
        availability_zone_id: spec.availability_zone_id.clone(),
    };
    let readiness = match &live.state {
        Some(SubnetState::Pending) => Readiness::Pending("creating the subnet".to_owned()),
        None | Some(SubnetState::Available) => Readiness::Serving,
        Some(state) => Readiness::Failed(format!("the subnet is {}", state.as_str())),
    };
    Ok(Found { readiness, ..Found::serving(spec, outputs) })
}

/// AWS takes one attribute a call.
async fn update_attributes(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let call = || cx.ec2().modify_subnet_attribute().subnet_id(id.as_str());
    let value = |on: bool| AttributeBooleanValue::builder().value(on).build();
    if let Some(&on) = changed(&from.map_public_ip_on_launch, &to.map_public_ip_on_launch) {
        call().map_public_ip_on_launch(value(on)).send().await?;
    }
    if let Some(names) = changed(&from.private_dns_hostname_type_on_launch, &to.private_dns_hostname_type_on_launch) {
        let names = HostnameType::from(to_wire(names).as_str());
        call().private_dns_hostname_type_on_launch(names).send().await?;
    }
    let records =
        changed(&from.enable_resource_name_dns_a_record_on_launch, &to.enable_resource_name_dns_a_record_on_launch);
    if let Some(&on) = records {
        call().enable_resource_name_dns_a_record_on_launch(value(on)).send().await?;
    }
    Ok(())
}
