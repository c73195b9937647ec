//! SNS.

mod topic;

use aws_sdk_sns::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

const SERVICE: Service = Service { name: "sns", ..Service::DEFAULT };

sdk_client! {
    /// SNS.
    sns: aws_sdk_sns, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<topic::Topic>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build().unwrap_or_else(|_| unreachable!("both parts are set"))
    }

    fn pair(self) -> (String, String) {
        (self.key, self.value)
    }
}
