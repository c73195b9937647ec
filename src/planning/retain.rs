//! Retained resources that would lose what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::{Decisions, Inputs};
use crate::names::Address;
use crate::plan::{Decision, Obstacle, ObstacleKind, Plan, Planned};
use crate::state::{Record, State};

/// Obstacles of resources that stay in AWS while something that they need would go: AWS refuses that as long as they use
/// it, or lets them fail.
pub(super) fn stranded(inputs: Inputs<'_>, decisions: &Decisions, leaving: &[Planned]) -> Vec<Obstacle> {
    let deleted = leaving.iter().filter(|entry| entry.decision == Decision::Delete && is_recorded(inputs, entry));
    let replaced = decisions.iter().filter(|(_, (decision, _))| matches!(decision, Decision::Replace { .. }));
    let lost: BTreeMap<&Address, &str> = (deleted.map(|entry| (&entry.address, "deleted")))
        .chain(replaced.map(|(address, _)| (address, "replaced")))
        .collect();
    let forgotten = leaving.iter().filter(|entry| entry.decision == Decision::Forget);
    let forgotten = forgotten.map(|entry| (&entry.address, "it is to stay in AWS (`retain`)"));
    let earlier = inputs.state.retained.keys().map(|address| (address, "an earlier run left it in AWS (`retain`)"));
    // Once for each block that goes, not for each of its parts.
    let mut told: BTreeMap<(String, String), Obstacle> = BTreeMap::new();
    for (stays, why) in forgotten.chain(earlier) {
        for need in needs(inputs.state, stays) {
            let Some(fate) = lost.get(&need) else { continue };
            let is_managed = inputs.state.records.contains_key(stays);
            told.entry((block(stays), block(&need))).or_insert_with(|| Obstacle {
                address: stays.clone(),
                kind: ObstacleKind::Impossible,
                message: format!("{why}, and needs `{need}`, which would be {fate}"),
                help: help(stays, &need, is_managed),
            });
        }
    }
    told.into_values().collect()
}

/// Resources that an earlier run has retained, and that need what is about to go: somebody may have deleted them since.
pub(crate) fn holding<'a>(plan: &Plan, state: &'a State) -> Vec<(&'a Address, &'a Record)> {
    let goes = |entry: &&Planned| matches!(entry.decision, Decision::Delete | Decision::Replace { .. });
    let going: BTreeSet<&Address> = plan.entries.iter().filter(goes).map(|entry| &entry.address).collect();
    let holds = |address: &Address| needs(state, address).iter().any(|need| going.contains(need));
    state.retained.iter().filter(|(address, _)| holds(address)).collect()
}

/// True for what stands at an address, and not for what a replacement has left there.
fn is_recorded(inputs: Inputs<'_>, entry: &Planned) -> bool {
    inputs.state.records.get(&entry.address).is_some_and(|record| Some(&record.id) == entry.id.as_ref())
}

/// Everything that a resource needs, in any number of steps.
fn needs(state: &State, address: &Address) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut next = vec![address];
    while let Some(at) = next.pop() {
        let records = [state.records.get(at), state.retained.get(at)];
        for need in records.into_iter().flatten().flat_map(|record| &record.needs) {
            if found.insert(need.clone()) {
                next.push(need);
            }
        }
    }
    found
}

/// The block of an address, with its region.
fn block(address: &Address) -> String {
    let words: Vec<&str> = address.path.split('.').take(2).collect();
    format!("{}@{}", words.join("."), address.at)
}

fn help(stays: &Address, lost: &Address, is_managed: bool) -> String {
    if is_managed {
        format!("keep `{lost}` too, with `retain: true` or in the file; or let `{stays}` go with it")
    } else {
        format!(
            "keep `{lost}`, with `retain: true` or in the file; or delete what is left of `{stays}` in AWS, or take it \
             back into the file, without `retain`, and let it go with the rest"
        )
    }
}
