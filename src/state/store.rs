//! Where a state is kept: the trait that every place implements.

use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::State;
use super::journal::Entry;

/// A place for one stack's state.
///
/// `append` and `save` return only when what they were given would survive the loss of this
/// process and its machine's power. Only the holder of the lock may call them.
pub trait Store: Send + Sync {
    /// Takes the lock, waiting this long at most. The lock ends with [`unlock`](Self::unlock) or with the process.
    fn lock<'a>(&'a self, holder: &'a Holder, wait: Duration) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives the lock back.
    fn unlock(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The state with everything that was appended since it was saved; `None` if there is none yet.
    fn load(&self) -> BoxFuture<'_, Result<Option<State>, StoreError>>;

    /// Adds entries.
    fn append<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Writes a state whose serial is one more than what is there, and drops the entries it contains.
    fn save<'a>(&'a self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Where it is, for people.
    fn place(&self) -> String;
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `apply` or `destroy`.
    pub command: String,
    /// The process.
    pub pid: u32,
    /// User and machine, as far as the environment tells.
    pub who: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// A state that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else is at work on the stack.
    #[error("the stack is locked{}", .0.as_ref().map_or_else(String::new, |holder| format!(" by `isobar {}`, process {} of {}, since {}", holder.command, holder.pid, holder.who, holder.since)))]
    Locked(Option<Holder>),
    /// The file system said no.
    #[error("{place}: {source}")]
    Io {
        /// The file.
        place: String,
        /// What it said.
        source: std::io::Error,
    },
    /// What is there is not a state of this stack.
    #[error("{place}: {what}")]
    Unusable {
        /// The file.
        place: String,
        /// What is the matter.
        what: String,
    },
    /// Somebody else has written since we read.
    #[error("{place}: the state has serial {found}, not {expected}: another run has changed it")]
    Stale {
        /// The file.
        place: String,
        /// What we read.
        expected: u64,
        /// What is there.
        found: u64,
    },
}
