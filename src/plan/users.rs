//! Users: what rests on a resource, by the file and by the state. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Graph;
use crate::names::Address;
use crate::state::State;

/// The users of each address.
pub struct Users {
    /// Those that name it themselves, in the file or in the state.
    direct: BTreeMap<Address, BTreeSet<Address>>,
    /// Those that named it when they were last changed. What AWS holds of it was taken over then.
    recorded: BTreeMap<Address, BTreeSet<Address>>,
}

impl Users {
    /// The users of everything in a graph and a state.
    pub fn of(graph: &Graph, state: &State) -> Self {
        let mut recorded: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        let deposed = state.deposed.iter().map(|old| (&old.address, &old.record));
        for (user, record) in state.records.iter().chain(deposed) {
            for need in &record.needs {
                recorded.entry(need.clone()).or_default().insert(user.clone());
            }
        }
        let mut direct = recorded.clone();
        for (user, node) in graph.in_order() {
            for need in node.needs.keys() {
                direct.entry(need.clone()).or_default().insert(user.clone());
            }
        }
        Self { direct, recorded }
    }

    /// Those that name an address themselves.
    pub fn direct(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.direct.get(address).into_iter().flatten()
    }

    /// Those that rest on what stands at an address, in any number of steps.
    pub fn all(&self, address: &Address) -> BTreeSet<Address> {
        let mut found: BTreeSet<Address> = BTreeSet::new();
        let mut next = vec![address];
        while let Some(at) = next.pop() {
            for user in self.recorded.get(at).into_iter().flatten() {
                if user != address && found.insert(user.clone()) {
                    next.push(user);
                }
            }
        }
        found
    }
}
