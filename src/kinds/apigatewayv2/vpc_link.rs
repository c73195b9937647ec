//! VPC link of the second version: the way from API Gateway into a network, for REST and HTTP APIs.

use std::time::Duration;

use aws_sdk_apigatewayv2::types::{VpcLink as Described, VpcLinkStatus};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags, tag_changes, with_owner};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest, Readiness};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A VPC link.
pub struct VpcLink;

/// What a VPC link can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, which need not be unique; 1 to 128 characters.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Ids of the subnets that it has a network interface in. Not every zone has links. A change replaces.
    #[schemars(length(min = 1), extend("x-unordered" = true, "x-change" = "replace"))]
    pub subnet_ids: Vec<String>,
    /// Ids of the security groups of those interfaces. A change replaces.
    #[schemars(extend("x-unordered" = true, "x-change" = "replace"))]
    pub security_group_ids: Vec<String>,
    /// Tags.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// What a VPC link can be referred to by.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id: what an integration takes as `connectionId`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// How many links one page of a list has.
const PAGE: &str = "100";

impl Kind for VpcLink {
    const NAME: &'static str = "apigatewayv2.VpcLink";
    const ABOUT: &'static str = "A VPC link, through which API Gateway reaches load balancers in a network";
    const EXAMPLE: &'static str = "
name: shop
subnet_ids: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
security_group_ids: [sg-0a1b2c3d4e5f60001]
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "name: shop-carts",
        "tags: {team: platform, cost: '7'}",
        "subnet_ids: [subnet-0a1b2c3d4e5f60001]",
        "security_group_ids: []",
    ];
    const TRAITS: Traits = Traits {
        // AWS makes one in 15 s, and takes minutes for each.
        deadline: Duration::from_mins(20),
        idempotent_create: false,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes { conflict: &["BadRequestException: is referenced in"], ..ErrorCodes::NONE };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        if cx.mode == ReadMode::Listed && requests.len() > 1 {
            let listed = cx.cached("vpc-links", Box::pin(list(cx))).await?;
            let listed = &*listed;
            return try_join_all(requests.iter().map(|request| async move {
                // What is not in the list may be a moment old.
                match listed.iter().find(|link| link.vpc_link_id() == Some(request.id.as_str())) {
                    Some(link) => Ok(Some(found_of(cx, link.clone()))),
                    None => read_one(cx, request).await,
                }
            }))
            .await;
        }
        try_join_all(requests.iter().map(|request| read_one(cx, request))).await
    }

    /// There is no token and no unique name: only its tags tell whose it is.
    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        let is_ours = |link: &&Described| {
            let tag = |key: &str| link.tags()?.get(key).map(String::as_str);
            owner.owns(tag) && link.vpc_link_status() != Some(&VpcLinkStatus::Deleting)
        };
        let links = list(cx).await?;
        Ok(links.iter().find(is_ours).and_then(Described::vpc_link_id).map(PhysicalId::new))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let made = cx
            .apigatewayv2()
            .create_vpc_link()
            .name(&spec.name)
            .set_subnet_ids(Some(spec.subnet_ids.clone()))
            .set_security_group_ids(Some(spec.security_group_ids.clone()))
            .set_tags(Some(with_owner(spec.tags.as_ref(), owner).into_iter().collect()))
            .send()
            .await?;
        Ok(PhysicalId::new(made.vpc_link_id.unwrap_or_default()))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        if from.name != to.name {
            cx.apigatewayv2().update_vpc_link().vpc_link_id(id.as_str()).name(&to.name).send().await?;
        }
        let (set, unset) = tag_changes(from.tags.as_ref(), to.tags.as_ref());
        if !set.is_empty() {
            let call = cx.apigatewayv2().tag_resource().resource_arn(arn(cx, id.as_str()));
            call.set_tags(Some(set.into_iter().collect())).send().await?;
        }
        if !unset.is_empty() {
            let call = cx.apigatewayv2().untag_resource().resource_arn(arn(cx, id.as_str()));
            call.set_tag_keys(Some(unset)).send().await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.apigatewayv2().delete_vpc_link().vpc_link_id(id.as_str()).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<VpcLink>>> {
    let found = cx.apigatewayv2().get_vpc_link().vpc_link_id(request.id.as_str()).send().await.optional()?;
    Ok(found.map(|found| {
        let link = Described::builder()
            .set_name(found.name)
            .set_security_group_ids(found.security_group_ids)
            .set_subnet_ids(found.subnet_ids)
            .set_tags(found.tags)
            .set_vpc_link_id(found.vpc_link_id)
            .set_vpc_link_status(found.vpc_link_status)
            .set_vpc_link_status_message(found.vpc_link_status_message);
        found_of(cx, link.build())
    }))
}

async fn list(cx: &Cx) -> Result<Vec<Described>> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let page = cx.apigatewayv2().get_vpc_links().max_results(PAGE).set_next_token(next).send().await?;
        all.extend(page.items.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
}

fn found_of(cx: &Cx, link: Described) -> Found<VpcLink> {
    let id = link.vpc_link_id.unwrap_or_default();
    let message = link.vpc_link_status_message.filter(|text| !text.is_empty());
    let readiness = match link.vpc_link_status {
        Some(VpcLinkStatus::Pending) => Readiness::Pending("AWS sets up its network interfaces".to_owned()),
        Some(VpcLinkStatus::Deleting) => Readiness::Pending("it is being deleted".to_owned()),
        Some(VpcLinkStatus::Failed) => Readiness::Failed(message.unwrap_or_else(|| "AWS does not say why".to_owned())),
        // One without traffic for 60 days has no interfaces, and gets them again at its next request: a deploy can
        // do nothing for it, and waiting for it would be in vain.
        _ => Readiness::Serving,
    };
    let spec = Spec {
        name: link.name.unwrap_or_default(),
        subnet_ids: link.subnet_ids.unwrap_or_default(),
        security_group_ids: link.security_group_ids.unwrap_or_default(),
        tags: Some(live_tags(link.tags.unwrap_or_default())),
    };
    Found { spec, outputs: Outputs { arn: arn(cx, &id), id }, readiness, not_read: &[] }
}

fn arn(cx: &Cx, id: &str) -> String {
    format!("arn:aws:apigateway:{}::/vpclinks/{id}", cx.region())
}
