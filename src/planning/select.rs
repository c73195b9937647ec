//! What `--target` and `--exclude` leave of a stack. Pure.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::intent::Selection;
use crate::names::Address;
use crate::state::State;

/// The addresses that are part of a plan, with what they need; all if neither option is given.
pub(crate) fn selected(graph: &Graph, state: &State, selection: &Selection) -> Option<BTreeSet<Address>> {
    if !selection.is_partial() {
        return None;
    }
    let is_excluded = |address: &Address| selection.is_excluded(address);
    let nodes = graph.in_order().map(|(address, _)| address);
    let all = nodes.chain(state.records.keys());
    let wanted = all.filter(|address| selection.is_target(address) && !is_excluded(address));
    let mut selected: BTreeSet<Address> = wanted.cloned().collect();
    add_needs(graph, &mut selected, &is_excluded);
    leave_out_orphans(graph, state, &mut selected, &is_excluded);
    Some(selected)
}

/// Everything that is needed, or without which something would never serve.
fn add_needs(graph: &Graph, selected: &mut BTreeSet<Address>, is_excluded: &impl Fn(&Address) -> bool) {
    loop {
        let mut more = BTreeSet::new();
        for (_, node) in graph.in_order().filter(|(address, _)| selected.contains(*address)) {
            let needs = node.needs.keys().chain(&node.declaration.served_by);
            more.extend(needs.filter(|need| !selected.contains(*need) && !is_excluded(need)).cloned());
        }
        if more.is_empty() {
            return;
        }
        selected.extend(more);
    }
}

/// What needs something that is excluded and not there cannot be made either.
fn leave_out_orphans(
    graph: &Graph,
    state: &State,
    selected: &mut BTreeSet<Address>,
    is_excluded: &impl Fn(&Address) -> bool,
) {
    let mut missing: BTreeSet<Address> = BTreeSet::new();
    for (address, node) in graph.in_order() {
        let exists = state.records.contains_key(address) || node.declaration.existing;
        let mut needs = node.needs.keys().chain(&node.declaration.served_by);
        if !exists && (is_excluded(address) || needs.any(|need| missing.contains(need))) {
            missing.insert(address.clone());
        }
    }
    selected.retain(|address| !missing.contains(address));
}
