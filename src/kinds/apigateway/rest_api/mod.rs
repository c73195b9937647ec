//! API Gateway REST API: routes and integrations from an `OpenAPI` document.
//!
//! AWS does not keep the document, only what it made of it. So its fingerprint is kept as a tag of
//! ours, written after AWS has taken the document and removed before it is given another.

mod read;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::{EndpointConfiguration, Op, PutMode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::read::{Seen, TAG_DOCUMENT};
use super::{EndpointAccessMode, IpAddressType, PAGE, Patch, Security, arn, escape_pointer, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, to_wire};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadMode, ReadRequest};
use crate::kinds::reading::{created, read_each};
use crate::kinds::tagging::owned_tags;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::{Json, fingerprint};

/// A REST API.
pub struct RestApi;

/// The properties of a REST API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name; AWS lets several APIs share one, but metrics (`ApiName`) tell them apart by it alone.
    #[schemars(length(min = 1), extend("x-highlight" = true))]
    pub name: String,
    /// Description.
    #[schemars(extend("x-reset" = ""))]
    pub description: Option<String>,
    /// `OpenAPI` 3 document, with `x-amazon-apigateway-integration` in every operation; at most 6 MB.
    /// It replaces all that was there. Its `info.title` is overwritten with `name`.
    #[schemars(extend("x-compare" = "sha256"))]
    pub document: Json,
    /// Media types that are handled as binary, such as `image/png` or `*/*`.
    #[schemars(extend("x-unordered" = true, "x-reset" = []))]
    pub binary_media_types: Option<Vec<String>>,
    /// Smallest body in bytes that is compressed; 0 to 10485760. Nothing is compressed when left out.
    #[schemars(range(min = 0, max = 10_485_760))]
    pub minimum_compression_size: Option<i32>,
    /// Place of the callers' API key; `HEADER` when left out.
    #[schemars(extend("x-reset" = "HEADER"))]
    pub api_key_source: Option<ApiKeySource>,
    /// Closes the `execute-api` address, so that only a domain of yours leads here; open when left out.
    #[schemars(extend("x-public" = [false], "x-reset" = false))]
    pub disable_execute_api_endpoint: Option<bool>,
    /// Kind of endpoint; `REGIONAL` when left out.
    #[schemars(extend("x-public" = ["REGIONAL", "EDGE"], "x-change" = "replace", "x-reset" = "REGIONAL"))]
    pub endpoint_type: Option<EndpointType>,
    /// Addresses it answers on; `ipv4` when left out (`dualstack` for `PRIVATE`).
    pub ip_address_type: Option<IpAddressType>,
    /// Resource policy. Name resources as `execute-api:/<stage>/<METHOD>/<path>`: AWS puts the API's ARN in front.
    #[schemars(extend("x-risk" = "permissions", "x-compare" = "policy"))]
    pub policy: Option<Json>,
    /// Least TLS version and ciphers of the `execute-api` address: `TLS_1_0`, `TLS_1_2` or a
    /// `SecurityPolicy_…`; AWS chooses when left out. A change takes about 15 minutes.
    #[schemars(regex(pattern = r"^(TLS_1_[02]|SecurityPolicy_[A-Za-z0-9_]+)$"))]
    pub security_policy: Option<String>,
    /// Strictness with which a `SecurityPolicy_…` is applied.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// Tags, by key, without spaces and `@`. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Place of the callers' API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApiKeySource {
    /// In the `X-API-Key` header.
    Header,
    /// In the answer of the authorizer.
    Authorizer,
}

/// Kind of endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EndpointType {
    /// In its region, without AWS's CDN in front: the one for several regions.
    Regional,
    /// Behind AWS's CDN.
    Edge,
    /// In VPCs only.
    Private,
}

/// The outputs of a REST API.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// Its name, the `ApiName` of its metrics.
    #[schemars(extend("x-volatile" = true))]
    pub name: String,
    /// Id of the resource `/`.
    pub root_resource_id: String,
    /// Its ARN, for tags and IAM policies on the API itself.
    pub arn: String,
    /// ARN for IAM policies on calling it, without `/<stage>/<METHOD>/<path>`.
    pub execute_arn: String,
    /// Fingerprint of the document that AWS has taken; none before the first.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["name", "tags", "description", "minimum_compression_size", "binary_media_types", "api_key_source", "disable_execute_api_endpoint", "policy"]))]
    pub document_sha256: Option<String>,
    /// Fingerprint of all that takes a new deployment to have an effect: the document, and the
    /// settings beside it.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description"]))]
    pub content_sha256: String,
    /// Host name of the `execute-api` address.
    pub endpoint: String,
}

