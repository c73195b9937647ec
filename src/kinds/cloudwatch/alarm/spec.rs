//! The properties of an alarm, the rules for it, and how AWS's answer reads in the same form.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm, MetricDataQuery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::aws::{Result, Tags, from_wire, parse_wire};

/// The properties of an alarm.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, unique among all alarms of the region; 1 to 255 characters.
    #[schemars(length(min = 1, max = 255), extend("x-change" = "replace"))]
    pub name: String,
    /// Description, for whoever the alarm wakes; at most 1,024 characters.
    #[schemars(length(max = 1024), extend("x-reset" = ""))]
    pub description: Option<String>,
    /// Name space of the metric, such as `AWS/ApiGateway`. Not with `metrics`.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[^:]"))]
    pub namespace: Option<String>,
    /// Name of the metric. Either this or `metrics` is wanted.
    #[schemars(length(min = 1, max = 255), extend("x-highlight" = true))]
    pub metric_name: Option<String>,
    /// Dimensions of the metric, by name; up to 30.
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Statistic of the values of one period. `metric_name` needs either this or `extended_statistic`.
    pub statistic: Option<Statistic>,
    /// A percentile or trimmed statistic instead, such as `p99` or `tm90`. Route 53 cannot follow such an alarm.
    #[schemars(regex(pattern = r"^(p|tm|tc|ts|wm|PR|TM|TC|TS|WM|IQM).*$"))]
    pub extended_statistic: Option<String>,
    /// Length of a period in seconds: 10, 20, 30 or a multiple of 60.
    #[schemars(range(min = 10))]
    pub period: Option<i32>,
    /// Unit that the metric is published in. Left out, values of every unit count.
    pub unit: Option<Unit>,
    /// Metrics and calculations over them, instead of one metric. Exactly one returns data, or the
    /// metric and its band where `threshold_metric_id` stands.
    #[schemars(length(max = 100), extend("x-key" = "id"))]
    pub metrics: Option<Vec<Query>>,
    /// Over how many periods it is judged.
    #[schemars(range(min = 1))]
    pub evaluation_periods: i32,
    /// In how many of these periods the threshold must be crossed. AWS takes all of them when left out.
    /// Route 53 only follows alarms in which it is all of them.
    #[schemars(range(min = 1))]
    pub datapoints_to_alarm: Option<i32>,
    /// The value to compare with. Needed without `threshold_metric_id`.
    #[schemars(extend("x-highlight" = true))]
    pub threshold: Option<f64>,
    /// The id in `metrics` of the band that the value is compared with (anomaly detection).
    #[schemars(length(min = 1, max = 255))]
    pub threshold_metric_id: Option<String>,
    /// Comparison of the value with the threshold.
    #[schemars(extend("x-highlight" = true))]
    pub comparison_operator: Comparison,
    /// Treatment of a period without data; `missing` when left out. Alarms on `AWS/DynamoDB` ignore it.
    #[schemars(extend("x-reset" = "missing"))]
    pub treat_missing_data: Option<MissingData>,
    /// Treatment of a percentile over few samples; `evaluate` when left out.
    pub evaluate_low_sample_count_percentile: Option<LowSamples>,
    /// Runs the actions; true when left out.
    #[schemars(extend("x-reset" = true))]
    pub actions_enabled: Option<bool>,
    /// ARNs of what is told when it fires, such as an SNS topic of the same region; up to 5.
    #[schemars(length(max = 5), extend("x-unordered" = true, "x-reset" = []))]
    pub alarm_actions: Option<Vec<String>>,
    /// ARNs of what is told when all is well again; up to 5.
    #[schemars(length(max = 5), extend("x-unordered" = true, "x-reset" = []))]
    pub ok_actions: Option<Vec<String>>,
    /// ARNs of what is told when there is no data to judge; up to 5.
    #[schemars(length(max = 5), extend("x-unordered" = true, "x-reset" = []))]
    pub insufficient_data_actions: Option<Vec<String>>,
    /// Tags, by key. Tags that others add stay.
    #[schemars(extend("x-merge" = true))]
    pub tags: Option<Tags>,
}

/// One metric, or one calculation over others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Its id in other expressions: letters, digits and `_`, a small letter first.
    #[schemars(length(max = 255), regex(pattern = "^[a-z][a-zA-Z0-9_]*$"))]
    pub id: String,
    /// A calculation, such as `errors / calls`. Either this or `metric` is wanted.
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// A metric.
    pub metric: Option<Series>,
    /// Its label in graphs.
    pub label: Option<String>,
    /// Makes it the value that the alarm judges; true when left out.
    pub return_data: Option<bool>,
    /// Length of a period of an expression, in seconds.
    #[schemars(range(min = 1))]
    pub period: Option<i32>,
    /// The account that has the metric, if it is another one.
    #[schemars(length(min = 1, max = 255))]
    pub account_id: Option<String>,
}

