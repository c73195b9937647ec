//! CloudWatch: alarms.

mod alarm;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "cloudwatch", concurrent: 3, ..Service::DEFAULT };

sdk_client! {
    /// CloudWatch metrics and alarms.
    cloudwatch: aws_sdk_cloudwatch, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<alarm::Alarm>(&SERVICE)]
}
