//! API Gateway stage: the name under which a deployment is called, with logging, throttling and cache.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::{CacheClusterStatus, Op, Stage as SdkStage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::method_settings::{ALL, Caching, LoggingLevel, MethodSettings, Throttle, key, path};
use super::{Patch, arn, split_id, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, Tags, from_wire, to_wire};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest, Readiness};
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags, user_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A stage.
pub struct Stage;

/// The properties of a stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Id of the REST API.
    #[schemars(length(min = 1), extend("x-change" = "replace"))]
    pub rest_api_id: String,
    /// Name, the first part of the path in the `execute-api` address; 1 to 128 letters, digits, `_` and `-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,128}$"), extend("x-change" = "replace"))]
    pub name: String,
    /// Id of the deployment it shows.
    #[schemars(length(min = 1))]
    pub deployment_id: String,
    /// Description; at most 1024 characters.
    #[schemars(length(max = 1024))]
    pub description: Option<String>,
    /// Stage variables. Names of letters, digits and `_`; values of letters, digits and `-._~:/?#&=,`.
    pub variables: Option<BTreeMap<String, String>>,
    /// Tracing of requests with X-Ray; false when left out.
    pub tracing: Option<bool>,
    /// Access log, a line for each request; none when left out.
    pub access_log: Option<AccessLog>,
    /// Most requests that are let through to all methods together; the account's limits when left out.
    pub throttle: Option<Throttle>,
    /// Metrics of each method; false when left out.
    pub metrics_enabled: Option<bool>,
    /// Level of the execution log; `OFF` when left out. It needs the account's logging role.
    pub logging_level: Option<LoggingLevel>,
    /// Whole requests and responses in the execution log, secrets and all; false when left out.
    pub data_trace_enabled: Option<bool>,
    /// Caching of responses, if there is a cache cluster.
    pub caching: Option<Caching>,
    /// Settings of single methods in place of the stage's, by `<path>/<METHOD>`, such as `/orders/{id}/GET`.
    pub method_settings: Option<BTreeMap<String, MethodSettings>>,
    /// Cache cluster, paid by the hour; false when left out. It takes about 4 minutes to create.
    pub cache_cluster_enabled: Option<bool>,
    /// Size of the cache cluster in GB; 0.5 when left out. A change empties it.
    pub cache_cluster_size: Option<CacheClusterSize>,
    /// Tags, by key, without spaces and `@`. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// Access log, a line for each request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLog {
    /// ARN of a log group, without `:*` at the end, or of a Firehose stream whose name begins with
    /// `amazon-apigateway-`.
    #[schemars(regex(pattern = r"^arn:[a-z-]+:(logs|firehose):[^*]+$"))]
    pub destination_arn: String,
    /// The line, made of `$context` variables, `$context.requestId` or `$context.extendedRequestId`
    /// among them; at most 3072 characters.
    #[schemars(length(max = 3072), regex(pattern = r"^[^\n]*\$context\.(requestId|extendedRequestId)[^\n]*$"))]
    pub format: String,
}

/// Size of a cache cluster, in GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CacheClusterSize {
    /// 0.5 GB.
    #[serde(rename = "0.5")]
    Half,
    /// 1.6 GB.
    #[serde(rename = "1.6")]
    G1,
    /// 6.1 GB.
    #[serde(rename = "6.1")]
    G6,
    /// 13.5 GB.
    #[serde(rename = "13.5")]
    G13,
    /// 28.4 GB.
    #[serde(rename = "28.4")]
    G28,
    /// 58.2 GB.
    #[serde(rename = "58.2")]
    G58,
    /// 118 GB.
    #[serde(rename = "118")]
    G118,
    /// 237 GB.
    #[serde(rename = "237")]
    G237,
}

/// The outputs of a stage.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `https` address of the stage at the API's own host, without slash at the end.
    pub invoke_url: String,
}

