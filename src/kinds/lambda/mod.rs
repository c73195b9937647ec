//! Lambda: functions, their versions, aliases and permissions.

mod alias;
mod configuration;
mod function;
mod permission;
mod version;

use crate::aws::{Service, Throttled, sdk_client};
use crate::kinds::RegisteredKind;

const SERVICE: Service = Service { name: "lambda", throttled: Throttled::Together, ..Service::DEFAULT };

sdk_client! {
    /// Lambda.
    lambda: aws_sdk_lambda, SERVICE
}

/// The kinds of this service.
pub(super) fn kinds() -> Vec<RegisteredKind> {
    vec![
        RegisteredKind::of::<alias::Alias>(&SERVICE),
        RegisteredKind::of::<function::Function>(&SERVICE),
        RegisteredKind::of::<permission::Permission>(&SERVICE),
        RegisteredKind::of::<version::Version>(&SERVICE),
    ]
}
