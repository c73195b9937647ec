//! One AWS resource kind per file, `service_thing.rs`; this file says what a kind is and lists them.
//!
//! A kind never waits, retries, diffs or journals: the engine does, once for all kinds. To add one,
//! write its file and its entry in [`all`]; the catalog, the schema, the reference and the tests that run over
//! every kind follow from the trait.

mod acm;
mod apigateway;
mod apigatewayv2;
mod applicationautoscaling;
mod autoscaling;
mod cloud;
mod cloudwatch;
mod dynamodb;
mod ec2;
mod ecs;
mod elbv2;
mod iam;
mod kind;
mod lambda;
mod logs;
mod reading;
mod registry;
mod route53;
mod sns;
mod tagging;

use std::collections::BTreeSet;

pub use cloud::AwsCloud;
pub use kind::{Found, Kind};
pub use registry::{RegisteredKind, catalog};

use crate::aws::Result;
use crate::cloud::{Class, CloudError};
use crate::diff::changes;
use crate::value::{Json, Key, Partial};

/// Every kind. The one table: what is not here does not exist.
pub fn all() -> Vec<RegisteredKind> {
    [
        acm::kinds(),
        apigateway::kinds(),
        apigatewayv2::kinds(),
        applicationautoscaling::kinds(),
        autoscaling::kinds(),
        cloudwatch::kinds(),
        dynamodb::kinds(),
        ec2::kinds(),
        ecs::kinds(),
        elbv2::kinds(),
        iam::kinds(),
        lambda::kinds(),
        logs::kinds(),
        route53::kinds(),
        sns::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The top-level fields in which a live spec differs from a wanted one, as the engine sees it: for updates
/// whose steps depend on what differs. Keys of merged maps that are not wanted do not count.
fn changed_fields<K: Kind>(from: &K::Spec, to: &K::Spec) -> Result<BTreeSet<String>> {
    let wrong = |why: String| CloudError::local(Class::Other, "update", why);
    let json =
        |spec: &K::Spec| -> Result<Json> { serde_json::to_value(spec).map_err(|error| wrong(error.to_string())) };
    let changes = changes(registry::shape_of::<K>()?, &Partial::from_json(&json(to)?), &json(from)?, None);
    let names = changes.iter().filter_map(|change| match change.path.0.first() {
        Some(Key::Field(name)) => Some(name.clone()),
        _ => None,
    });
    Ok(names.collect())
}
