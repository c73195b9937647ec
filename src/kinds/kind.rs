//! One kind of AWS resource: what its author writes, and what a read finds.

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{ReadRequest, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

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
    /// Facts that planning and applying ask for, where they differ from most kinds'.
    const TRAITS: Traits = Traits::DEFAULT;
    /// Meanings of error codes that hold for this kind alone.
    const ERRORS: ErrorCodes = ErrorCodes::NONE;

    /// What a user may write.
    type Spec: Serialize + DeserializeOwned + JsonSchema + Send + Sync + Clone;
    /// What can be referred to.
    type Outputs: Serialize + JsonSchema + Send;

    /// What is there, in the order of the asks: one describe call for many where AWS has one.
    fn read(cx: &Cx, requests: &[ReadRequest]) -> impl Future<Output = Result<Vec<Option<Found<Self>>>>> + Send;

    /// The thing that this owner made, if it did. Changes nothing: a plan asks too. A thing of our natural name without our tags is
    /// [`Class::NotOwned`]; see [`Cx::ensure_owned`].
    fn find(cx: &Cx, owner: &Owner, spec: &Self::Spec) -> impl Future<Output = Result<Option<PhysicalId>>> + Send;

    /// Makes it with as little as AWS takes in the create call, ownership tags among it; what is
    /// still missing comes by `update`.
    fn create(cx: &Cx, spec: &Self::Spec, owner: &Owner) -> impl Future<Output = Result<PhysicalId>> + Send;

    /// Puts the owner's tags on what it made, where that takes a call of its own. May be repeated.
    fn tag_as_owned(
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
    pub not_read: &'static [&'static str],
}

impl<K: Kind> Found<K> {
    /// A thing that serves, with every field looked at.
    pub fn serving(spec: K::Spec, outputs: K::Outputs) -> Self {
        Self { spec, outputs, readiness: Readiness::Serving, not_read: &[] }
    }
}
