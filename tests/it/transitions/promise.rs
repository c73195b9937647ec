//! What a plan has promised, against what was done.

use serde_json::Value as Json;

use super::live::Seen;

/// The first promise that was not kept, as kind and words.
pub fn broken(plan: &Json, before: &Seen, after: &Seen) -> Option<(String, String)> {
    let changes: Vec<(&str, &str, &str)> = plan["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| ["address", "action", "kind"].map(|key| change[key].as_str().unwrap_or_default()).into())
        .collect();
    if changes.is_empty() && before.things != after.things {
        return Some(("the plan is empty, and AWS has changed".into(), difference(before, after)));
    }
    for (address, action, kind) in &changes {
        let [was, is] = [before, after].map(|seen| seen.records.get(*address));
        let kept = match *action {
            "delete" | "forget" => is.is_none(),
            "update" | "await" => was.is_none() || is.map(|record| &record.id) == was.map(|record| &record.id),
            "replace" => is.is_some_and(|is| was.is_none_or(|was| is.id != was.id || is.generation != was.generation)),
            _ => is.is_some(),
        };
        if !kept {
            let told = format!("the plan said {action} of {address}: {was:?} became {is:?}");
            return Some((format!("the plan said {action}, and something else was done: {kind}"), told));
        }
    }
    let changed = |address: &String| changes.iter().any(|(one, ..)| *one == address);
    for (address, was) in before.records.iter().filter(|(address, _)| !changed(address)) {
        let is = after.records.get(address);
        // Renames carry a record to another address, and are no change of anything.
        let moved = is.is_none() && after.records.values().any(|is| is.id == was.id && is.kind == was.kind);
        if !moved && is.is_none_or(|is| is.id != was.id) {
            let told = format!("the plan said nothing of {address}: {was:?} became {is:?}");
            return Some((format!("the plan said nothing of what was changed: {}", was.kind), told));
        }
        let its = |thing: &&String| names(thing, &was.id);
        if let Some(gone) = before.things.iter().filter(its).find(|thing| !after.things.contains(thing)) {
            let told = format!("the plan said nothing of {address}, and `{gone}` has gone");
            return Some((format!("the plan said nothing of what has gone: {}", was.kind), told));
        }
    }
    None
}

/// Whether a thing of the inventory is called what ends an id.
fn names(thing: &str, id: &str) -> bool {
    let name = thing.splitn(4, ' ').nth(3).unwrap_or_default();
    let last = id.rsplit(['/', ':']).next().unwrap_or_default();
    last.len() > 5 && name == last
}

/// What came and what went.
pub fn difference(before: &Seen, after: &Seen) -> String {
    let gone = before.things.iter().filter(|thing| !after.things.contains(thing)).map(|thing| format!("- {thing}"));
    let come = after.things.iter().filter(|thing| !before.things.contains(thing)).map(|thing| format!("+ {thing}"));
    gone.chain(come).collect::<Vec<_>>().join("\n")
}
