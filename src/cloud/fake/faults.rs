//! What can go wrong in the strict cloud.

use crate::cloud::Class;

/// What goes wrong with the n-th call that changes something, counted from 1.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which call.
    pub nth: u64,
    /// Whether the work is done before it goes wrong.
    pub after: bool,
    /// What goes wrong.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// The call fails.
    Fails(Class),
    /// The caller's process dies: nothing it does from then on reaches the cloud.
    Dies,
}
