//! Names of kinds, `service.Thing`.

use std::str::FromStr;

use super::text::{NameError, serde_as_text, text_name};

text_name! {
    /// A kind of resource, `service.Thing`, as in `dynamodb.GlobalTable`.
    KindName
}
serde_as_text!(KindName);

impl KindName {
    /// The part before the dot: the service as the AWS SDK spells it.
    pub fn service(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(service, _)| service)
    }
}

impl FromStr for KindName {
    type Err = NameError;

    fn from_str(given: &str) -> Result<Self, NameError> {
        let well_formed = given.split_once('.').is_some_and(|(service, thing)| {
            !service.is_empty()
                && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                && thing.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
                && thing.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if well_formed {
            Ok(Self(given.into()))
        } else {
            Err(NameError { given: given.into(), rule: "a kind such as sns.Topic" })
        }
    }
}
