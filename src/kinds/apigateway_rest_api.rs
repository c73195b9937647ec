//! API Gateway REST API: routes and integrations from an `OpenAPI` document.
//!
//! AWS does not keep the document, only what it made of it. So its fingerprint is kept as a tag of
//! ours, written after AWS has taken the document and removed before it is given another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::operation::get_rest_api::GetRestApiOutput;
use aws_sdk_apigateway::operation::put_rest_api::PutRestApiOutput;
use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::{ApiStatus, EndpointConfiguration, Op, PutMode, RestApi as SdkRestApi};
use futures::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::apigateway::{
    EndpointAccessMode, IpAddressType, PAGE, Patch, Security, arn, escaped, from_word, tags_of, update_tags, word,
};
use super::{Found, Kind};
use crate::aws::{Cx, Gone, Result, Tags, live_tags, with_owner};
use crate::cloud::{Ask, Care, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::value::{Json, compare};

/// A REST API.
pub struct RestApi;

/// Our tag that holds the fingerprint of the document that AWS has taken.
const TAG_DOCUMENT: &str = "isobar:document";

/// What a REST API can be told to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name; AWS lets several APIs share one, but metrics (`ApiName`) tell them apart by it alone.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `OpenAPI` 3 document, with `x-amazon-apigateway-integration` in every operation; at most 6 MB.
    /// It replaces all that was there. Its `info.title` is overwritten with `name`.
    #[schemars(extend("x-compare" = "sha256"))]
    pub document: Json,
    /// Media types that are handled as binary, such as `image/png` or `*/*`.
    #[schemars(extend("x-unordered" = true))]
    pub binary_media_types: Option<Vec<String>>,
    /// Smallest body in bytes that is compressed; 0 to 10485760. Nothing is compressed when left out.
    #[schemars(range(min = 0, max = 10_485_760))]
    pub minimum_compression_size: Option<i32>,
    /// Where callers put their API key; `HEADER` when left out.
    pub api_key_source: Option<ApiKeySource>,
    /// Whether the `execute-api` address is closed, so that only a domain of yours leads here; open when left out.
    pub disable_execute_api_endpoint: Option<bool>,
    /// Kind of endpoint; `REGIONAL` when left out.
    #[schemars(extend("x-change" = "replace"))]
    pub endpoint_type: Option<EndpointType>,
    /// Addresses it answers on; `ipv4` when left out (`dualstack` for `PRIVATE`).
    pub ip_address_type: Option<IpAddressType>,
    /// Resource policy. Name resources as `execute-api:/<stage>/<METHOD>/<path>`: AWS puts the API's ARN in front.
    #[schemars(extend("x-compare" = "policy"))]
    pub policy: Option<Json>,
    /// Least TLS version and ciphers of the `execute-api` address: `TLS_1_0`, `TLS_1_2` or a
    /// `SecurityPolicy_…`; AWS chooses when left out. A change takes about 15 minutes.
    #[schemars(regex(pattern = r"^(TLS_1_[02]|SecurityPolicy_[A-Za-z0-9_]+)$"))]
    pub security_policy: Option<String>,
    /// How strictly a `SecurityPolicy_…` is applied.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
    /// Tags. Keys without spaces and `@`.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Where callers put their API key.
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

/// What a REST API can be referred to by.
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
    #[schemars(extend("x-volatile" = true))]
    pub document_sha256: Option<String>,
    /// Fingerprint of all that takes a new deployment to have an effect: the document, and the
    /// settings beside it.
    #[schemars(extend("x-volatile" = true))]
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
        "tags: {team: platform, cost: '7'}",
        "name: shop-orders-api",
        "endpoint_type: EDGE",
    ];
    // AWS deletes one API per 30 s and account, and takes 15 minutes to change a security policy.
    const DEADLINE: Duration = Duration::from_mins(30);
    const CONFLICT: &'static [&'static str] = &["BadRequestException: remove all base path mappings"];

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, asks: &[Ask]) -> Result<Vec<Option<Found<Self>>>> {
        let account = cx.account().await?;
        if cx.care == Care::Exact {
            let reads = asks.iter().map(|ask| async {
                let api = cx.apigateway().get_rest_api().rest_api_id(ask.id.as_str()).send().await.or_gone()?;
                Ok(api.map(|api| Seen::from(api).found(cx, account)))
            });
            return try_join_all(reads).await;
        }
        let all = all(cx).await?;
        let found = asks.iter().map(|ask| all.get(ask.id.as_str()).map(|api| api.clone().found(cx, account)));
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
            .types(word(&spec.endpoint_type.unwrap_or(EndpointType::Regional)).as_str().into())
            .set_ip_address_type(spec.ip_address_type.map(|kind| word(&kind).as_str().into()));
        let made = cx
            .apigateway()
            .create_rest_api()
            .name(&spec.name)
            .set_description(spec.description.clone())
            .endpoint_configuration(endpoint.build())
            .set_disable_execute_api_endpoint(spec.disable_execute_api_endpoint)
            .set_security_policy(spec.security_policy.as_deref().map(Into::into))
            .set_endpoint_access_mode(spec.endpoint_access_mode.map(|mode| word(&mode).as_str().into()))
            .set_tags(Some(with_owner(spec.tags.as_ref(), owner).into_iter().collect()))
            .send()
            .await?;
        Ok(PhysicalId::new(made.id.unwrap_or_default()))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        // Only the tag tells which document is there; `from` has the one that was last sent.
        let mut live = Seen::from(cx.apigateway().get_rest_api().rest_api_id(id.as_str()).send().await?);
        let fingerprint = compare::fingerprint(&to.document);
        let arn = arn(cx, &format!("restapis/{id}"));
        if live.tags.get(TAG_DOCUMENT) != Some(&fingerprint) {
            if live.tags.contains_key(TAG_DOCUMENT) {
                cx.apigateway().untag_resource().resource_arn(&arn).tag_keys(TAG_DOCUMENT).send().await?;
            }
            live = put(cx, id, to).await?;
            cx.apigateway().tag_resource().resource_arn(&arn).tags(TAG_DOCUMENT, fingerprint).send().await?;
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
async fn all(cx: &Cx) -> Result<Arc<BTreeMap<String, Seen>>> {
    cx.once("apigateway.rest_apis", async {
        let mut pages = cx.apigateway().get_rest_apis().limit(PAGE).into_paginator().send();
        let mut all = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let seen = page?.items.unwrap_or_default().into_iter().map(Seen::from);
            all.extend(seen.map(|api| (api.id.clone(), api)));
        }
        Ok(all)
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
            patch.push(Op::Remove, &format!("/binaryMediaTypes/{}", escaped(old)), None);
        }
        for new in types(to).iter().filter(|new| !types(live).contains(new)) {
            patch.push(Op::Add, &format!("/binaryMediaTypes/{}", escaped(new)), None);
        }
    }
    let sizes = [live, to].map(|spec| spec.minimum_compression_size.as_ref());
    patch.set("/minimumCompressionSize", sizes[0], sizes[1]);
    patch.set_word("/apiKeySource", live.api_key_source.as_ref(), to.api_key_source.as_ref());
    let closed = [live, to].map(|spec| spec.disable_execute_api_endpoint.as_ref());
    patch.set("/disableExecuteApiEndpoint", closed[0], closed[1]);
    let addresses = [live, to].map(|spec| spec.ip_address_type.as_ref());
    patch.set_word("/endpointConfiguration/ipAddressType", addresses[0], addresses[1]);
    patch.set("/policy", live.policy.as_ref(), to.policy.as_ref());
    let [before, after] = [live, to].map(|spec| Security(spec.security_policy.as_ref(), spec.endpoint_access_mode));
    before.patch(after, &mut patch);
    patch
}

/// An API as AWS shows it, whichever call did.
#[derive(Clone)]
struct Seen {
    id: String,
    name: String,
    description: Option<String>,
    binary_media_types: Vec<String>,
    minimum_compression_size: Option<i32>,
    api_key_source: Option<String>,
    endpoint: Option<EndpointConfiguration>,
    policy: Option<String>,
    tags: Tags,
    closed: bool,
    root_resource_id: String,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
    status: Option<ApiStatus>,
    status_message: Option<String>,
}

macro_rules! seen_in {
    ($($answer:ty),*) => {$(
        impl From<$answer> for Seen {
            fn from(api: $answer) -> Self {
                Self {
                    id: api.id.unwrap_or_default(),
                    name: api.name.unwrap_or_default(),
                    description: api.description.filter(|text| !text.is_empty()),
                    binary_media_types: api.binary_media_types.unwrap_or_default(),
                    minimum_compression_size: api.minimum_compression_size,
                    api_key_source: api.api_key_source.map(|source| source.as_str().to_owned()),
                    endpoint: api.endpoint_configuration,
                    policy: api.policy,
                    tags: tags_of(api.tags),
                    closed: api.disable_execute_api_endpoint,
                    root_resource_id: api.root_resource_id.unwrap_or_default(),
                    security_policy: api.security_policy.map(|policy| policy.as_str().to_owned()),
                    endpoint_access_mode: api.endpoint_access_mode.map(|mode| mode.as_str().to_owned()),
                    status: api.api_status,
                    status_message: api.api_status_message,
                }
            }
        }
    )*};
}
seen_in!(SdkRestApi, GetRestApiOutput, PutRestApiOutput);

impl Seen {
    fn spec(&self) -> Spec {
        let endpoint = self.endpoint.as_ref();
        let kind = endpoint.and_then(|it| it.types().first()).and_then(|kind| from_word(kind.as_str()));
        let addresses = endpoint.and_then(EndpointConfiguration::ip_address_type);
        let usual = (kind != Some(EndpointType::Private)).then_some(IpAddressType::Ipv4);
        Spec {
            name: self.name.clone(),
            description: self.description.clone(),
            document: self.tags.get(TAG_DOCUMENT).map_or(Json::Null, |hash| hash.clone().into()),
            binary_media_types: Some(self.binary_media_types.clone()),
            minimum_compression_size: self.minimum_compression_size,
            api_key_source: self.api_key_source.as_deref().and_then(from_word),
            disable_execute_api_endpoint: Some(self.closed),
            endpoint_type: kind,
            ip_address_type: addresses.and_then(|it| from_word(it.as_str())).or(usual),
            policy: self.policy.as_deref().and_then(|text| policy(text, &self.id)),
            security_policy: self.security_policy.clone(),
            endpoint_access_mode: self.endpoint_access_mode.as_deref().and_then(from_word),
            tags: Some(live_tags(self.tags.clone())),
        }
    }

    fn found(self, cx: &Cx, account: &str) -> Found<RestApi> {
        let spec = self.spec();
        let readiness = match (self.status, self.status_message) {
            (Some(ApiStatus::Failed), why) => Readiness::Failed(why.unwrap_or_else(|| "AWS does not say why".into())),
            (Some(ApiStatus::Pending), _) => Readiness::Pending("API Gateway is making it".into()),
            (Some(ApiStatus::Updating), _) => Readiness::Configured("API Gateway is changing it".into()),
            _ => Readiness::Serving,
        };
        let region = cx.region();
        let outputs = Outputs {
            arn: arn(cx, &format!("restapis/{}", self.id)),
            execute_arn: format!("arn:aws:execute-api:{region}:{account}:{}", self.id),
            document_sha256: spec.document.as_str().map(str::to_owned),
            content_sha256: content(&spec),
            endpoint: format!("{}.execute-api.{region}.amazonaws.com", self.id),
            name: self.name,
            root_resource_id: self.root_resource_id,
            id: self.id,
        };
        Found { spec, outputs, readiness, unseen: &[] }
    }
}

/// The fingerprint of what a deployment freezes.
fn content(spec: &Spec) -> String {
    let mut types = spec.binary_media_types.clone().unwrap_or_default();
    types.sort();
    compare::fingerprint(&json!([
        spec.document,
        types,
        spec.minimum_compression_size,
        spec.api_key_source,
        spec.disable_execute_api_endpoint,
        spec.policy,
        spec.security_policy,
        spec.endpoint_access_mode,
    ]))
}

/// The policy as it was written. AWS answers it with quotes escaped once more, and with the API's
/// ARN in place of the short `execute-api:/`.
fn policy(text: &str, id: &str) -> Option<Json> {
    let unescaped = serde_json::from_str::<String>(&format!("\"{text}\"")).unwrap_or_else(|_| text.to_owned());
    let mut policy = serde_json::from_str(&unescaped).ok()?;
    shorten(&mut policy, &format!(":{id}/"));
    Some(policy)
}

fn shorten(value: &mut Json, id: &str) {
    match value {
        Json::String(text) if text.starts_with("arn:") && text.contains(":execute-api:") => {
            if let Some((_, path)) = text.split_once(id) {
                *text = format!("execute-api:/{path}");
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| shorten(item, id)),
        Json::Object(fields) => fields.values_mut().for_each(|field| shorten(field, id)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_was_written() {
        let live = r#"{\"Statement\":[{\"Resource\":\"arn:aws:execute-api:us-east-1:123456789012:abc123\/*\"}]}"#;
        assert_eq!(policy(live, "abc123"), Some(json!({"Statement": [{"Resource": "execute-api:/*"}]})));
        let plain = r#"{"Statement":[{"Resource":"execute-api:/*"}]}"#;
        assert_eq!(policy(plain, "abc123"), Some(json!({"Statement": [{"Resource": "execute-api:/*"}]})));
    }
}
