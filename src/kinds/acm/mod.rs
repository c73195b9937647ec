//! Certificate Manager.

mod certificate;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "acm", ..Service::DEFAULT };

sdk_client! {
    /// Certificate Manager.
    acm: aws_sdk_acm, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<certificate::Certificate>(&SERVICE)]
}
