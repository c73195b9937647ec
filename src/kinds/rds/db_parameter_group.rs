//! DB parameter group: settings of the engine for one instance.

use aws_sdk_rds::types::DbParameterGroup as Described;

use super::parameters::{self, Outputs, Spec, answered};
use super::{sync_tags, tags_of};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::owned_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A parameter group.
pub struct DbParameterGroup;

impl Kind for DbParameterGroup {
    const NAME: &'static str = "rds.DbParameterGroup";
    const ABOUT: &'static str = "Settings of the engine for an instance of an Aurora cluster";
    const EXAMPLE: &'static str = "
name: shop-orders
family: aurora-postgresql16
description: Of the orders
parameters: {log_min_duration_statement: '500'}
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "parameters: {log_min_duration_statement: '1000', shared_preload_libraries: pg_stat_statements}",
        "parameters: {log_min_duration_statement: '1000'}",
        "tags: {team: platform, cost: '7'}",
        "name: shop-returns",
        "family: aurora-postgresql17",
        "description: Of all",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], held_by: &["rds.DbInstance"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["DBParameterGroupAlreadyExists"],
        // It is in use, or its parameters are on their way to the instances.
        conflict: &["InvalidDBParameterGroupState"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request.id.as_str())).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = described(cx, &spec.name).await? else { return Ok(None) };
        let tags = tags_of(cx, live.db_parameter_group_arn().unwrap_or_default()).await?;
        cx.ensure_owned("a DB parameter group", &spec.name, &tags, owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx
            .rds()
            .create_db_parameter_group()
            .db_parameter_group_name(&spec.name)
            .db_parameter_group_family(&spec.family);
        let call = call.description(spec.description.as_ref().unwrap_or(&spec.name));
        call.set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let (rds, name) = (&cx.rds(), id.as_str());
        parameters::sync(
            (from.parameters.as_ref(), to.parameters.as_ref()),
            async |by_name| {
                let call = rds.describe_db_parameters().db_parameter_group_name(name).filters(by_name);
                Ok(call.into_paginator().items().send().try_collect().await?)
            },
            async |set| {
                answered(
                    rds.modify_db_parameter_group()
                        .db_parameter_group_name(name)
                        .set_parameters(Some(set))
                        .send()
                        .await,
                )
            },
            async |unset| {
                answered(
                    rds.reset_db_parameter_group()
                        .db_parameter_group_name(name)
                        .set_parameters(Some(unset))
                        .send()
                        .await,
                )
            },
        )
        .await?;
        sync_tags(cx, &arn_of(cx, name).await?, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.rds().delete_db_parameter_group().db_parameter_group_name(id.as_str()).send().await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        parameters::check(spec.parameters.as_ref())
    }
}

async fn arn_of(cx: &Cx, name: &str) -> Result<String> {
    cx.arn("rds", format!("pg:{name}")).await
}

async fn described(cx: &Cx, name: &str) -> Result<Option<Described>> {
    let answer = cx.rds().describe_db_parameter_groups().db_parameter_group_name(name).send().await.optional()?;
    Ok(answer.and_then(|answer| answer.db_parameter_groups?.into_iter().next()))
}

/// The group. One that the index of tags knows takes one call, which tells the parameters and whether it is there.
async fn read_one(cx: &Cx, name: &str) -> Result<Option<Found<DbParameterGroup>>> {
    let arn = arn_of(cx, name).await?;
    let indexed = cx.indexed_tags(&arn).await?;
    let group = match &indexed {
        Some(_) => None,
        None => match described(cx, name).await? {
            Some(group) => Some(group),
            None => return Ok(None),
        },
    };
    let call = cx.rds().describe_db_parameters().db_parameter_group_name(name).source("user");
    let Some(parameters) = call.into_paginator().items().send().try_collect().await.optional()? else {
        return Ok(None);
    };
    let tags = match &indexed {
        Some(tags) => tags.clone(),
        None => tags_of(cx, &arn).await?,
    };
    let said = group.map(|group| (group.db_parameter_group_family.unwrap_or_default(), group.description));
    Ok(Some(parameters::found((name, arn), said, parameters, tags)))
}
