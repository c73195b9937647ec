//! The selection: `--target` and `--exclude`.

use crate::names::Address;

/// The part of a stack that is planned; all of it by default. `*` is a wildcard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these addresses, and what they need; all if empty.
    pub targets: Vec<String>,
    /// Not these addresses.
    pub excludes: Vec<String>,
}

impl Selection {
    /// True if only a part of the stack is to be planned.
    pub fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }

    /// True if an address is among the targets, or none are given.
    pub fn is_target(&self, address: &Address) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|pattern| address.is_in(pattern))
    }

    /// True if an address is to be left alone.
    pub fn is_excluded(&self, address: &Address) -> bool {
        self.excludes.iter().any(|pattern| address.is_in(pattern))
    }
}
