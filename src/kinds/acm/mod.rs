//! Certificate Manager.

mod certificate;

use aws_sdk_acm::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

const SERVICE: Service = Service { name: "acm", ..Service::DEFAULT };

sdk_client! {
    /// Certificate Manager.
    acm: aws_sdk_acm, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<certificate::Certificate>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build().unwrap_or_else(|_| unreachable!("the key is set"))
    }

    fn pair(self) -> (String, String) {
        (self.key, self.value.unwrap_or_default())
    }
}
