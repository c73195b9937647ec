//! A state in memory: what a process had written when it died is there, and nothing comes later.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::BoxFuture;
use isobar::state::State;
use isobar::state::entry::Entry;
use isobar::store::{Holder, Store, StoreError};

#[derive(Default)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    state: Option<State>,
    entries: Vec<Entry>,
    holder: Option<Holder>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

impl Store for MemoryStore {
    fn lock<'a>(&'a self, holder: &'a Holder, _: Duration) -> Answer<'a, ()> {
        Box::pin(async {
            let mut inner = self.0.lock().expect("a store");
            if let Some(other) = &inner.holder {
                return Err(StoreError::Locked(Some(other.clone())));
            }
            inner.holder = Some(holder.clone());
            Ok(())
        })
    }

    fn unlock(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.0.lock().expect("a store").holder = None;
            Ok(())
        })
    }

    fn load(&self) -> Answer<'_, Option<State>> {
        Box::pin(async {
            let inner = self.0.lock().expect("a store");
            let mut state = inner.state.clone();
            if let Some(state) = &mut state {
                inner.entries.iter().for_each(|entry| state.apply(entry));
            }
            Ok(state)
        })
    }

    fn append<'a>(&'a self, entries: &'a [Entry]) -> Answer<'a, ()> {
        Box::pin(async {
            self.0.lock().expect("a store").entries.extend(entries.iter().cloned());
            Ok(())
        })
    }

    fn save<'a>(&'a self, state: &'a State) -> Answer<'a, ()> {
        Box::pin(async {
            let mut inner = self.0.lock().expect("a store");
            assert_eq!(inner.state.as_ref().map_or(0, |state| state.serial) + 1, state.serial, "a serial was left out");
            inner.state = Some(state.clone());
            inner.entries.clear();
            Ok(())
        })
    }

    fn set_aside<'a>(&'a self, _: &'a Holder) -> Answer<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn place(&self) -> String {
        "memory".into()
    }

    fn holder(&self) -> Answer<'_, Option<Holder>> {
        Box::pin(async { Ok(self.0.lock().expect("a store").holder.clone()) })
    }

    fn break_lock(&self) -> Answer<'_, ()> {
        self.unlock()
    }
}
