//! The journal: a state as far as it is durable, and the log that it grows by.
//!
//! An entry is durable before the call that it announces is made, and before anything that relies on it begins.
//! Entries that come at the same time share one write (group commit).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Store, StoreError};
use crate::state::State;
use crate::state::entry::Entry;

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
            inner.state.apply(entry);
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
