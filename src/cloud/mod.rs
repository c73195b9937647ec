//! The engine's only door to AWS, and what comes back through it.
//!
//! Everything here speaks JSON and names of ours: no SDK type passes. The AWS half implements
//! [`Cloud`] once for all kinds; [`fake::FakeCloud`] implements it for tests, and is strict.

mod error;
pub mod fake;

use futures::future::BoxFuture;

pub use error::{Class, CloudError};

use crate::names::{Address, KindName, Owner, PhysicalId, Region, Scope, StackName};
use crate::value::Json;

/// The door. Object-safe.
///
/// Every implementation promises:
/// - `create` returns as soon as AWS has given an id; outputs and readiness come from `read` alone.
/// - `update` takes one step from what is live to what is wanted; the engine calls it until they agree.
/// - `delete` takes one step; the engine calls it until `read` finds nothing. Gone already is success.
/// - No call waits for AWS to be done. None but `read`, `find` and `lookup` is repeated below this door, unless it was
///   throttled: then it was not begun.
pub trait Cloud: Send + Sync {
    /// The account's number, 12 digits, of the credentials in use.
    fn account(&self) -> BoxFuture<'_, Result<String, CloudError>>;

    /// Forgets what earlier surveys have read; called when a new one begins.
    fn start_survey(&self) {}

    /// Everything that carries the ownership tags of a stack, in these regions and where global resources are
    /// listed. What takes no tags, or is in no index of them, is not among it.
    fn tagged<'a>(
        &'a self,
        stack: &'a StackName,
        regions: &'a [Region],
    ) -> BoxFuture<'a, Result<Vec<Tagged>, CloudError>>;

    /// The resources, in the order of the requests; `None` where there is none. Batched.
    fn read<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        requests: &'a [ReadRequest],
        mode: ReadMode,
    ) -> BoxFuture<'a, Result<Vec<Option<Live>>, CloudError>>;

    /// The resource that this owner made, if it did: by natural name, token or ownership tag. Changes nothing.
    /// A resource of the same natural name without our identity is [`Class::NotOwned`].
    fn find<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        spec: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>, CloudError>>;

    /// A resource that somebody else looks after, by what the stack file says of it (`existing:`).
    fn lookup<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        query: &'a Json,
    ) -> BoxFuture<'a, Result<Option<PhysicalId>, CloudError>>;

    /// Makes it, with the owner's identity on it from the first moment.
    fn create<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        spec: &'a Json,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<PhysicalId, CloudError>>;

    /// Puts the owner's tags on a resource that it made and that may have been left without: of a kind whose create
    /// call takes none. Idempotent.
    fn tag_as_owned<'a>(
        &'a self,
        _at: &'a Scope,
        _kind: &'a KindName,
        _id: &'a PhysicalId,
        _spec: &'a Json,
        _owner: &'a Owner,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async { Ok(()) })
    }

    /// One step from what is live to what is wanted. `from` is the live spec restricted to what is managed: fields that
    /// were not read stand in it as they were last sent, or as they are wanted if nothing was; other people's keys of
    /// merged maps do not.
    fn update<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
        from: &'a Json,
        to: &'a Json,
    ) -> BoxFuture<'a, Result<(), CloudError>>;

    /// One step towards gone.
    fn delete<'a>(
        &'a self,
        at: &'a Scope,
        kind: &'a KindName,
        id: &'a PhysicalId,
    ) -> BoxFuture<'a, Result<(), CloudError>>;
}

/// One resource to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// Its physical id.
    pub id: PhysicalId,
    /// The top-level fields that the file manages, and as `list.field` those of the items of its
    /// lists. What takes a call of its own to read, and is not among these, need not be read.
    pub fields: std::collections::BTreeSet<String>,
    /// The texts of its top-level fields, by name, and of those in the items of its lists, by `list.field`: of a thing
    /// that can be said in two ways, the one that the file says.
    texts: std::collections::BTreeMap<String, std::collections::BTreeSet<String>>,
}

