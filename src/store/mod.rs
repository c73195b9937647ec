//! Stores of a state: the trait that every place implements.

pub mod document;
pub mod fence;
pub mod file;
pub mod journal;
pub mod lines;
pub mod object;
pub mod objects;

use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::cloud::CloudError;
use crate::state::State;
use crate::state::entry::Entry;
use crate::store::fence::Fence;

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

    /// Takes what cannot be read out of the way and keeps it; tells where. Nothing is done to what can be
    /// read. To be called without the lock, which it holds for as long as it takes.
    fn set_aside<'a>(&'a self, holder: &'a Holder) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// The place, for people.
    fn place(&self) -> String;

    /// The fence of this process; always open where a lock ends with its process.
    fn fence(&self) -> Fence {
        Fence::default()
    }

    /// Notes on the place for people, told once.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// The holder of the lock right now.
    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, StoreError>>;

    /// Takes the lock away from whoever holds it: that process stops before its next call.
    fn break_lock(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// The holder of a lock.
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
    /// The CI job, as a URL.
    #[serde(default)]
    pub job: Option<String>,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`isobar {}`, process {} of {}, since {}", self.command, self.pid, self.who, self.since)?;
        self.job.as_ref().map_or(Ok(()), |job| write!(f, ", {job}"))
    }
}

/// A state that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else is at work on the stack.
    #[error("the stack is locked{}", .0.as_ref().map_or_else(String::new, |holder| format!(" by {holder}")))]
    Locked(Option<Holder>),
    /// The file system said no.
    #[error("{place}: {source}")]
    Io {
        /// The file.
        place: String,
        /// The error.
        source: std::io::Error,
    },
    /// The content is not a state of this stack.
    #[error("{place}: {what}")]
    Unusable {
        /// The file.
        place: String,
        /// The problem.
        what: String,
    },
    /// The content was a state of this stack once, and cannot be read any more.
    #[error("{place}: {what}")]
    Damaged {
        /// The file.
        place: String,
        /// The problem.
        what: String,
    },
    /// Somebody else has written since we read.
    #[error("{place}: the state has serial {found}, not {expected}: another run has changed it")]
    Stale {
        /// The file.
        place: String,
        /// The serial that we read.
        expected: u64,
        /// The serial that is there.
        found: u64,
    },
    /// The lock is not ours any more, or cannot be kept: nothing more may be done.
    #[error("{place}: {why}; this run has stopped before its next call")]
    Lost {
        /// The state.
        place: String,
        /// The way it was lost.
        why: String,
    },
    /// There is no such bucket.
    #[error("{place}: there is no such bucket")]
    NoBucket {
        /// The state.
        place: String,
    },
    /// AWS said no, or nothing.
    #[error("{place}: {error}")]
    Cloud {
        /// The object.
        place: String,
        /// The error.
        error: Box<CloudError>,
    },
    /// The state has a copy that decides, and the stack file does not name it.
    #[error("{place}: this state has a copy at {copy}, and the stack file does not say so")]
    HasCopy {
        /// The first place.
        place: String,
        /// The copy.
        copy: String,
    },
    /// Both places were worked on, each without the other.
    #[error("{place} and {copy} have both changed, each without the other")]
    Diverged {
        /// The first place.
        place: String,
        /// The copy.
        copy: String,
    },
    /// The lock cannot be taken away from its holder.
    #[error("{place}: {what}")]
    Unbreakable {
        /// The lock.
        place: String,
        /// The reason.
        what: String,
    },
}
