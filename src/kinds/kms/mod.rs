//! Key Management Service: keys, their replicas, and aliases.

mod alias;
mod key;

use aws_sdk_kms::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

const SERVICE: Service = Service { name: "kms", ..Service::DEFAULT };

sdk_client! {
    /// Key Management Service.
    kms: aws_sdk_kms, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<alias::Alias>(&SERVICE), RegisteredKind::of::<key::Key>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().tag_key(key).tag_value(value).build().unwrap_or_else(|_| unreachable!("both parts are set"))
    }

    fn pair(self) -> (String, String) {
        (self.tag_key, self.tag_value)
    }
}

/// The error of a change. A key that waits for its deletion takes none; every other state, such as `Creating`, passes.
fn settling(error: impl Into<CloudError>) -> CloudError {
    let error = error.into();
    if error.code != "KMSInvalidStateException" {
        return error;
    }
    if error.message.contains("deletion") {
        let hint = "a key that is scheduled for deletion takes no change: restore it with `aws kms cancel-key-deletion`, \
                    or use another key";
        return CloudError { hint: Some(hint.to_owned()), ..error };
    }
    CloudError { class: Class::Conflict, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_keys_pass_but_for_pending_deletion() {
        let error = |message: &str| {
            let code = "KMSInvalidStateException".to_owned();
            CloudError { code, ..CloudError::local(Class::Other, "kms:EnableKey", message) }
        };
        assert!(settling(error("arn:aws:kms:us-west-2:1:key/mrk-1 is creating.")).class.is_transient());
        let doomed = settling(error("arn:aws:kms:us-west-2:1:key/mrk-1 is pending replica deletion."));
        assert!(!doomed.class.is_transient() && doomed.hint.is_some());
    }
}
