//! CloudWatch metric alarm, for gates, health checks and people on call.

mod spec;
mod write;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::AlarmType;
use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::{Cx, NotFoundExt, Result, Tags, live_tags};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError, ReadRequest};
use crate::kinds::reading::{changed, required};
use crate::kinds::tagging::{all_tags, owned_tags, sync_tags};
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;
use crate::value::fingerprint;
use spec::Spec;

/// A metric alarm.
pub struct Alarm;

/// The outputs of an alarm.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// A fingerprint of what it watches and when it fires. A Route 53 health check that gets it as
    /// `alarm_definition` follows the alarm.
    #[schemars(extend("x-volatile" = true, "x-stable-under" = ["tags", "description", "actions_enabled", "alarm_actions", "ok_actions", "insufficient_data_actions"]))]
    pub definition: String,
}

/// The fields that say what is watched and when it fires.
const DEFINITION: [&str; 14] = [
    "comparison_operator",
    "datapoints_to_alarm",
    "dimensions",
    "evaluation_periods",
    "extended_statistic",
    "metric_name",
    "metrics",
    "namespace",
    "period",
    "statistic",
    "threshold",
    "threshold_metric_id",
    "treat_missing_data",
    "unit",
];

/// The most names that one `DescribeAlarms` takes.
const PER_CALL: usize = 100;

impl Kind for Alarm {
    const NAME: &'static str = "cloudwatch.Alarm";
    const ABOUT: &'static str = "A CloudWatch alarm on a metric or on a calculation over several";
    const EXAMPLE: &'static str = "
name: shop-api-errors
description: More than one request in twenty fails
namespace: AWS/ApiGateway
metric_name: 5XXError
dimensions: {ApiName: shop, Stage: live}
statistic: Average
period: 60
evaluation_periods: 3
threshold: 0.05
comparison_operator: GreaterThanOrEqualToThreshold
treat_missing_data: notBreaching
alarm_actions: ['${sns.Topic.arn}']
tags: {team: commerce}
";
    const CHANGES: &'static [&'static str] = &[
        "{description: One request in ten fails, threshold: 0.1, period: 120, evaluation_periods: 5}",
        "{datapoints_to_alarm: 3, comparison_operator: GreaterThanThreshold, treat_missing_data: breaching}",
        "{namespace: Shop, metric_name: Refused, dimensions: {Api: shop}, unit: Count, statistic: Sum}",
        "{actions_enabled: false, ok_actions: ['${sns.Topic.arn}'], insufficient_data_actions: ['${sns.Topic.arn}']}",
        "alarm_actions: []",
        "{statistic: null, extended_statistic: p99, evaluate_low_sample_count_percentile: ignore}",
        "
namespace: null
metric_name: null
dimensions: null
unit: null
period: null
extended_statistic: null
evaluate_low_sample_count_percentile: null
metrics:
  - {id: rate, expression: 'IF(calls > 100, errors / calls, 0)', label: Error rate}
  - {id: errors, return_data: false, metric: {namespace: AWS/ApiGateway, metric_name: 5XXError, dimensions: {ApiName: shop}, stat: Sum, period: 60}}
  - {id: calls, return_data: false, metric: {namespace: AWS/ApiGateway, metric_name: Count, dimensions: {ApiName: shop}, stat: Sum, period: 60, unit: Count}}
",
        "
threshold: null
threshold_metric_id: band
comparison_operator: GreaterThanUpperThreshold
metrics:
  - {id: band, expression: ANOMALY_DETECTION_BAND(calls)}
  - {id: calls, return_data: true, metric: {namespace: AWS/ApiGateway, metric_name: Count, dimensions: {ApiName: shop}, stat: Sum, period: 60}}
",
        "tags: {team: platform, cost: '7'}",
        "name: shop-api-trouble",
    ];
    const TRAITS: Traits = Traits { unique_by: &["name"], ..Traits::DEFAULT };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        let chunks =
            futures::future::try_join_all(requests.chunks(PER_CALL).map(|requests| read_some(cx, requests))).await?;
        Ok(chunks.into_iter().flatten().collect())
    }

    async fn find(cx: &Cx, owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        // One name space for both types: a composite alarm of the name is in the way as well.
        let call = cx.cloudwatch().describe_alarms().alarm_names(&spec.name);
        let both = call.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let found = both.send().await?;
        let metric = found.metric_alarms.unwrap_or_default().into_iter().find_map(|alarm| alarm.alarm_arn);
        let composite = found.composite_alarms.unwrap_or_default().into_iter().find_map(|alarm| alarm.alarm_arn);
        let Some(arn) = metric.or(composite) else { return Ok(None) };
        cx.ensure_owned("an alarm", &spec.name, &tags(cx, &arn).await?, owner)?;
        Ok(Some(PhysicalId::new(&spec.name)))
    }

    async fn create(cx: &Cx, spec: &Spec, owner: &Owner) -> Result<PhysicalId> {
        // The call would overwrite somebody else's alarm of this name without a word.
        if Self::find(cx, owner, spec).await?.is_none() {
            write::put(cx, spec).set_tags(Some(owned_tags(spec.tags.as_ref(), owner))).send().await?;
        }
        Ok(PhysicalId::new(&spec.name))
    }

    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        let whole = write::complete(from, to);
        if write::definition(&whole) != write::definition(from) {
            write::put(cx, &whole).send().await?;
        }
        if changed(&from.tags, &to.tags).is_none() {
            return Ok(());
        }
        let Some(arn) = arn_of(cx, id).await? else { return Ok(()) };
        sync_tags(
            from.tags.as_ref(),
            to.tags.as_ref(),
            |tags| cx.cloudwatch().tag_resource().resource_arn(&arn).set_tags(Some(tags)).send(),
            |keys| cx.cloudwatch().untag_resource().resource_arn(&arn).set_tag_keys(Some(keys)).send(),
        )
        .await
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        cx.cloudwatch().delete_alarms().alarm_names(id.as_str()).send().await.optional()?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

