//! The one call that makes and changes a policy, and how AWS's answer reads in the same form.

use aws_sdk_autoscaling::operation::put_scaling_policy::builders::PutScalingPolicyFluentBuilder;
use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, PredefinedMetricSpecification, PredictiveScalingConfiguration,
    PredictiveScalingMetricSpecification, PredictiveScalingPredefinedMetricPair, ScalingPolicy as Described,
    StepAdjustment as AwsStep, TargetTrackingConfiguration,
};

use super::spec::{Custom, Predictive, Simple, Spec, Step, StepAdjustment, TargetTracking};
use crate::aws::{Cx, Result, from_wire, parse_wire, to_wire};

/// The call for a whole policy.
pub(super) fn put(cx: &Cx, spec: &Spec) -> PutScalingPolicyFluentBuilder {
    let call = cx
        .autoscaling()
        .put_scaling_policy()
        .auto_scaling_group_name(&spec.auto_scaling_group_name)
        .policy_name(&spec.name)
        .policy_type(spec.policy_type())
        .set_enabled(spec.enabled)
        .set_estimated_instance_warmup(spec.estimated_instance_warmup_seconds)
        .set_target_tracking_configuration(spec.target_tracking.as_ref().map(tracking))
        .set_predictive_scaling_configuration(spec.predictive.as_ref().map(predictive));
    if let Some(step) = &spec.step {
        return call
            .adjustment_type(to_wire(step.adjustment_type))
            .set_step_adjustments(Some(step.steps.iter().map(step_adjustment).collect()))
            .set_metric_aggregation_type(step.aggregation.map(to_wire))
            .set_min_adjustment_magnitude(step.min_adjustment_magnitude);
    }
    let Some(simple) = &spec.simple else { return call };
    call.adjustment_type(to_wire(simple.adjustment_type))
        .scaling_adjustment(simple.adjustment)
        .set_cooldown(simple.cooldown_seconds)
        .set_min_adjustment_magnitude(simple.min_adjustment_magnitude)
}

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

fn tracking(wanted: &TargetTracking) -> TargetTrackingConfiguration {
    let predefined = wanted.metric.map(|metric| {
        let of = PredefinedMetricSpecification::builder().predefined_metric_type(to_wire(metric).as_str().into());
        of.set_resource_label(wanted.resource_label.clone()).build()
    });
    TargetTrackingConfiguration::builder()
        .set_predefined_metric_specification(predefined)
        .set_customized_metric_specification(wanted.custom.as_ref().map(custom))
        .target_value(wanted.target_value)
        .set_disable_scale_in(wanted.disable_scale_in)
        .build()
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

fn custom(wanted: &Custom) -> CustomizedMetricSpecification {
    let dimension = |(name, value)| MetricDimension::builder().name(name).value(value).build();
    let dimensions = wanted.dimensions.clone().filter(|all| !all.is_empty());
    CustomizedMetricSpecification::builder()
        .namespace(&wanted.namespace)
        .metric_name(&wanted.metric_name)
        .set_dimensions(dimensions.map(|all| all.into_iter().map(dimension).collect()))
        .statistic(to_wire(wanted.statistic).as_str().into())
        .set_unit(wanted.unit.clone())
        .set_period(wanted.period_seconds)
        .build()
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

fn step_adjustment(wanted: &StepAdjustment) -> AwsStep {
    AwsStep::builder()
        .set_metric_interval_lower_bound(wanted.lower)
        .set_metric_interval_upper_bound(wanted.upper)
        .scaling_adjustment(wanted.adjustment)
        .build()
}

fn step_of(live: &AwsStep) -> StepAdjustment {
    StepAdjustment {
        lower: live.metric_interval_lower_bound,
        upper: live.metric_interval_upper_bound,
        adjustment: live.scaling_adjustment.unwrap_or_default(),
    }
}

fn predictive(wanted: &Predictive) -> PredictiveScalingConfiguration {
    let pair = PredictiveScalingPredefinedMetricPair::builder()
        .predefined_metric_type(to_wire(wanted.metric).as_str().into())
        .set_resource_label(wanted.resource_label.clone())
        .build();
    let metric = PredictiveScalingMetricSpecification::builder().target_value(wanted.target_value);
    PredictiveScalingConfiguration::builder()
        .metric_specifications(metric.predefined_metric_pair_specification(pair).build())
        .set_mode(wanted.mode.map(|case| to_wire(case).as_str().into()))
        .set_max_capacity_breach_behavior(wanted.max_capacity_breach_behavior.map(|case| to_wire(case).as_str().into()))
        .set_max_capacity_buffer(wanted.max_capacity_buffer)
        .set_scheduling_buffer_time(wanted.scheduling_buffer_seconds)
        .build()
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
