//! `deploy`: how a new version of a service takes over.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::json;

use crate::blocks::balancer::{Backend, role_name};
use crate::blocks::expansion::{Expansion, Item, partition, without_nulls};
use crate::blocks::{Declaration, access, scaling, units};
use crate::problem::{Code, Problem};
use crate::stack::file::{Deploy, Service, Strategy};
use crate::value::Json;

/// Minutes that a step or the time after all of them lasts, if the file says nothing.
const BAKE: u64 = 5;

/// Declares the role that ECS moves requests with, if it does.
pub(super) fn expand(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>) {
    if !backend.shifts_traffic {
        return;
    }
    let policy = "policy/AmazonECSInfrastructureRolePolicyForLoadBalancers";
    let spec = json!({
        "name": role_name(cx, item, ("services", backend.name), "traffic"),
        "assume_role_policy": access::trust("ecs.amazonaws.com"),
        "managed_policies": [format!("arn:{}:iam::aws:{policy}", partition(item.region))],
    });
    cx.declare(item, "infrastructure_role", "iam.Role", spec);
}

/// The deployment of the service.
pub(super) fn spec(item: &Item<'_>, deploy: &Deploy, backend: &Backend<'_>) -> Json {
    let strategy = match deploy.strategy {
        Strategy::Rolling => "rolling",
        Strategy::BlueGreen => "blue-green",
        Strategy::Linear => "linear",
        Strategy::Canary => "canary",
    };
    let minutes = |text: &Option<String>| text.as_deref().and_then(units::minutes).unwrap_or(BAKE);
    let share = |text: &Option<String>, usual: f64| text.as_deref().and_then(percent).unwrap_or(usual);
    let whole = |text: &Option<String>, usual: u32| {
        text.as_ref().and_then(|text| text.strip_suffix('%')?.parse::<u32>().ok()).unwrap_or(usual)
    };
    let rolling = deploy.strategy == Strategy::Rolling;
    let is = |strategy| deploy.strategy == strategy;
    let errors = json!({"names": [item.output("errors_alarm.name")], "enable": true, "rollback": true});
    without_nulls(json!({
        "strategy": strategy,
        "minimum_healthy_percent": whole(&deploy.min_healthy, 100),
        "maximum_percent": whole(&deploy.max, 200),
        "circuit_breaker": {"enable": true, "rollback": true},
        "alarms": backend.shifts_traffic.then_some(errors),
        "bake_minutes": (!rolling).then(|| minutes(&deploy.bake)),
        "step_percent": is(Strategy::Linear).then(|| share(&deploy.step, 10.0)),
        "step_bake_minutes": is(Strategy::Linear).then(|| minutes(&deploy.every)),
        "canary_percent": is(Strategy::Canary).then(|| share(&deploy.step, 5.0)),
        "canary_bake_minutes": is(Strategy::Canary).then(|| minutes(&deploy.every)),
    }))
}

/// Marks what the file does not say of a deployment.
pub(super) fn defaults(service: &mut Declaration, deploy: &Deploy) {
    let fields = [
        ("minimum_healthy_percent", &deploy.min_healthy),
        ("maximum_percent", &deploy.max),
        ("bake_minutes", &deploy.bake),
        ("step_percent", &deploy.step),
        ("step_bake_minutes", &deploy.every),
        ("canary_percent", &deploy.step),
        ("canary_bake_minutes", &deploy.every),
    ];
    for (field, said) in fields {
        service.default_unless(said.is_some(), ["deployment", field]);
    }
}

/// How long a change may take, where that is for the file to say: starting the new tasks, every step, and the time after.
pub(super) fn timeout(deploy: &Deploy) -> Option<Duration> {
    let minutes = |text: &Option<String>| {
        let minutes = text.as_deref().and_then(units::minutes).unwrap_or(BAKE);
        f64::from(u32::try_from(minutes).unwrap_or(u32::MAX))
    };
    let share = |usual| deploy.step.as_deref().and_then(percent).unwrap_or(usual);
    let steps = match deploy.strategy {
        Strategy::Rolling => return None,
        Strategy::BlueGreen => 0.0,
        Strategy::Linear => (100.0 / share(10.0).max(1.0)).ceil(),
        Strategy::Canary => 1.0,
    };
    let waits = minutes(&deploy.bake) + steps * minutes(&deploy.every);
    Some(Duration::from_mins(30) + Duration::from_secs_f64(60.0 * waits))
}

fn percent(text: &str) -> Option<f64> {
    units::share(text).map(|share| (share * 1000.0).round() / 10.0)
}

