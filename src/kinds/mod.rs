//! The kinds of AWS resources, a folder per service, and the adapter that puts them behind [`crate::cloud::Cloud`].
//!
//! A kind never waits, retries, diffs or journals: the engine does, once for all kinds. The catalog, the JSON schema,
//! the reference and the tests that run over every kind follow from its trait.
//!
//! # How to write a kind
//!
//! Copy `sns/topic.rs`, the shortest kind that has everything usual, and change its names. [`Kind`] asks in the
//! order in which they matter:
//!
//! | item | question | `sns.Topic` |
//! |---|---|---|
//! | `NAME` | Its name in stack files: `service.Thing`? | `"sns.Topic"` |
//! | `ABOUT` | Its sentence in the reference? | `"An SNS topic and its subscriptions"` |
//! | `EXAMPLE` | A spec that uses its fields, as YAML? | a name, a subscription, tags |
//! | `CHANGES` | Changes that together touch every field? | `"kms_key: ''"`, `"name: shop-night"`, .. |
//! | `Spec` | The fields a user may write? | `name`, `display_name`, `subscriptions`, .. |
//! | `Outputs` | The values that others may refer to? | `arn`, `name` |
//! | `read` | The live properties of these resources? | attributes, subscriptions and tags of each |
//! | `find` | The resource that this owner created, if any? | the ARN of that name, if its tags are ours |
//! | `create` | Which call creates it, with its tags? | `CreateTopic` |
//! | `update` | Which calls make `from` into `to`? | `SetTopicAttributes`, `Subscribe`, `TagResource`, .. |
//! | `delete` | Which call deletes it? | `DeleteTopic` |
//! | `TRAITS` | How does it differ from most kinds? | `unique_by: &["name"]`: a new one needs another name |
//! | `ERRORS` | Which error codes mean something else here? | none |
//! | `tag_as_owned` | Which call tags it, if the create cannot? | not needed |
//! | `lookup` | How is one found that is not managed? | by `id`, the default |
//! | `check` | Which rules are beyond the schema? | none |
//!
//! The doc comment of a field of `Spec` is the user's reference: what the field is, its unit and range, and what AWS
//! does when it is left out. `#[schemars(extend("x-.." = ..))]` says how it is compared; see
//! [`Annotations`](crate::catalog::Annotations).
//!
//! ## Reads, and the number of calls of a plan
//!
//! A plan reads every resource of a stack, so a read makes as few calls as it can:
//!
//! * In [`ReadMode::Listed`](crate::cloud::ReadMode) one list may serve many resources:
//!   [`Cx::cached`](crate::aws::Cx::cached) makes it once per plan and region. In `Fresh` mode, right before and after
//!   a change, only the resource itself counts: what lists show may be old.
//! * [`Cx::indexed_tags`](crate::aws::Cx::indexed_tags) gives the tags of a resource from one call for the whole region;
//!   `None` means that they must be read from the resource.
//! * [`ReadRequest::manages`](crate::cloud::ReadRequest::manages) tells whether the file manages a field. A field that
//!   is not managed is not worth a call.
//! * [`Found::not_read`] names the fields of `Spec` and `Outputs` that were not read this time. They count as what was
//!   last sent and last read; an optional field may also stay `None`.
//!
//! So a plan of ten topics costs one `GetResources` a region, plus for each topic `GetTopicAttributes` if the file
//! manages its attributes and `ListSubscriptionsByTopic` if it manages its subscriptions.
//!
//! ## The protocol of `update`
//!
//! The engine reads, compares, and calls `update` until nothing differs and the resource is no longer pending. One call
//! takes one step: if AWS takes only one change at a time, it sends one and returns.
//!
//! * `to` is what the file says. A field that it leaves out is `None` and not managed: leave it as it is. One that it no
//!   longer says has the value of its `x-reset`, which says AWS's default; see [`diff::target`](crate::diff::target).
//! * `from` is made by [`diff::managed_part`](crate::diff::managed_part): a field that was read is as it is in AWS; one
//!   that was not read, or that AWS does not return, is as it was last sent; of a merged map or list (`x-merge`) it has
//!   only what is or was in the file, so that what others have added stays.
//! * A field with `x-change: replace` never differs: the engine replaces the resource instead.
//!
//! `reading::changed` gives the value to send, and `tagging::sync_tags` makes the tags equal.
//!
//! ## Failures
//!
//! `find` refuses a resource of the wanted name that is not ours with [`Cx::ensure_owned`](crate::aws::Cx::ensure_owned).
//! An id comes from `reading::created`, so that none is ever empty, an ARN from [`Cx::arn`](crate::aws::Cx::arn), so
//! that it has the right partition. "Not found" is an answer of a read: `.optional()?`. An error of a change is returned
//! as it is; its class decides whether the engine tries again.
//!
//! ## Files
//!
//! * A kind of a known service: its file, and in the service's `mod.rs` its `mod` line and its row of `kinds()`. One
//!   of more than 300 lines is a folder of `mod.rs`, `spec.rs`, `read.rs` and `write.rs`.
//! * A kind of a new service: a folder whose `mod.rs` has `SERVICE`, `sdk_client!`, `impl AwsTag` for the SDK's tag and
//!   `kinds()`; its `mod` line and its row in [`all`] here; the SDK's crate in `Cargo.toml`, as a dependency and in the
//!   feature `aws`.
//! * The emulator, which the contract test of every kind runs on: `localstack/README.md`.

mod acm;
mod apigateway;
mod apigatewayv2;
mod applicationautoscaling;
mod arns;
mod autoscaling;
mod cloud;
mod cloudwatch;
mod dynamodb;
mod ec2;
mod ecs;
mod elbv2;
mod iam;
mod kind;
mod kms;
mod lambda;
mod logs;
mod rds;
mod reading;
mod registry;
mod route53;
mod secretsmanager;
mod sns;
mod sqs;
mod tagging;

use std::collections::BTreeSet;

pub use cloud::AwsCloud;
pub use kind::{Found, Kind};
pub use registry::{RegisteredKind, catalog};

use crate::aws::Result;
use crate::cloud::{Class, CloudError};
use crate::diff::changes;
use crate::value::{Json, Key, Partial};

/// Every kind, by service. The one table: a kind that is not in it does not exist.
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
        kms::kinds(),
        lambda::kinds(),
        logs::kinds(),
        rds::kinds(),
        route53::kinds(),
        secretsmanager::kinds(),
        sns::kinds(),
        sqs::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The top-level fields in which a live spec differs from a wanted one, as the engine compares them: for updates whose
/// steps depend on the fields that differ. Keys of merged maps that are not wanted do not count.
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
