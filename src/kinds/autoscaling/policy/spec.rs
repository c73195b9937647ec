//! Fields of a scaling policy, and rules beyond the schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fields of a policy. Exactly one of `target_tracking`, `step`, `simple` and `predictive` is required.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name of the group. A change replaces.
    #[schemars(extend("x-change" = "replace"))]
    pub auto_scaling_group_name: String,
    /// Name, unique in the group; 1 to 255 characters. A change replaces.
    #[schemars(length(min = 1, max = 255), extend("x-change" = "replace"))]
    pub name: String,
    /// Policy on or off; true when left out.
    pub enabled: Option<bool>,
    /// So many instances that a metric stays at a value.
    pub target_tracking: Option<TargetTracking>,
    /// More or fewer instances, the further an alarm's metric is from its threshold. The alarm names the policy.
    pub step: Option<Step>,
    /// More or fewer instances whenever an alarm fires. The alarm names the policy.
    pub simple: Option<Simple>,
    /// So many instances as a forecast for the next two days says.
    pub predictive: Option<Predictive>,
    /// Seconds until a new instance counts in the metric, with `target_tracking` and `step`; the group's
    /// `default_instance_warmup_seconds` when left out.
    #[schemars(range(min = 0))]
    pub estimated_instance_warmup_seconds: Option<i32>,
}

/// So many instances that a metric stays at a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTracking {
    /// A metric that AWS has. Exactly one of this and `custom` is required.
    #[schemars(extend("x-highlight" = true))]
    pub metric: Option<Metric>,
    /// With `ALBRequestCountPerTarget`: the load balancer's and the target group's full names,
    /// `app/name/id/targetgroup/name/id`. The target group must be one of the group's.
    #[schemars(length(min = 1, max = 1023))]
    pub resource_label: Option<String>,
    /// A metric of your own, which falls as instances are added.
    pub custom: Option<Custom>,
    /// The value it stays at.
    #[schemars(extend("x-highlight" = true))]
    pub target_value: f64,
    /// Growth only, never scaling in; false when left out.
    pub disable_scale_in: Option<bool>,
}

/// A metric that AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Metric {
    /// Average use of CPU, in per cent.
    #[serde(rename = "ASGAverageCPUUtilization")]
    Cpu,
    /// Average bytes received by an instance.
    #[serde(rename = "ASGAverageNetworkIn")]
    NetworkIn,
    /// Average bytes sent by an instance.
    #[serde(rename = "ASGAverageNetworkOut")]
    NetworkOut,
    /// Requests of an application load balancer for each target, in a minute.
    #[serde(rename = "ALBRequestCountPerTarget")]
    Requests,
}

/// A metric of your own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Custom {
    /// Name space of the metric.
    pub namespace: String,
    /// Name of the metric.
    pub metric_name: String,
    /// Dimensions, by name.
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Statistic over the values of one period.
    pub statistic: Statistic,
    /// Unit that the metric is published in.
    pub unit: Option<String>,
    /// Length of a period in seconds: 10, 30 or 60; 60 when left out.
    #[schemars(range(min = 1, max = 60))]
    pub period_seconds: Option<i32>,
}

/// Statistic over the values of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    /// Their average.
    Average,
    /// The least.
    Minimum,
    /// The most.
    Maximum,
    /// Number of values.
    SampleCount,
    /// Their sum.
    Sum,
}

/// More or fewer instances, the further a metric is from a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Meaning of the adjustments.
    pub adjustment_type: Adjustment,
    /// The steps, in rising order and without gaps.
    #[schemars(length(min = 1))]
    pub steps: Vec<StepAdjustment>,
    /// Statistic over the values of the metric; `Average` when left out.
    pub aggregation: Option<Aggregation>,
    /// Least number of instances by which it changes, with `PercentChangeInCapacity`.
    #[schemars(range(min = 1))]
    pub min_adjustment_magnitude: Option<i32>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepAdjustment {
    /// From how far above the threshold, this value in it; minus for below. Without an end when left out.
    pub lower: Option<f64>,
    /// Up to how far above the threshold, this value not in it.
    pub upper: Option<f64>,
    /// By how much, or to how many.
    pub adjustment: i32,
}

/// More or fewer instances whenever an alarm fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simple {
    /// Meaning of the adjustment.
    pub adjustment_type: Adjustment,
    /// By how much, or to how many.
    pub adjustment: i32,
    /// Seconds until it can happen again; the group's `default_cooldown_seconds` when left out.
    #[schemars(range(min = 0))]
    pub cooldown_seconds: Option<i32>,
    /// Least number of instances by which it changes, with `PercentChangeInCapacity`.
    #[schemars(range(min = 1))]
    pub min_adjustment_magnitude: Option<i32>,
}

