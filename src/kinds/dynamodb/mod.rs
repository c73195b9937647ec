//! DynamoDB: global tables.

mod global_table;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "dynamodb", ..Service::DEFAULT };

sdk_client! {
    /// `DynamoDB`.
    dynamodb: aws_sdk_dynamodb, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<global_table::GlobalTable>(&SERVICE)]
}
