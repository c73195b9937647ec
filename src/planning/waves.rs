//! Waves: the order in which regions change. Pure.
//!
//! A resource changes in its region's wave. What an earlier wave needs is pulled forward into it. A
//! global resource that no region needs changes last, and so does what is deleted globally: every
//! region may still rest on it until then.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::names::{Address, Scope};
use crate::plan::Wave;
use crate::plan::starts::{is_whole, starts_after};
use crate::state::State;

/// The wave of every resource.
#[derive(Debug, Clone)]
pub struct Waves {
    of: BTreeMap<Address, usize>,
    names: Vec<Scope>,
}

impl Waves {
    /// Arranges the resources of a graph and a state. A stack that goes as a whole goes in one wave:
    /// the order of its deletes is that of its dependencies.
    pub fn of(graph: &Graph, state: &State, destroy: bool) -> Self {
        if destroy {
            return Self { of: BTreeMap::new(), names: vec![Scope::Global] };
        }
        let last = graph.order.len().saturating_sub(1);
        let own = |address: &Address| match &address.at {
            Scope::In(region) => graph.order.iter().position(|one| one == region).unwrap_or(last),
            Scope::Global => last,
        };
        let left = state.records.keys().chain(state.deposed.iter().map(|old| &old.address));
        let mut of: BTreeMap<Address, usize> = left.map(|address| (address.clone(), own(address))).collect();
        of.extend(graph.in_order().map(|(address, _)| (address.clone(), own(address))));
        // Whatever needs something comes after it in the order, so one pass from the end reaches everything.
        for (address, node) in graph.in_order().rev() {
            let wave = of.get(address).copied().unwrap_or(last);
            let first = starts_after(graph, state, address).map(|(first, _)| first);
            for need in node.needs.keys().chain(first.filter(|first| !is_whole(state, first))) {
                if let Some(needed) = of.get_mut(need) {
                    *needed = (*needed).min(wave);
                }
            }
        }
        let names = graph.order.iter().cloned().map(Scope::In).collect();
        Self { of, names }
    }

    /// The wave of a resource.
    pub fn wave(&self, address: &Address) -> usize {
        self.of.get(address).copied().unwrap_or(0)
    }

    /// The waves in order.
    pub fn list(&self) -> Vec<Wave> {
        self.names.iter().map(|name| Wave { name: name.clone() }).collect()
    }
}
