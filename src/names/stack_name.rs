//! Names of stacks.

use std::str::FromStr;

use super::text::{NameError, serde_as_text, text_name};

text_name! {
    /// A stack's name: `[a-z][a-z0-9-]{1,24}`, the prefix of every physical name.
    StackName
}
serde_as_text!(StackName);

impl FromStr for StackName {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let mut bytes = given.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if first && rest && (2..=25).contains(&given.len()) {
            Ok(Self(given.into()))
        } else {
            Err(NameError {
                given: given.into(),
                rule: "a stack name: 2 to 25 characters, lower-case letters, digits and dashes, a letter first",
            })
        }
    }
}
