//! CloudWatch: alarms.

mod alarm;

use aws_sdk_cloudwatch::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

const SERVICE: Service = Service { name: "cloudwatch", concurrent: 3, ..Service::DEFAULT };

sdk_client! {
    /// CloudWatch metrics and alarms.
    cloudwatch: aws_sdk_cloudwatch, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<alarm::Alarm>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}
