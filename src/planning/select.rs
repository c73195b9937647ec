//! Selection: the part of a stack that `--target` and `--exclude` leave. Pure.

use std::collections::BTreeSet;

use crate::graph::Graph;
use crate::intent::Selection;
use crate::names::Address;
use crate::plan::starts::starts_after;
use crate::plan::users::Users;
use crate::state::State;

/// The part of a stack that a plan is of.
pub(super) struct PlannedPart<'a> {
    state: &'a State,
    /// All if none.
    selected: Option<Selected>,
}

/// Some of a stack, and who uses what in all of it.
struct Selected {
    addresses: BTreeSet<Address>,
    users: Users,
}

impl<'a> PlannedPart<'a> {
    pub(super) fn of(graph: &'a Graph, state: &'a State, selection: &Selection) -> Self {
        let addresses = selected(graph, state, selection);
        let selected = addresses.map(|addresses| Selected { addresses, users: Users::of(graph, state) });
        Self { state, selected }
    }

    pub(super) fn contains(&self, address: &Address) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.addresses.contains(address))
    }

    /// True if something that is not part of the plan still uses what stands, or stood, at an address, however many steps
    /// away: an API goes on sending its requests through a listener to a load balancer.
    pub(super) fn is_used_outside(&self, address: &Address) -> bool {
        let Some(Selected { users, .. }) = &self.selected else { return false };
        let left_alone = |user: &Address| !self.contains(user) && self.state.records.contains_key(user);
        users.direct(address).any(left_alone) || users.in_any_way(address).iter().any(left_alone)
    }
}

/// The addresses that are part of a plan, with what they need; all if neither option is given.
pub(crate) fn selected(graph: &Graph, state: &State, selection: &Selection) -> Option<BTreeSet<Address>> {
    if !selection.is_partial() {
        return None;
    }
    let nodes = graph.in_order().map(|(address, _)| address);
    let all = nodes.chain(state.records.keys());
    let wanted = all.filter(|address| selection.is_target(address) && !selection.is_excluded(address));
    let mut selected: BTreeSet<Address> = wanted.cloned().collect();
    add_needs(graph, state, &mut selected, selection);
    drop_unreachable(graph, state, &mut selected, selection);
    Some(selected)
}

/// Adds everything that is needed, or without which something would never serve.
fn add_needs(graph: &Graph, state: &State, selected: &mut BTreeSet<Address>, selection: &Selection) {
    loop {
        let mut more = BTreeSet::new();
        for (address, node) in graph.in_order().filter(|(address, _)| selected.contains(*address)) {
            let first = starts_after(graph, state, address).map(|(first, _)| first);
            let needs = node.needs.keys().chain(&node.declaration.served_by).chain(first);
            more.extend(needs.filter(|need| !selected.contains(*need) && !selection.is_excluded(need)).cloned());
        }
        if more.is_empty() {
            return;
        }
        selected.extend(more);
    }
}

/// Drops what needs something that is excluded and does not exist: it cannot be created either.
fn drop_unreachable(graph: &Graph, state: &State, selected: &mut BTreeSet<Address>, selection: &Selection) {
    let mut missing: BTreeSet<Address> = BTreeSet::new();
    for (address, node) in graph.in_order() {
        let exists = state.records.contains_key(address) || node.declaration.existing;
        let first = starts_after(graph, state, address).map(|(first, _)| first);
        let mut needs = node.needs.keys().chain(&node.declaration.served_by).chain(first);
        if !exists && (selection.is_excluded(address) || needs.any(|need| missing.contains(need))) {
            missing.insert(address.clone());
        }
    }
    selected.retain(|address| !missing.contains(address));
}
