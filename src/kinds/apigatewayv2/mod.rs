//! API Gateway, its second version: VPC links.

mod vpc_link;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![Entry::of::<vpc_link::VpcLink>()]
}
