//! `scale`: how many tasks or instances there are, and what that follows.

use serde_json::json;

use super::balancer::Backend;
use super::expansion::{Expansion, Item, without_nulls};
use crate::problem::{Code, Problem};
use crate::stack::file::Scale;
use crate::value::Json;

/// How many there are at first: what the file says, and two otherwise, one for each of two zones.
pub(super) fn first_count(desired: Option<u32>, scale: Option<&Scale>) -> u32 {
    scale.map_or(desired.unwrap_or(2), |scale| scale.min)
}

/// Reports what cannot be.
pub(super) fn check(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    backend: &Backend<'_>,
    desired: Option<u32>,
    scale: Option<&Scale>,
) {
    let Some(scale) = scale else { return };
    let at = |cx: &Expansion<'_>, field: &str| cx.value(item, &item.path(["scale", field]));
    if scale.min > scale.max {
        let problem = Problem::new(Code::OutOfRange, format!("at least {} cannot be at most {}", scale.min, scale.max));
        let note = at(cx, "max");
        cx.report(problem.at(at(cx, "min")).note(note, "the most").help("make `min` no more than `max`"));
    }
    for (name, scheduled) in scale.schedule.iter().flatten() {
        let (min, max) = (scheduled.min.unwrap_or(0), scheduled.max.unwrap_or(u32::MAX));
        let span = cx.value(item, &item.path(["scale", "schedule", name]));
        if scheduled.min.is_none() && scheduled.max.is_none() {
            let problem = Problem::new(Code::MissingKey, format!("`{name}` changes neither `min` nor `max`"));
            cx.report(problem.at(span).help("add one of them"));
        } else if min > max {
            let problem = Problem::new(Code::OutOfRange, format!("at least {min} cannot be at most {max}"));
            cx.report(problem.at(span).help("make `min` no more than `max`"));
        }
    }
    if desired.is_some() {
        let problem = Problem::new(Code::DesiredAndScale, "`desired` has no effect beside `scale`");
        let span = cx.key(item, &item.path(["desired"]));
        cx.report(problem.at(span).help("keep one of them; `scale.min` is where it begins"));
    }
    let follows = scale.cpu.or(scale.memory).or(scale.requests).is_some() || schedules(scale);
    if !follows && scale.min < scale.max {
        let problem = Problem::new(Code::ScalesNothing, "nothing says when to go beyond `min`").warning();
        let span = cx.key(item, &item.path(["scale"]));
        cx.report(problem.at(span).help("add `cpu: 60`, or use `desired` for a fixed number"));
    }
    check_requests(cx, item, backend, scale);
    if backend.block == "fleets" {
        let fields = [("memory", scale.memory.is_some()), ("schedule", schedules(scale))];
        for (field, _) in fields.into_iter().filter(|(_, is_set)| *is_set) {
            let problem = Problem::new(Code::ServicesOnly, format!("a fleet cannot scale by `{field}`"));
            cx.report(problem.at(cx.key(item, &item.path(["scale", field]))).help("use `cpu` or `requests`"));
        }
    }
}

fn check_requests(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>, scale: &Scale) {
    if scale.requests.is_none() || (backend.port.is_some() && !backend.shifts_traffic) {
        return;
    }
    let span = cx.key(item, &item.path(["scale", "requests"]));
    let problem = if backend.port.is_none() {
        Problem::new(Code::NoPort, "without a `port` there are no requests to scale by")
            .help("add `port`, or use `cpu`")
    } else {
        // AWS counts the requests of one target group, and ECS moves them to the other.
        let message = "requests cannot be counted while a deployment moves them to other tasks";
        Problem::new(Code::WrongValue, message).help("use `cpu`, or `strategy: rolling`")
    };
    cx.report(problem.at(span));
}

/// Whether anything changes at a time.
fn schedules(scale: &Scale) -> bool {
    scale.schedule.as_ref().is_some_and(|schedule| !schedule.is_empty())
}

/// What a service's number of tasks follows, by part: each a predefined metric and its target.
fn targets(scale: &Scale) -> impl Iterator<Item = (&'static str, &'static str, u32)> {
    let all = [
        ("cpu_scaling", "ECSServiceAverageCPUUtilization", scale.cpu),
        ("memory_scaling", "ECSServiceAverageMemoryUtilization", scale.memory),
        ("requests_scaling", "ALBRequestCountPerTarget", scale.requests),
    ];
    all.into_iter().filter_map(|(part, metric, target)| Some((part, metric, target?)))
}

/// Declares what scales a service.
pub(super) fn service(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>, scale: &Scale) {
    let mut scheduled = serde_json::Map::new();
    for (name, at) in scale.schedule.iter().flatten() {
        let action = json!({
            "schedule": at.at, "timezone": at.timezone, "min_capacity": at.min, "max_capacity": at.max,
        });
        scheduled.insert(name.clone(), without_nulls(action));
    }
    let dimension = "ecs:service:DesiredCount";
    let target = without_nulls(json!({
        "service_namespace": "ecs",
        "resource_id": format!("service/{}/{}", item.output("cluster_name"), item.output("name")),
        "scalable_dimension": dimension,
        "min_capacity": scale.min,
        "max_capacity": scale.max,
        "scheduled_actions": scale.schedule.is_some().then_some(scheduled),
    }));
    cx.declare(item, "scaling", "applicationautoscaling.ScalableTarget", target);
    for (part, metric, value) in targets(scale) {
        let policy = json!({
            "name": part.replace('_', "-"),
            "service_namespace": "ecs",
            "resource_id": item.output("scaling.resource_id"),
            "scalable_dimension": dimension,
            "target_tracking": tracking(item, backend, metric, value),
        });
        cx.declare(item, part, "applicationautoscaling.ScalingPolicy", policy);
    }
}

/// Declares what scales a fleet.
pub(super) fn fleet(cx: &mut Expansion<'_>, item: &Item<'_>, backend: &Backend<'_>, scale: &Scale) {
    let targets = [
        ("cpu_scaling", "ASGAverageCPUUtilization", scale.cpu),
        ("requests_scaling", "ALBRequestCountPerTarget", scale.requests),
    ];
    for (part, metric, value) in targets.into_iter().filter_map(|(part, metric, value)| Some((part, metric, value?))) {
        let policy = json!({
            "auto_scaling_group_name": item.output("name"),
            "name": part.replace('_', "-"),
            "target_tracking": tracking(item, backend, metric, value),
        });
        cx.declare(item, part, "autoscaling.ScalingPolicy", policy);
    }
}

fn tracking(item: &Item<'_>, backend: &Backend<'_>, metric: &str, value: u32) -> Json {
    let by_request = metric == "ALBRequestCountPerTarget" && backend.port.is_some();
    let label = format!("{}/{}", item.output("load_balancer.full_name"), item.output("target_group.full_name"));
    without_nulls(json!({"metric": metric, "resource_label": by_request.then_some(label), "target_value": value}))
}
