//! API Gateway deployment: a frozen copy of a REST API, for stages to show.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::stages;
use super::{PAGE, split_id};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::reading::{created, read_each};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

/// A deployment.
pub struct Deployment;

/// The properties of a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Id of the REST API.
    #[schemars(length(min = 1), extend("x-change" = "replace", "x-copies" = true))]
    pub rest_api_id: String,
    /// Fingerprint of what is deployed: the API's `document_sha256`, or `content_sha256` to take in
    /// the settings beside the document too. A new one makes a new deployment.
    #[schemars(regex(pattern = r"^\S{1,200}$"), extend("x-change" = "replace"))]
    pub document_sha256: String,
}

/// The outputs of a deployment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
}

impl Kind for Deployment {
    const NAME: &'static str = "apigateway.Deployment";
    const ABOUT: &'static str = "A frozen copy of an API Gateway REST API";
    const EXAMPLE: &'static str = "
rest_api_id: ${apigateway.RestApi.id}
document_sha256: ${apigateway.RestApi.document_sha256}
";
    const CHANGES: &'static [&'static str] = &["document_sha256: sha256:0000"];
    const TRAITS: Traits = Traits {
        // AWS makes one per 5 s and account.
        deadline: Duration::from_mins(10),
        idempotent_create: false,
        snapshot: true,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        conflict: &["BadRequestException: Active stages pointing to this deployment"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        // It has no tags and no name; its description is ours to write.
        let wanted: Vec<String> = owner.each_generation().map(|owner| description(spec, &owner)).collect();
        let call = cx.apigateway().get_deployments().rest_api_id(&spec.rest_api_id).limit(PAGE);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = page.optional()? else { return Ok(None) };
            let mut listed = page.items.unwrap_or_default().into_iter();
            let found = listed.find(|one| one.description.as_ref().is_some_and(|text| wanted.contains(text)));
            if let Some(deployment) = found.and_then(|found| found.id) {
                return Ok(Some(id(&spec.rest_api_id, &deployment)));
            }
        }
        Ok(None)
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // Without a stage name: the stage is a thing of its own, so that each step can be taken again.
        let call = cx.apigateway().create_deployment().rest_api_id(&spec.rest_api_id);
        let answer = call.description(description(spec, owner)).send().await?;
        let deployment = created("apigateway:CreateDeployment", answer.id)?;
        Ok(id(&spec.rest_api_id, deployment.as_str()))
    }

    async fn update(_cx: &Cx, _id: &PhysicalId, _from: &Spec, _to: &Spec) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (api, deployment) = split_id(id.as_str(), '/');
        cx.apigateway().delete_deployment().rest_api_id(api).deployment_id(deployment).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Deployment>>> {
    let (api, deployment) = split_id(request.id.as_str(), '/');
    let outputs = Outputs { id: deployment.to_owned() };
    let spec = |document_sha256| Spec { rest_api_id: api.to_owned(), document_sha256 };
    if cx.mode == ReadMode::Listed {
        // A deployment that a stage shows is there, and never changes. The stages are read anyway.
        let stages = stages(cx, api).await?;
        let Some(stages) = stages.as_ref() else { return Ok(None) };
        if stages.iter().any(|stage| stage.deployment_id() == Some(deployment)) {
            let not_read = &["document_sha256"];
            return Ok(Some(Found { not_read, ..Found::serving(spec(String::new()), outputs) }));
        }
    }
    let call = cx.apigateway().get_deployment().rest_api_id(api).deployment_id(deployment);
    let Some(live) = call.send().await.optional()? else { return Ok(None) };
    let described = live.description.unwrap_or_default();
    Ok(Some(Found::serving(spec(described.split(' ').next().unwrap_or_default().to_owned()), outputs)))
}

/// `<fingerprint> <token of the owner>`.
fn description(spec: &Spec, owner: &Owner) -> String {
    format!("{} {}", spec.document_sha256, owner.token())
}

fn id(api: &str, deployment: &str) -> PhysicalId {
    PhysicalId::new(format!("{api}/{deployment}"))
}
