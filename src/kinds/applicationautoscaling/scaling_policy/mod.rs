//! Scaling policy: what scales a target of Application Auto Scaling.
//!
//! The alarms with which AWS watches for a target tracking policy are its own: they are no part of the policy here,
//! come and go with it, and are never a difference.

mod read;
mod spec;
mod write;

use aws_sdk_applicationautoscaling::types::{PolicyType, ScalingPolicy as Described};

use super::Parts;
use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{ReadMode, ReadRequest};
use crate::kinds::reading::read_each;
use crate::kinds::{Found, Kind};
use crate::names::{Owner, PhysicalId};

pub use spec::{Outputs, Spec};

/// A scaling policy.
pub struct ScalingPolicy;

impl Kind for ScalingPolicy {
    const NAME: &'static str = "applicationautoscaling.ScalingPolicy";
    const ABOUT: &'static str = "What scales something such as an ECS service, after a metric or in steps";
    const EXAMPLE: &'static str = "
name: shop-cpu
service_namespace: ecs
resource_id: ${applicationautoscaling.ScalableTarget.resource_id}
scalable_dimension: ecs:service:DesiredCount
target_tracking:
  metric: ECSServiceAverageCPUUtilization
  target_value: 50
  scale_in_cooldown_seconds: 300
  scale_out_cooldown_seconds: 60
";
    const CHANGES: &'static [&'static str] = &[
        "target_tracking: {metric: ECSServiceAverageMemoryUtilization, target_value: 62.5, disable_scale_in: true}",
        "
target_tracking:
  customized_metric:
    namespace: Shop
    metric_name: Waiting
    dimensions: {Queue: shop}
    statistic: Average
    unit: Count
  target_value: 100
",
        "
target_tracking:
  customized_metric:
    metrics:
      - {id: each, expression: waiting / running, label: Waiting for each task}
      - {id: waiting, return_data: false, metric: {namespace: Shop, metric_name: Waiting, dimensions: {Queue: shop}, stat: Sum}}
      - {id: running, return_data: false, metric: {namespace: Shop, metric_name: Running, stat: Average}}
  target_value: 10
",
        "
target_tracking: null
step_scaling:
  adjustment_type: ChangeInCapacity
  cooldown_seconds: 60
  metric_aggregation_type: Maximum
  steps:
    - {lower_bound: 0, upper_bound: 20, adjustment: 1}
    - {lower_bound: 20, adjustment: 3}
",
        "
step_scaling:
  adjustment_type: PercentChangeInCapacity
  min_adjustment_magnitude: 2
  steps: [{upper_bound: 0, adjustment: -20}]
",
        "name: shop-memory",
    ];
    const TRAITS: Traits =
        Traits { unique_by: &["name", "resource_id", "scalable_dimension", "service_namespace"], ..Traits::DEFAULT };
    const ERRORS: ErrorCodes = ErrorCodes {
        not_found: super::NOT_FOUND,
        conflict: super::CONFLICT,
        // The target may not be visible yet; one that is not there at all is found out when the deadline comes.
        not_visible_yet: &["ObjectNotFoundException: No scalable target registered"],
        ..ErrorCodes::NONE
    };

    type Spec = Spec;
    type Outputs = Outputs;

    async fn read(cx: &Cx, requests: &[ReadRequest]) -> Result<Vec<Option<Found<Self>>>> {
        read_each(requests, |request| read_one(cx, request, requests.len() > 1)).await
    }

    /// Policies have no tags: one is known by its name, on a target of this stack.
    async fn find(cx: &Cx, _owner: &Owner, spec: &Spec) -> Result<Option<PhysicalId>> {
        let parts = parts(spec);
        Ok(describe(cx, &parts).await?.map(|_| parts.id()))
    }

    async fn create(cx: &Cx, spec: &Spec, _owner: &Owner) -> Result<PhysicalId> {
        write::put(cx, spec)?.send().await?;
        Ok(parts(spec).id())
    }

    /// The call overwrites all of it. A policy of another type is another policy.
    async fn update(cx: &Cx, id: &PhysicalId, from: &Spec, to: &Spec) -> Result<()> {
        if from.target_tracking.is_some() != to.target_tracking.is_some() {
            Self::delete(cx, id).await?;
        }
        write::put(cx, to)?.send().await?;
        Ok(())
    }

    async fn delete(cx: &Cx, id: &PhysicalId) -> Result<()> {
        let parts = Parts::of(id)?;
        cx.applicationautoscaling()
            .delete_scaling_policy()
            .policy_name(parts.policy)
            .service_namespace(parts.namespace.into())
            .resource_id(parts.resource)
            .scalable_dimension(parts.dimension.into())
            .send()
            .await?;
        Ok(())
    }

    fn check(spec: &Spec) -> Vec<String> {
        spec::check(spec)
    }
}

fn parts(spec: &Spec) -> Parts<'_> {
    let (namespace, dimension) = (&spec.service_namespace, &spec.scalable_dimension);
    Parts { namespace, resource: &spec.resource_id, dimension, policy: &spec.name }
}

fn parts_of(live: &Described) -> Parts<'_> {
    let (namespace, dimension) = (live.service_namespace.as_str(), live.scalable_dimension.as_str());
    Parts { namespace, resource: &live.resource_id, dimension, policy: &live.policy_name }
}

/// Listed reads of several policies take them from one list for the whole region; one that is missing there may be
/// a moment old.
async fn read_one(cx: &Cx, request: &ReadRequest, many: bool) -> Result<Option<Found<ScalingPolicy>>> {
    let parts = Parts::of(&request.id)?;
    if many && cx.mode == ReadMode::Listed {
        let listed = cx.cached(&format!("scaling-policies/{}", parts.namespace), list(cx, parts.namespace)).await?;
        if let Some(live) = listed.iter().find(|live| parts_of(live) == parts) {
            return Ok(Some(found_of(live)));
        }
    }
    Ok(describe(cx, &parts).await?.as_ref().map(found_of))
}

async fn list(cx: &Cx, namespace: &str) -> Result<Vec<Described>> {
    let call = cx.applicationautoscaling().describe_scaling_policies().service_namespace(namespace.into());
    Ok(call.into_paginator().items().send().try_collect().await?)
}

async fn describe(cx: &Cx, parts: &Parts<'_>) -> Result<Option<Described>> {
    let call = cx.applicationautoscaling().describe_scaling_policies().service_namespace(parts.namespace.into());
    let call = call.resource_id(parts.resource).scalable_dimension(parts.dimension.into());
    let answer = call.policy_names(parts.policy).send().await?;
    Ok(answer.scaling_policies.unwrap_or_default().into_iter().find(|live| parts_of(live) == *parts))
}

fn found_of(live: &Described) -> Found<ScalingPolicy> {
    let is = |kind: &PolicyType| live.policy_type == *kind;
    let tracking = live.target_tracking_scaling_policy_configuration.as_ref();
    let steps = live.step_scaling_policy_configuration.as_ref();
    let spec = Spec {
        name: live.policy_name.clone(),
        service_namespace: live.service_namespace.as_str().to_owned(),
        resource_id: live.resource_id.clone(),
        scalable_dimension: live.scalable_dimension.as_str().to_owned(),
        target_tracking: tracking.filter(|_| is(&PolicyType::TargetTrackingScaling)).map(read::tracking_of),
        step_scaling: steps.filter(|_| is(&PolicyType::StepScaling)).map(read::steps_of),
    };
    Found::serving(spec, Outputs { arn: live.policy_arn.clone() })
}
