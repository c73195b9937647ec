//! Leads: what only one thing of a kind can lead to at a time, such as the target group of a load balancer.

use std::collections::BTreeSet;

use super::inputs::{Decisions, Inputs};
use crate::names::Address;
use crate::plan::{Decision, ReplaceOrder};

/// Lets the old one of a replacement go first where both would lead to something that stays: AWS refuses the second.
pub(super) fn one_at_a_time(inputs: Inputs<'_>, decisions: &mut Decisions) {
    let held: Vec<Address> = inputs
        .graph
        .in_order()
        .filter_map(|(address, node)| Some((address, inputs.kind_of(node)?.traits.led_to_by_one?)))
        .filter(|(address, _)| stays(decisions, address))
        .flat_map(|(address, kind)| leading_to(inputs, address, kind))
        .collect();
    for address in held {
        if let Some((Decision::Replace { order, .. }, _)) = decisions.get_mut(&address) {
            *order = ReplaceOrder::DeleteFirst;
        }
    }
}

fn stays(decisions: &Decisions, address: &Address) -> bool {
    let decision = decisions.get(address).map(|(decision, _)| decision);
    matches!(decision, Some(Decision::Keep | Decision::Await { .. } | Decision::Update { .. }))
}

/// Things of a kind that lead to an address, by way of others of their service alone: a task that knows the name of a load
/// balancer does not lead its requests.
fn leading_to(inputs: Inputs<'_>, address: &Address, kind: &str) -> BTreeSet<Address> {
    let service = |kind: &str| kind.split('.').next().map(str::to_owned);
    let kind_at = |at: &Address| inputs.graph.get(at).map(|node| node.declaration.kind.as_str());
    let leads = |at: &Address| kind_at(at).and_then(service) == service(kind);
    let users = inputs.graph.in_order().filter(|(user, node)| leads(user) && node.needs.contains_key(address));
    let mut next: Vec<&Address> = users.map(|(user, _)| user).collect();
    let mut seen: BTreeSet<&Address> = next.iter().copied().collect();
    while let Some(at) = next.pop() {
        let needs = inputs.graph.get(at).into_iter().flat_map(|node| node.needs.keys());
        next.extend(needs.filter(|need| leads(need) && seen.insert(need)));
    }
    seen.into_iter().filter(|at| kind_at(at) == Some(kind)).cloned().collect()
}
