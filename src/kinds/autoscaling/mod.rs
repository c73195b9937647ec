//! EC2 Auto Scaling: groups of instances.

mod group;
mod policy;

use crate::aws::Entry;

/// The kinds of this service.
pub(super) fn kinds() -> Vec<Entry> {
    vec![Entry::of::<group::AutoScalingGroup>(), Entry::of::<policy::ScalingPolicy>()]
}
