//! A plan as text: obstacles first, then each wave's changes, then a summary.

use anstyle::Style;

use super::changes;
use crate::names::Scope;
use crate::plan::{Decision, Obstacle, Plan, Planned, ReplaceOrder, Summary};
use crate::render::style::{BAD, CALM, CHANGE, FAINT, GOOD, STRONG, paint};
use crate::render::words::count;

/// The whole plan.
pub fn text(plan: &Plan) -> String {
    let mut lines = obstacles(&plan.obstacles);
    for (heading, own, entries) in groups(plan) {
        lines.push(paint(STRONG, heading));
        for (scope, entries) in by_scope(&own, &entries) {
            if scope != own {
                lines.push(paint(FAINT, format!("  also in this wave: {scope}")));
            }
            lines.extend(entries.into_iter().flat_map(entry).map(|line| format!("  {line}")));
        }
        lines.push(String::new());
    }
    lines.push(summary(plan));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// One sentence that sums a plan up.
pub fn summary(plan: &Plan) -> String {
    let total = plan.entries.len();
    let regions = count(plan.regions.len(), "region");
    if plan.is_empty() && plan.obstacles.is_empty() {
        return match (plan.destroy, total) {
            (true, _) => format!("Nothing to destroy: stack {} has no resources.", plan.stack),
            _ => format!("No changes. Your stack matches AWS in {regions} ({}).", count(total, "resource")),
        };
    }
    let summary = plan.summary();
    let mut parts: Vec<String> = counts(&summary)
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, words)| format!("{number} {words}"))
        .collect();
    if parts.is_empty() {
        parts.push("no changes".to_owned());
    }
    let kept = if summary.keep > 0 { format!("; {} unchanged", summary.keep) } else { String::new() };
    format!("{}: {}{kept}, in {regions}.", paint(STRONG, "Plan"), parts.join(", "))
}

/// The number of resources for each action, in words.
pub(super) fn counts(summary: &Summary) -> [(usize, &'static str); 7] {
    [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
        (summary.adopt, "to adopt"),
        (summary.awaited, "to wait for"),
        (summary.forget, "to forget"),
    ]
}

/// The lines of one resource: action, reason and differences.
pub(super) fn entry(entry: &Planned) -> Vec<String> {
    let (symbol, word, style) = mark(&entry.decision);
    let mut lines = vec![format!(
        "{} {}  {}{}",
        paint(style, format!("{symbol:<3} {word:<7}")),
        entry.address,
        paint(FAINT, entry.kind.as_str()),
        paint(FAINT, note(entry)),
    )];
    let differences = match &entry.decision {
        Decision::Update { changes } | Decision::Replace { changes, .. } | Decision::Adopt { changes, .. } => {
            changes.as_slice()
        }
        _ => &[],
    };
    lines.extend(differences.iter().flat_map(changes::lines).map(|line| format!("      {line}")));
    lines
}

/// An entry without an action.
pub(super) fn is_kept(entry: &Planned) -> bool {
    matches!(entry.decision, Decision::Keep)
}

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

/// The remark at the end of a decision's line.
fn note(entry: &Planned) -> String {
    let note = match &entry.decision {
        Decision::Await { why } | Decision::Create { why: Some(why) } => why.clone(),
        Decision::Replace { why, order, .. } => {
            let order = match order {
                ReplaceOrder::CreateFirst => "the new one is created first",
                ReplaceOrder::DeleteFirst => "the old one is deleted first",
            };
            why.iter().map(String::as_str).chain([order]).collect::<Vec<_>>().join("; ")
        }
        Decision::Adopt { id, .. } => id.to_string(),
        Decision::Forget => "stays in AWS, no longer managed".to_owned(),
        _ => String::new(),
    };
    if note.is_empty() { note } else { format!("  # {note}") }
}

/// `1 problem blocks`, `2 problems block`.
fn blocking(problems: usize) -> String {
    let verb = if problems == 1 { "blocks" } else { "block" };
    format!("{} {verb}", count(problems, "problem"))
}

fn obstacles(obstacles: &[Obstacle]) -> Vec<String> {
    if obstacles.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![paint(BAD, format!("{} this plan:", blocking(obstacles.len())))];
    for obstacle in obstacles {
        lines.push(format!("  {} {}: {}", paint(BAD, "!"), obstacle.address, obstacle.message));
        lines.push(format!("    {} {}", paint(CALM, "help:"), obstacle.help));
    }
    lines.push(String::new());
    lines
}

/// The changes under headings: by wave, or by region where everything goes at once.
fn groups(plan: &Plan) -> Vec<(String, Scope, Vec<&Planned>)> {
    let changing: Vec<&Planned> = plan.entries.iter().filter(|entry| !is_kept(entry)).collect();
    if plan.destroy {
        let groups = by_scope(&Scope::Global, &changing).into_iter();
        return groups.map(|(scope, entries)| (scope.to_string(), scope, entries)).collect();
    }
    let waves = plan.waves.iter().enumerate().map(|(number, wave)| {
        let entries = changing.iter().copied().filter(|entry| entry.wave == number).collect();
        (format!("Wave {}: {}", number + 1, wave.name), wave.name.clone(), entries)
    });
    waves.filter(|(_, _, entries): &(_, _, Vec<_>)| !entries.is_empty()).collect()
}

/// Entries by scope: a wave's own first, then those that were pulled forward into it.
fn by_scope<'a>(own: &Scope, entries: &[&'a Planned]) -> Vec<(Scope, Vec<&'a Planned>)> {
    let mut groups: Vec<(Scope, Vec<&'a Planned>)> = Vec::new();
    for entry in entries {
        match groups.iter_mut().find(|(scope, _)| *scope == entry.address.at) {
            Some((_, group)) => group.push(entry),
            None => groups.push((entry.address.at.clone(), vec![entry])),
        }
    }
    groups.sort_by_key(|(scope, _)| scope != own);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use crate::render::style::plain;

    #[test]
    fn a_plan_reads_without_colour() {
        insta::assert_snapshot!(plain(&text(&sample::plan())));
    }

    #[test]
    fn a_destroy_is_grouped_by_region() {
        let plan = Plan { destroy: true, ..sample::plan() };
        let headings = |line: &&str| !line.starts_with(' ') && !line.is_empty();
        let text = plain(&text(&plan));
        let headings: Vec<&str> = text.lines().filter(headings).take(3).collect();
        assert_eq!(headings, ["global", "us-west-2", "us-east-1"]);
    }

    #[test]
    fn obstacles_come_first() {
        insta::assert_snapshot!(plain(&text(&sample::blocked())));
    }

    #[test]
    fn an_empty_plan_is_one_line() {
        assert_eq!(plain(&text(&sample::empty())), "No changes. Your stack matches AWS in 2 regions (1 resource).\n");
    }
}
