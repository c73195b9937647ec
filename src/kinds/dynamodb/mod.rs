//! DynamoDB: global tables.

mod global_table;

use aws_sdk_dynamodb::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

const SERVICE: Service = Service { name: "dynamodb", ..Service::DEFAULT };

sdk_client! {
    /// `DynamoDB`.
    dynamodb: aws_sdk_dynamodb, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<global_table::GlobalTable>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build().unwrap_or_else(|_| unreachable!("both parts are set"))
    }

    fn pair(self) -> (String, String) {
        (self.key, self.value)
    }
}
