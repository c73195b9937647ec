//! A policy, as AWS tells it.

use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, PredictiveScalingConfiguration, ScalingPolicy as Described,
    StepAdjustment as AwsStep, TargetTrackingConfiguration,
};

use super::spec::{Custom, Predictive, Simple, Spec, Step, StepAdjustment, TargetTracking};
use crate::aws::{Result, from_wire, parse_wire};

/// A policy as AWS tells it.
pub(super) fn spec(live: Described) -> Result<Spec> {
    let adjustment = live.adjustment_type.as_deref();
    let step = match live.policy_type.as_deref() {
        Some("StepScaling") => Some(Step {
            adjustment_type: parse_wire("type of adjustment", adjustment.unwrap_or_default())?,
            steps: live.step_adjustments.unwrap_or_default().iter().map(step_of).collect(),
            aggregation: live.metric_aggregation_type.as_deref().and_then(from_wire),
            min_adjustment_magnitude: live.min_adjustment_magnitude,
        }),
        _ => None,
    };
    let simple = match live.policy_type.as_deref() {
        Some("SimpleScaling") => Some(Simple {
            adjustment_type: parse_wire("type of adjustment", adjustment.unwrap_or_default())?,
            adjustment: live.scaling_adjustment.unwrap_or_default(),
            cooldown_seconds: live.cooldown,
            min_adjustment_magnitude: live.min_adjustment_magnitude,
        }),
        _ => None,
    };
    Ok(Spec {
        auto_scaling_group_name: live.auto_scaling_group_name.unwrap_or_default(),
        name: live.policy_name.unwrap_or_default(),
        enabled: Some(live.enabled.unwrap_or(true)),
        target_tracking: live.target_tracking_configuration.map(tracking_of),
        step,
        simple,
        predictive: live.predictive_scaling_configuration.map(predictive_of).transpose()?,
        estimated_instance_warmup_seconds: live.estimated_instance_warmup,
    })
}

fn tracking_of(live: TargetTrackingConfiguration) -> TargetTracking {
    let predefined = live.predefined_metric_specification;
    TargetTracking {
        metric: predefined
            .as_ref()
            .and_then(|of| of.predefined_metric_type())
            .and_then(|metric| from_wire(metric.as_str())),
        resource_label: predefined.and_then(|of| of.resource_label),
        custom: live.customized_metric_specification.and_then(custom_of),
        target_value: live.target_value.unwrap_or_default(),
        disable_scale_in: Some(live.disable_scale_in.unwrap_or(false)),
    }
}

/// One that calculates over several metrics is not ours, and reads as none.
fn custom_of(live: CustomizedMetricSpecification) -> Option<Custom> {
    let dimensions = live.dimensions.unwrap_or_default().into_iter();
    let pair = |one: MetricDimension| (one.name.unwrap_or_default(), one.value.unwrap_or_default());
    Some(Custom {
        namespace: live.namespace?,
        metric_name: live.metric_name?,
        dimensions: Some(dimensions.map(pair).collect()),
        statistic: live.statistic.and_then(|of| from_wire(of.as_str()))?,
        unit: live.unit,
        period_seconds: live.period,
    })
}

fn step_of(live: &AwsStep) -> StepAdjustment {
    StepAdjustment {
        lower: live.metric_interval_lower_bound,
        upper: live.metric_interval_upper_bound,
        adjustment: live.scaling_adjustment.unwrap_or_default(),
    }
}

fn predictive_of(live: PredictiveScalingConfiguration) -> Result<Predictive> {
    let metric = live.metric_specifications.unwrap_or_default().into_iter().next();
    let target_value = metric.as_ref().and_then(|metric| metric.target_value).unwrap_or_default();
    let pair = metric.and_then(|metric| metric.predefined_metric_pair_specification);
    let kind = pair.as_ref().and_then(|pair| pair.predefined_metric_type()).map_or("", |of| of.as_str());
    Ok(Predictive {
        metric: parse_wire("predictive metric", kind)?,
        resource_label: pair.as_ref().and_then(|pair| pair.resource_label.clone()),
        target_value,
        mode: live.mode.and_then(|mode| from_wire(mode.as_str())),
        max_capacity_breach_behavior: live.max_capacity_breach_behavior.and_then(|of| from_wire(of.as_str())),
        max_capacity_buffer: live.max_capacity_buffer,
        scheduling_buffer_seconds: live.scheduling_buffer_time,
    })
}