/// Reports what does not go with the strategy, and what ECS does not take.
pub(super) fn check(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    let deploy = &service.deploy;
    let shifts = deploy.strategy.shifts_traffic();
    let steps = matches!(deploy.strategy, Strategy::Linear | Strategy::Canary);
    if shifts && service.port.is_none() {
        let problem = Problem::new(Code::NoPort, "without a `port` there are no requests to move to new tasks");
        let span = cx.value(item, &item.path(["deploy", "strategy"]));
        cx.report(problem.at(span).help("use `strategy: rolling`, or add `port`"));
    }
    let fields = [
        ("bake", deploy.bake.is_some(), shifts, "`blue-green`, `linear` and `canary`"),
        ("step", deploy.step.is_some(), steps, "`linear` and `canary`"),
        ("every", deploy.every.is_some(), steps, "`linear` and `canary`"),
        ("min_healthy", deploy.min_healthy.is_some(), !shifts, "`rolling`"),
        ("max", deploy.max.is_some(), !shifts, "`rolling`"),
    ];
    for (field, _, _, with) in fields.into_iter().filter(|(_, is_set, fits, _)| *is_set && !fits) {
        let problem = Problem::new(Code::Unused, format!("`{field}` goes with {with} only"));
        let span = cx.key(item, &item.path(["deploy", field]));
        cx.report(problem.at(span).help(format!("remove `{field}`, or use another `strategy`")));
    }
    for (field, text) in [("bake", &deploy.bake), ("every", &deploy.every)] {
        let Some(text) = text else { continue };
        if units::minutes(text).is_none_or(|minutes| minutes > 1440) {
            let problem = Problem::new(Code::OutOfRange, format!("`{field}` is up to a day, not `{text}`"));
            let span = cx.value(item, &item.path(["deploy", field]));
            cx.report(problem.at(span).help("write whole minutes up to `1440m`"));
        }
    }
    let least = if deploy.strategy == Strategy::Linear { 3.0 } else { 0.1 };
    if let Some(text) = deploy.step.as_ref().filter(|_| steps)
        && !percent(text).is_some_and(|share| (least..=100.0).contains(&share))
    {
        let problem =
            Problem::new(Code::OutOfRange, format!("a step is {least}% to 100% of the requests, not `{text}`"));
        cx.report(problem.at(cx.value(item, &item.path(["deploy", "step"]))).help("write a share such as `10%`"));
    }
    check_rolling(cx, item, service);
}

fn check_rolling(cx: &mut Expansion<'_>, item: &Item<'_>, service: &Service) {
    let deploy = &service.deploy;
    let share = |text: &Option<String>, usual| text.as_deref().and_then(percent).unwrap_or(usual);
    let (least, most) = (share(&deploy.min_healthy, 100.0), share(&deploy.max, 200.0));
    let span = |cx: &Expansion<'_>, field| cx.value(item, &item.path(["deploy", field]));
    if least > 100.0 {
        let problem = Problem::new(Code::OutOfRange, format!("at least {least}% healthy is more than all"))
            .at(span(cx, "min_healthy"));
        cx.report(problem.help("write `100%` or less"));
    } else if !(100.0..=200.0).contains(&most) {
        let problem =
            Problem::new(Code::OutOfRange, format!("`max` is `100%` to `200%`, not {most}%")).at(span(cx, "max"));
        cx.report(problem.help("200% starts as many new tasks as there are old ones"));
    } else if least >= most {
        let problem = Problem::new(Code::OutOfRange, "no task could be replaced: all must stay, and none may be added");
        cx.report(problem.at(span(cx, "max")).help("raise `max`, or lower `min_healthy`"));
    } else if let Some(count) = counts(service).find(|count| stands_still(*count, least, most))
        && !deploy.strategy.shifts_traffic()
    {
        let field = if deploy.max.is_some() { "max" } else { "min_healthy" };
        let tasks = if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") };
        let words =
            format!("with {tasks} no deployment could go on: {least}% of them must stay, and {most}% may be there");
        let help = "`max` is rounded down to whole tasks and `min_healthy` up; write `max: 200%`, or `min_healthy: 0%`";
        cx.report(Problem::new(Code::OutOfRange, words).at(span(cx, field)).help(help));
    }
}

/// The numbers of tasks that the service may have when it is deployed.
fn counts(service: &Service) -> RangeInclusive<u32> {
    let first = scaling::first_count(service.desired, service.scale.as_ref());
    first..=service.scale.as_ref().map_or(first, |scale| scale.max)
}

/// True if ECS could neither start a new task nor stop an old one. It rounds the greatest number down and the least up
/// (`DeploymentConfiguration` in the ECS API Reference).
fn stands_still(count: u32, least: f64, most: f64) -> bool {
    let part = |share: f64| f64::from(count) * share / 100.0;
    let all = f64::from(count);
    count > 0 && part(most).floor() <= all && part(least).ceil() >= all
}
