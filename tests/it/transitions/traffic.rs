//! Requests that could be answered before and after an apply, and were not during it, as the emulator tells them.

use serde_json::Value as Json;

use super::yaml::{Yaml, get, keys};

/// What AWS itself cannot keep up, as a word of the reason that the emulator gives.
const BEYOND: &[&str] = &[];

/// The first gap, as kind and words.
pub fn broken(old: &Yaml, new: &Yaml, watched: &Json) -> Option<(String, String)> {
    for error in watched["errors"].as_array().into_iter().flatten() {
        return Some(("the probe itself fails".into(), error.to_string()));
    }
    for gap in watched["unanswered"].as_array().into_iter().flatten() {
        let why = gap["why"].as_str().unwrap_or_default();
        if !BEYOND.iter().any(|word| why.contains(word)) && !is_wanted(old, new, gap) {
            return Some((format!("traffic gap: {}", without_names(why)), format!("{gap:#}")));
        }
    }
    for loss in watched["rights"].as_array().into_iter().flatten() {
        let holder = without_names(loss["holder"].as_str().unwrap_or_default());
        let what = if loss.get("late").is_some() { "rights come late" } else { "rights are lost" };
        return Some((format!("{what}: {holder}"), format!("{loss:#}")));
    }
    None
}

/// Whether somebody has asked for the gap: the domain has gone to another API.
fn is_wanted(old: &Yaml, new: &Yaml, gap: &Json) -> bool {
    let entrance = gap["entrance"].as_str().unwrap_or_default();
    keys(old, &["apis"]).iter().any(|api| {
        let [was, is] = [old, new].map(|stack| get(stack, &["apis", api, "domain"]));
        let named = was.and_then(Yaml::as_str).is_some_and(|domain| entrance.contains(domain));
        named && was != is
    })
}

/// Words alone: names, ids and numbers differ from gap to gap.
fn without_names(text: &str) -> String {
    let plain = |word: &&str| !word.contains(|sign: char| sign.is_ascii_digit()) && !word.contains(['-', '/', ':', '.']);
    text.split(' ').filter(plain).collect::<Vec<_>>().join(" ")
}
