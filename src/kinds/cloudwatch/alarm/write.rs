//! The one call that makes and changes an alarm. It overwrites all of it, so it always carries all of it.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{Dimension, MetricDataQuery, MetricStat};

use super::spec::{Query, Spec};
use crate::aws::{Cx, to_wire};

/// The wanted alarm, with the live value of every field that the file leaves out.
pub(super) fn complete(from: &Spec, to: &Spec) -> Spec {
    fn kept<T: Clone>(to: Option<&T>, from: Option<&T>) -> Option<T> {
        to.or(from).cloned()
    }
    let of_many = to.metrics.is_some() || (to.metric_name.is_none() && from.metrics.is_some());
    // What does not go together is not carried over: one metric or several, one statistic, one threshold.
    let one = |keep: bool| if keep && !of_many { Some(from) } else { None };
    let statistic = one(to.extended_statistic.is_none());
    let extended = one(to.statistic.is_none());
    let (single, to_single) = (one(true), (!of_many).then_some(to));
    Spec {
        name: to.name.clone(),
        description: kept(to.description.as_ref(), from.description.as_ref()),
        namespace: kept(to.namespace.as_ref(), single.and_then(|spec| spec.namespace.as_ref())),
        metric_name: kept(to.metric_name.as_ref(), single.and_then(|spec| spec.metric_name.as_ref())),
        dimensions: kept(
            to_single.and_then(|spec| spec.dimensions.as_ref()),
            single.and_then(|spec| spec.dimensions.as_ref()),
        ),
        statistic: kept(to.statistic.as_ref(), statistic.and_then(|spec| spec.statistic.as_ref())),
        extended_statistic: kept(
            to.extended_statistic.as_ref(),
            extended.and_then(|spec| spec.extended_statistic.as_ref()),
        ),
        period: kept(to.period.as_ref(), single.and_then(|spec| spec.period.as_ref())),
        unit: kept(to.unit.as_ref(), single.and_then(|spec| spec.unit.as_ref())),
        metrics: if of_many { kept(to.metrics.as_ref(), from.metrics.as_ref()) } else { None },
        evaluation_periods: to.evaluation_periods,
        datapoints_to_alarm: kept(to.datapoints_to_alarm.as_ref(), from.datapoints_to_alarm.as_ref())
            .filter(|some| to.datapoints_to_alarm.is_some() || *some <= to.evaluation_periods),
        threshold: kept(to.threshold.as_ref(), from.threshold.as_ref()).filter(|_| to.threshold_metric_id.is_none()),
        threshold_metric_id: kept(to.threshold_metric_id.as_ref(), from.threshold_metric_id.as_ref())
            .filter(|_| to.threshold.is_none()),
        comparison_operator: to.comparison_operator,
        treat_missing_data: kept(to.treat_missing_data.as_ref(), from.treat_missing_data.as_ref()),
        evaluate_low_sample_count_percentile: kept(
            to.evaluate_low_sample_count_percentile.as_ref(),
            extended.and_then(|spec| spec.evaluate_low_sample_count_percentile.as_ref()),
        )
        .filter(|_| to.statistic.is_none()),
        actions_enabled: kept(to.actions_enabled.as_ref(), from.actions_enabled.as_ref()),
        alarm_actions: kept(to.alarm_actions.as_ref(), from.alarm_actions.as_ref()),
        ok_actions: kept(to.ok_actions.as_ref(), from.ok_actions.as_ref()),
        insufficient_data_actions: kept(to.insufficient_data_actions.as_ref(), from.insufficient_data_actions.as_ref()),
        tags: to.tags.clone(),
    }
}

/// All but the tags, to see whether the call is needed.
pub(super) fn definition(spec: &Spec) -> Option<serde_json::Value> {
    serde_json::to_value(Spec { tags: None, ..spec.clone() }).ok()
}

/// The call for a whole alarm, without tags: they count at creation only.
pub(super) fn put(cx: &Cx, spec: &Spec) -> PutMetricAlarmFluentBuilder {
    cx.cloudwatch()
        .put_metric_alarm()
        .alarm_name(&spec.name)
        .set_alarm_description(spec.description.clone())
        .set_namespace(spec.namespace.clone())
        .set_metric_name(spec.metric_name.clone())
        .set_dimensions(spec.dimensions.as_ref().filter(|all| !all.is_empty()).map(dimensions))
        .set_statistic(spec.statistic.map(|case| to_wire(case).as_str().into()))
        .set_extended_statistic(spec.extended_statistic.clone())
        .set_period(spec.period)
        .set_unit(spec.unit.map(|case| to_wire(case).as_str().into()))
        .set_metrics(spec.metrics.as_ref().map(|all| all.iter().map(query).collect()))
        .evaluation_periods(spec.evaluation_periods)
        .set_datapoints_to_alarm(spec.datapoints_to_alarm)
        .set_threshold(spec.threshold)
        .set_threshold_metric_id(spec.threshold_metric_id.clone())
        .comparison_operator(to_wire(spec.comparison_operator).as_str().into())
        .set_treat_missing_data(spec.treat_missing_data.map(to_wire))
        .set_evaluate_low_sample_count_percentile(spec.evaluate_low_sample_count_percentile.map(to_wire))
        .set_actions_enabled(spec.actions_enabled)
        .set_alarm_actions(spec.alarm_actions.clone())
        .set_ok_actions(spec.ok_actions.clone())
        .set_insufficient_data_actions(spec.insufficient_data_actions.clone())
}

fn query(wanted: &Query) -> MetricDataQuery {
    let stat = wanted.metric.as_ref().map(|metric| {
        let of = aws_sdk_cloudwatch::types::Metric::builder()
            .namespace(&metric.namespace)
            .metric_name(&metric.metric_name)
            .set_dimensions(metric.dimensions.as_ref().map(dimensions))
            .build();
        MetricStat::builder()
            .metric(of)
            .stat(&metric.stat)
            .period(metric.period)
            .set_unit(metric.unit.map(|case| to_wire(case).as_str().into()))
            .build()
    });
    MetricDataQuery::builder()
        .id(&wanted.id)
        .set_expression(wanted.expression.clone())
        .set_metric_stat(stat)
        .set_label(wanted.label.clone())
        .set_return_data(wanted.return_data)
        .set_period(wanted.period)
        .set_account_id(wanted.account_id.clone())
        .build()
}

fn dimensions(wanted: &BTreeMap<String, String>) -> Vec<Dimension> {
    wanted.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect()
}
