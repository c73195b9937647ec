//! A scalable target, as AWS tells it.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types as aws;
use aws_sdk_applicationautoscaling::types::{ScalableTarget as Described, ScheduledAction};

use super::spec::{Schedule, Spec, Suspended, UTC};
use super::{Outputs, ScalableTarget};
use crate::aws::{Cx, Result, Tags, live_tags};
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::Found;
use crate::kinds::reading::required;

pub(super) async fn describe(
    cx: &Cx,
    namespace: &str,
    dimension: &str,
    resources: Vec<String>,
) -> Result<Vec<Described>> {
    let call = cx.applicationautoscaling().describe_scalable_targets().service_namespace(namespace.into());
    let call = call.scalable_dimension(dimension.into()).set_resource_ids(Some(resources));
    Ok(call.into_paginator().items().send().try_collect().await?)
}

/// The ARN of a target, by which it is tagged.
pub(super) fn arn_of(live: &Described) -> Result<String> {
    let operation = "applicationautoscaling:DescribeScalableTargets";
    required(operation, "the ARN of the target", live.scalable_target_arn.clone())
}

pub(super) async fn found_of(cx: &Cx, request: &ReadRequest, live: &Described) -> Result<Found<ScalableTarget>> {
    let arn = arn_of(live)?;
    let tags = match cx.indexed_tags(&arn).await? {
        Some(tags) => Some(tags),
        None if request.manages("tags") => Some(read_tags(cx, &arn).await?),
        None => None,
    };
    let actions = if request.manages("scheduled_actions") { Some(actions_of(cx, live).await?) } else { None };
    let suspended = live.suspended_state.as_ref();
    let is = |get: fn(&aws::SuspendedState) -> Option<bool>| Some(suspended.and_then(get).unwrap_or(false));
    let spec = Spec {
        service_namespace: live.service_namespace.as_str().to_owned(),
        resource_id: live.resource_id.clone(),
        scalable_dimension: live.scalable_dimension.as_str().to_owned(),
        min_capacity: live.min_capacity,
        max_capacity: live.max_capacity,
        suspended: Some(Suspended {
            dynamic_scaling_in: is(|state| state.dynamic_scaling_in_suspended),
            dynamic_scaling_out: is(|state| state.dynamic_scaling_out_suspended),
            scheduled_scaling: is(|state| state.scheduled_scaling_suspended),
        }),
        role_arn: Some(live.role_arn.clone()),
        scheduled_actions: actions,
        tags: tags.map(live_tags),
    };
    Ok(Found::serving(spec, Outputs { arn, resource_id: live.resource_id.clone() }))
}

/// Actions of one target; a listed read takes them from one list for the whole region.
async fn actions_of(cx: &Cx, live: &Described) -> Result<BTreeMap<String, Schedule>> {
    let namespace = live.service_namespace.as_str();
    let resource = Some(live.resource_id.as_str()).filter(|_| cx.mode == ReadMode::Fresh);
    let listed = cx.cached(&format!("scheduled-actions/{namespace}"), list_actions(cx, namespace, resource)).await?;
    let is_its = |action: &&ScheduledAction| {
        action.resource_id == live.resource_id && action.scalable_dimension.as_ref() == Some(&live.scalable_dimension)
    };
    Ok(listed.iter().filter(is_its).map(action_of).collect())
}

async fn list_actions(cx: &Cx, namespace: &str, resource: Option<&str>) -> Result<Vec<ScheduledAction>> {
    let call = cx.applicationautoscaling().describe_scheduled_actions().service_namespace(namespace.into());
    let call = call.set_resource_id(resource.map(str::to_owned));
    Ok(call.into_paginator().items().send().try_collect().await?)
}

fn action_of(live: &ScheduledAction) -> (String, Schedule) {
    let bounds = live.scalable_target_action.as_ref();
    let schedule = Schedule {
        schedule: live.schedule.clone(),
        timezone: Some(live.timezone.clone().unwrap_or_else(|| UTC.to_owned())),
        min_capacity: bounds.and_then(|bounds| bounds.min_capacity),
        max_capacity: bounds.and_then(|bounds| bounds.max_capacity),
    };
    (live.scheduled_action_name.clone(), schedule)
}

pub(super) async fn read_tags(cx: &Cx, arn: &str) -> Result<Tags> {
    let listed = cx.applicationautoscaling().list_tags_for_resource().resource_arn(arn).send().await?;
    Ok(listed.tags.unwrap_or_default().into_iter().collect())
}
