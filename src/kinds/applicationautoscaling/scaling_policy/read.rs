//! A scaling policy, as AWS tells it.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types as aws;

use super::spec::{
    Adjustment, Aggregation, CustomizedMetric, Query, Series, Statistic, Step, StepScaling, TargetTracking,
};
use crate::aws::from_wire;

/// Target tracking as AWS tells it.
pub(super) fn tracking_of(live: &aws::TargetTrackingScalingPolicyConfiguration) -> TargetTracking {
    let known = live.predefined_metric_specification.as_ref();
    TargetTracking {
        metric: known.map(|known| known.predefined_metric_type.as_str().to_owned()),
        resource_label: known.and_then(|known| known.resource_label.clone()),
        customized_metric: live.customized_metric_specification.as_ref().map(customized_of),
        target_value: live.target_value,
        scale_in_cooldown_seconds: live.scale_in_cooldown,
        scale_out_cooldown_seconds: live.scale_out_cooldown,
        disable_scale_in: Some(live.disable_scale_in.unwrap_or(false)),
    }
}

fn customized_of(live: &aws::CustomizedMetricSpecification) -> CustomizedMetric {
    let dimensions = live.dimensions().iter().map(|one| (one.name.clone(), one.value.clone()));
    CustomizedMetric {
        namespace: live.namespace.clone(),
        metric_name: live.metric_name.clone(),
        dimensions: Some(dimensions.collect()),
        statistic: live.statistic.as_ref().and_then(|case| from_wire::<Statistic>(case.as_str())),
        unit: live.unit.clone(),
        metrics: live.metrics.as_ref().map(|all| all.iter().map(query_of).collect()),
    }
}

fn query_of(live: &aws::TargetTrackingMetricDataQuery) -> Query {
    Query {
        id: live.id.clone(),
        expression: live.expression.clone(),
        metric: live.metric_stat.as_ref().map(series_of),
        label: live.label.clone(),
        return_data: Some(live.return_data.unwrap_or(true)),
    }
}

fn series_of(live: &aws::TargetTrackingMetricStat) -> Series {
    let metric = live.metric.as_ref();
    let text =
        |get: fn(&aws::TargetTrackingMetric) -> Option<&str>| metric.and_then(get).unwrap_or_default().to_owned();
    let dimensions = metric.map(aws::TargetTrackingMetric::dimensions).unwrap_or_default();
    let dimensions: BTreeMap<_, _> = dimensions.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    Series {
        namespace: text(aws::TargetTrackingMetric::namespace),
        metric_name: text(aws::TargetTrackingMetric::metric_name),
        dimensions: Some(dimensions),
        stat: live.stat.clone(),
        unit: live.unit.clone(),
    }
}

/// Step scaling as AWS tells it.
pub(super) fn steps_of(live: &aws::StepScalingPolicyConfiguration) -> StepScaling {
    let step = |step: &aws::StepAdjustment| Step {
        lower_bound: step.metric_interval_lower_bound,
        upper_bound: step.metric_interval_upper_bound,
        adjustment: step.scaling_adjustment,
    };
    let kind = live.adjustment_type.as_ref().and_then(|kind| from_wire(kind.as_str()));
    let aggregation = live.metric_aggregation_type.as_ref().and_then(|case| from_wire(case.as_str()));
    StepScaling {
        adjustment_type: kind.unwrap_or(Adjustment::ChangeInCapacity),
        steps: live.step_adjustments().iter().map(step).collect(),
        min_adjustment_magnitude: live.min_adjustment_magnitude,
        cooldown_seconds: live.cooldown,
        metric_aggregation_type: Some(aggregation.unwrap_or(Aggregation::Average)),
    }
}
