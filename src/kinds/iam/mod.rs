//! IAM: the kinds, and the policy documents as IAM returns them.

mod instance_profile;
mod policy;
mod role;

use aws_sdk_iam::types::Tag;

use crate::aws::{Result, Service, Throttled, sdk_client};
use crate::catalog::Traits;
use crate::cloud::{Class, CloudError};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;
use crate::value::Json;

const SERVICE: Service = Service { name: "iam", global: true, concurrent: 6, throttled: Throttled::Together };

sdk_client! {
    /// IAM. Global.
    iam: aws_sdk_iam, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<instance_profile::InstanceProfile>(&SERVICE),
        RegisteredKind::of::<policy::Policy>(&SERVICE),
        RegisteredKind::of::<role::Role>(&SERVICE),
    ]
}

/// Names are unique in the account, and of two tag keys that differ in case only the second is refused.
const fn traits() -> Traits {
    Traits { unique_by: &["name"], unique_in_account: true, tags_ignore_case: true, ..Traits::DEFAULT }
}

/// Characters of a policy as IAM counts them: white space does not count.
fn size(document: &Json) -> usize {
    document.to_string().chars().filter(|character| !character.is_whitespace()).count()
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build().unwrap_or_else(|_| unreachable!("both parts are set"))
    }

    fn pair(self) -> (String, String) {
        (self.key, self.value)
    }
}

/// A document as IAM returns it: URL-encoded JSON.
pub(super) fn document(encoded: &str) -> Result<Json> {
    serde_json::from_slice(&url_decoded(encoded))
        .map_err(|error| CloudError::local(Class::Other, "iam", format!("a policy document that is no JSON: {error}")))
}

fn url_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) if byte == b'%' => {
                decoded.push(code);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_comes_url_encoded() {
        let encoded = "%7B%22Action%22%3A%20%22s3%3A%2A%22%2C%22Resource%22%3A%22a+b%C3%A9%22%7D";
        assert_eq!(document(encoded), Ok(json!({"Action": "s3:*", "Resource": "a+bé"})));
        assert_eq!(document("{\"Resource\": \"50% é\"}"), Ok(json!({"Resource": "50% é"})));
        assert!(document("").is_err());
    }
}
