//! Operations, from end to end: one file each. An operation returns a value; it prints nothing and asks nobody.
//!
//! | operation | of a lock | of AWS |
//! |---|---|---|
//! | [`plan`] | needs none | reads |
//! | [`apply`] | holds it | changes |
//! | [`recover`] | holds it while it writes | reads |
//!
//! A plan rests on a state of one serial; it is applied only if the state still has it. An operation that would change
//! AWS in a new way is no new file here but an overlay ([`intent`](crate::intent)).

pub mod apply;
mod bookkeeping;
pub mod plan;
pub mod recover;
mod survey;

use std::sync::Arc;
use std::time::Duration;

pub use plan::Planning;

use crate::catalog::Catalog;
use crate::cloud::{Cloud, CloudError};
use crate::graph::Graph;
use crate::names::short_hash;
use crate::observe::ReadFailure;
use crate::state::State;
use crate::state::entry::Entry;
use crate::store::{Store, StoreError};

/// The operations on a stack, with what all of them need.
#[derive(Clone)]
pub struct Engine {
    /// The door to AWS.
    pub cloud: Arc<dyn Cloud>,
    /// The kinds and their shapes.
    pub catalog: Catalog,
    /// The place of the state.
    pub store: Arc<dyn Store>,
    /// The most steps that run at once.
    pub parallelism: usize,
    /// The longest wait for another run's lock.
    pub lock_timeout: Duration,
}

/// Reasons why there is no plan, or why it was not applied.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The credentials do not work, or AWS cannot be reached.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The credentials are those of another account.
    #[error("these credentials are for account {found}, but {whose} account {expected}")]
    WrongAccount {
        /// The account of the credentials.
        found: String,
        /// The account that is expected.
        expected: String,
        /// The subject that expects it, in words.
        whose: &'static str,
    },
    /// Some resources could not be read.
    #[error("{} could not be read", count(.0.len()))]
    Unreadable(Vec<ReadFailure>),
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address on the command line that nothing has.
    #[error("`{pattern}` matches no address of this stack{}", .near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    FitsNothing {
        /// The pattern.
        pattern: String,
        /// The address nearest to it.
        near: Option<String>,
    },
    /// Somebody else has changed the stack since it was planned.
    #[error("the state has changed since the plan was made")]
    StalePlan,
}

fn count(resources: usize) -> String {
    if resources == 1 { "1 resource".into() } else { format!("{resources} resources") }
}

/// The first state of a stack that has none.
fn fresh(graph: &Graph) -> State {
    State::new(graph.stack.clone(), short_hash(&format!("{:x}", fastrand::u128(..)), 16))
}

/// Applies entries to a state, and gives them on.
fn apply_entries(state: &mut State, entries: &[Entry]) -> Vec<Entry> {
    for entry in entries {
        state.apply(entry);
    }
    entries.to_vec()
}

fn check_account(found: &str, graph: &Graph, state: &State) -> Result<(), EngineError> {
    let expected = [
        (graph.account.as_deref().unwrap_or_default(), "the stack file names"),
        (state.account.as_str(), "the stack was applied in"),
    ];
    match expected.into_iter().find(|(expected, _)| !expected.is_empty() && *expected != found) {
        Some((expected, whose)) => {
            Err(EngineError::WrongAccount { found: found.to_owned(), expected: expected.to_owned(), whose })
        }
        None => Ok(()),
    }
}
