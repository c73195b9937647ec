//! The lines of one change: action, place, kind and remark, then its differences, then what follows it.

use anstyle::Style;

use super::changes;
use super::flow::flow;
use super::groups::{Group, is_alike};
use crate::diff::Change;
use crate::plan::review::Review;
use crate::plan::{Decision, Planned, ReplaceOrder};
use crate::render::style::{BAD, CALM, CHANGE, FAINT, GOOD, paint};
use crate::render::words::count;

/// Names of followers that are written out before the rest is counted.
const NAMED: usize = 12;

/// The lines of a change and of all that is folded under it.
pub(super) fn lines(group: &Group<'_>, review: &Review) -> Vec<String> {
    let entry = group.lead;
    let (symbol, word, style) = mark(&entry.decision);
    let head = format!(
        "{} {}  {}{}{}",
        paint(style, format!("{symbol:<3} {word:<7}")),
        group.place(),
        paint(FAINT, entry.kind.as_str()),
        telling(group, review),
        paint(FAINT, note(entry)),
    );
    let differences = entry.changes().iter().flat_map(changes::lines).map(|line| format!("      {line}"));
    std::iter::once(head).chain(differences).chain(following(group, review)).collect()
}

/// A change in one line of Markdown, its short differences among it.
pub(super) fn summary_line(group: &Group<'_>) -> String {
    let entry = group.lead;
    let (_, word, _) = mark(&entry.decision);
    let deposed = if entry.deposed { " (deposed)" } else { "" };
    let follow = match group.followers_by_path().len() {
        0 => String::new(),
        number => format!(", {} with it", count(number, "change")),
    };
    // The address stands for another resource by now: only the id tells this one.
    let id = entry.id.as_ref().filter(|_| entry.deposed).map(|id| format!(" `{id}`")).unwrap_or_default();
    format!("{word}{deposed} `{}`{id}{}{follow}", group.place(), gist(entry))
}

/// The short differences of a change.
fn gist(entry: &Planned) -> String {
    let words: Vec<String> = entry.changes().iter().take(NAMED).map(changes::gist).collect();
    let more = entry.changes().len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if words.is_empty() { String::new() } else { format!(": {}{more}", words.join(", ")) }
}

/// Sign, word and style of a decision.
fn mark(decision: &Decision) -> (&'static str, &'static str, Style) {
    match decision {
        Decision::Keep => ("=", "keep", FAINT),
        Decision::Await { .. } => ("?", "wait", CALM),
        Decision::Create { .. } => ("+", "create", GOOD),
        Decision::Update { .. } => ("~", "update", CHANGE),
        Decision::Replace { .. } => ("-/+", "replace", BAD),
        Decision::Adopt { .. } => ("<=", "adopt", CALM),
        Decision::Delete => ("-", "delete", BAD),
        Decision::Forget => (".", "forget", FAINT),
    }
}

/// The properties that tell a new resource from others; of a deleted one its id.
fn telling(group: &Group<'_>, review: &Review) -> String {
    let entry = group.lead;
    if entry.decision == Decision::Delete {
        let deposed = if entry.deposed { "  (deposed)" } else { "" };
        let id = entry.id.as_ref().filter(|_| group.same.is_empty()).map(|id| format!("  {id}")).unwrap_or_default();
        return format!("{deposed}{}", paint(FAINT, id));
    }
    let highlights = review.highlights.get(&entry.address).map_or(&[][..], Vec::as_slice);
    let words: Vec<String> = highlights.iter().map(|one| format!("{}: {}", one.path, flow(&one.value))).collect();
    if words.is_empty() { String::new() } else { format!("  {}", words.join(", ")) }
}

/// The remark at the end of a decision's line.
fn note(entry: &Planned) -> String {
    let note = match &entry.decision {
        Decision::Await { why } | Decision::Create { why: Some(why) } => why.clone(),
        Decision::Replace { why, order, .. } => {
            why.iter().map(String::as_str).chain([order_words(*order)]).collect::<Vec<_>>().join("; ")
        }
        Decision::Adopt { id, .. } => id.to_string(),
        Decision::Forget => "stays in AWS, no longer managed".to_owned(),
        _ => String::new(),
    };
    if note.is_empty() { note } else { format!("  # {note}") }
}

fn order_words(order: ReplaceOrder) -> &'static str {
    match order {
        ReplaceOrder::CreateFirst => "the new one is created first",
        ReplaceOrder::DeleteFirst => "the old one is deleted first",
    }
}

/// Changes that only follow: by action and name; those that have changes of their own, with those.
fn following(group: &Group<'_>, review: &Review) -> Vec<String> {
    let followers = group.followers_by_path();
    if followers.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("      {} with it:", count(followers.len(), "change"))];
    let mut kinds: Vec<(&Planned, Vec<&str>)> = Vec::new();
    for (name, entry) in &followers {
        match kinds.iter_mut().find(|(first, _)| is_alike(first, entry)) {
            Some((_, names)) => names.push(name),
            None => kinds.push((entry, vec![name])),
        }
    }
    let most = |entry: &Planned| if entry.decision == Decision::Delete { usize::MAX } else { NAMED };
    let line =
        |(entry, names): &(&Planned, Vec<&str>)| format!("        {} {}", sign(entry), named(names, most(entry)));
    lines.extend(kinds.iter().map(line));
    for (name, entry) in &followers {
        let own = own_changes(entry, review);
        if !own.is_empty() {
            lines.push(format!("        {} {name}, with changes of its own:", sign(entry)));
            lines.extend(own.into_iter().flat_map(changes::lines).map(|line| format!("              {line}")));
        }
    }
    lines
}

fn sign(entry: &Planned) -> String {
    let (symbol, word, style) = mark(&entry.decision);
    let gap = if entry.decision.deletes_first() { " (deleted first)" } else { "" };
    format!("{}{gap}", paint(style, format!("{symbol:<3} {word:<7}")))
}

fn named(names: &[&str], most: usize) -> String {
    let words = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}

fn own_changes<'a>(entry: &'a Planned, review: &Review) -> Vec<&'a Change> {
    let own = review.follows.get(&entry.address).map_or(&[][..], |follows| follows.own.as_slice());
    entry.changes().iter().filter(|change| own.contains(&change.path)).collect()
}
