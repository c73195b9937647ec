//! What a plan has promised, against what was done.

use serde_json::Value as Json;

use super::live::{Record, Seen};
use super::yaml::{Yaml, get, keys, text};

/// The first promise that was not kept, as kind and words.
pub fn broken<'a>(new: &Yaml, plan: &'a Json, before: &Seen, after: &Seen) -> Option<(String, String)> {
    let planned: Vec<&Json> = plan["changes"].as_array().into_iter().flatten().collect();
    let word = |change: &'a Json, key| change[key].as_str().unwrap_or_default();
    let words = planned.iter().map(|change| ["address", "action", "kind"].map(|key| word(change, key)));
    let changes: Vec<[&str; 3]> = words.collect();
    if changes.is_empty() && before.things != after.things {
        return Some(("the plan is empty, and AWS has changed".into(), difference(before, after)));
    }
    for ([address, action, kind], change) in changes.iter().zip(&planned) {
        let [was, is] = [before, after].map(|seen| seen.records.get(*address));
        let kept = match *action {
            // What a replacement has left may be what is wanted by now, and another resource has its address.
            "delete" if change["deposed"] == true => true,
            // Something else may come at the address in the same run.
            "delete" | "forget" => is.is_none() || is != was,
            "update" | "await" => {
                was.is_none_or(|was| is.is_some_and(|is| is_the_same(is, was)) || is_deposed(&planned, address, was))
            }
            "replace" if may_be_none(change) && is == was => true,
            "replace" => is.is_some_and(|is| was.is_none_or(|was| is.id != was.id || is.generation != was.generation)),
            _ => is.is_some(),
        };
        if !kept {
            let told = format!("the plan said {action} of {address}: {was:?} became {is:?}");
            return Some((format!("the plan said {action}, and something else was done: {kind}"), told));
        }
    }
    let is_named = |address: &String| {
        let later = renamed(new, address);
        changes.iter().any(|[one, ..]| *one == address || *one == later)
    };
    for (address, was) in before.records.iter().filter(|(address, _)| !is_named(address)) {
        let is = after.records.get(address);
        // Renames carry a record to another address, and are no change of anything.
        let moved = is.is_none() && after.records.values().any(|is| is.id == was.id && is.kind == was.kind);
        if !moved && is.is_none_or(|is| is.id != was.id) {
            let told = format!("the plan said nothing of {address}: {was:?} became {is:?}");
            return Some((format!("the plan said nothing of what was changed: {}", was.kind), told));
        }
        let its = |thing: &&String| is_of(thing, address, was);
        if let Some(gone) = before.things.iter().filter(its).find(|thing| !after.things.contains(thing)) {
            let told = format!("the plan said nothing of {address}, and `{gone}` has gone");
            return Some((format!("the plan said nothing of what has gone: {}", was.kind), told));
        }
    }
    None
}

/// Whether a record is of the same thing as before. A global table is named by a region that it is in.
fn is_the_same(is: &Record, was: &Record) -> bool {
    let moves = was.kind == "dynamodb.GlobalTable" && is.id.rsplit(':').next() == was.id.rsplit(':').next();
    is.id == was.id || moves
}

/// Whether what stood at an address goes as what a replacement leaves: that was taken back, and the old one stands again.
fn is_deposed(planned: &[&Json], address: &str, was: &Record) -> bool {
    let deposed = planned.iter().filter(|change| change["address"] == address && change["deposed"] == true);
    deposed.filter_map(|change| change["id"].as_str()).any(|id| id == was.id)
}

/// Whether a replacement hangs on values alone that AWS has yet to give, and the plan says so: they may be what they were.
fn may_be_none(change: &Json) -> bool {
    let forcing = change["properties"].as_array().into_iter().flatten();
    let mut forcing = forcing.filter(|property| property["forces_replacement"] == true).peekable();
    forcing.peek().is_some()
        && forcing.all(|property| property["waits_for"].as_array().is_some_and(|waits| !waits.is_empty()))
}

/// The address under which `moved` carries on what had this one.
fn renamed(new: &Yaml, address: &str) -> String {
    let carried = keys(new, &["moved"]).into_iter().find_map(|old| {
        let rest = address.strip_prefix(&old).filter(|rest| rest.starts_with(['.', '@']))?;
        Some(format!("{}{rest}", text(new, &["moved", &old])?))
    });
    carried.unwrap_or_else(|| address.to_owned())
}

/// The first thing that a mere rename has made anew: an entry that says what it said before, under a name that a new line
/// of `moved` leads to.
pub fn renamed_anew(old: &Yaml, new: &Yaml, before: &Seen, after: &Seen) -> Option<(String, String)> {
    for from in keys(new, &["moved"]).into_iter().filter(|from| get(old, &["moved", from]).is_none()) {
        let to = text(new, &["moved", &from]).unwrap_or_default();
        let entry =
            |stack, path: &str| path.split_once('.').and_then(|(block, name)| get(stack, &[block, name]).cloned());
        let (was, is) = (entry(old, &from), entry(new, to));
        // Back to the name that it came from, with a line that says otherwise: another first name is another name in AWS.
        let is_back = get(old, &["moved", to]).is_some();
        if was.is_none() || was != is || is_back || get(old, &["regions"]) != get(new, &["regions"]) {
            continue;
        }
        for (address, record) in before
            .records
            .iter()
            .filter(|(address, _)| address.starts_with(&format!("{from}@")) || address.starts_with(&format!("{from}.")))
        {
            let now = after.records.get(&renamed(new, address));
            // A copy of what is there, made whenever that changes.
            if ["apigateway.Deployment", "lambda.Version"].contains(&record.kind.as_str()) {
                continue;
            }
            if now.is_none_or(|now| now.id != record.id) {
                let told = format!("{address}: {record:?} became {now:?}");
                let block = from.split('.').next().unwrap_or_default();
                return Some((format!("a rename with moved makes anew: {block} {}", record.kind), told));
            }
        }
    }
    None
}

/// Whether a thing of the inventory is what a record tells of: of its service and region, and called what ends its id.
fn is_of(thing: &str, address: &str, record: &Record) -> bool {
    let words: Vec<&str> = thing.splitn(4, ' ').collect();
    let [region, service, _, name] = words[..] else { return false };
    let last = record.id.rsplit(['/', ':']).next().unwrap_or_default();
    let here = address.ends_with(&format!("@{region}")) || address.ends_with("@global");
    // The name of a log group has slashes of its own.
    let named = if service == "logs" { name == record.id } else { last.len() > 5 && name == last };
    here && record.kind.starts_with(service) && named
}

/// What came and what went.
pub fn difference(before: &Seen, after: &Seen) -> String {
    let gone = before.things.iter().filter(|thing| !after.things.contains(thing)).map(|thing| format!("- {thing}"));
    let come = after.things.iter().filter(|thing| !before.things.contains(thing)).map(|thing| format!("+ {thing}"));
    gone.chain(come).collect::<Vec<_>>().join("\n")
}
