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

/// Kinds without which a request has no answer.
const ANSWER: [&str; 12] = [
    "lambda.Function",
    "lambda.Alias",
    "lambda.Version",
    "lambda.Permission",
    "iam.Role",
    "ecs.Service",
    "autoscaling.Group",
    "elbv2.LoadBalancer",
    "elbv2.Listener",
    "elbv2.TargetGroup",
    "dynamodb.GlobalTable",
    "sqs.Queue",
];

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

/// An event of a step.
struct Told<'a> {
    event: &'a str,
    path: &'a str,
    region: &'a str,
    verb: &'a str,
    kind: &'a str,
}

impl<'a> Told<'a> {
    fn read(event: &'a Json) -> Option<Self> {
        let [name, address, verb, kind] =
            ["event", "address", "verb", "kind"].map(|key| event[key].as_str().unwrap_or_default());
        let (path, region) = address.split_once('@')?;
        Some(Self { event: name, path, region, verb, kind })
    }

    fn deletes(&self) -> bool {
        self.event == "step_started" && self.verb == "delete"
    }
}

/// The first thing that was deleted before what used it had turned elsewhere, as kind and words.
///
/// What the plan replaces with a gap has told so: whoever uses it turns to the new one.
pub fn broken(old: &Yaml, plan: &Json, events: &[Json]) -> Option<(String, String)> {
    let has_a_gap = |step: &Told<'_>| {
        let mut changes = plan["changes"].as_array().into_iter().flatten();
        let address = format!("{}@{}", step.path, step.region);
        changes.any(|change| change["address"] == *address && change["order"] == "delete_first")
    };
    let steps: Vec<Told<'_>> = events.iter().filter_map(Told::read).collect();
    let regions: BTreeSet<&str> = steps.iter().map(|step| step.region).filter(|region| *region != "global").collect();
    for one in uses(old) {
        let answers = |step: &Told<'_>| ANSWER.contains(&step.kind) && belongs(step.path, &one.used);
        for (gone, step) in
            steps.iter().enumerate().filter(|(_, step)| step.deletes() && answers(step) && !has_a_gap(step))
        {
            // What is global is used in every region.
            for region in regions.iter().filter(|region| step.region == "global" || step.region == **region) {
                let at_user = |step: &Told<'_>| step.path == one.turns_at && step.region == *region;
                let goes_too = steps.iter().any(|step| at_user(step) && step.deletes());
                let turned = steps.iter().position(|step| at_user(step) && step.event == "step_done");
                if !goes_too && turned.is_some_and(|turned| turned > gone) {
                    let (path, user) = (step.path, &one.turns_at);
                    let told = format!("{path} was deleted before {user} had turned to something else in {region}");
                    return Some((
                        format!("deleted before its user had turned: {} of {}", kind(path), kind(user)),
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
    let step = |event: &str, address: &str, verb: &str| {
        let kind = if address.starts_with("functions") { "lambda.Alias" } else { "apigateway.Stage" };
        json!({"event": event, "address": address, "verb": verb, "kind": kind})
    };
    let gone = step("step_started", "functions.f.alias@us-east-1", "delete");
    let moved = step("step_done", "apis.x.stage@us-east-1", "update");
    let elsewhere = step("step_done", "apis.x.stage@us-west-2", "update");
    assert!(broken(&old, &Json::Null, &[gone.clone(), moved.clone()]).is_some());
    assert!(broken(&old, &Json::Null, &[moved, gone.clone()]).is_none());
    assert!(broken(&old, &Json::Null, &[gone, elsewhere]).is_none(), "in another region");
}
