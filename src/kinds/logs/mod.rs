//! CloudWatch Logs.

mod log_group;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "logs", ..Service::DEFAULT };

sdk_client! {
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<log_group::LogGroup>(&SERVICE)]
}
