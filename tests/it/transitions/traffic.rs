//! Requests that could be answered before and after an apply, and were not during it, as the emulator tells them.

use serde_json::Value as Json;

use super::live::Seen;
use super::yaml::{Yaml, get, keys, text};

/// Whether a gap comes of a certain difference of two files.
type Cause = fn(&Yaml, &Yaml, &str) -> bool;

/// Gaps that AWS has no way to avoid.
const BEYOND: &[(&str, Cause)] = &[
    ("a domain goes from one API to another", a_domain_moves),
    ("a function of code becomes one of an image: it keeps its name, and AWS has one of a name", a_package_changes),
];

/// The first gap, as kind and words.
pub fn broken(old: &Yaml, new: &Yaml, plan: &Json, before: &Seen, watched: &Json) -> Option<(String, String)> {
    if let Some(error) = watched["errors"].get(0) {
        return Some(("the probe itself fails".into(), error.to_string()));
    }
    for gap in watched["unanswered"].as_array().into_iter().flatten() {
        let why = gap["why"].as_str().unwrap_or_default();
        let told = gap.to_string();
        if !BEYOND.iter().any(|(_, causes)| causes(old, new, &told)) && !is_of_another_api(plan, gap) {
            return Some((format!("traffic gap: {}", without_names(why)), format!("{gap:#}")));
        }
    }
    let is_gone_for_a_while = |loss: &&Json| {
        let mut lost = loss["lost"].as_array().into_iter().flatten().filter_map(Json::as_str);
        lost.all(|arn| replaced_with_a_gap(plan, before).any(|id| last_part(id) == last_part(arn)))
    };
    if let Some(loss) = watched["rights"].as_array().into_iter().flatten().find(|loss| !is_gone_for_a_while(loss)) {
        let holder = without_names(loss["holder"].as_str().unwrap_or_default());
        let what = if loss.get("late").is_some() { "rights come late" } else { "rights are lost" };
        return Some((format!("{what}: {holder}"), format!("{loss:#}")));
    }
    None
}

/// What the plan has said to be gone until it is made anew: nobody can use it meanwhile, with whatever rights.
fn replaced_with_a_gap<'a>(plan: &'a Json, before: &'a Seen) -> impl Iterator<Item = &'a str> {
    let changes = plan["changes"].as_array().into_iter().flatten();
    let gap = changes.filter(|change| change["order"] == "delete_first");
    gap.filter_map(|change| Some(before.records.get(change["address"].as_str()?)?.id.as_str()))
}

/// Whether the API that was asked goes with its block: one of the same name that comes then has another address in AWS.
fn is_of_another_api(plan: &Json, gap: &Json) -> bool {
    let scope = format!("@{}", gap["region"].as_str().unwrap_or_default());
    let changes = plan["changes"].as_array().into_iter().flatten();
    let mut gone = changes.filter(|change| change["action"] == "delete" && change["kind"] == "apigateway.RestApi");
    gap["why"] == "it is gone" && gone.any(|change| change["address"].as_str().is_some_and(|at| at.ends_with(&scope)))
}

/// The name at the end of an ARN, or of another id.
fn last_part(id: &str) -> &str {
    id.rsplit(['/', ':']).next().unwrap_or(id)
}

/// A gap at a domain that an API has given away.
fn a_domain_moves(old: &Yaml, new: &Yaml, gap: &str) -> bool {
    let domain = |stack, api: &String| text(stack, &["apis", api, "domain"]).map(str::to_owned);
    let moved = keys(old, &["apis"]).into_iter().filter(|api| domain(old, api) != domain(new, api));
    moved.filter_map(|api| domain(old, &api)).any(|domain| gap.contains(&domain))
}

/// A gap at a function whose package has changed, by the name that it has in AWS.
fn a_package_changes(old: &Yaml, new: &Yaml, gap: &str) -> bool {
    let image = |stack, function: &String| get(stack, &["functions", function, "image"]).is_some();
    let stays = |function: &&String| get(new, &["functions", function]).is_some();
    let functions = keys(old, &["functions"]);
    let changed = functions.iter().filter(stays).filter(|function| image(old, function) != image(new, function));
    changed.flat_map(|function| names(old, function)).any(|name| gap.contains(&format!("tt-{name}")))
}

/// The name of a function, and those that it had before.
fn names(stack: &Yaml, function: &str) -> Vec<String> {
    let path = format!("functions.{function}");
    let olds = keys(stack, &["moved"]).into_iter().filter(|old| text(stack, &["moved", old]) == Some(&path));
    olds.map(|old| old.trim_start_matches("functions.").to_owned()).chain([function.to_owned()]).collect()
}

/// Words alone: names, ids and numbers differ from gap to gap.
fn without_names(text: &str) -> String {
    let plain =
        |word: &&str| !word.contains(|sign: char| sign.is_ascii_digit()) && !word.contains(['-', '/', ':', '.']);
    text.split(' ').filter(plain).collect::<Vec<_>>().join(" ")
}
