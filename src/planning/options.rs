//! Options of planning: the user's wishes beside the file.

use crate::names::Address;

/// The user's wishes beside the file. Patterns of addresses may hold `*` as a wildcard.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take everything down.
    pub destroy: bool,
    /// Only these addresses, and what they need; all if empty.
    pub targets: Vec<String>,
    /// Not these addresses.
    pub excludes: Vec<String>,
    /// Replace these even if nothing differs.
    pub replace: Vec<String>,
    /// Addresses whose protected data may be deleted; `all` for every one.
    pub allow_data_loss: Vec<String>,
}

impl Options {
    /// True if only a part of the stack is to be planned.
    pub(super) fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }

    /// True if an address is among the targets, or none are given.
    pub(super) fn is_target(&self, address: &Address) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|pattern| address.is_in(pattern))
    }

    /// True if an address is to be left alone.
    pub(super) fn is_excluded(&self, address: &Address) -> bool {
        self.excludes.iter().any(|pattern| address.is_in(pattern))
    }

    /// True if a resource is to be replaced even if nothing differs.
    pub(super) fn is_to_be_replaced(&self, address: &Address) -> bool {
        self.replace.iter().any(|pattern| address.matches(pattern))
    }

    /// True if protected data at an address may be deleted.
    pub(super) fn allows_data_loss(&self, address: &Address) -> bool {
        self.allow_data_loss.iter().any(|pattern| pattern == "all" || address.matches(pattern))
    }
}
