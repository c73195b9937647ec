//! The one call that makes and changes a policy.

use aws_sdk_autoscaling::operation::put_scaling_policy::builders::PutScalingPolicyFluentBuilder;
use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, PredefinedMetricSpecification, PredictiveScalingConfiguration,
    PredictiveScalingMetricSpecification, PredictiveScalingPredefinedMetricPair, StepAdjustment as AwsStep,
    TargetTrackingConfiguration,
};

use super::spec::{Custom, Predictive, Spec, StepAdjustment, TargetTracking};
use crate::aws::{Cx, to_wire};

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

fn step_adjustment(wanted: &StepAdjustment) -> AwsStep {
    AwsStep::builder()
        .set_metric_interval_lower_bound(wanted.lower)
        .set_metric_interval_upper_bound(wanted.upper)
        .scaling_adjustment(wanted.adjustment)
        .build()
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
