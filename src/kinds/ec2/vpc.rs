//! VPC: a network of our own in one region.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, ResourceType, SecurityGroup, Vpc as Live, VpcAttributeName, VpcCidrBlockAssociation,
    VpcCidrBlockStateCode, VpcState,
};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cidr::wrong_network;
use super::{
    Described, arn, as_not_visible_yet, describe_one, describe_requested, filter, find_owned, look_up, refused_delete,
    sync_tags, tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::kinds::reading::{changed, created};
use crate::kinds::tagging::user_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A VPC.
pub struct Vpc;

/// Fields of a VPC.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Its addresses, such as `10.0.0.0/16`; a /16 to /28 that begins at its first address. Networks that will ever be
    /// connected, those of other regions among them, must not overlap. A change replaces, with everything in it.
    #[schemars(regex(pattern = r"^[0-9.]+/(1[6-9]|2[0-8])$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub cidr_block: String,
    /// Tenancy of instances: shared or dedicated hardware; `default` (shared) when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub instance_tenancy: Option<Tenancy>,
    /// AWS's DNS resolver in the network; true when left out.
    #[schemars(extend("x-reset" = true))]
    pub enable_dns_support: Option<bool>,
    /// DNS names for instances with public addresses; false when left out. Interface endpoints with private DNS
    /// need this and `enable_dns_support`.
    #[schemars(extend("x-reset" = false))]
    pub enable_dns_hostnames: Option<bool>,
    /// CloudWatch metrics of addresses in use, at extra cost; false when left out.
    #[schemars(extend("x-reset" = false))]
    pub enable_network_address_usage_metrics: Option<bool>,
    /// More addresses, each a block like the first; AWS allows 4 unless the quota was raised. One that is not listed
    /// is taken away, which AWS refuses while a subnet is in it.
    #[schemars(inner(regex(pattern = r"^[0-9.]+/(1[6-9]|2[0-8])$")), extend("x-unordered" = true, "x-reset" = []))]
    pub secondary_cidr_blocks: Option<Vec<String>>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Hardware that instances run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tenancy {
    /// Shared, unless the instance says otherwise.
    Default,
    /// Our own, at a price.
    Dedicated,
}

/// Outputs of a VPC.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `vpc-...`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its first block of addresses.
    pub cidr_block: String,
    /// Id of the security group that AWS made with it, in which things are that were given no other.
    pub default_security_group_id: Option<String>,
}

impl Kind for Vpc {
    const NAME: &'static str = "ec2.Vpc";
    const ABOUT: &'static str = "A VPC: a network of our own in one region";
    const EXAMPLE: &'static str = "
cidr_block: 10.40.0.0/16
instance_tenancy: default
enable_dns_support: true
enable_dns_hostnames: true
tags: {Name: shop, team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{enable_dns_support: false, enable_dns_hostnames: false}",
        "{enable_dns_support: true, enable_dns_hostnames: true}",
        "secondary_cidr_blocks: [10.41.0.0/16, 10.42.0.0/20]",
        "secondary_cidr_blocks: [10.41.0.0/16]",
        "secondary_cidr_blocks: []",
        "enable_network_address_usage_metrics: true",
        "tags: {Name: shop, team: platform, cost: '7'}",
        "cidr_block: 10.50.0.0/16",
        "instance_tenancy: dedicated",
    ];
    const TRAITS: Traits = Traits {
        // Interfaces that Lambda lent go up to 45 minutes after the functions.
        deadline: Duration::from_mins(45),
        // The call takes no token: another one creates another VPC.
        idempotent_create: false,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidVpcID.NotFound"],
        conflict: &["DependencyViolation", "InvalidCidrBlock.InUse"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let live = describe_requested::<Live>(cx, requests).await?;
        let groups = default_groups(cx, &live).await?;
        let found = requests.iter().map(|request| async {
            match live.get(request.id.as_str()) {
                Some(live) => found(cx, request, live, groups.get(live.id())).await.map(Some),
                None => Ok(None),
            }
        });
        try_join_all(found).await
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        find_owned::<Live>(cx, owner).await
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.ec2().create_vpc().cidr_block(&spec.cidr_block);
        let made = call
            .set_instance_tenancy(spec.instance_tenancy.map(|tenancy| to_wire(tenancy).as_str().into()))
            .tag_specifications(tag_specification(ResourceType::Vpc, spec.tags.as_ref(), owner))
            .send()
            .await?;
        created("ec2:CreateVpc", made.vpc.and_then(|vpc| vpc.vpc_id))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            update_attributes(cx, id, from, to).await?;
            update_blocks(cx, id, from, to).await?;
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        match cx.ec2().delete_vpc().vpc_id(id.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refused_delete(cx, error, "vpc-id", id).await),
        }
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        look_up::<Live>(cx, query).await
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut wrong: Vec<String> = wrong_network("cidr_block", &spec.cidr_block).into_iter().collect();
        let more = spec.secondary_cidr_blocks.iter().flatten();
        wrong.extend(more.filter_map(|block| wrong_network("secondary_cidr_blocks", block)));
        if spec.secondary_cidr_blocks.iter().flatten().any(|block| *block == spec.cidr_block) {
            wrong.push("`secondary_cidr_blocks` repeats `cidr_block`".to_owned());
        }
        if spec.enable_dns_hostnames == Some(true) && spec.enable_dns_support == Some(false) {
            wrong.push("`enable_dns_hostnames` needs `enable_dns_support`".to_owned());
        }
        wrong
    }
}

