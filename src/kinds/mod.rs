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
mod cloudwatch;
mod dynamodb;
mod ec2;
mod ecs;
mod elbv2;
mod iam;
mod lambda;
mod logs;
mod route53;
mod sns;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{Cx, Entry, Result};
use crate::catalog::Shape;
use crate::cloud::{Ask, Class, CloudError, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::value::compare::changes;
use crate::value::{Json, Key, Partial};

/// Every kind. The one table: what is not here does not exist.
pub fn all() -> Vec<Entry> {
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

/// One kind of AWS resource: what its author writes.
///
/// `Spec` is both what a user may write and the form in which `read` reports what is there. A field
/// that is an `Option` is not managed when left out. Every doc comment on a field is part of the
/// user's reference: what it is, its unit and range, what AWS does when it is left out.
pub trait Kind: Sized + Send + Sync + 'static {
    /// `service.Thing`, as CloudFormation names it with the service in the SDK's spelling.
    const NAME: &'static str;
    /// One sentence for the reference.
    const ABOUT: &'static str;
    /// YAML of a full spec; the reference, the offline test and the contract test all use it.
    ///
    /// `${iam.Role.arn}` in it stands for an output of another kind's example, made first.
    const EXAMPLE: &'static str;
    /// YAML patches laid over the example, one after the other, each a change that the contract test makes:
    /// together they touch every field that can be changed. A null takes a field out of the file.
    const CHANGES: &'static [&'static str];
    /// How long one change may take before it counts as failed.
    const DEADLINE: Duration = Duration::from_mins(5);
    /// Whether it holds data: never deleted, detached or replaced without the user's word.
    const HOLDS_DATA: bool = false;
    /// Whether one that has failed is replaced. Not where what failed was a change, and another change mends it.
    const REPLACE_FAILED: bool = true;
    /// Whether its name is unique, so that the old one must go before a replacement of the same name can be made.
    const DELETE_FIRST: bool = false;
    /// Whether a second create for the same owner comes to the first one's thing, by a token or a caller reference,
    /// or is refused, because names are unique. Where neither is so, a search that finds nothing is made again for
    /// a while before it counts.
    const REPEATABLE: bool = true;
    /// Whether its tags take a call of their own after the one that makes it: what died between the two is
    /// [claimed](Self::claim).
    const TAGGED_LATER: bool = false;
    /// The top-level fields that make its name: if one of them changes, old and new can stand side by side.
    const NAMED_BY: &'static [&'static str] = &["name"];
    /// Error codes that mean "not yet" here, such as those of IAM propagation; a code may be
    /// narrowed with words of the message, `Code: words`.
    const NOT_YET: &'static [&'static str] = &[];
    /// Error codes that mean "someone is changing it, or it is in use".
    const CONFLICT: &'static [&'static str] = &[];
    /// Error codes that mean "it is not there".
    const NOT_FOUND: &'static [&'static str] = &[];
    /// Error codes that mean "it is there already".
    const EXISTS: &'static [&'static str] = &[];

    /// What a user may write.
    type Spec: Serialize + DeserializeOwned + JsonSchema + Send + Sync + Clone;
    /// What can be referred to.
    type Outputs: Serialize + JsonSchema + Send;

    /// What is there, in the order of the asks: one describe call for many where AWS has one.
    fn read(cx: &Cx, asks: &[Ask]) -> impl Future<Output = Result<Vec<Option<Found<Self>>>>> + Send;

    /// The thing that this owner made, if it did. Changes nothing: a plan asks too. A thing of our natural name without our tags is
    /// [`Class::Taken`]; see [`Cx::ours`].
    fn find(cx: &Cx, owner: &Owner, spec: &Self::Spec) -> impl Future<Output = Result<Option<PhysicalId>>> + Send;

    /// Makes it with as little as AWS takes in the create call, ownership tags among it; what is
    /// still missing comes by `update`.
    fn create(cx: &Cx, spec: &Self::Spec, owner: &Owner) -> impl Future<Output = Result<PhysicalId>> + Send;

    /// Puts the owner's tags on what it made, where that takes a call of its own. May be repeated.
    fn claim(
        _cx: &Cx,
        _id: &PhysicalId,
        _spec: &Self::Spec,
        _owner: &Owner,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// One step from what is live (`from`) to what is wanted (`to`). Called until they agree.
    fn update(cx: &Cx, id: &PhysicalId, from: &Self::Spec, to: &Self::Spec) -> impl Future<Output = Result<()>> + Send;

    /// One step towards gone. Called until `read` finds nothing; gone already is success.
    fn delete(cx: &Cx, id: &PhysicalId) -> impl Future<Output = Result<()>> + Send;

    /// A thing of this kind that somebody else looks after. By `id`, unless the kind knows better.
    fn lookup(_cx: &Cx, query: &Json) -> impl Future<Output = Result<Option<PhysicalId>>> + Send {
        let id = query.get("id").and_then(Json::as_str).map(PhysicalId::new);
        async move { Ok(id) }
    }

    /// Rules beyond the schema: each string says what is wrong, in the user's words.
    fn check(_spec: &Self::Spec) -> Vec<String> {
        Vec::new()
    }
}

/// What `read` found.
pub struct Found<K: Kind> {
    /// Its properties.
    pub spec: K::Spec,
    /// What can be referred to.
    pub outputs: K::Outputs,
    /// Whether it can be used.
    pub readiness: Readiness,
    /// Top-level fields of `spec` and `outputs` that were not looked at this time; they count as what was
    /// last sent and last read.
    pub unseen: &'static [&'static str],
}

impl<K: Kind> Found<K> {
    /// A thing that serves, with every field looked at.
    pub fn serving(spec: K::Spec, outputs: K::Outputs) -> Self {
        Self { spec, outputs, readiness: Readiness::Serving, unseen: &[] }
    }
}

/// The top-level fields in which a live spec differs from a wanted one, as the engine sees it: for updates
/// whose steps depend on what differs. Keys of merged maps that are not wanted do not count.
fn changed_fields<S: Serialize + JsonSchema>(from: &S, to: &S) -> Result<BTreeSet<String>> {
    let wrong = |why: String| CloudError::stated(Class::Other, "update", why);
    let shape = Shape::from_schema(&schemars::schema_for!(S).to_value()).map_err(|error| wrong(error.to_string()))?;
    let json = |spec: &S| serde_json::to_value(spec).map_err(|error| wrong(error.to_string()));
    let changes = changes(&shape, &Partial::from_json(&json(to)?), &json(from)?, None);
    let names = changes.iter().filter_map(|change| match change.path.0.first() {
        Some(Key::Field(name)) => Some(name.clone()),
        _ => None,
    });
    Ok(names.collect())
}
