//! DB subnet group: the subnets that the instances of a cluster stand in.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_rds::types::DbSubnetGroup as Described;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{sync_tags, tags_of};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::reading::{read_each, required};
use crate::kinds::tagging::owned_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A subnet group.
pub struct DbSubnetGroup;

/// Fields of a subnet group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 lower-case letters, digits, spaces, `-`, `_` and `.`, a letter first, not `default`.
    #[schemars(
        regex(pattern = r"^[a-z][a-z0-9 ._-]{0,254}$"),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Description, for people; the name when left out.
    #[schemars(length(min = 1, max = 255))]
    pub description: Option<String>,
    /// Ids of subnets of one VPC, in at least two zones. A subnet in which an instance stands cannot be taken out.
    #[schemars(length(min = 2), extend("x-unordered" = true))]
    pub subnets: Vec<String>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a subnet group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

impl Kind for DbSubnetGroup {
    const NAME: &'static str = "rds.DbSubnetGroup";
    const ABOUT: &'static str = "The subnets that the instances of an Aurora cluster stand in";
    const EXAMPLE: &'static str = "
name: shop-orders
description: Where the orders are
subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002]
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "description: Where all orders are",
        "subnets: [subnet-0a1b2c3d4e5f60001, subnet-0a1b2c3d4e5f60002, subnet-0a1b2c3d4e5f60003]",
        "tags: {team: platform, cost: '7'}",
        "name: shop-returns",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], held_by: &["rds.DbCluster"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DBSubnetGroupAlreadyExists"],
        // Its cluster may be on its way out.
        conflict: &["InvalidDBSubnetGroupStateFault"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| async move {
            match described(cx, request.id.as_str()).await? {
                Some(live) => found(cx, live).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = described(cx, &spec.name).await? else { return Ok(None) };
        let tags = tags_of(cx, live.db_subnet_group_arn().unwrap_or_default()).await?;
        cx.ensure_owned("a DB subnet group", &spec.name, &tags, owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.rds().create_db_subnet_group().db_subnet_group_name(&spec.name);
        let call = call.db_subnet_group_description(spec.description.as_ref().unwrap_or(&spec.name));
        let call = call.set_subnet_ids(Some(spec.subnets.clone()));
        call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let all = |spec: &Spec| spec.subnets.iter().cloned().collect::<BTreeSet<_>>();
        let description = to.description.as_ref().filter(|wanted| from.description.as_ref() != Some(wanted));
        if description.is_some() || all(from) != all(to) {
            let call = cx.rds().modify_db_subnet_group().db_subnet_group_name(id.as_str());
            let call = call.set_db_subnet_group_description(description.cloned());
            call.set_subnet_ids(Some(to.subnets.clone())).send().await?;
        }
        let arn = cx.arn("rds", format!("subgrp:{id}")).await?;
        sync_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.rds().delete_db_subnet_group().db_subnet_group_name(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        let is_default = spec.name == "default";
        is_default.then(|| "`default` is the name of AWS's own subnet group".to_owned()).into_iter().collect()
    }
}

/// The group of a name, from the list of all where a list will do.
async fn described(cx: &Cx, name: &str) -> Result<Option<Arc<Described>>> {
    if cx.mode == ReadMode::Listed {
        let all = cx.cached("rds/subnet-groups", async {
            let pages = cx.rds().describe_db_subnet_groups().into_paginator().items().send();
            let all: Vec<Described> = pages.try_collect().await?;
            Ok(all.into_iter().map(Arc::new).collect::<Vec<_>>())
        });
        return Ok(all.await?.iter().find(|one| one.db_subnet_group_name() == Some(name)).cloned());
    }
    let one = cx.rds().describe_db_subnet_groups().db_subnet_group_name(name).send().await.optional()?;
    Ok(one.and_then(|answer| answer.db_subnet_groups?.into_iter().next()).map(Arc::new))
}

async fn found(cx: &Cx, live: Arc<Described>) -> Result<Found<DbSubnetGroup>> {
    let name = live.db_subnet_group_name().unwrap_or_default().to_owned();
    let arn = live.db_subnet_group_arn().map(str::to_owned);
    let arn = required("rds:DescribeDBSubnetGroups", "the ARN of the group", arn)?;
    let spec = Spec {
        name: name.clone(),
        description: live.db_subnet_group_description().map(str::to_owned),
        subnets: live.subnets().iter().filter_map(|one| one.subnet_identifier.clone()).collect(),
        tags: Some(live_tags(tags_of(cx, &arn).await?)),
    };
    Ok(Found::serving(spec, Outputs { name, arn }))
}
