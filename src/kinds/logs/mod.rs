//! CloudWatch Logs.

mod log_group;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![Entry::of::<log_group::LogGroup>()]
}
