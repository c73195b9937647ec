//! Lambda: functions, their versions, aliases and permissions.

mod alias;
mod configuration;
mod function;
mod permission;
mod version;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![
        Entry::of::<alias::Alias>(),
        Entry::of::<function::Function>(),
        Entry::of::<permission::Permission>(),
        Entry::of::<version::Version>(),
    ]
}