impl ReadRequest {
    /// An ask for the fields that stand in a spec.
    pub fn new(id: PhysicalId, spec: &Json) -> Self {
        let set = |json: &Json| -> Vec<(String, Json)> {
            let all = json.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
            all.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let mut fields = std::collections::BTreeSet::new();
        let mut texts = std::collections::BTreeMap::<_, std::collections::BTreeSet<String>>::new();
        for (name, value) in set(spec) {
            if let Json::String(text) = &value {
                texts.entry(name.clone()).or_default().insert(text.clone());
            }
            for (inner, value) in value.as_array().into_iter().flatten().flat_map(set) {
                let field = format!("{name}.{inner}");
                if let Json::String(text) = value {
                    texts.entry(field.clone()).or_default().insert(text);
                }
                fields.insert(field);
            }
            fields.insert(name);
        }
        Self { id, fields, texts }
    }

    /// True if the file manages this field.
    pub fn manages(&self, field: &str) -> bool {
        self.fields.contains(field)
    }

    /// Every text that the file gives to this field; `list.field` for that of the items of a list.
    pub fn texts(&self, field: &str) -> impl Iterator<Item = &str> {
        self.texts.get(field).into_iter().flatten().map(String::as_str)
    }
}

/// A resource that carries a stack's ownership tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tagged {
    /// Its ARN.
    pub arn: String,
    /// The address that its tags tell, if that is one.
    pub address: Option<Address>,
    /// Which of the resources at that address it is, if its tags tell.
    pub generation: Option<u32>,
}

/// Freshness of a read.
///
/// A survey may take lists that lag a few seconds behind, because whatever it finds different is
/// read again exactly before anything is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadMode {
    /// As few calls as possible.
    Listed,
    /// From the resource's own describe call.
    Fresh,
}

/// A resource as AWS tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// Its properties in the form of a spec. A field that is missing was not looked at; null means not set.
    pub spec: Json,
    /// Its outputs.
    pub outputs: Json,
    /// Its readiness.
    pub readiness: Readiness,
    /// Its id from now on, if it is no longer the one that it was asked for by.
    pub moved_to: Option<PhysicalId>,
    /// Parts of it that AWS does not let go of, or does not change.
    pub held: Vec<HeldPart>,
}

impl Live {
    /// A resource that is known by the id that it was asked for by, and of which everything can go.
    pub fn new(spec: Json, outputs: Json, readiness: Readiness) -> Self {
        Self { spec, outputs, readiness, moved_to: None, held: Vec::new() }
    }
}

/// A part of a resource, or the whole of it, that AWS does not let go of or does not change: for now, or as long as
/// others stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPart {
    /// Its path in the spec, such as `replicas.us-east-1`; empty for the whole resource.
    pub path: String,
    /// The reason.
    pub why: String,
    /// The remedy.
    pub help: String,
    /// Those that hold the whole resource: it goes with the last of them, or after that.
    pub by: Vec<Holder>,
}

/// A resource that holds another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name of its kind.
    pub kind: String,
    /// The region that it is in.
    pub at: Scope,
    /// Its physical id.
    pub id: PhysicalId,
}

impl HeldPart {
    /// A part, by its path.
    pub fn part(path: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path: path.into(), why: why.into(), help: help.into(), by: Vec::new() }
    }

    /// The whole resource.
    pub fn whole(by: Vec<Holder>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { path: String::new(), why: why.into(), help: help.into(), by }
    }
}

/// Readiness of a resource for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// AWS is at work on it; nothing that refers to it can start.
    Pending(String),
    /// Its outputs are there, it does not serve yet.
    Configured(String),
    /// It does what it is for.
    Serving,
    /// It will not come up without a change.
    Failed(String),
}

impl Readiness {
    /// True if it stands, whether it serves yet or not.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::Serving | Self::Configured(_))
    }
}
