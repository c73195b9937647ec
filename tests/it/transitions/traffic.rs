//! Requests that could be answered before and after an apply, and were not during it, as the emulator tells them.

use serde_json::Value as Json;

use super::live::Seen;
use super::yaml::{Yaml, get, keys};

/// Whether two files differ in a certain way.
type Difference = fn(&Yaml, &Yaml) -> bool;

/// Differences of two files that AWS has no way to make without a gap.
const BEYOND: &[(&str, Difference)] = &[
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
        if !BEYOND.iter().any(|(_, differs)| differs(old, new)) {
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

/// The name at the end of an ARN, or of another id.
fn last_part(id: &str) -> &str {
    id.rsplit(['/', ':']).next().unwrap_or(id)
}

fn a_domain_moves(old: &Yaml, new: &Yaml) -> bool {
    let domain = |stack, api: &String| get(stack, &["apis", api, "domain"]).cloned();
    keys(old, &["apis"]).iter().any(|api| domain(old, api).is_some() && domain(old, api) != domain(new, api))
}

fn a_package_changes(old: &Yaml, new: &Yaml) -> bool {
    let image = |stack, function: &String| get(stack, &["functions", function, "image"]).is_some();
    let stays = |function: &&String| get(new, &["functions", function]).is_some();
    keys(old, &["functions"]).iter().filter(stays).any(|function| image(old, function) != image(new, function))
}

/// Words alone: names, ids and numbers differ from gap to gap.
fn without_names(text: &str) -> String {
    let plain =
        |word: &&str| !word.contains(|sign: char| sign.is_ascii_digit()) && !word.contains(['-', '/', ':', '.']);
    text.split(' ').filter(plain).collect::<Vec<_>>().join(" ")
}
