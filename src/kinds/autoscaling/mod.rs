//! EC2 Auto Scaling: groups of instances.

mod group;
mod policy;

use crate::aws::{Service, Throttled, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "autoscaling", throttled: Throttled::Together, ..Service::DEFAULT };

sdk_client! {
    /// EC2 Auto Scaling: of instances.
    autoscaling: aws_sdk_autoscaling, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<group::AutoScalingGroup>(&SERVICE), RegisteredKind::of::<policy::ScalingPolicy>(&SERVICE)]
}
