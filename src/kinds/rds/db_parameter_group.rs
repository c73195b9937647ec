//! DB parameter group: settings of the engine for one instance.

use aws_sdk_rds::types::DbParameterGroup as Described;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parameters::{self, Live, Parameters, answered};
use super::{sync_tags, tags_of};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::owned_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A parameter group.
pub struct DbParameterGroup;

/// Fields of a DB parameter group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique in the region; 1 to 255 lower-case letters, digits and dashes, a letter first, no dash at the end.
    #[schemars(
        regex(pattern = r"^[a-z](-?[a-z0-9])*$"),
        length(max = 255),
        extend("x-highlight" = true, "x-change" = "replace")
    )]
    pub name: String,
    /// Family of engines, such as `aurora-postgresql16` or `aurora-mysql8.0`. A change replaces.
    #[schemars(regex(pattern = r"^[a-z0-9.-]+$"), extend("x-highlight" = true, "x-change" = "replace"))]
    pub family: String,
    /// Description, for people; the name when left out. A change replaces.
    #[schemars(length(min = 1, max = 255), extend("x-change" = "replace"))]
    pub description: Option<String>,
    /// Values of parameters by name, as texts; those that are not listed have the engine's default. Dynamic ones count at
    /// once, static ones from the next start of an instance: see `restart_key` of `rds.DbInstance`.
    #[schemars(extend("x-reset" = {}))]
    pub parameters: Option<Parameters>,
    /// Tags, beside those by which Isobar knows its own.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Outputs of a DB parameter group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Text that changes when static parameters do, or the group: for `restart_key` of `rds.DbInstance`.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags"]))]
    pub restart_key: String,
}

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
    let live = Live::of(name, parameters);
    let tags = match &indexed {
        Some(tags) => tags.clone(),
        None => tags_of(cx, &arn).await?,
    };
    let spec = Spec {
        name: name.to_owned(),
        family: group.as_ref().and_then(|group| group.db_parameter_group_family.clone()).unwrap_or_default(),
        description: group.and_then(|group| group.description),
        parameters: Some(live.values),
        tags: Some(live_tags(tags)),
    };
    let outputs = Outputs { name: name.to_owned(), arn, restart_key: live.restart_key };
    let not_read: &[&str] = if indexed.is_some() { &["family", "description"] } else { &[] };
    Ok(Some(Found { not_read, ..Found::serving(spec, outputs) }))
}
