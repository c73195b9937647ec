//! Elastic IP: a public address that stays ours until it is given back.

use std::time::Duration;

use aws_sdk_ec2::types::{Address as Live, DomainType, ResourceType, Tag};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Described, arn, as_not_visible_yet, describe_one, find_owned, look_up, physical_id, read_described, sync_tags,
    tag_specification,
};
use crate::aws::{Cx, ErrorCodes, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{changed, created};
use crate::kinds::tagging::{TAG_VARIANT, all_tags, user_tags, with_variant};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// An elastic IP.
pub struct ElasticIp;

/// Fields of an elastic IP.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Id of a pool of addresses of our own that it is taken from; one of Amazon's when left out. A change replaces:
    /// the address is another one.
    #[schemars(extend("x-change" = "replace"))]
    pub public_ipv4_pool: Option<String>,
    /// The set of zones from which AWS announces it, such as a local zone's; the region when left out. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub network_border_group: Option<String>,
    /// Text that tells it from another one for the same purpose, such as the network that it is in: with another text it
    /// is replaced, and old and new stand side by side until the new one is in use. Kept in the tag `isobar:variant`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9 +=._:/@-]{1,256}$"), extend("x-change" = "replace-set"))]
    pub variant: Option<String>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of an elastic IP.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id, `eipalloc-...`, which NAT gateways and network load balancers take.
    pub allocation_id: String,
    /// The address.
    pub public_ip: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for ElasticIp {
    const NAME: &'static str = "ec2.ElasticIp";
    const ABOUT: &'static str = "A public IPv4 address that stays the same until it is given back";
    const EXAMPLE: &'static str = "
tags: {Name: shop-out, team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "tags: {Name: shop-out, team: platform, cost: '7'}",
        "public_ipv4_pool: ipv4pool-ec2-0123456789abcdef0",
        "network_border_group: us-east-1-bos-1",
        "variant: 10.1.0.0/16",
        "variant: 10.2.0.0/16",
    ];
    const TRAITS: Traits = Traits {
        // It can be given back once the NAT gateway that has it is gone.
        deadline: Duration::from_mins(20),
        // The call takes no token: another one allocates another address.
        idempotent_create: false,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: &["InvalidAllocationID.NotFound"],
        conflict: &["InvalidIPAddress.InUse"],
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
        let tags = with_variant(spec.tags.as_ref(), spec.variant.as_ref());
        let call = cx.ec2().allocate_address().domain(DomainType::Vpc);
        let made = call
            .set_public_ipv4_pool(spec.public_ipv4_pool.clone())
            .set_network_border_group(spec.network_border_group.clone())
            .tag_specifications(tag_specification(ResourceType::ElasticIp, Some(&tags), owner))
            .send()
            .await?;
        created("ec2:AllocateAddress", made.allocation_id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let done = async {
            if let Some(variant) = changed(&from.variant, &to.variant) {
                let tag = Tag::builder().key(TAG_VARIANT).value(variant).build();
                cx.ec2().create_tags().resources(id.as_str()).tags(tag).send().await?;
            }
            sync_tags(cx, id, from.tags.as_ref(), to.tags.as_ref()).await
        };
        done.await.map_err(as_not_visible_yet)
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let released = cx.ec2().release_address().allocation_id(id.as_str()).send().await;
        match released.map_err(CloudError::from) {
            // AWS says so of an address that is no longer ours, and of one that something of ours still has.
            Err(error) if error.code == "AuthFailure" => match describe_one::<Live>(cx, id).await? {
                Some(live) if live.association_id.is_some() => Err(CloudError { class: Class::Conflict, ..error }),
                Some(_) => Err(error),
                None => Ok(()),
            },
            other => other.map(drop),
        }
    }

    /// By `id`, by `public_ip`, by `name` (its `Name` tag) or by `tags`.
    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        match query.get("public_ip").and_then(Json::as_str) {
            Some(address) => {
                let found = Live::list(cx, vec![super::filter("public-ip", [address])]).await?;
                found.first().map(physical_id).transpose()
            }
            None => look_up::<Live>(cx, query).await,
        }
    }
}

async fn found(cx: &Cx, live: Live) -> Result<Found<ElasticIp>> {
    let id = live.id();
    let spec = Spec {
        public_ipv4_pool: live.public_ipv4_pool.clone(),
        network_border_group: live.network_border_group.clone(),
        variant: all_tags(live.tags.clone().unwrap_or_default()).remove(TAG_VARIANT),
        tags: Some(user_tags(live.tags.clone().unwrap_or_default())),
    };
    let outputs = Outputs {
        allocation_id: id.to_owned(),
        public_ip: live.public_ip.clone().unwrap_or_default(),
        arn: arn(cx, None, "elastic-ip", id).await?,
    };
    Ok(Found::serving(spec, outputs))
}
