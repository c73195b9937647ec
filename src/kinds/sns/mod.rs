//! SNS.

mod topic;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![Entry::of::<topic::Topic>()]
}
