//! Entries of the journal: changes of a state, one by one. Pure.

use serde::{Deserialize, Serialize};

use super::{Deposed, Pending, Record, State, edit};
use crate::names::{Address, PhysicalId, Region};

/// One thing that happened to a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// A call is about to be made.
    Begin {
        /// The call.
        pending: Pending,
    },
    /// The resource exists, as this record says; no call is open any more.
    Made {
        /// The resource.
        address: Address,
        /// The record.
        record: Record,
    },
    /// The new half of a replacement exists; the old one is deposed.
    Replaced {
        /// The resource.
        address: Address,
        /// The new one.
        record: Record,
    },
    /// The resource with this id is gone.
    Gone {
        /// Its address.
        address: Address,
        /// Its generation.
        generation: u32,
        /// Its physical id.
        id: PhysicalId,
    },
    /// A call came to nothing.
    Cleared {
        /// The resource.
        address: Address,
        /// Its generation.
        generation: u32,
    },
    /// The resource is no longer managed. One that was to be retained is remembered, for what it goes on needing.
    Forgotten {
        /// The resource.
        address: Address,
    },
    /// The resource has a new address.
    Moved {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// Several resources have new addresses at once, which may be each other's.
    Renamed {
        /// The moves.
        moves: Vec<Move>,
    },
    /// The run is for this account and these regions.
    Used {
        /// The account.
        account: String,
        /// The regions.
        regions: Vec<Region>,
    },
}

/// A new address of a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Move {
    /// The old address.
    pub from: Address,
    /// The new one.
    pub to: Address,
    /// Its physical id: an exchange that was done is not done once more.
    pub id: PhysicalId,
}

impl State {
    /// Applies an entry. Applying one twice is the same as once.
    pub fn apply(&mut self, entry: &Entry) {
        apply(self, entry);
    }
}

fn apply(state: &mut State, entry: &Entry) {
    match entry {
        Entry::Begin { pending } => {
            close(state, &pending.address, pending.generation);
            state.pending.push(pending.clone());
        }
        Entry::Made { address, record } => {
            close(state, address, record.generation);
            stays(state, address, record);
            state.records.insert(address.clone(), record.clone());
        }
        Entry::Replaced { address, record } => {
            close(state, address, record.generation);
            stays(state, address, record);
            if let Some(old) = state.records.insert(address.clone(), record.clone())
                && !old.is_the_thing_of(record)
            {
                state.deposed.push(Deposed { address: address.clone(), record: old });
            }
        }
        Entry::Gone { address, generation, id } => {
            close(state, address, *generation);
            let last = state.last_generation.entry(address.clone()).or_default();
            *last = (*last).max(*generation);
            let is_it = |record: &Record| record.id == *id && record.generation == *generation;
            if state.records.get(address).is_some_and(is_it) {
                state.records.remove(address);
            }
            state.deposed.retain(|old| old.address != *address || !is_it(&old.record));
            if state.retained.get(address).is_some_and(is_it) {
                state.retained.remove(address);
            }
        }
        Entry::Cleared { address, generation } => close(state, address, *generation),
        Entry::Forgotten { address } => {
            state.pending.retain(|pending| pending.address != *address);
            if let Some(record) = state.records.remove(address).filter(|record| record.retain) {
                state.retained.insert(address.clone(), record);
            }
        }
        Entry::Moved { from, to } => edit::rename(state, &[(from.clone(), to.clone())]),
        Entry::Renamed { moves } => {
            let is_due = |one: &Move| state.records.get(&one.from).is_some_and(|record| record.id == one.id);
            if moves.iter().all(is_due) {
                let moves: Vec<_> = moves.iter().map(|one| (one.from.clone(), one.to.clone())).collect();
                depose_displaced(state, &moves);
                edit::rename(state, &moves);
            }
        }
        Entry::Used { account, regions } => {
            account.clone_into(&mut state.account);
            state.regions.extend(regions.iter().cloned());
        }
    }
}

/// Deposes what stands where something else moves to, unless it moves itself.
fn depose_displaced(state: &mut State, moves: &[(Address, Address)]) {
    for (_, to) in moves.iter().filter(|(_, to)| !moves.iter().any(|(from, _)| from == to)) {
        if let Some(record) = state.records.remove(to) {
            state.deposed.push(Deposed { address: to.clone(), record });
        }
    }
}

/// Drops the deposed and the retained records of a resource that is recorded at its address.
fn stays(state: &mut State, address: &Address, record: &Record) {
    state.deposed.retain(|old| old.address != *address || !old.record.is_the_thing_of(record));
    state.retained.retain(|_, old| !old.is_the_thing_of(record));
}

/// The call of this generation is open no more. Those of others at the same address are.
fn close(state: &mut State, address: &Address, generation: u32) {
    state.pending.retain(|pending| pending.address != *address || pending.generation != generation);
}
