//! A state edited by hand under its lock, or read as one of its places has it.

use clap::ValueEnum;

use super::session::{Session, in_runtime};
use super::{Failure, console, lock_holder};
use crate::names::StackName;
use crate::stack::Loaded;
use crate::state::State;
use crate::store::object::ObjectStore;
use crate::store::{Holder, Store, StoreError};

/// The faults of a state that an edit may pass over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    /// No fault.
    None,
    /// An unreadable state: it is kept aside, and counts as none.
    Damaged,
    /// An unreadable state, and two places that have diverged.
    Diverged,
}

/// One of the two places of a state with a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Place {
    First,
    Copy,
}

/// The state of a stack whose file is right.
pub struct LockedState<'a> {
    session: Session<'a>,
    loaded: Loaded,
}

impl<'a> LockedState<'a> {
    /// Reads the stack file, which says where the state is.
    pub fn open(session: Session<'a>) -> Result<Self, Failure> {
        let loaded = session.read()?;
        Ok(Self { session, loaded })
    }

    /// The stack's name.
    pub fn stack(&self) -> &StackName {
        &self.loaded.name
    }

    /// The account that the stack file names.
    pub fn account(&self) -> Option<&str> {
        self.loaded.stack.account.as_deref()
    }

    /// Takes the lock, and saves the edited state.
    pub fn edit(
        &self,
        command: &str,
        overriding: Override,
        edit: impl FnOnce(Option<&State>) -> Result<State, Failure>,
    ) -> Result<(), Failure> {
        in_runtime(async {
            let connected = self.session.connect(&self.loaded).await?;
            let store = connected.store.as_ref();
            let holder = lock_holder::this_run(command);
            if overriding != Override::None && matches!(store.load().await, Err(StoreError::Damaged { .. })) {
                for place in store.set_aside(&holder).await? {
                    console::say(&format!("The unreadable state is kept in {place}"));
                }
            }
            match (store.lock(&holder, self.session.globals.lock_timeout).await, &connected.shared) {
                (Err(StoreError::Diverged { .. }), Some(shared)) if overriding == Override::Diverged => {
                    return resolve_divergence(shared, &holder, edit).await;
                }
                (locked, _) => locked?,
            }
            let edited = save(store, edit).await;
            store.unlock().await?;
            connected.print_notes();
            edited
        })
    }

    /// The state, journal and all; as one of two places has it, if asked for.
    pub fn look(&self, from: Option<Place>) -> Result<Option<State>, Failure> {
        in_runtime(async {
            let connected = self.session.connect(&self.loaded).await?;
            let state = match (from, &connected.shared) {
                (None, _) => connected.store.load().await,
                (Some(Place::First), Some(shared)) => shared.look_at(false).await,
                (Some(Place::Copy), Some(shared)) if shared.has_copy() => shared.look_at(true).await,
                (Some(_), _) => return Err(Failure::error("this state has no copy: leave out `--from`")),
            };
            connected.print_notes();
            Ok(state?)
        })
    }

    /// The holder of the lock.
    pub fn holder(&self) -> Result<Option<Holder>, Failure> {
        in_runtime(async { Ok(self.session.connect(&self.loaded).await?.store.holder().await?) })
    }

    /// Takes the lock away from its holder.
    pub fn break_lock(&self) -> Result<(), Failure> {
        in_runtime(async { Ok(self.session.connect(&self.loaded).await?.store.break_lock().await?) })
    }

    /// Lets the first place stand alone; false if there was no copy.
    pub fn detach(&self) -> Result<bool, Failure> {
        in_runtime(async {
            let Some(shared) = self.session.connect(&self.loaded).await?.shared else {
                return Err(Failure::error("this state is a file: it has no copy"));
            };
            Ok(shared.detach().await?)
        })
    }
}

async fn save(store: &dyn Store, edit: impl FnOnce(Option<&State>) -> Result<State, Failure>) -> Result<(), Failure> {
    let there = store.load().await?;
    let state = edit(there.as_ref())?;
    Ok(store.save(&state).await?)
}

/// Saves the edited newer state to both places.
async fn resolve_divergence(
    shared: &ObjectStore,
    holder: &Holder,
    edit: impl FnOnce(Option<&State>) -> Result<State, Failure>,
) -> Result<(), Failure> {
    let (first, copy) = (shared.look_at(false).await?, shared.look_at(true).await?);
    let newer = first.into_iter().chain(copy).max_by_key(|state| state.serial);
    Ok(shared.resolve_divergence(&edit(newer.as_ref())?, holder).await?)
}
