//! The one call that makes and changes a scaling policy.

use aws_sdk_applicationautoscaling::operation::put_scaling_policy::builders::PutScalingPolicyFluentBuilder;
use aws_sdk_applicationautoscaling::types as aws;

use super::spec::{CustomizedMetric, Query, Series, Spec, Step, StepScaling, TargetTracking};
use crate::aws::{Cx, Result, to_wire};
use crate::kinds::applicationautoscaling::incomplete;

/// The call for a whole policy.
pub(super) fn put(cx: &Cx, spec: &Spec) -> Result<PutScalingPolicyFluentBuilder> {
    let kind = match spec.step_scaling {
        Some(_) => aws::PolicyType::StepScaling,
        None => aws::PolicyType::TargetTrackingScaling,
    };
    Ok(cx
        .applicationautoscaling()
        .put_scaling_policy()
        .policy_name(&spec.name)
        .service_namespace(spec.service_namespace.as_str().into())
        .resource_id(&spec.resource_id)
        .scalable_dimension(spec.scalable_dimension.as_str().into())
        .policy_type(kind)
        .set_target_tracking_scaling_policy_configuration(spec.target_tracking.as_ref().map(tracking).transpose()?)
        .set_step_scaling_policy_configuration(spec.step_scaling.as_ref().map(steps).transpose()?))
}

fn tracking(wanted: &TargetTracking) -> Result<aws::TargetTrackingScalingPolicyConfiguration> {
    let known = wanted.metric.as_ref().map(|metric| {
        aws::PredefinedMetricSpecification::builder()
            .predefined_metric_type(metric.as_str().into())
            .set_resource_label(wanted.resource_label.clone())
            .build()
            .map_err(|error| incomplete(&error))
    });
    let own = wanted.customized_metric.as_ref().map(customized).transpose()?;
    aws::TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(wanted.target_value)
        .set_predefined_metric_specification(known.transpose()?)
        .set_customized_metric_specification(own)
        .set_scale_in_cooldown(wanted.scale_in_cooldown_seconds)
        .set_scale_out_cooldown(wanted.scale_out_cooldown_seconds)
        .set_disable_scale_in(wanted.disable_scale_in)
        .build()
        .map_err(|error| incomplete(&error))
}

fn customized(wanted: &CustomizedMetric) -> Result<aws::CustomizedMetricSpecification> {
    let dimension = |(name, value): (&String, &String)| {
        let dimension = aws::MetricDimension::builder().name(name).value(value).build();
        dimension.map_err(|error| incomplete(&error))
    };
    let dimensions = wanted.dimensions.as_ref().map(|all| all.iter().map(dimension).collect::<Result<_>>());
    let metrics = wanted.metrics.as_ref().map(|all| all.iter().map(query).collect::<Result<_>>());
    Ok(aws::CustomizedMetricSpecification::builder()
        .set_namespace(wanted.namespace.clone())
        .set_metric_name(wanted.metric_name.clone())
        .set_dimensions(dimensions.transpose()?)
        .set_statistic(wanted.statistic.map(|case| to_wire(case).as_str().into()))
        .set_unit(wanted.unit.clone())
        .set_metrics(metrics.transpose()?)
        .build())
}

fn query(wanted: &Query) -> Result<aws::TargetTrackingMetricDataQuery> {
    aws::TargetTrackingMetricDataQuery::builder()
        .id(&wanted.id)
        .set_expression(wanted.expression.clone())
        .set_metric_stat(wanted.metric.as_ref().map(series).transpose()?)
        .set_label(wanted.label.clone())
        .set_return_data(wanted.return_data)
        .build()
        .map_err(|error| incomplete(&error))
}

fn series(wanted: &Series) -> Result<aws::TargetTrackingMetricStat> {
    let dimension = |(name, value): (&String, &String)| {
        let dimension = aws::TargetTrackingMetricDimension::builder().name(name).value(value).build();
        dimension.map_err(|error| incomplete(&error))
    };
    let dimensions = wanted.dimensions.as_ref().map(|all| all.iter().map(dimension).collect::<Result<_>>());
    let metric = aws::TargetTrackingMetric::builder()
        .namespace(&wanted.namespace)
        .metric_name(&wanted.metric_name)
        .set_dimensions(dimensions.transpose()?);
    let stat = aws::TargetTrackingMetricStat::builder().metric(metric.build()).stat(&wanted.stat);
    stat.set_unit(wanted.unit.clone()).build().map_err(|error| incomplete(&error))
}

fn steps(wanted: &StepScaling) -> Result<aws::StepScalingPolicyConfiguration> {
    let step = |step: &Step| {
        aws::StepAdjustment::builder()
            .set_metric_interval_lower_bound(step.lower_bound)
            .set_metric_interval_upper_bound(step.upper_bound)
            .scaling_adjustment(step.adjustment)
            .build()
            .map_err(|error| incomplete(&error))
    };
    Ok(aws::StepScalingPolicyConfiguration::builder()
        .adjustment_type(to_wire(wanted.adjustment_type).as_str().into())
        .set_step_adjustments(Some(wanted.steps.iter().map(step).collect::<Result<_>>()?))
        .set_min_adjustment_magnitude(wanted.min_adjustment_magnitude)
        .set_cooldown(wanted.cooldown_seconds)
        .set_metric_aggregation_type(wanted.metric_aggregation_type.map(|case| to_wire(case).as_str().into()))
        .build())
}
