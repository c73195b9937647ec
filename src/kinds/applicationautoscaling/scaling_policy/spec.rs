//! Fields of a scaling policy, and rules beyond the schema.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fields of a scaling policy. Exactly one of `target_tracking` and `step_scaling` is required.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Spec {
    /// Name, unique on its target; up to 256 characters. A change replaces.
    #[schemars(length(min = 1, max = 256), extend("x-change" = "replace"))]
    pub name: String,
    /// The service that the target is part of, such as `ecs`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+$"), extend("x-change" = "replace"))]
    pub service_namespace: String,
    /// Scaled resource: the `resource_id` of a scalable target. A change replaces.
    #[schemars(length(min = 1, max = 1600), regex(pattern = r"^[^|]+$"), extend("x-change" = "replace"))]
    pub resource_id: String,
    /// Scaled dimension, such as `ecs:service:DesiredCount`. A change replaces.
    #[schemars(regex(pattern = "^[a-z-]+:[a-z-]+:[A-Za-z]+$"), extend("x-change" = "replace"))]
    pub scalable_dimension: String,
    /// Keeps a metric at a value, as a thermostat does.
    pub target_tracking: Option<TargetTracking>,
    /// Steps that an alarm takes, which calls the policy by its ARN.
    pub step_scaling: Option<StepScaling>,
}

/// Keeps a metric at a value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct TargetTracking {
    /// A metric that AWS knows, such as `ECSServiceAverageCPUUtilization` or `ALBRequestCountPerTarget`.
    /// Exactly one of this and `customized_metric` is required.
    #[schemars(length(min = 1), extend("x-highlight" = true))]
    pub metric: Option<String>,
    /// Of `ALBRequestCountPerTarget`: `app/<name>/<id>/targetgroup/<name>/<id>`, the `full_name` of the load balancer
    /// and of the target group. It tracks that one target group only.
    #[schemars(length(min = 1, max = 1023))]
    pub resource_label: Option<String>,
    /// A metric of one's own.
    pub customized_metric: Option<CustomizedMetric>,
    /// The value that it is kept at.
    #[schemars(extend("x-highlight" = true))]
    pub target_value: f64,
    /// Cooldown after scaling in in seconds; 300 of ECS when left out.
    #[schemars(range(min = 0))]
    pub scale_in_cooldown_seconds: Option<i32>,
    /// Cooldown after scaling out in seconds; 300 of ECS when left out.
    #[schemars(range(min = 0))]
    pub scale_out_cooldown_seconds: Option<i32>,
    /// Scaling out only, never in; false when left out.
    #[schemars(extend("default" = false))]
    pub disable_scale_in: Option<bool>,
}

/// A metric of one's own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct CustomizedMetric {
    /// Name space. Either `namespace`, `metric_name` and `statistic` or `metrics` are wanted.
    pub namespace: Option<String>,
    /// Name.
    pub metric_name: Option<String>,
    /// Dimensions, by name.
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Statistic over the values of one minute.
    pub statistic: Option<Statistic>,
    /// Unit that it is published in.
    pub unit: Option<String>,
    /// Metrics and calculations over them; exactly one returns data. Up to 10.
    #[schemars(length(max = 10), extend("x-key" = "id"))]
    pub metrics: Option<Vec<Query>>,
}

/// Statistic over the values of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    Average,
    Minimum,
    Maximum,
    SampleCount,
    Sum,
}

/// One metric, or one calculation over others.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Query {
    /// Id in other expressions: letters, digits and `_`, a small letter first.
    #[schemars(length(max = 255), regex(pattern = "^[a-z][a-zA-Z0-9_]*$"))]
    pub id: String,
    /// A calculation. Exactly one of this and `metric` is required.
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// A metric.
    pub metric: Option<Series>,
    /// Label in graphs.
    pub label: Option<String>,
    /// True for the query that is tracked; true when left out.
    #[schemars(extend("default" = true))]
    pub return_data: Option<bool>,
}

/// One metric among several.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Series {
    /// Name space.
    pub namespace: String,
    /// Name.
    pub metric_name: String,
    /// Dimensions, by name.
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Statistic over the values of one minute: `Sum`, `Average`, `p99` and so on.
    pub stat: String,
    /// Unit that it is published in.
    pub unit: Option<String>,
}

/// Steps that an alarm takes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct StepScaling {
    /// Meaning of the steps' adjustments.
    pub adjustment_type: Adjustment,
    /// The steps; up to 20. Their bounds are distances from the alarm's threshold, and leave no gap.
    #[schemars(length(min = 1, max = 20))]
    pub steps: Vec<Step>,
    /// The least that a percentage changes.
    #[schemars(range(min = 1))]
    pub min_adjustment_magnitude: Option<i32>,
    /// Cooldown after a step in seconds; 300 of ECS when left out.
    #[schemars(range(min = 0))]
    pub cooldown_seconds: Option<i32>,
    /// Aggregation of data points; `Average` when left out.
    #[schemars(extend("default" = "Average"))]
    pub metric_aggregation_type: Option<Aggregation>,
}

