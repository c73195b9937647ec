//! What leaves for good: whole regions, and blocks.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{Address, Region, Scope};
use crate::plan::review::{Risk, RiskClass, Subject};
use crate::plan::{Decision, Plan, Planned};
use crate::planning::inputs::Inputs;

/// The regions that everything leaves.
pub(super) fn leaving_regions(inputs: Inputs<'_>, plan: &Plan) -> Vec<Risk> {
    if plan.destroy {
        return Vec::new();
    }
    let mut regions: BTreeMap<&Region, Vec<&Planned>> = BTreeMap::new();
    for entry in &plan.entries {
        if let Scope::In(region) = &entry.address.at {
            regions.entry(region).or_default().push(entry);
        }
    }
    regions.retain(|region, entries| {
        let leaves = entries.iter().all(|entry| matches!(entry.decision, Decision::Delete | Decision::Forget));
        let is_empty = !inputs.graph.in_order().any(|(address, _)| address.at == Scope::In((*region).clone()));
        leaves && is_empty && entries.iter().any(|entry| entry.decision == Decision::Delete)
    });
    let risk = |(region, entries): (&Region, Vec<&Planned>)| Risk {
        class: RiskClass::Traffic,
        subject: Subject::Region(region.clone()),
        message: format!("leaves the stack: all {} resources in it are deleted, and it serves no more", entries.len()),
        addresses: entries.into_iter().map(|entry| entry.address.clone()).collect(),
    };
    regions.into_iter().map(risk).collect()
}

/// The blocks of which something is deleted, beside what other risks tell already.
pub(super) fn deleted_blocks(inputs: Inputs<'_>, plan: &Plan, told: &[Risk]) -> Vec<Risk> {
    if plan.destroy {
        return Vec::new();
    }
    let is_told = |address: &Address| {
        let leaving = |risk: &&Risk| matches!(risk.class, RiskClass::Traffic | RiskClass::DataLoss);
        told.iter().filter(leaving).any(|risk| risk.addresses.contains(address))
    };
    let by_design = |entry: &Planned| inputs.catalog.get(&entry.kind).is_some_and(|info| info.traits.snapshot);
    let deleted = plan.entries.iter().filter(|entry| entry.decision == Decision::Delete && !entry.deposed);
    let mut blocks: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for entry in deleted.filter(|entry| !by_design(entry)) {
        let words: Vec<&str> = entry.address.path.split('.').take(2).collect();
        blocks.entry(words.join(".")).or_default().push(entry.address.clone());
    }
    blocks.retain(|_, addresses| !addresses.iter().all(is_told));
    let risk = |(block, addresses): (String, Vec<Address>)| {
        let paths: BTreeSet<&str> = addresses.iter().map(|address| &*address.path).collect();
        let message = match (paths.len(), paths.first()) {
            (1, Some(path)) if **path == block => "deleted".to_owned(),
            (1, Some(path)) => format!("`{path}` is deleted"),
            (number, _) => format!("{number} of its resources are deleted"),
        };
        Risk { class: RiskClass::Deletion, subject: Subject::Block(block), addresses, message }
    };
    blocks.into_iter().map(risk).collect()
}
