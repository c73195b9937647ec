//! The outcome of a run.

use std::sync::Arc;

use super::event::Counts;
use crate::cloud::CloudError;
use crate::names::Address;
use crate::store::StoreError;

/// The outcome of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Numbers of steps by their end.
    pub counts: Counts,
    /// The steps that failed.
    pub failures: Vec<(Address, CloudError)>,
    /// True if the user stopped it.
    pub interrupted: bool,
    /// The reason why nothing more was done from some point on, if so.
    pub broken: Option<Broken>,
}

/// The reason why a run could not go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Broken {
    /// The journal could not be written: a call that cannot be recorded must not be made.
    #[error("the state could not be written: {0}")]
    Unwritten(Arc<StoreError>),
    /// A circle of dependencies: so many steps wait for each other.
    #[error("{0} steps wait for each other and were not run")]
    Circle(usize),
}
