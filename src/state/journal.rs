//! What happens to a state, entry by entry: written before a call and after it.
//!
//! Rule: an entry is durable before what it announces is done, and before anything that relies on
//! it begins. Entries that come at the same time share one write (group commit).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::store::{Store, StoreError};
use super::{Leaving, Pending, Record, State, edit};
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
    /// It is there, as this record says; no call is open any more.
    Made {
        /// The resource.
        address: Address,
        /// What it is.
        record: Record,
    },
    /// A new one is there; the old one is to leave.
    Replaced {
        /// The resource.
        address: Address,
        /// The new one.
        record: Record,
    },
    /// The thing with this id is gone.
    Gone {
        /// Where it stood.
        address: Address,
        /// Which of the things that have stood there.
        generation: u32,
        /// What it was called.
        id: PhysicalId,
    },
    /// A call came to nothing.
    Cleared {
        /// The resource.
        address: Address,
        /// Which of the things that have stood there.
        generation: u32,
    },
    /// We no longer look after it.
    Forgotten {
        /// The resource.
        address: Address,
    },
    /// It has a new address.
    Moved {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// The run is for this account and these regions.
    Used {
        /// The account.
        account: String,
        /// The regions.
        regions: Vec<Region>,
    },
}

/// What a state becomes by an entry. Applying one twice is the same as once.
pub fn apply(state: &mut State, entry: &Entry) {
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
                state.leaving.push(Leaving { address: address.clone(), record: old });
            }
        }
        Entry::Gone { address, generation, id } => {
            close(state, address, *generation);
            let last = state.past.entry(address.clone()).or_default();
            *last = (*last).max(*generation);
            let is_it = |record: &Record| record.id == *id && record.generation == *generation;
            if state.records.get(address).is_some_and(is_it) {
                state.records.remove(address);
            }
            state.leaving.retain(|old| old.address != *address || !is_it(&old.record));
        }
        Entry::Cleared { address, generation } => close(state, address, *generation),
        Entry::Forgotten { address } => {
            state.pending.retain(|pending| pending.address != *address);
            state.records.remove(address);
        }
        Entry::Moved { from, to } => edit::rename(state, &[(from.clone(), to.clone())]),
        Entry::Used { account, regions } => {
            account.clone_into(&mut state.account);
            state.regions.extend(regions.iter().cloned());
        }
    }
}

/// What was to leave and is now what stands there, since a replacement was taken back, does not leave.
fn stays(state: &mut State, address: &Address, record: &Record) {
    state.leaving.retain(|old| old.address != *address || !old.record.is_the_thing_of(record));
}

/// The call of this generation is open no more. Those of others at the same address are.
fn close(state: &mut State, address: &Address, generation: u32) {
    state.pending.retain(|pending| pending.address != *address || pending.generation != generation);
}

/// The state of a run in progress, and the way to change it.
pub struct Journal {
    store: Arc<dyn Store>,
    inner: Mutex<Inner>,
    writing: tokio::sync::Mutex<()>,
}

struct Inner {
    state: State,
    waiting: VecDeque<Entry>,
    accepted: u64,
    durable: u64,
}

impl Journal {
    /// A journal that goes on from a state.
    pub fn new(store: Arc<dyn Store>, state: State) -> Self {
        let inner = Inner { state, waiting: VecDeque::new(), accepted: 0, durable: 0 };
        Self { store, inner: Mutex::new(inner), writing: tokio::sync::Mutex::new(()) }
    }

    /// Writes an entry; returns when it is durable. Whoever comes while another write is under way
    /// shares the next one.
    pub async fn write(&self, entry: Entry) -> Result<(), StoreError> {
        let number = {
            let mut inner = self.inner();
            inner.waiting.push_back(entry);
            inner.accepted += 1;
            inner.accepted
        };
        let _turn = self.writing.lock().await;
        let (batch, upto) = {
            let inner = self.inner();
            if inner.durable >= number {
                return Ok(());
            }
            (inner.waiting.iter().cloned().collect::<Vec<_>>(), inner.accepted)
        };
        self.store.append(&batch).await?;
        let mut inner = self.inner();
        for entry in &batch {
            apply(&mut inner.state, entry);
        }
        inner.waiting.drain(..batch.len());
        inner.durable = upto;
        Ok(())
    }

    /// Returns once something may be done, or with the reason if the lock is lost.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.store.fence().open().await.map_err(|why| StoreError::Lost { place: self.store.place(), why })
    }

    /// The state as far as it is durable.
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// Looks at the state as far as it is durable.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.inner().state)
    }

    /// Writes the whole state, with the next serial, in place of the entries.
    pub async fn save(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock().await;
        let mut state = self.state();
        state.serial += 1;
        self.store.save(&state).await?;
        self.inner().state.serial = state.serial;
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
