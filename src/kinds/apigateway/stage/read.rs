//! Reads: a live stage as a spec, from the list of an API's stages or from a call of its own.

use std::sync::Arc;

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_apigateway::types::{CacheClusterStatus, Stage as SdkStage};

use super::spec::{AccessLog, Spec};
use super::{Outputs, Stage, stage_arn};
use crate::aws::{Cx, NotFoundExt, Result, from_wire};
use crate::cloud::{ReadMode, ReadRequest, Readiness};
use crate::kinds::Found;
use crate::kinds::apigateway::method_settings::{ALL, LoggingLevel, MethodSettings, path};
use crate::kinds::apigateway::split_id;
use crate::kinds::tagging::user_tags;

/// Every stage of an API, in one call; `None` if there is no such API.
pub(in crate::kinds::apigateway) async fn stages(cx: &Cx, api: &str) -> Result<Arc<Option<Vec<SdkStage>>>> {
    let read = async {
        let listed = cx.apigateway().get_stages().rest_api_id(api).send().await.optional()?;
        Ok(listed.map(|listed| listed.item.unwrap_or_default()))
    };
    cx.cached(&format!("apigateway.stages/{api}"), Box::pin(read)).await
}

pub(super) async fn read_one(cx: &Cx, request: &ReadRequest) -> Result<Option<Found<Stage>>> {
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
    Found { readiness, ..Found::serving(spec, outputs) }
}
