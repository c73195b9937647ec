//! API Gateway stage: the name under which a deployment is called, with logging, throttling and cache.

mod read;
mod spec;
mod write;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use self::read::read_one;
pub(super) use self::read::stages;
use self::spec::Spec;
use self::write::patch;
use super::{arn, split_id, update_tags};
use crate::aws::{Cx, ErrorCodes, NotFoundExt, Result, to_wire};
use crate::catalog::Traits;
use crate::cloud::ReadRequest;
use crate::kinds::reading::read_each;
use crate::kinds::tagging::{all_tags, owned_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// A stage.
pub struct Stage;

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

fn id(spec: &Spec) -> PhysicalId {
    PhysicalId::new(format!("{}/{}", spec.rest_api_id, spec.name))
}

fn stage_arn(cx: &Cx, api: &str, name: &str) -> String {
    arn(cx, &format!("restapis/{api}/stages/{name}"))
}
