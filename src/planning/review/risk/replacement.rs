//! Replacements, with a gap or without; those that only follow are counted with their cause.

use std::collections::BTreeMap;

use super::{Finding, finding, reasons};
use crate::names::Address;
use crate::plan::review::{Follows, RiskClass};
use crate::plan::{Decision, Plan, Planned};
use crate::planning::inputs::Inputs;

/// Names that are written out before the rest is counted.
const NAMED: usize = 3;

/// The risk of a cause: its own replacement, and those that follow. What is replaced by design is none.
pub(super) fn of(
    inputs: Inputs<'_>,
    plan: &Plan,
    entry: &Planned,
    follows: &BTreeMap<Address, Follows>,
) -> Option<Finding> {
    if entry.deposed || follows.contains_key(&entry.address) {
        return None;
    }
    let info = |entry: &Planned| inputs.catalog.get(&entry.kind);
    let counts = |entry: &Planned| {
        let by_design = info(entry).is_some_and(|info| info.traits.snapshot);
        matches!(entry.decision, Decision::Replace { .. }) && !by_design
    };
    let follow = |other: &&Planned| {
        !other.deposed && follows.get(&other.address).is_some_and(|follows| follows.cause == entry.address)
    };
    let followers: Vec<&Planned> = plan.entries.iter().filter(follow).collect();
    let replaced: Vec<&Planned> = followers.iter().copied().filter(|one| counts(one)).collect();
    let gaps: Vec<&Planned> = replaced.iter().copied().filter(|one| is_gap(one)).collect();
    // What holds data and is replaced is told as a loss of data.
    let own = counts(entry) && !info(entry).is_some_and(|info| info.traits.holds_data);
    if !own && replaced.is_empty() {
        return None;
    }
    let gap = own && is_gap(entry) || !gaps.is_empty();
    let class = if gap { RiskClass::Gap } else { RiskClass::Replacement };
    let what = match (own, is_gap(entry)) {
        (true, true) => {
            format!("replaced because {}: the old one is deleted before there is a new one", reasons(entry))
        }
        (true, false) => format!("replaced because {}: the new one is created first", reasons(entry)),
        (false, _) => "changed".to_owned(),
    };
    let (more, gaps) = (following(&followers, &replaced), names(entry, &gaps));
    let gaps = if gaps.is_empty() { gaps } else { format!("; deleted before there is a new one: {gaps}") };
    Some(finding(class, format!("{what}{more}{gaps}")))
}

fn is_gap(entry: &Planned) -> bool {
    entry.decision.deletes_first()
}

fn following(followers: &[&Planned], replaced: &[&Planned]) -> String {
    let verb = |number: usize, one: &str, many: &str| if number == 1 { one.to_owned() } else { many.to_owned() };
    match (followers.len(), replaced.len()) {
        (0, _) => String::new(),
        (all, 0) => format!("; {all} more {} with it", verb(all, "changes", "change")),
        (all, some) if all == some => format!("; {all} more {} replaced with it", verb(all, "is", "are")),
        (all, some) => format!("; {all} more change with it, {some} of them {} replaced", verb(some, "is", "are")),
    }
}

/// The names of what follows, without its region where that is the cause's own.
fn names(cause: &Planned, entries: &[&Planned]) -> String {
    let name = |entry: &&&Planned| {
        let own = entry.address.at == cause.address.at;
        if own { entry.address.path.to_string() } else { entry.address.to_string() }
    };
    let words = entries.iter().take(NAMED).map(|entry| format!("`{}`", name(&entry))).collect::<Vec<_>>().join(", ");
    match entries.len().saturating_sub(NAMED) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}