async fn read_some(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Alarm>>>> {
    let names = requests.iter().map(|request| request.id.as_str().to_owned()).collect();
    let call = cx.cloudwatch().describe_alarms().alarm_types(AlarmType::MetricAlarm).set_alarm_names(Some(names));
    let page = call.max_records(100).send().await?;
    let live = page.metric_alarms.unwrap_or_default();
    let live: BTreeMap<String, _> =
        live.into_iter().map(|alarm| (alarm.alarm_name.clone().unwrap_or_default(), alarm)).collect();
    let found = requests.iter().map(|request| (request, live.get(request.id.as_str()).cloned()));
    let found = found.map(|(request, alarm)| async move {
        let Some(alarm) = alarm else { return Ok(None) };
        let arn = required("cloudwatch:DescribeAlarms", "the ARN of the alarm", alarm.alarm_arn.clone())?;
        let tags = match cx.indexed_tags(&arn).await? {
            Some(tags) => Some(tags),
            None if request.manages("tags") => Some(self::tags(cx, &arn).await?),
            None => None,
        };
        let spec = Spec { tags: tags.map(live_tags), ..spec::of(alarm)? };
        let outputs = Outputs { arn, name: spec.name.clone(), definition: definition(&spec)? };
        Ok::<_, CloudError>(Some(Found::serving(spec, outputs)))
    });
    futures::future::try_join_all(found).await
}

fn definition(spec: &Spec) -> Result<String> {
    let whole = serde_json::to_value(spec)
        .map_err(|error| CloudError::local(Class::Other, "cloudwatch.Alarm", error.to_string()))?;
    let parts = DEFINITION.iter().map(|name| ((*name).to_owned(), whole.get(name).cloned().unwrap_or_default()));
    Ok(fingerprint(&Json::Object(parts.collect())))
}

async fn arn_of(cx: &Cx, id: &PhysicalId) -> Result<Option<String>> {
    let found = cx.cloudwatch().describe_alarms().alarm_names(id.as_str()).send().await?;
    Ok(found.metric_alarms.unwrap_or_default().into_iter().find_map(|alarm| alarm.alarm_arn))
}

async fn tags(cx: &Cx, arn: &str) -> Result<Tags> {
    let listed = cx.cloudwatch().list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(all_tags(listed.tags.unwrap_or_default()))
}
