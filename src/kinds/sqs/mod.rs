//! SQS.

mod queue;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "sqs", ..Service::DEFAULT };

sdk_client! {
    /// SQS.
    sqs: aws_sdk_sqs, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<queue::Queue>(&SERVICE)]
}
