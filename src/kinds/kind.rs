//! The trait that the author of a kind implements, and the result of a read.

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{Cx, ErrorCodes, Result};
use crate::catalog::Traits;
use crate::cloud::{HeldPart, ReadRequest, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::value::Json;

/// One kind of AWS resource.
///
/// "How to write a kind" at the top of [`kinds`](super) goes through the items with an example. The five functions from
/// `read` to `delete` are the contract, and everything after them has a default.
pub trait Kind: Sized + Send + Sync + 'static {
    /// `service.Thing`: CloudFormation's name of the resource, with the service in the SDK's spelling.
    const NAME: &'static str;
    /// One sentence for the reference.
    const ABOUT: &'static str;
    /// YAML of a full spec; the reference, the offline test and the contract test all use it.
    ///
    /// `${iam.Role.arn}` in it stands for an output of another kind's example, which is created first.
    const EXAMPLE: &'static str;
    /// YAML patches laid over the example, one after the other, each a change that the contract test makes: together
    /// they touch every field that can be changed. A null takes a field out of the file.
    const CHANGES: &'static [&'static str];

    /// The fields that a user may write, and the form in which `read` reports a resource. A field that is an `Option`
    /// is not managed when left out. The doc comment of a field is its text in the reference.
    type Spec: Serialize + DeserializeOwned + JsonSchema + Send + Sync + Clone;
    /// The values that other resources can refer to.
    type Outputs: Serialize + JsonSchema + Send;

    /// Reads resources, in the order of the requests; `None` where there is none. One describe call for many where AWS
    /// has one.
    fn read(cx: &Cx, requests: &[ReadRequest]) -> impl Future<Output = Result<Vec<Option<Found<Self>>>>> + Send;

    /// Finds the resource that this owner created, if it did. Changes nothing: a plan searches too. A resource of our
    /// natural name without our tags is [`Class::NotOwned`](crate::cloud::Class); see [`Cx::ensure_owned`].
    fn find(cx: &Cx, owner: &Owner, spec: &Self::Spec) -> impl Future<Output = Result<Option<PhysicalId>>> + Send;

    /// Creates the resource with as little as the call needs, and with the owner's tags; `update` adds the rest.
    fn create(cx: &Cx, spec: &Self::Spec, owner: &Owner) -> impl Future<Output = Result<PhysicalId>> + Send;

    /// Takes one step from the live spec (`from`) to the wanted one (`to`). Called until they agree.
    fn update(cx: &Cx, id: &PhysicalId, from: &Self::Spec, to: &Self::Spec) -> impl Future<Output = Result<()>> + Send;

    /// Takes one step of deleting the resource. Called until `read` finds nothing; "not found" is success.
    fn delete(cx: &Cx, id: &PhysicalId) -> impl Future<Output = Result<()>> + Send;

    /// Facts that planning and applying ask for, where they differ from most kinds'.
    const TRAITS: Traits = Traits::DEFAULT;
    /// Meanings of error codes that hold for this kind alone.
    const ERRORS: ErrorCodes = ErrorCodes::NONE;

    /// Tags a resource as the owner's, where that takes a call of its own ([`Traits::tags_after_create`]). May be
    /// repeated.
    fn tag_as_owned(
        _cx: &Cx,
        _id: &PhysicalId,
        _spec: &Self::Spec,
        _owner: &Owner,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Finds a resource that the stack refers to but does not manage (`existing:`): by `id`, unless a kind knows more.
    fn lookup(_cx: &Cx, query: &Json) -> impl Future<Output = Result<Option<PhysicalId>>> + Send {
        let id = query.get("id").and_then(Json::as_str).map(PhysicalId::new);
        async move { Ok(id) }
    }

    /// Checks the rules beyond the schema. Each string is one problem, in the user's words.
    fn check(_spec: &Self::Spec) -> Vec<String> {
        Vec::new()
    }
}

/// A resource, as `read` has found it.
pub struct Found<K: Kind> {
    /// Its properties.
    pub spec: K::Spec,
    /// The values that others can refer to.
    pub outputs: K::Outputs,
    /// Its readiness for use and for changes.
    pub readiness: Readiness,
    /// Top-level fields of `spec` and `outputs` that were not read this time; they count as what was last sent and last
    /// read.
    pub not_read: &'static [&'static str],
    /// Its id from now on, if it is no longer the one that it was asked for by.
    pub moved_to: Option<PhysicalId>,
    /// Parts of it that AWS does not let go of, or does not change: a plan that would is refused.
    pub held: Vec<HeldPart>,
}

impl<K: Kind> Found<K> {
    /// A resource that is ready, with every field read.
    pub fn serving(spec: K::Spec, outputs: K::Outputs) -> Self {
        let readiness = Readiness::Serving;
        Self { spec, outputs, readiness, not_read: &[], moved_to: None, held: Vec::new() }
    }
}