/// Meaning of an adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::enum_variant_names, reason = "AWS's own words")]
pub enum Adjustment {
    /// So many more, or fewer.
    ChangeInCapacity,
    /// So many.
    ExactCapacity,
    /// So many per cent more, or fewer.
    PercentChangeInCapacity,
}

/// Statistic over the values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Aggregation {
    /// The least.
    Minimum,
    /// The most.
    Maximum,
    /// Their average.
    Average,
}

/// So many instances as a forecast says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Predictive {
    /// Forecast metric and the metric held at the value.
    pub metric: Pair,
    /// With `ALBRequestCount`: the load balancer's and the target group's full names.
    #[schemars(length(min = 1, max = 1023))]
    pub resource_label: Option<String>,
    /// The value it stays at.
    pub target_value: f64,
    /// Scaling by the forecast, or the forecast alone; `ForecastOnly` when left out.
    pub mode: Option<Mode>,
    /// Behaviour when the forecast comes near `max_size`; the limit stays when left out.
    pub max_capacity_breach_behavior: Option<Breach>,
    /// With `IncreaseMaxCapacity`: how far above the forecast it may go, in per cent.
    #[schemars(range(min = 0, max = 100))]
    pub max_capacity_buffer: Option<i32>,
    /// Seconds by which instances are launched early, 0 to 3600; 300 when left out.
    #[schemars(range(min = 0, max = 3600))]
    pub scheduling_buffer_seconds: Option<i32>,
}

/// Forecast metric and the metric held at the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Pair {
    /// Use of CPU.
    #[serde(rename = "ASGCPUUtilization")]
    Cpu,
    /// Bytes received.
    #[serde(rename = "ASGNetworkIn")]
    NetworkIn,
    /// Bytes sent.
    #[serde(rename = "ASGNetworkOut")]
    NetworkOut,
    /// Requests of an application load balancer.
    #[serde(rename = "ALBRequestCount")]
    Requests,
}

/// Use of a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Instances are launched.
    ForecastAndScale,
    /// It can be looked at.
    ForecastOnly,
}

/// Behaviour when a forecast comes near the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Breach {
    /// It stays.
    HonorMaxCapacity,
    /// There may be more.
    IncreaseMaxCapacity,
}

impl Spec {
    /// AWS's word for what it is.
    pub(super) fn policy_type(&self) -> &'static str {
        if self.target_tracking.is_some() {
            "TargetTrackingScaling"
        } else if self.step.is_some() {
            "StepScaling"
        } else if self.predictive.is_some() {
            "PredictiveScaling"
        } else {
            "SimpleScaling"
        }
    }
}

/// Faults that the schema does not find.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rule = |broken: bool, words: &str| {
        if broken {
            faults.push(words.to_owned());
        }
    };
    let cases = [spec.target_tracking.is_some(), spec.step.is_some(), spec.simple.is_some(), spec.predictive.is_some()];
    let count = cases.into_iter().filter(|there| *there).count();
    rule(count != 1, "exactly one of `target_tracking`, `step`, `simple` and `predictive` is required");
    let warms = spec.target_tracking.is_some() || spec.step.is_some();
    let warmup = spec.estimated_instance_warmup_seconds.is_some();
    rule(warmup && !warms, "`estimated_instance_warmup_seconds` has no effect without `target_tracking` or `step`");
    if let Some(tracking) = &spec.target_tracking {
        let both = tracking.metric.is_some() == tracking.custom.is_some();
        rule(both, "`target_tracking` needs exactly one of `metric` and `custom`");
        let requests = tracking.metric == Some(Metric::Requests);
        rule(
            requests != tracking.resource_label.is_some(),
            "`metric: ALBRequestCountPerTarget` needs `resource_label`, which has no effect without it",
        );
    }
    if let Some(predictive) = &spec.predictive {
        let requests = predictive.metric == Pair::Requests;
        rule(
            requests != predictive.resource_label.is_some(),
            "`metric: ALBRequestCount` needs `resource_label`, which has no effect without it",
        );
        let more = predictive.max_capacity_breach_behavior == Some(Breach::IncreaseMaxCapacity);
        rule(
            more != predictive.max_capacity_buffer.is_some(),
            "`IncreaseMaxCapacity` needs `max_capacity_buffer`, which has no effect without it",
        );
    }
    if let Some(step) = &spec.step {
        let gap = step.steps.windows(2).any(|pair| pair[0].upper.is_none() || pair[0].upper != pair[1].lower);
        rule(gap, "each of `steps` must begin where the one before it ends");
    }
    faults
}
