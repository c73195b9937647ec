//! API Gateway base path mapping: from a path of a custom domain to an API.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::BasePathMapping as SdkMapping;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PAGE, Patch, split_id};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::all_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId, TAG_STACK};

/// A base path mapping.
pub struct BasePathMapping;

/// AWS's name for no path at all.
const ROOT: &str = "(none)";

/// The properties of a base path mapping.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The custom domain.
    #[schemars(length(min = 1), extend("x-change" = "replace"))]
    pub domain: String,
    /// First part of the path, without slashes; `(none)` when left out: every path leads to the API.
    #[schemars(regex(pattern = r"^(\(none\)|[A-Za-z0-9$_.+!*'(),~-]{1,300})$"), extend("x-change" = "replace"))]
    pub base_path: Option<String>,
    /// Id of the REST API.
    #[schemars(length(min = 1))]
    pub rest_api_id: String,
    /// Name of its stage; callers name one in the path when left out.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,128}$"))]
    pub stage: Option<String>,
}

/// The outputs of a base path mapping.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// The custom domain.
    pub domain: String,
    /// The base path, `(none)` for none.
    pub base_path: String,
    /// `https` address of the API at the domain, without slash at the end.
    pub url: String,
}

impl Kind for BasePathMapping {
    const NAME: &'static str = "apigateway.BasePathMapping";
    const ABOUT: &'static str = "Which REST API a path of a custom domain leads to";
    const EXAMPLE: &'static str = "
domain: ${apigateway.DomainName.domain}
base_path: orders
rest_api_id: ${apigateway.RestApi.id}
stage: ${apigateway.Stage.name}
";
    const CHANGES: &'static [&'static str] = &["base_path: (none)"];
    const TRAITS: Traits = Traits { unique_by: &["domain", "base_path"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ConflictException: already exists"],
        // A stage that was just made is not known everywhere at once.
        not_visible_yet: &[
            "BadRequestException: Invalid stage identifier",
            "BadRequestException: Invalid REST API identifier",
        ],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let Some(live) = get(cx, &spec.domain, path(spec)).await? else { return Ok(None) };
        // It has no tags. One that leads to the API of our file is ours, unless the API is another stack's.
        if live.rest_api_id() == Some(spec.rest_api_id.as_str()) {
            let api = cx.apigateway().get_rest_api().rest_api_id(&spec.rest_api_id).send().await.optional()?;
            let tags = all_tags(api.and_then(|api| api.tags).unwrap_or_default());
            if tags.get(TAG_STACK).is_none_or(|stack| stack == owner.stack.as_str()) {
                return Ok(Some(id(spec)));
            }
        }
        let what = format!(
            "the path {} of {} already leads to an API that this stack does not manage",
            path(spec),
            spec.domain
        );
        Err(CloudError {
            hint: Some("delete that base path mapping, or take another path".into()),
            ..CloudError::local(Class::NotOwned, "find", what)
        })
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        let call = cx.apigateway().create_base_path_mapping().domain_name(&spec.domain).base_path(path(spec));
        call.rest_api_id(&spec.rest_api_id).set_stage(spec.stage.clone()).send().await?;
        Ok(id(spec))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let (domain, path) = split_id(id.as_str(), '|');
        let mut changes = Patch::default();
        changes.set("/restapiId", Some(&from.rest_api_id), Some(&to.rest_api_id));
        changes.set("/stage", from.stage.as_ref(), to.stage.as_ref());
        let Some(operations) = changes.operations() else { return Ok(()) };
        let call = cx.apigateway().update_base_path_mapping().domain_name(domain).base_path(path);
        call.set_patch_operations(Some(operations)).send().await?;
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (domain, path) = split_id(id.as_str(), '|');
        cx.apigateway().delete_base_path_mapping().domain_name(domain).base_path(path).send().await?;
        Ok(())
    }
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<BasePathMapping>>> {
    let (domain, path) = split_id(request.id.as_str(), '|');
    if cx.mode == ReadMode::Fresh {
        return Ok(get(cx, domain, path).await?.map(|live| found(domain, live)));
    }
    let name = format!("apigateway.base_path_mappings/{domain}");
    let all = cx.cached(&name, async {
        let call = cx.apigateway().get_base_path_mappings().domain_name(domain).limit(PAGE);
        let mut pages = call.into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let listed = page.optional()?.and_then(|page| page.items).unwrap_or_default().into_iter();
            all.extend(listed.map(|one| (one.base_path.clone().unwrap_or_else(|| ROOT.into()), one)));
        }
        Ok(all)
    });
    Ok(all.await?.get(path).map(|live| found(domain, live.clone())))
}

async fn get(cx: &Cx, domain: &str, path: &str) -> Result<Option<SdkMapping>> {
    let live = cx.apigateway().get_base_path_mapping().domain_name(domain).base_path(path).send().await.optional()?;
    Ok(live.map(|live| {
        let mapping = SdkMapping::builder().set_base_path(live.base_path).set_rest_api_id(live.rest_api_id);
        mapping.set_stage(live.stage).build()
    }))
}

fn found(domain: &str, live: SdkMapping) -> Found<BasePathMapping> {
    let base_path = live.base_path.filter(|path| !path.is_empty()).unwrap_or_else(|| ROOT.into());
    let outputs = Outputs {
        domain: domain.to_owned(),
        url: if base_path == ROOT { format!("https://{domain}") } else { format!("https://{domain}/{base_path}") },
        base_path: base_path.clone(),
    };
    let spec = Spec {
        domain: domain.to_owned(),
        base_path: Some(base_path),
        rest_api_id: live.rest_api_id.unwrap_or_default(),
        stage: live.stage.filter(|stage| !stage.is_empty()),
    };
    Found::serving(spec, outputs)
}

fn path(spec: &Spec) -> &str {
    spec.base_path.as_deref().unwrap_or(ROOT)
}

fn id(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}|{}", spec.domain, path(spec)))
}
