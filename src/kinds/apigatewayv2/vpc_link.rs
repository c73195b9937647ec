//! VPC link of the second version: the way from API Gateway into a network, for REST and HTTP APIs.

use std::time::Duration;

use aws_sdk_apigatewayv2::operation::get_vpc_link::GetVpcLinkOutput;
use aws_sdk_apigatewayv2::types::{VpcLink as Described, VpcLinkStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest, Readiness};
use crate::kinds::reading::{created, read_each, required};
use crate::kinds::tagging::{owned_tags, sync_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A VPC link.
pub struct VpcLink;

/// The properties of a VPC link.
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
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// The outputs of a VPC link.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id: what an integration takes as `connectionId`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// The most links on one page of a list.
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
            return read_each(requests, async |request| {
                // One that is not in the list may be a moment old.
                match listed.iter().find(|link| link.vpc_link_id() == Some(request.id.as_str())) {
                    Some(link) => found_of(cx, link.clone()).map(Some),
                    None => read_one(cx, request).await,
                }
            })
            .await;
        }
        read_each(requests, |request| read_one(cx, request)).await
    }

    // There is no token and no unique name: only the tags say whose it is.
    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        let is_ours = |link: &&Described| {
            let tag = |key: &str| link.tags()?.get(key).map(String::as_str);
            owner.owns(tag) && link.vpc_link_status() != Some(&VpcLinkStatus::Deleting)
        };
        let links = list(cx).await?;
        Ok(links.iter().find(is_ours).and_then(Described::vpc_link_id).map(PhysicalId::new))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let answer = cx
            .apigatewayv2()
            .create_vpc_link()
            .name(&spec.name)
            .set_subnet_ids(Some(spec.subnet_ids.clone()))
            .set_security_group_ids(Some(spec.security_group_ids.clone()))
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        created("apigatewayv2:CreateVpcLink", answer.vpc_link_id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        if from.name != to.name {
            cx.apigatewayv2().update_vpc_link().vpc_link_id(id.as_str()).name(&to.name).send().await?;
        }
        let arn = arn(cx, id.as_str());
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.apigatewayv2().tag_resource().resource_arn(&arn).set_tags(Some(tags)).send(),
            |keys| cx.apigatewayv2().untag_resource().resource_arn(&arn).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.apigatewayv2().delete_vpc_link().vpc_link_id(id.as_str()).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<VpcLink>>> {
    let found = cx.apigatewayv2().get_vpc_link().vpc_link_id(request.id.as_str()).send().await.optional()?;
    let link_of = |found: GetVpcLinkOutput| {
        let link = Described::builder()
            .set_name(found.name)
            .set_security_group_ids(found.security_group_ids)
            .set_subnet_ids(found.subnet_ids)
            .set_tags(found.tags)
            .set_vpc_link_id(found.vpc_link_id)
            .set_vpc_link_status(found.vpc_link_status)
            .set_vpc_link_status_message(found.vpc_link_status_message);
        found_of(cx, link.build())
    };
    found.map(link_of).transpose()
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

fn found_of(cx: &Cx, link: Described) -> Result<Found<VpcLink>> {
    let id = required("apigatewayv2:GetVpcLink", "the id of the VPC link", link.vpc_link_id)?;
    let message = link.vpc_link_status_message.filter(|text| !text.is_empty());
    let readiness = match link.vpc_link_status {
        Some(VpcLinkStatus::Pending) => Readiness::Pending("creating the network interfaces".to_owned()),
        Some(VpcLinkStatus::Deleting) => Readiness::Pending("deleting".to_owned()),
        Some(VpcLinkStatus::Failed) => Readiness::Failed(message.unwrap_or_else(|| "AWS does not say why".to_owned())),
        // One without traffic for 60 days has no interfaces, and gets them again at its next request: a deploy can
        // do nothing for it, and waiting for it would be in vain.
        _ => Readiness::Serving,
    };
    let spec = Spec {
        name: link.name.unwrap_or_default(),
        subnet_ids: link.subnet_ids.unwrap_or_default(),
        security_group_ids: link.security_group_ids.unwrap_or_default(),
        tags: Some(user_tags(link.tags.unwrap_or_default())),
    };
    Ok(Found { readiness, ..Found::serving(spec, Outputs { arn: arn(cx, &id), id }) })
}

fn arn(cx: &Cx, id: &str) -> String {
    format!("arn:{}:apigateway:{}::/vpclinks/{id}", cx.region().partition(), cx.region())
}