/// The default groups of some VPCs, by VPC: one call for all.
async fn default_groups(cx: &Cx, live: &BTreeMap<String, Live>) -> Result<BTreeMap<String, String>> {
    if live.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filters = vec![filter("vpc-id", live.keys()), filter("group-name", ["default"])];
    let groups = SecurityGroup::list(cx, filters).await?.into_iter();
    Ok(groups.filter_map(|group| Some((group.vpc_id?, group.group_id?))).collect())
}

async fn found(cx: &Cx, request: &ReadRequest, live: &Live, group: Option<&String>) -> Result<Found<Vpc>> {
    let id = live.id();
    let attribute = |field: &'static str, name: VpcAttributeName| async move {
        if request.manages(field) { attribute(cx, id, name).await } else { Ok(None) }
    };
    let (support, hostnames, metrics) = futures::try_join!(
        attribute("enable_dns_support", VpcAttributeName::EnableDnsSupport),
        attribute("enable_dns_hostnames", VpcAttributeName::EnableDnsHostnames),
        attribute("enable_network_address_usage_metrics", VpcAttributeName::EnableNetworkAddressUsageMetrics),
    )?;
    let cidr_block = live.cidr_block.clone().unwrap_or_default();
    let spec = Spec {
        cidr_block: cidr_block.clone(),
        instance_tenancy: live.instance_tenancy().and_then(|tenancy| from_wire(tenancy.as_str())),
        enable_dns_support: support,
        enable_dns_hostnames: hostnames,
        enable_network_address_usage_metrics: metrics,
        secondary_cidr_blocks: Some(secondary(live).filter_map(|one| one.cidr_block.clone()).collect()),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs {
        id: id.to_owned(),
        arn: arn(cx, live.owner_id(), "vpc", id).await?,
        cidr_block,
        default_security_group_id: group.cloned(),
    };
    let readiness = readiness(live, group.is_some() || live.owner_id() != Some(cx.account().await?));
    Ok(Found { readiness, ..Found::serving(spec, outputs) })
}

/// Of a VPC that another account shares with us the default group does not show.
fn readiness(live: &Live, has_group: bool) -> Readiness {
    let is_coming = |one: &VpcCidrBlockAssociation| state(one) == Some(&VpcCidrBlockStateCode::Associating);
    if live.state == Some(VpcState::Pending) {
        Readiness::Pending("creating the network".to_owned())
    } else if secondary(live).any(is_coming) {
        Readiness::Pending("adding addresses to the network".to_owned())
    } else if !has_group {
        Readiness::Pending("creating the default security group".to_owned())
    } else {
        Readiness::Serving
    }
}

/// The blocks besides the first, without those that are going or never came.
fn secondary(live: &Live) -> impl Iterator<Item = &VpcCidrBlockAssociation> {
    let is_there = |one: &&VpcCidrBlockAssociation| {
        matches!(state(one), None | Some(VpcCidrBlockStateCode::Associated | VpcCidrBlockStateCode::Associating))
    };
    live.cidr_block_association_set().iter().filter(|one| one.cidr_block != live.cidr_block).filter(is_there)
}

fn state(one: &VpcCidrBlockAssociation) -> Option<&VpcCidrBlockStateCode> {
    one.cidr_block_state().and_then(|state| state.state())
}

async fn attribute(cx: &Cx, id: &str, name: VpcAttributeName) -> Result<Option<bool>> {
    let answer = cx.ec2().describe_vpc_attribute().vpc_id(id).attribute(name).send().await.map_err(|error| {
        // A read found it a moment ago.
        as_not_visible_yet(error.into())
    })?;
    let all = [answer.enable_dns_support, answer.enable_dns_hostnames, answer.enable_network_address_usage_metrics];
    Ok(all.into_iter().flatten().next().and_then(|on| on.value))
}

/// One attribute a call. Names need the resolver: it comes before them and goes after them.
async fn update_attributes(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let call = || cx.ec2().modify_vpc_attribute().vpc_id(id.as_str());
    let value = |on: bool| AttributeBooleanValue::builder().value(on).build();
    let support = changed(&from.enable_dns_support, &to.enable_dns_support);
    let hostnames = changed(&from.enable_dns_hostnames, &to.enable_dns_hostnames);
    if support == Some(&true) {
        call().enable_dns_support(value(true)).send().await?;
    }
    if let Some(&on) = hostnames {
        call().enable_dns_hostnames(value(on)).send().await?;
    }
    if support == Some(&false) {
        call().enable_dns_support(value(false)).send().await?;
    }
    let metrics = changed(&from.enable_network_address_usage_metrics, &to.enable_network_address_usage_metrics);
    if let Some(&on) = metrics {
        call().enable_network_address_usage_metrics(value(on)).send().await?;
    }
    Ok(())
}

async fn update_blocks(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
    let (Some(wanted), there) = (&to.secondary_cidr_blocks, from.secondary_cidr_blocks.as_deref().unwrap_or_default())
    else {
        return Ok(());
    };
    for block in wanted.iter().filter(|block| !there.contains(block)) {
        cx.ec2().associate_vpc_cidr_block().vpc_id(id.as_str()).cidr_block(block).send().await?;
    }
    if there.iter().all(|block| wanted.contains(block)) {
        return Ok(());
    }
    let Some(live) = describe_one::<Live>(cx, id).await? else { return Ok(()) };
    for going in secondary(&live).filter(|one| one.cidr_block.as_ref().is_some_and(|block| !wanted.contains(block))) {
        cx.ec2().disassociate_vpc_cidr_block().set_association_id(going.association_id.clone()).send().await?;
    }
    Ok(())
}
