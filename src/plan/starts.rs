//! Starts: what must be there before a resource is created, and need not outlive it. Pure.

use crate::blocks::Level;
use crate::graph::Graph;
use crate::names::Address;
use crate::state::State;

/// Resources that must be there, and how far, before the one at an address is made whole for the first time. They are not
/// among its needs: nothing waits for them once it is there, and they may go first.
pub fn starts_after<'a>(
    graph: &'a Graph,
    state: &'a State,
    address: &Address,
) -> impl Iterator<Item = (&'a Address, Level)> {
    let node = graph.get(address).filter(|_| !is_whole(state, address));
    node.into_iter().flat_map(|node| &node.starts_after).map(|(first, level)| (first, *level))
}

/// True if the resource at an address has been made whole.
pub fn is_whole(state: &State, address: &Address) -> bool {
    state.records.get(address).is_some_and(crate::state::Record::is_whole)
}