/// One metric among several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Name space of the metric.
    #[schemars(length(min = 1, max = 255), regex(pattern = "^[^:]"))]
    pub namespace: String,
    /// Name of the metric.
    #[schemars(length(min = 1, max = 255))]
    pub metric_name: String,
    /// Dimensions, by name; up to 30.
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Statistic of the values of one period: `Sum`, `Average`, `p99` and so on.
    pub stat: String,
    /// Length of a period in seconds: 10, 20, 30 or a multiple of 60.
    #[schemars(range(min = 10))]
    pub period: i32,
    /// Unit that the metric is published in.
    pub unit: Option<Unit>,
}

/// Statistic of the values of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

/// Comparison of a value with the threshold. The last three go with `threshold_metric_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::enum_variant_names, reason = "AWS's own words")]
pub enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
    LessThanLowerOrGreaterThanUpperThreshold,
    LessThanLowerThreshold,
    GreaterThanUpperThreshold,
}

/// Treatment of a period without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// As trouble.
    Breaching,
    /// As all well.
    NotBreaching,
    /// The alarm stays as it is.
    Ignore,
    /// If all are missing, there is too little data to judge.
    Missing,
}

/// Treatment of a percentile over few samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LowSamples {
    /// It is judged.
    Evaluate,
    /// The alarm stays as it is.
    Ignore,
}

/// Unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    Seconds,
    Microseconds,
    Milliseconds,
    Bytes,
    Kilobytes,
    Megabytes,
    Gigabytes,
    Terabytes,
    Bits,
    Kilobits,
    Megabits,
    Gigabits,
    Terabits,
    Percent,
    Count,
    #[serde(rename = "Bytes/Second")]
    BytesPerSecond,
    #[serde(rename = "Kilobytes/Second")]
    KilobytesPerSecond,
    #[serde(rename = "Megabytes/Second")]
    MegabytesPerSecond,
    #[serde(rename = "Gigabytes/Second")]
    GigabytesPerSecond,
    #[serde(rename = "Terabytes/Second")]
    TerabytesPerSecond,
    #[serde(rename = "Bits/Second")]
    BitsPerSecond,
    #[serde(rename = "Kilobits/Second")]
    KilobitsPerSecond,
    #[serde(rename = "Megabits/Second")]
    MegabitsPerSecond,
    #[serde(rename = "Gigabits/Second")]
    GigabitsPerSecond,
    #[serde(rename = "Terabits/Second")]
    TerabitsPerSecond,
    #[serde(rename = "Count/Second")]
    CountPerSecond,
    None,
}

/// The spec of a live alarm, without its tags.
pub(super) fn of(live: MetricAlarm) -> Result<Spec> {
    let comparison = live.comparison_operator.as_ref().map_or("", |operator| operator.as_str());
    let metrics: Vec<Query> = live.metrics.unwrap_or_default().into_iter().map(query).collect();
    let single = metrics.is_empty();
    Ok(Spec {
        name: live.alarm_name.unwrap_or_default(),
        description: Some(live.alarm_description.unwrap_or_default()),
        namespace: live.namespace,
        metric_name: live.metric_name,
        dimensions: single.then(|| dimensions(live.dimensions)),
        statistic: live.statistic.and_then(|word| from_wire(word.as_str())),
        extended_statistic: live.extended_statistic,
        period: live.period.filter(|_| single),
        unit: live.unit.and_then(|word| from_wire(word.as_str())),
        metrics: (!single).then_some(metrics),
        evaluation_periods: live.evaluation_periods.unwrap_or_default(),
        datapoints_to_alarm: live.datapoints_to_alarm,
        // With a band there is none, whatever number AWS fills in.
        threshold: live.threshold.filter(|_| live.threshold_metric_id.is_none()),
        threshold_metric_id: live.threshold_metric_id,
        comparison_operator: parse_wire("comparison operator", comparison)?,
        treat_missing_data: Some(
            live.treat_missing_data.and_then(|word| from_wire(&word)).unwrap_or(MissingData::Missing),
        ),
        evaluate_low_sample_count_percentile: live
            .evaluate_low_sample_count_percentile
            .and_then(|word| from_wire(&word)),
        actions_enabled: Some(live.actions_enabled.unwrap_or(true)),
        alarm_actions: Some(live.alarm_actions.unwrap_or_default()),
        ok_actions: Some(live.ok_actions.unwrap_or_default()),
        insufficient_data_actions: Some(live.insufficient_data_actions.unwrap_or_default()),
        tags: None,
    })
}

fn query(live: MetricDataQuery) -> Query {
    let metric = live.metric_stat.map(|stat| {
        let of = stat.metric.unwrap_or_else(|| aws_sdk_cloudwatch::types::Metric::builder().build());
        Series {
            namespace: of.namespace.unwrap_or_default(),
            metric_name: of.metric_name.unwrap_or_default(),
            dimensions: Some(dimensions(of.dimensions)),
            stat: stat.stat.unwrap_or_default(),
            period: stat.period.unwrap_or_default(),
            unit: stat.unit.and_then(|word| from_wire(word.as_str())),
        }
    });
    Query {
        id: live.id.unwrap_or_default(),
        expression: live.expression,
        metric,
        label: live.label,
        return_data: Some(live.return_data.unwrap_or(true)),
        period: live.period,
        account_id: live.account_id,
    }
}

