//! Retained resources that would lose what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use crate::names::Address;
use crate::plan::{Decision, Obstacle, ObstacleKind, Planned};

/// Obstacles of resources that stay in AWS while something that they need would be deleted: AWS refuses that as long as
/// they use it, or lets them fail.
pub(super) fn stranded(inputs: Inputs<'_>, leaving: &[Planned]) -> Vec<Obstacle> {
    let deleted: BTreeSet<&Address> = leaving
        .iter()
        .filter(|entry| entry.decision == Decision::Delete && is_recorded(inputs, entry))
        .map(|entry| &entry.address)
        .collect();
    let retained = leaving.iter().filter(|entry| entry.decision == Decision::Forget);
    // Once for each block that goes, not for each of its parts.
    let mut told: BTreeMap<(String, String), Obstacle> = BTreeMap::new();
    for entry in retained {
        for lost in needs(inputs, &entry.address).into_iter().filter(|need| deleted.contains(need)) {
            let blocks = (block(&entry.address), block(&lost));
            told.entry(blocks).or_insert_with(|| obstacle(&entry.address, &lost));
        }
    }
    told.into_values().collect()
}

/// True for what stands at an address, and not for what a replacement has left there.
fn is_recorded(inputs: Inputs<'_>, entry: &Planned) -> bool {
    inputs.state.records.get(&entry.address).is_some_and(|record| Some(&record.id) == entry.id.as_ref())
}

/// Everything that a recorded resource needs, in any number of steps.
fn needs(inputs: Inputs<'_>, address: &Address) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    let mut next = vec![address.clone()];
    while let Some(at) = next.pop() {
        for need in inputs.state.records.get(&at).into_iter().flat_map(|record| &record.needs) {
            if found.insert(need.clone()) {
                next.push(need.clone());
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

fn obstacle(retained: &Address, lost: &Address) -> Obstacle {
    Obstacle {
        address: retained.clone(),
        kind: ObstacleKind::Impossible,
        message: format!("it is to stay in AWS (`retain`), and needs `{lost}`, which would be deleted"),
        help: format!("keep `{lost}` too, with `retain: true` or in the file; or let `{retained}` go with it"),
    }
}
