//! The order of an apply, as its events tell it: what was used goes after its user has turned to something else.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::yaml::{Yaml, get, keys, text};

/// A user of something, in one file: which step turns it elsewhere, and what it used.
struct Use {
    /// `apis.shop.stage`, `services.web`, `functions.job.alias`.
    turns_at: String,
    used: String,
}

/// Parts that nothing that serves looks at.
const IDLE: [&str; 8] = ["alarm", "log_group", "permission", "scaling", "policy", "dashboard", "topic", "health_check"];

fn uses(stack: &Yaml) -> Vec<Use> {
    let mut found = Vec::new();
    for api in keys(stack, &["apis"]) {
        for route in keys(stack, &["apis", &api, "routes"]) {
            let used = text(stack, &["apis", &api, "routes", &route]).unwrap_or_default().to_owned();
            found.push(Use { turns_at: format!("apis.{api}.stage"), used });
        }
    }
    for (block, part) in [("services", ""), ("fleets", ""), ("functions", ".alias")] {
        for name in keys(stack, &[block]) {
            for used in keys(stack, &[block, &name, "access"]) {
                found.push(Use { turns_at: format!("{block}.{name}{part}"), used });
            }
        }
    }
    found
}

/// The first thing that was deleted before what used it had turned elsewhere, as kind and words.
pub fn broken(old: &Yaml, events: &[Json]) -> Option<(String, String)> {
    let step = |event: &Json| {
        let (path, region) = event["address"].as_str().unwrap_or_default().split_once('@')?;
        let verb = event["verb"].as_str().unwrap_or_default().to_owned();
        Some((event["event"].as_str()?.to_owned(), path.to_owned(), region.to_owned(), verb))
    };
    let steps: Vec<_> = events.iter().filter_map(step).collect();
    for one in uses(old) {
        let first = |name: &str, verb: &str, path: &str, region: &str| {
            steps.iter().position(|(event, at, place, what)| {
                event == name && at == path && place == region && (verb.is_empty() || what == verb)
            })
        };
        let deleted: BTreeSet<(&String, &String)> = steps
            .iter()
            .filter(|(event, path, _, verb)| event == "step_started" && verb == "delete" && belongs(path, &one.used))
            .map(|(_, path, region, _)| (path, region))
            .collect();
        for (path, region) in deleted {
            let idle = path.rsplit('.').next().is_some_and(|part| IDLE.iter().any(|idle| part.contains(idle)));
            // What is global is used in every region.
            let places: BTreeSet<&String> = steps
                .iter()
                .map(|(_, _, place, _)| place)
                .filter(|place| region == "global" || *place == region)
                .collect();
            for place in places {
                let turned = first("step_done", "", &one.turns_at, place);
                let goes_too = first("step_started", "delete", &one.turns_at, place).is_some();
                let gone = first("step_started", "delete", path, region);
                if !idle && !goes_too && turned > gone && gone.is_some() {
                    let told = format!(
                        "{path}@{region} was deleted before {}@{place} had turned to something else",
                        one.turns_at
                    );
                    return Some((
                        format!("deleted before its user had turned: {} of {}", kind(path), kind(&one.turns_at)),
                        told,
                    ));
                }
            }
        }
    }
    None
}

fn belongs(path: &str, entry: &str) -> bool {
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `functions.job.alias` as `functions…alias`.
fn kind(path: &str) -> String {
    let words: Vec<&str> = path.splitn(3, '.').collect();
    match words[..] {
        [block, _, part] => format!("{block}…{part}"),
        [block, ..] => block.to_owned(),
        [] => String::new(),
    }
}

/// Whether an entry is there in both files.
pub fn stays(old: &Yaml, new: &Yaml, block: &str, name: &str) -> bool {
    [old, new].iter().all(|stack| get(stack, &[block, name]).is_some())
}

#[test]
fn a_target_that_goes_before_its_stage_has_moved_is_found() {
    use super::yaml::yaml;
    use serde_json::json;
    let old = yaml("{apis: {x: {routes: {GET /: functions.f}}}}");
    let step = |event: &str, address: &str, verb: &str| json!({"event": event, "address": address, "verb": verb});
    let gone = step("step_started", "functions.f.alias@us-east-1", "delete");
    let moved = step("step_done", "apis.x.stage@us-east-1", "update");
    let elsewhere = step("step_done", "apis.x.stage@us-west-2", "update");
    assert!(broken(&old, &[gone.clone(), moved.clone()]).is_some());
    assert!(broken(&old, &[moved, gone.clone()]).is_none());
    assert!(broken(&old, &[gone, elsewhere]).is_none(), "in another region");
}
