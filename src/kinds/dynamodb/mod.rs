//! DynamoDB: global tables.

mod global_table;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![Entry::of::<global_table::GlobalTable>()]
}