impl Kind for RestApi {
    const NAME: &'static str = "apigateway.RestApi";
    const ABOUT: &'static str = "An API Gateway REST API, made of an OpenAPI document";
    const EXAMPLE: &'static str = "
name: shop-orders
description: Orders
document:
  openapi: 3.0.1
  info: {title: orders, version: '1'}
  paths:
    /health:
      get:
        responses: {'200': {description: OK}}
        x-amazon-apigateway-integration:
          type: mock
          requestTemplates: {application/json: '{\"statusCode\": 200}'}
          responses: {default: {statusCode: '200'}}
binary_media_types: [image/png, application/octet-stream]
minimum_compression_size: 1024
api_key_source: HEADER
disable_execute_api_endpoint: false
endpoint_type: REGIONAL
ip_address_type: ipv4
policy:
  Version: '2012-10-17'
  Statement: [{Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: execute-api:/*}]
security_policy: TLS_1_2
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{description: Orders of the shop, minimum_compression_size: 0, ip_address_type: dualstack}",
        "binary_media_types: [image/jpeg, application/octet-stream]",
        "
document:
  openapi: 3.0.1
  info: {title: orders, version: '2'}
  paths:
    /orders/{id}:
      get:
        parameters: [{name: id, in: path, required: true, schema: {type: string}}]
        responses: {'200': {description: OK}}
        x-amazon-apigateway-integration:
          type: mock
          requestTemplates: {application/json: '{\"statusCode\": 200}'}
          responses: {default: {statusCode: '200'}}
",
        "{api_key_source: AUTHORIZER, disable_execute_api_endpoint: true}",
        "
policy:
  Version: '2012-10-17'
  Statement: [{Effect: Allow, Principal: '*', Action: execute-api:Invoke, Resource: execute-api:/prod/GET/*}]
",
        "{security_policy: SecurityPolicy_TLS13_1_2_PQ_2025_09, endpoint_access_mode: BASIC}",
        "endpoint_access_mode: STRICT",
        "{security_policy: TLS_1_2, endpoint_access_mode: null}",
        "description: ''",
        "tags: {team: platform, cost: '7'}",
        "name: shop-orders-api",
        "endpoint_type: EDGE",
    ];
    const TRAITS: Traits = Traits {
        // AWS deletes one API per 30 s and account, and takes 15 minutes to change a security policy.
        deadline: Duration::from_mins(30),
        idempotent_create: false,
        ..Traits::DEFAULT
    };
    const ERRORS: ErrorCodes = ErrorCodes {
        conflict: &["BadRequestException: remove all base path mappings"],
        // So it says of a principal that was made a moment ago.
        not_visible_yet: &["BadRequestException: Invalid policy document"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let account = cx.account().await?;
        if cx.mode == ReadMode::Fresh {
            return read_each(requests, async |request| {
                let api = cx.apigateway().get_rest_api().rest_api_id(request.id.as_str()).send().await.optional()?;
                Ok(api.map(|api| Seen::from(api).found(cx, account)))
            })
            .await;
        }
        let all = all(cx).await?;
        let found =
            requests.iter().map(|request| all.get(request.id.as_str()).map(|api| api.clone().found(cx, account)));
        Ok(found.collect())
    }

    async fn find(cx: &Cx, owner: &Owner, _spec: &Spec) -> Result<Option<PhysicalId>> {
        // Names are not unique; the tags are.
        let all = all(cx).await?;
        let ours = all.values().find(|api| owner.owns(|key| api.tags.get(key).map(String::as_str)));
        Ok(ours.map(|api| PhysicalId::new(&api.id)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let endpoint = EndpointConfiguration::builder()
            .types(to_wire(spec.endpoint_type.unwrap_or(EndpointType::Regional)).as_str().into())
            .set_ip_address_type(spec.ip_address_type.map(|kind| to_wire(kind).as_str().into()));
        let answer = cx
            .apigateway()
            .create_rest_api()
            .name(&spec.name)
            .set_description(spec.description.clone().filter(|text| !text.is_empty()))
            .endpoint_configuration(endpoint.build())
            .set_disable_execute_api_endpoint(spec.disable_execute_api_endpoint)
            .set_security_policy(spec.security_policy.as_deref().map(Into::into))
            .set_endpoint_access_mode(spec.endpoint_access_mode.map(|mode| to_wire(mode).as_str().into()))
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        created("apigateway:CreateRestApi", answer.id)
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        // Only the tag tells which document is there; `from` has the one that was last sent.
        let mut live = Seen::from(cx.apigateway().get_rest_api().rest_api_id(id.as_str()).send().await?);
        let hash = fingerprint(&to.document);
        let arn = arn(cx, &format!("restapis/{id}"));
        if live.tags.get(TAG_DOCUMENT) != Some(&hash) {
            if live.tags.contains_key(TAG_DOCUMENT) {
                cx.apigateway().untag_resource().resource_arn(&arn).tag_keys(TAG_DOCUMENT).send().await?;
            }
            live = put(cx, id, to).await?;
            cx.apigateway().tag_resource().resource_arn(&arn).tags(TAG_DOCUMENT, hash).send().await?;
        }
        // A document takes back what is not in it, so the settings are compared with what it left.
        if let Some(operations) = patch(&live.spec(), to).operations() {
            let call = cx.apigateway().update_rest_api().rest_api_id(id.as_str());
            call.set_patch_operations(Some(operations)).send().await?;
        }
        update_tags(cx, &arn, from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.apigateway().delete_rest_api().rest_api_id(id.as_str()).send().await?;
        Ok(())
    }

    async fn lookup(cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |key: &str| query.get(key).and_then(Json::as_str);
        let (None, Some(name)) = (text("id"), text("name")) else { return Ok(text("id").map(PhysicalId::new)) };
        let all = all(cx).await?;
        let ids: Vec<&str> = all.values().filter(|api| api.name == name).map(|api| api.id.as_str()).collect();
        match ids.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(PhysicalId::new(one))),
            several => {
                let message = format!("{} APIs are called {name}: {}", several.len(), several.join(", "));
                let error = CloudError::local(Class::Invalid, "lookup", message);
                Err(CloudError { hint: Some("say which one by `id:`".into()), ..error })
            }
        }
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut problems = Security(spec.security_policy.as_ref(), spec.endpoint_access_mode).check();
        if spec.document.get("openapi").and_then(Json::as_str).is_none_or(|version| !version.starts_with("3.")) {
            problems.push("`document` must be an OpenAPI 3 document: it has no `openapi: 3.…`".into());
        }
        if spec.policy.as_ref().is_some_and(|policy| policy.to_string().contains(":execute-api:")) {
            problems.push("`policy` must name resources as `execute-api:/<stage>/<METHOD>/<path>`, not by ARN".into());
        }
        problems
    }
}

/// Every API of the region, by id: one call for 500.
pub(super) async fn all(cx: &Cx) -> Result<Arc<BTreeMap<String, Seen>>> {
    cx.cached("apigateway.rest_apis", async {
        let pages = cx.apigateway().get_rest_apis().limit(PAGE).into_paginator().send().try_collect().await?;
        let seen = pages.into_iter().flat_map(|page| page.items.unwrap_or_default()).map(Seen::from);
        Ok(seen.map(|api| (api.id.clone(), api)).filter(|(id, _)| !id.is_empty()).collect())
    })
    .await
}

/// Gives AWS the document, with the name and description that the API is to have: it takes them from there.
async fn put(cx: &Cx, id: &PhysicalId, to: &Spec) -> Result<Seen> {
    let mut document = to.document.clone();
    if let Some(document) = document.as_object_mut() {
        let info = document.entry("info").or_insert_with(|| json!({}));
        if let Some(info) = info.as_object_mut() {
            info.insert("title".into(), to.name.clone().into());
            info.entry("version").or_insert_with(|| "1".into());
            if let Some(description) = &to.description {
                info.insert("description".into(), description.clone().into());
            }
        }
    }
    let call = cx.apigateway().put_rest_api().rest_api_id(id.as_str()).mode(PutMode::Overwrite).fail_on_warnings(true);
    Ok(call.body(Blob::new(document.to_string())).send().await?.into())
}

fn patch(live: &Spec, to: &Spec) -> Patch {
    let mut patch = Patch::default();
    patch.set("/name", Some(&live.name), Some(&to.name));
    patch.set("/description", live.description.as_ref(), to.description.as_ref());
    let types = |spec: &Spec| spec.binary_media_types.clone().unwrap_or_default();
    if to.binary_media_types.is_some() {
        for old in types(live).iter().filter(|old| !types(to).contains(old)) {
            patch.push(Op::Remove, &format!("/binaryMediaTypes/{}", escape_pointer(old)), None);
        }
        for new in types(to).iter().filter(|new| !types(live).contains(new)) {
            patch.push(Op::Add, &format!("/binaryMediaTypes/{}", escape_pointer(new)), None);
        }
    }
    let sizes = [live, to].map(|spec| spec.minimum_compression_size.as_ref());
    patch.set("/minimumCompressionSize", sizes[0], sizes[1]);
    patch.set_enum("/apiKeySource", live.api_key_source.as_ref(), to.api_key_source.as_ref());
    let closed = [live, to].map(|spec| spec.disable_execute_api_endpoint.as_ref());
    patch.set("/disableExecuteApiEndpoint", closed[0], closed[1]);
    let addresses = [live, to].map(|spec| spec.ip_address_type.as_ref());
    patch.set_enum("/endpointConfiguration/ipAddressType", addresses[0], addresses[1]);
    patch.set("/policy", live.policy.as_ref(), to.policy.as_ref());
    let [before, after] = [live, to].map(|spec| Security(spec.security_policy.as_ref(), spec.endpoint_access_mode));
    before.patch(after, &mut patch);
    patch
}