fn dimensions(live: Option<Vec<Dimension>>) -> BTreeMap<String, String> {
    let pairs = live.unwrap_or_default().into_iter();
    pairs.map(|one| (one.name.unwrap_or_default(), one.value.unwrap_or_default())).collect()
}

/// The rules between fields.
pub(super) fn check(spec: &Spec) -> Vec<String> {
    let mut wrong = match (&spec.metric_name, &spec.metrics) {
        (Some(_), None) => check_single(spec),
        (None, Some(metrics)) => check_metrics(spec, metrics),
        _ => vec!["exactly one of `metric_name` and `metrics` is needed".to_owned()],
    };
    let band = matches!(
        spec.comparison_operator,
        Comparison::LessThanLowerOrGreaterThanUpperThreshold
            | Comparison::LessThanLowerThreshold
            | Comparison::GreaterThanUpperThreshold
    );
    let mut rule = |broken: bool, words: &str| {
        if broken {
            wrong.push(words.to_owned());
        }
    };
    rule(
        spec.threshold.is_some() == spec.threshold_metric_id.is_some(),
        "exactly one of `threshold` and `threshold_metric_id` is needed",
    );
    rule(
        band != spec.threshold_metric_id.is_some(),
        "a `comparison_operator` with Lower or Upper goes with `threshold_metric_id`, the others with `threshold`",
    );
    rule(
        spec.datapoints_to_alarm.is_some_and(|some| some > spec.evaluation_periods),
        "`datapoints_to_alarm` must not be more than `evaluation_periods`",
    );
    rule(
        spec.evaluate_low_sample_count_percentile.is_some()
            && spec.metric_name.is_some()
            && spec.extended_statistic.is_none(),
        "`evaluate_low_sample_count_percentile` has no effect without a percentile in `extended_statistic`",
    );
    let periods = spec.metrics.iter().flatten().filter_map(|query| query.metric.as_ref().map(|metric| metric.period));
    for period in spec.period.into_iter().chain(periods) {
        rule(
            !(matches!(period, 10 | 20 | 30) || period % 60 == 0),
            "a period must be 10, 20, 30 or a multiple of 60 seconds",
        );
        let most = if period >= 3600 { 7 * 86_400 } else { 86_400 };
        rule(
            i64::from(period) * i64::from(spec.evaluation_periods) > most,
            "`period` times `evaluation_periods` cannot be more than a day (a week where the period is an hour or more)",
        );
    }
    wrong
}

fn check_single(spec: &Spec) -> Vec<String> {
    let mut wrong = Vec::new();
    if spec.namespace.is_none() || spec.period.is_none() {
        wrong.push("`metric_name` needs `namespace` and `period` beside it".to_owned());
    }
    if spec.statistic.is_some() == spec.extended_statistic.is_some() {
        wrong.push("exactly one of `statistic` and `extended_statistic` is needed".to_owned());
    }
    if spec.dimensions.as_ref().is_some_and(|dimensions| dimensions.len() > 30) {
        wrong.push("a metric has at most 30 `dimensions`".to_owned());
    }
    if spec.threshold_metric_id.is_some() {
        wrong.push("`threshold_metric_id` needs `metrics`".to_owned());
    }
    wrong
}

fn check_metrics(spec: &Spec, metrics: &[Query]) -> Vec<String> {
    let mut wrong = Vec::new();
    let single = spec.namespace.is_some()
        || spec.dimensions.is_some()
        || spec.statistic.is_some()
        || spec.extended_statistic.is_some()
        || spec.period.is_some()
        || spec.unit.is_some();
    if single {
        wrong.push("with `metrics`, namespace, dimensions, statistic, period and unit stand in its items".to_owned());
    }
    let ids: BTreeSet<&str> = metrics.iter().map(|query| query.id.as_str()).collect();
    if ids.len() < metrics.len() {
        wrong.push("duplicate id in `metrics`".to_owned());
    }
    for query in metrics.iter().filter(|query| query.expression.is_some() == query.metric.is_some()) {
        wrong.push(format!("exactly one of `expression` and `metric` is needed in `{}`", query.id));
    }
    let judged: Vec<&str> =
        metrics.iter().filter(|query| query.return_data.unwrap_or(true)).map(|query| query.id.as_str()).collect();
    match &spec.threshold_metric_id {
        None if judged.len() != 1 => {
            wrong.push("exactly one of `metrics` must return data; the others need `return_data: false`".to_owned());
        }
        Some(band) if !ids.contains(band.as_str()) => {
            wrong.push(format!("`threshold_metric_id` names `{band}`, which is not among `metrics`"));
        }
        _ => {}
    }
    wrong
}
