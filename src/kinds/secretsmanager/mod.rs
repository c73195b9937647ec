//! Secrets Manager: secrets, and their values for those who have to hand one to AWS.
//!
//! # Values
//!
//! The value of a secret is made inside AWS: `GetRandomPassword` gives one, and the next call, `CreateSecret`, takes it.
//! In between it is a [`SecretText`], which cannot be printed, compared, copied or serialized, and is wiped when it is
//! dropped. It is in no spec and no output, so nothing that Isobar writes has it: no state, journal, plan, event, log or
//! error. The buffers in which the SDK sends it are not wiped; so the process leaves no core dump, and other processes
//! of the same user cannot read its memory (`cli::core_dumps`). It is no argument and in no environment of any process.
//!
//! The logs of the SDK, which print requests with their bodies, are never let through (`cli::log`).

mod secret;
mod value;

use aws_sdk_secretsmanager::types::Tag;

use crate::aws::{Service, sdk_client};
use crate::kinds::RegisteredKind;
use crate::kinds::tagging::AwsTag;

pub(in crate::kinds) use value::{SecretText, value};

const SERVICE: Service = Service { name: "secretsmanager", ..Service::DEFAULT };

sdk_client! {
    /// Secrets Manager.
    secretsmanager: aws_sdk_secretsmanager, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![RegisteredKind::of::<secret::Secret>(&SERVICE)]
}

impl AwsTag for Tag {
    fn new(key: &str, value: &str) -> Self {
        Self::builder().key(key).value(value).build()
    }

    fn pair(self) -> (String, String) {
        (self.key.unwrap_or_default(), self.value.unwrap_or_default())
    }
}