impl Kind for Stage {
    const NAME: &'static str = "apigateway.Stage";
    const ABOUT: &'static str = "A stage of an API Gateway REST API";
    const EXAMPLE: &'static str = "
rest_api_id: ${apigateway.RestApi.id}
name: prod
deployment_id: ${apigateway.Deployment.id}
description: What customers use
variables: {table: carts, colour: blue}
tracing: true
access_log:
  destination_arn: ${logs.LogGroup.arn}
  format: '$context.requestId $context.status $context.responseLatency'
throttle: {rate: 500, burst: 1000}
metrics_enabled: true
logging_level: ERROR
data_trace_enabled: false
caching: {enabled: false, ttl_seconds: 60, encrypted: true, require_authorization: true}
method_settings:
  /health/GET: {throttle: {rate: 10, burst: 20}, logging_level: 'OFF', metrics_enabled: false}
cache_cluster_enabled: false
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{description: What everybody uses, variables: {table: carts, size: '2'}, tracing: false}",
        "access_log: {destination_arn: '${logs.LogGroup.arn}', format: '$context.extendedRequestId $context.status'}",
        "{throttle: {rate: 50.5, burst: 100}, metrics_enabled: false, logging_level: INFO, data_trace_enabled: true}",
        "caching: {enabled: true, ttl_seconds: 300, unauthorized_strategy: FAIL_WITH_403}",
        "
method_settings:
  /orders/{id}/GET: {caching: {enabled: true, ttl_seconds: 10}, data_trace_enabled: false, metrics_enabled: true}
",
        "{cache_cluster_enabled: true, cache_cluster_size: '1.6'}",
        "description: ''",
        "tags: {team: platform, cost: '7'}",
        "name: live",
    ];
    const TRAITS: Traits =
        Traits { deadline: Duration::from_mins(15), unique_by: &["rest_api_id", "name"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        exists: &["ConflictException: already exists"],
        // The account's logging role takes effect a little after it was set.
        not_visible_yet: &["BadRequestException: CloudWatch Logs role ARN must be set"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request)).await
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let call = cx.apigateway().get_stage().rest_api_id(&spec.rest_api_id).stage_name(&spec.name);
        let Some(live) = call.send().await.optional()? else { return Ok(None) };
        cx.ensure_owned("a stage", &spec.name, &all_tags(live.tags.unwrap_or_default()), owner)?;
        Ok(Some(id(spec)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        let call = cx.apigateway().create_stage().rest_api_id(&spec.rest_api_id).stage_name(&spec.name);
        call.deployment_id(&spec.deployment_id)
            .set_description(spec.description.clone())
            .set_variables(spec.variables.clone().map(|all| all.into_iter().collect()))
            .set_tracing_enabled(spec.tracing)
            .set_cache_cluster_enabled(spec.cache_cluster_enabled)
            .set_cache_cluster_size(spec.cache_cluster_size.map(|size| to_wire(size).as_str().into()))
            .set_tags(Some(owned_tags(spec.tags.as_ref(), owner)))
            .send()
            .await?;
        Ok(id(spec))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let (api, name) = split_id(id.as_str(), '/');
        if let Some(operations) = patch(from, to).operations() {
            let call = cx.apigateway().update_stage().rest_api_id(api).stage_name(name);
            call.set_patch_operations(Some(operations)).send().await?;
        }
        update_tags(cx, &stage_arn(cx, api, name), from.tags.as_ref(), to.tags.as_ref()).await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let (api, name) = split_id(id.as_str(), '/');
        cx.apigateway().delete_stage().rest_api_id(api).stage_name(name).send().await?;
        Ok(())
    }

    async fn lookup(_cx: &Cx, query: &Json) -> Result<Option<PhysicalId>> {
        let text = |key: &str| query.get(key).and_then(Json::as_str);
        let named = text("rest_api_id").zip(text("name")).map(|(api, name)| PhysicalId::new(format!("{api}/{name}")));
        Ok(named.or_else(|| text("id").map(PhysicalId::new)))
    }

    fn check(spec: &Spec) -> Vec<String> {
        let mut problems = Vec::new();
        for written in spec.method_settings.iter().flatten().map(|(written, _)| written) {
            let method = written.rsplit('/').next().unwrap_or_default();
            let known = ["*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"].contains(&method);
            if !written.starts_with('/') || !known || written.matches('/').count() < 2 {
                problems.push(format!(
                    "`method_settings` has `{written}`: write `<path>/<METHOD>`, such as `/orders/{{id}}/GET` \
                     or `//GET` for the root; settings for all methods stand in the stage itself"
                ));
            }
        }
        let name = regex_lite::Regex::new(r"^\w+$").ok();
        let value = regex_lite::Regex::new(r"^[A-Za-z0-9\-._~:/?#&=,]+$").ok();
        let fits = |rule: &Option<regex_lite::Regex>, text: &str| rule.as_ref().is_none_or(|rule| rule.is_match(text));
        for (key, text) in spec.variables.iter().flatten() {
            if !fits(&name, key) || !fits(&value, text) {
                problems.push(format!(
                    "`variables` has `{key}`: names are of letters, digits and `_`, values of these and `-.~:/?#&=,`"
                ));
            }
        }
        if spec.cache_cluster_size.is_some() && spec.cache_cluster_enabled != Some(true) {
            problems.push("`cache_cluster_size` has no effect without `cache_cluster_enabled: true`".into());
        }
        problems
    }
}

/// Every stage of an API, in one call; `None` if there is no such API.
pub(super) async fn stages(cx: &Cx, api: &str) -> Result<Arc<Option<Vec<SdkStage>>>> {
    let read = async {
        let listed = cx.apigateway().get_stages().rest_api_id(api).send().await.optional()?;
        Ok(listed.map(|listed| listed.item.unwrap_or_default()))
    };
    cx.cached(&format!("apigateway.stages/{api}"), Box::pin(read)).await
}

async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Stage>>> {
    let (api, name) = split_id(request.id.as_str(), '/');
    if cx.mode == ReadMode::Fresh {
        let live = cx.apigateway().get_stage().rest_api_id(api).stage_name(name).send().await.optional()?;
        return Ok(live.map(|live| found(cx, api, live.into())));
    }
    let stages = stages(cx, api).await?;
    let mut listed = stages.iter().flatten();
    let live = listed.find(|stage| stage.stage_name() == Some(name));
    Ok(live.map(|live| found(cx, api, live.clone().into())))
}

/// A stage as AWS shows it, whichever call did.
struct Seen {
    spec: Spec,
    cache: Option<CacheClusterStatus>,
}

macro_rules! seen_in {
    ($($answer:ty),*) => {$(
        impl From<$answer> for Seen {
            fn from(live: $answer) -> Self {
                let settings = live.method_settings.unwrap_or_default();
                let all = settings.get(ALL).map(MethodSettings::from);
                let single = settings.iter().filter(|(name, _)| *name != ALL);
                let (all, is_set) = (all.clone().unwrap_or_default(), all.is_some());
                let log = live.access_log_settings.and_then(|log| {
                    Some(AccessLog { destination_arn: log.destination_arn?, format: log.format.unwrap_or_default() })
                });
                let spec = Spec {
                    rest_api_id: String::new(),
                    name: live.stage_name.unwrap_or_default(),
                    deployment_id: live.deployment_id.unwrap_or_default(),
                    description: Some(live.description.unwrap_or_default()),
                    variables: Some(live.variables.unwrap_or_default().into_iter().collect()),
                    tracing: Some(live.tracing_enabled),
                    access_log: log,
                    throttle: all.throttle,
                    metrics_enabled: all.metrics_enabled.or((!is_set).then_some(false)),
                    logging_level: all.logging_level.or((!is_set).then_some(LoggingLevel::Off)),
                    data_trace_enabled: all.data_trace_enabled.or((!is_set).then_some(false)),
                    caching: all.caching,
                    method_settings: Some(single.map(|(name, live)| (path(name), live.into())).collect()),
                    cache_cluster_enabled: Some(live.cache_cluster_enabled),
                    cache_cluster_size: live.cache_cluster_size.and_then(|size| from_wire(size.as_str())),
                    tags: Some(user_tags(live.tags.unwrap_or_default())),
                };
                Self { spec, cache: live.cache_cluster_status }
            }
        }
    )*};
}
seen_in!(SdkStage, GetStageOutput);

fn found(cx: &Cx, api: &str, seen: Seen) -> Found<Stage> {
    let spec = Spec { rest_api_id: api.to_owned(), ..seen.spec };
    let outputs = Outputs {
        name: spec.name.clone(),
        arn: stage_arn(cx, api, &spec.name),
        invoke_url: format!("https://{api}.execute-api.{}.amazonaws.com/{}", cx.region(), spec.name),
    };
    let readiness = match seen.cache {
        Some(CacheClusterStatus::CreateInProgress) => Readiness::Configured("creating the cache cluster".into()),
        _ => Readiness::Serving,
    };
    Found { spec, outputs, readiness, not_read: &[] }
}

fn patch(from: &Spec, to: &Spec) -> Patch {
    let mut patch = Patch::default();
    patch.set("/deploymentId", Some(&from.deployment_id), Some(&to.deployment_id));
    patch.set("/description", from.description.as_ref(), to.description.as_ref());
    patch.set("/tracingEnabled", from.tracing.as_ref(), to.tracing.as_ref());
    let logs = [from, to].map(|spec| spec.access_log.as_ref());
    let places = logs.map(|log| log.map(|log| &log.destination_arn));
    patch.set("/accessLogSettings/destinationArn", places[0], places[1]);
    let formats = logs.map(|log| log.map(|log| &log.format));
    patch.set("/accessLogSettings/format", formats[0], formats[1]);
    patch.set("/cacheClusterEnabled", from.cache_cluster_enabled.as_ref(), to.cache_cluster_enabled.as_ref());
    patch.set_enum("/cacheClusterSize", from.cache_cluster_size.as_ref(), to.cache_cluster_size.as_ref());
    patch_variables(&mut patch, from, to);
    of_all(from).patch(&of_all(to), "/*/*", &mut patch);
    if let Some(wanted) = &to.method_settings {
        let live = from.method_settings.clone().unwrap_or_default();
        for gone in live.keys().filter(|method| !wanted.contains_key(*method)) {
            patch.push(Op::Remove, &format!("/{}", key(gone)), None);
        }
        for (method, wanted) in wanted {
            let live = live.get(method).cloned().unwrap_or_default();
            live.patch(wanted, &format!("/{}", key(method)), &mut patch);
        }
    }
    patch
}

fn patch_variables(patch: &mut Patch, from: &Spec, to: &Spec) {
    let Some(wanted) = &to.variables else { return };
    let live = from.variables.clone().unwrap_or_default();
    for gone in live.keys().filter(|name| !wanted.contains_key(*name)) {
        patch.push(Op::Remove, &format!("/variables/{gone}"), None);
    }
    for (name, value) in wanted {
        patch.set(&format!("/variables/{name}"), live.get(name), Some(value));
    }
}

/// The settings of all methods, which a spec has beside the others.
fn of_all(spec: &Spec) -> MethodSettings {
    MethodSettings {
        throttle: spec.throttle,
        metrics_enabled: spec.metrics_enabled,
        logging_level: spec.logging_level,
        data_trace_enabled: spec.data_trace_enabled,
        caching: spec.caching,
    }
}

fn id(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}/{}", spec.rest_api_id, spec.name))
}

fn stage_arn(cx: &Cx, api: &str, name: &str) -> String {
    arn(cx, &format!("restapis/{api}/stages/{name}"))
}