/// Meaning of the steps' adjustments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::enum_variant_names, reason = "AWS's own words")]
pub enum Adjustment {
    /// So many more or fewer.
    ChangeInCapacity,
    /// So many percent more or fewer.
    PercentChangeInCapacity,
    /// So many.
    ExactCapacity,
}

/// Aggregation of data points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Aggregation {
    Average,
    Minimum,
    Maximum,
}

/// A step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-whole" = true))]
pub struct Step {
    /// From where it counts, above the threshold; from everywhere below when left out.
    pub lower_bound: Option<f64>,
    /// Up to where it counts; without end when left out.
    pub upper_bound: Option<f64>,
    /// By how much, or to what, it scales.
    pub adjustment: i32,
}

/// Outputs of a scaling policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN: what an alarm calls. Another one after it became a policy of another type.
    #[schemars(extend("x-volatile" = true))]
    pub arn: String,
}

/// Faults of a policy that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    if spec.target_tracking.is_some() == spec.step_scaling.is_some() {
        faults.push("exactly one of `target_tracking` and `step_scaling` is required".to_owned());
    }
    if let Some(tracking) = &spec.target_tracking {
        faults.extend(check_tracking(tracking));
    }
    if let Some(steps) = &spec.step_scaling {
        faults.extend(check_steps(steps));
    }
    faults
}

fn check_tracking(tracking: &TargetTracking) -> Vec<String> {
    let mut faults = Vec::new();
    if tracking.metric.is_some() == tracking.customized_metric.is_some() {
        faults.push("exactly one of `metric` and `customized_metric` is required".to_owned());
    }
    let by_requests = tracking.metric.as_deref() == Some("ALBRequestCountPerTarget");
    if by_requests != tracking.resource_label.is_some() {
        faults.push(
            "`metric: ALBRequestCountPerTarget` needs `resource_label`, which has no effect without it".to_owned(),
        );
    }
    let Some(metric) = &tracking.customized_metric else { return faults };
    let one = metric.namespace.is_some() && metric.metric_name.is_some() && metric.statistic.is_some();
    let any_of_one = metric.namespace.is_some() || metric.metric_name.is_some() || metric.statistic.is_some();
    match &metric.metrics {
        None if !one => faults.push("a metric needs `namespace`, `metric_name` and `statistic`".to_owned()),
        Some(_) if any_of_one => {
            faults.push("`metrics` excludes `namespace`, `metric_name` and `statistic`".to_owned());
        }
        Some(metrics) => {
            if metrics.iter().filter(|query| query.return_data.unwrap_or(true)).count() != 1 {
                faults.push("exactly one of `metrics` must return data".to_owned());
            }
            let ids: BTreeSet<&String> = metrics.iter().map(|query| &query.id).collect();
            if ids.len() < metrics.len() {
                faults.push("duplicate `id` in `metrics`".to_owned());
            }
            let wrong = metrics.iter().filter(|query| query.expression.is_some() == query.metric.is_some());
            faults.extend(wrong.map(|query| format!("`{}` needs exactly one of `expression` and `metric`", query.id)));
        }
        None => {}
    }
    faults
}

fn check_steps(scaling: &StepScaling) -> Vec<String> {
    let mut faults = Vec::new();
    if scaling.min_adjustment_magnitude.is_some() && scaling.adjustment_type != Adjustment::PercentChangeInCapacity {
        faults.push(
            "`min_adjustment_magnitude` has no effect without `adjustment_type: PercentChangeInCapacity`".to_owned(),
        );
    }
    let mut steps: Vec<&Step> = scaling.steps.iter().collect();
    let low = |step: &Step| step.lower_bound.unwrap_or(f64::NEG_INFINITY);
    let high = |step: &Step| step.upper_bound.unwrap_or(f64::INFINITY);
    if steps.iter().any(|step| low(step) >= high(step)) {
        faults.push("a step's `lower_bound` must be below its `upper_bound`".to_owned());
    }
    steps.sort_by(|one, other| low(one).total_cmp(&low(other)));
    let meet = |pair: &[&Step]| high(pair[0]).total_cmp(&low(pair[1])).is_eq();
    if !steps.windows(2).all(meet) {
        faults.push("the steps overlap or leave a gap".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_steps_are_faults() {
        let check = |yaml: &str| {
            let steps: Vec<Step> = serde_yaml::from_str(yaml).expect("steps");
            check_steps(&StepScaling {
                adjustment_type: Adjustment::ChangeInCapacity,
                steps,
                min_adjustment_magnitude: None,
                cooldown_seconds: None,
                metric_aggregation_type: None,
            })
        };
        let good = "[{lower_bound: 20, adjustment: 3}, {lower_bound: 0, upper_bound: 20, adjustment: 1}]";
        assert_eq!(check(good), Vec::<String>::new());
        let gap = "[{lower_bound: 0, upper_bound: 10, adjustment: 1}, {lower_bound: 20, adjustment: 3}]";
        assert_eq!(check(gap), ["the steps overlap or leave a gap"]);
        let turned = "[{lower_bound: 5, upper_bound: 5, adjustment: 1}]";
        assert_eq!(check(turned), ["a step's `lower_bound` must be below its `upper_bound`"]);
    }
}
