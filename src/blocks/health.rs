//! Whether a region is healthy: alarms for people, and health checks that take it out of DNS.
//!
//! Route 53 follows the metric of an alarm and not its state, and only of one metric with a plain
//! statistic in which every period counts. The error alarm is made so; the latency alarm, of a
//! percentile, is for people only.

use serde_json::json;

use super::api::{self, STAGE};
use super::expansion::{Expansion, Item};
use super::routes::{self, Route};
use super::{After, Level, notify, units};
use crate::names::Region;
use crate::problem::{Code, Problem};
use crate::stack::file::{Api, ErrorRate, Health, Latency};
use crate::value::Json;

/// Reports what cannot be judged.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, api: &Api, routes: &[Route<'_>], has_domain: bool) {
    let Some(health) = &api.health else { return };
    check_times(cx, item, health);
    if let Some(path) = &health.path {
        let span = cx.value(item, &item.path(["health", "path"]));
        if !routes::any_serves(routes, path) {
            let problem = Problem::new(Code::UnservedPath, format!("no route serves `GET {path}`")).at(span);
            let plain = path.split('?').next().unwrap_or(path);
            cx.report(problem.help(format!("add `GET {plain}: functions.NAME` to `routes`, or probe another path")));
        } else if !has_domain {
            let problem = Problem::new(Code::Unused, "nothing is probed without a domain").warning().at(span);
            cx.report(problem.help("add `domain`, or remove `path`"));
        }
    }
    if health.latency.is_some() && cx.stack().notify.is_none() {
        let problem = Problem::new(Code::Unused, "`latency` has no effect without `notify`").warning();
        let span = cx.key(item, &item.path(["health", "latency"]));
        cx.report(problem.at(span).help("add `notify: {email: [...]}`, or remove `latency`"));
    }
}

/// Declares the alarms of one region.
pub(super) fn alarms(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, api: &Api) {
    let health = api.health.clone().unwrap_or_default();
    let says_errors = health.errors.is_some();
    let errors = health.errors.unwrap_or(ErrorRate { above: "5%".into(), r#for: "3m".into() });
    let mut alarm = json!({
        "name": cx.physical(&["apis", cx.first_name("apis", name), "errors"], 255),
        "description": format!("{name}: more than {} of answers are errors of ours", errors.above),
        "namespace": "AWS/ApiGateway",
        "metric_name": "5XXError",
        "dimensions": {"ApiName": api::physical(cx, name)},
        "statistic": "Average",
        "period": 60,
        "evaluation_periods": units::minutes(&errors.r#for).unwrap_or(3),
        "threshold": units::share(&errors.above).unwrap_or(0.05),
        "comparison_operator": "GreaterThanThreshold",
        "treat_missing_data": "notBreaching",
    });
    notify::tell(cx, &mut alarm);
    declare(cx, item, ("errors_alarm", says_errors), alarm);
    if cx.stack().notify.is_none() {
        return;
    }
    let says_latency = health.latency.is_some();
    let latency = health.latency.unwrap_or(Latency { above: "3s".into(), r#for: "5m".into() });
    let mut alarm = json!({
        "name": cx.physical(&["apis", cx.first_name("apis", name), "latency"], 255),
        "description": format!("{name}: 1% of answers take longer than {}", latency.above),
        "namespace": "AWS/ApiGateway",
        "metric_name": "Latency",
        "dimensions": {"ApiName": api::physical(cx, name)},
        "extended_statistic": "p99",
        "period": 60,
        "evaluation_periods": units::minutes(&latency.r#for).unwrap_or(5),
        "threshold": units::milliseconds(&latency.above).unwrap_or(3000),
        "comparison_operator": "GreaterThanThreshold",
        "treat_missing_data": "notBreaching",
    });
    notify::tell(cx, &mut alarm);
    declare(cx, item, ("latency_alarm", says_latency), alarm);
}

/// Declares an alarm whose threshold the file says, or leaves to whoever has set it since.
fn declare(cx: &mut Expansion<'_>, item: &Item<'_>, (part, is_said): (&str, bool), alarm: Json) {
    let declared = cx.declare(item, part, "cloudwatch.Alarm", alarm);
    declared.default_unless(is_said, ["threshold"]).default_unless(is_said, ["evaluation_periods"]);
}

/// Declares the health checks of one region, and the one that sums them up for the record.
///
/// They are global things to AWS, yet each belongs to the region that it judges, and changes with it.
pub(super) fn checks(cx: &mut Expansion<'_>, item: &Item<'_>, name: &str, api: &Api) {
    let region = item.region.map_or("", Region::as_str);
    let label = |what: &str| cx.physical(&["apis", cx.first_name("apis", name), what, region], 256);
    let (errors_label, endpoint_label, label) = (label("errors"), label("endpoint"), label("health"));
    let mut children = vec![item.output("errors_check.id")];
    let errors = json!({
        "type": "CLOUDWATCH_METRIC",
        "name": errors_label,
        "alarm": {"region": "${region}", "name": item.output("errors_alarm.name")},
        "alarm_definition": item.output("errors_alarm.definition"),
        // No traffic is no data, and no reason to leave.
        "insufficient_data_health_status": "Healthy",
    });
    cx.declare(item, "errors_check", "route53.HealthCheck", errors);
    if let Some(path) = api.health.as_ref().and_then(|health| health.path.as_deref()) {
        // The public name would answer for whichever region is nearest to the checker.
        let endpoint = json!({
            "type": "HTTPS",
            "name": endpoint_label,
            "fqdn": format!("{}.execute-api.${{region}}.{}", item.output("id"), suffix(region)),
            "resource_path": format!("/{STAGE}{path}"),
            "port": 443,
            "enable_sni": true,
        });
        let stage = After { address: item.address("stage"), level: Level::Configured };
        cx.declare(item, "endpoint_check", "route53.HealthCheck", endpoint).after.push(stage);
        children.push(item.output("endpoint_check.id"));
    }
    let all = json!({"type": "CALCULATED", "name": label, "health_threshold": children.len(), "children": children});
    cx.declare(item, "health", "route53.HealthCheck", all);
}

/// The end of host names in a region.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

fn check_times(cx: &mut Expansion<'_>, item: &Item<'_>, health: &Health) {
    let errors = health.errors.as_ref().map(|errors| ("errors", &errors.r#for));
    let latency = health.latency.as_ref().map(|latency| ("latency", &latency.r#for));
    for (field, text) in errors.into_iter().chain(latency) {
        // CloudWatch looks back over at most a day of one-minute periods.
        if !units::minutes(text).is_some_and(|minutes| (1..=1440).contains(&minutes)) {
            let span = cx.value(item, &item.path(["health", field, "for"]));
            let problem =
                Problem::new(Code::OutOfRange, format!("an alarm looks back 1 to 1440 minutes, not `{text}`"));
            cx.report(problem.at(span).help("write whole minutes, such as `3m`"));
        }
    }
    if let Some(errors) = &health.errors
        && !units::share(&errors.above).is_some_and(|share| (0.0..1.0).contains(&share))
    {
        let span = cx.value(item, &item.path(["health", "errors", "above"]));
        let problem = Problem::new(Code::OutOfRange, format!("`{}` is not less than all requests", errors.above));
        cx.report(problem.at(span).help("write a share from `0%` to below `100%`, such as `5%`"));
    }
}
