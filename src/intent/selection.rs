//! The selection: `--target` and `--exclude`.

/// The part of a stack that is planned; all of it by default. `*` is a wildcard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these addresses, and what they need; all if empty.
    pub targets: Vec<String>,
    /// Not these addresses.
    pub excludes: Vec<String>,
}

impl Selection {
    /// True if nothing is left out.
    pub fn is_everything(&self) -> bool {
        self.targets.is_empty() && self.excludes.is_empty()
    }
}
