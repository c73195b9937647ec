//! A state changed under its lock by hand, or looked at by whoever wants to.

use std::path::{Path, PathBuf};

use crate::cli::args::{Globals, StateFrom};
use crate::cli::session::{in_runtime, read};
use crate::cli::store::{self, Opened};
use crate::cli::{Failure, console};
use crate::names::StackName;
use crate::stack::Loaded;
use crate::state::State;
use crate::store::object::ObjectStore;
use crate::store::{Holder, Store, StoreError};

/// What a change may pass over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    Nothing,
    /// A state that cannot be read: it is kept aside, and counts as none.
    Damaged,
    /// That too, and two places that have both changed.
    Quarrel,
}

/// The state of a stack whose file is right.
pub struct Held<'a> {
    globals: &'a Globals,
    path: PathBuf,
    loaded: Loaded,
}

impl<'a> Held<'a> {
    /// Reads the stack file, which says where the state is.
    pub fn read(globals: &'a Globals, path: &Path) -> Result<Self, Failure> {
        Ok(Self { globals, path: path.to_owned(), loaded: read(globals, path, false)? })
    }

    /// The stack's name.
    pub fn stack(&self) -> &StackName {
        &self.loaded.name
    }

    /// The account that the stack file names.
    pub fn account(&self) -> Option<&str> {
        self.loaded.stack.account.as_deref()
    }

    /// Takes the lock, and writes what the change makes of the state that is there.
    pub fn change(
        &self,
        command: &str,
        over: Over,
        change: impl FnOnce(Option<&State>) -> Result<State, Failure>,
    ) -> Result<(), Failure> {
        let failed = |error: StoreError| store::failure(&error);
        in_runtime(async {
            let Opened { store, shared, .. } = self.open().await?;
            let holder = store::holder(command);
            if over != Over::Nothing && matches!(store.load().await, Err(StoreError::Damaged { .. })) {
                for place in store.set_aside(&holder).await.map_err(failed)? {
                    console::say(&format!("What could not be read is kept in {place}"));
                }
            }
            match (store.lock(&holder, self.globals.lock_timeout).await, shared) {
                (Err(StoreError::Diverged { .. }), Some(shared)) if over == Over::Quarrel => {
                    return resolve_divergence(&shared, &holder, change).await;
                }
                (locked, _) => locked.map_err(failed)?,
            }
            let changed = write(store.as_ref(), change).await;
            store.unlock().await.map_err(failed)?;
            store.notes().iter().for_each(|note| console::say(&format!("note: {note}")));
            changed
        })
    }

    /// The state, journal and all; as one of two places has it, if asked for.
    pub fn look(&self, from: Option<StateFrom>) -> Result<Option<State>, Failure> {
        in_runtime(async {
            let Opened { store, shared, .. } = self.open().await?;
            let state = match (from, shared) {
                (None, _) => store.load().await,
                (Some(StateFrom::First), Some(shared)) => shared.look_at(false).await,
                (Some(StateFrom::Copy), Some(shared)) if shared.has_copy() => shared.look_at(true).await,
                (Some(_), _) => return Err(Failure::error("this state has no copy: leave out `--from`")),
            };
            store.notes().iter().for_each(|note| console::say(&format!("note: {note}")));
            state.map_err(|error| store::failure(&error))
        })
    }

    /// Who holds the lock.
    pub fn holder(&self) -> Result<Option<Holder>, Failure> {
        in_runtime(async { self.open().await?.store.holder().await.map_err(|error| store::failure(&error)) })
    }

    /// Takes the lock away from whoever holds it.
    pub fn break_lock(&self) -> Result<(), Failure> {
        in_runtime(async { self.open().await?.store.break_lock().await.map_err(|error| store::failure(&error)) })
    }

    async fn open(&self) -> Result<Opened, Failure> {
        store::open(self.globals, &self.loaded, &self.path).await
    }
}

async fn write(
    store: &dyn Store,
    change: impl FnOnce(Option<&State>) -> Result<State, Failure>,
) -> Result<(), Failure> {
    let there = store.load().await.map_err(|error| store::failure(&error))?;
    let state = change(there.as_ref())?;
    store.save(&state).await.map_err(|error| store::failure(&error))
}

/// Writes what the change makes of the newer one into both places.
async fn resolve_divergence(
    shared: &ObjectStore,
    holder: &Holder,
    change: impl FnOnce(Option<&State>) -> Result<State, Failure>,
) -> Result<(), Failure> {
    let failed = |error: StoreError| store::failure(&error);
    let (first, copy) = (shared.look_at(false).await.map_err(failed)?, shared.look_at(true).await.map_err(failed)?);
    let newer = first.into_iter().chain(copy).max_by_key(|state| state.serial);
    shared.resolve_divergence(&change(newer.as_ref())?, holder).await.map_err(failed)
}
