//! What the core knows of kinds: their shapes, what forces a replacement, what is secret, what AWS owns.
//!
//! All of it is data. The core never asks "is this a table?"; it asks whether a kind holds data.
//! The AWS half fills the catalog from its kinds; tests fill it by hand.

mod annotations;
pub mod check;
pub mod fargate;
mod rules;
mod shape;
mod stakes;

use std::collections::BTreeMap;
use std::time::Duration;

pub use annotations::{Annotations, Compare};
pub use shape::{Field, SchemaType, Shape, ShapeError};
pub use stakes::{Stake, Stakes};

use crate::names::KindName;
use crate::value::Json;

/// Every kind there is, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog(BTreeMap<KindName, KindInfo>);

/// One kind, as the core sees it.
#[derive(Debug, Clone)]
pub struct KindInfo {
    /// Its name.
    pub name: KindName,
    /// One sentence for the reference.
    pub about: String,
    /// What a user may write.
    pub spec: Shape,
    /// What can be referred to once it exists.
    pub outputs: Shape,
    /// An example, as YAML.
    pub example: &'static str,
    /// Patches laid over the example one after the other, as YAML, that together touch every field.
    pub changes: &'static [&'static str],
    /// JSON Schema of what a user may write, for editors.
    pub schema: Json,
    /// Facts of the kind that planning and applying ask for.
    pub traits: Traits,
    /// True if its names are those of the whole account, whatever region they are declared in.
    pub account_wide: bool,
    /// Rules beyond the shape: what is wrong, in the user's words; an error if the spec does not fit the types.
    pub check: fn(&Json) -> Result<Vec<String>, String>,
}

/// Facts of a kind that planning and applying ask for. Most kinds are like [`Traits::DEFAULT`].
#[expect(clippy::struct_excessive_bools, reason = "facts of a kind, each independent of the others")]
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// Time limit of one change; what takes longer has failed.
    pub deadline: Duration,
    /// Holds data: protected unless the file says otherwise, and never deleted, detached or replaced without the
    /// user's word.
    pub holds_data: bool,
    /// One that has failed is replaced. `false` where a failed change is mended by the next change.
    pub replace_failed: bool,
    /// The top-level fields that are unique together, such as a name. A replacement in which none of them changes
    /// deletes the old one first; every other replacement creates first. Empty: old and new never collide.
    pub unique_by: &'static [&'static str],
    /// What is unique together is so in the whole account, and not in each region.
    pub unique_in_account: bool,
    /// Tag keys that differ in case only are one key.
    pub tags_ignore_case: bool,
    /// A second create for the same owner comes to the first one's resource (by a token or a caller reference) or is
    /// refused (by a unique name). Where neither holds, a search that finds nothing is made again for a while before
    /// a second create.
    pub idempotent_create: bool,
    /// Tags take a call of their own after the create: a run may die between the two and leave a resource untagged.
    pub tags_after_create: bool,
    /// A snapshot of something else: replaced by design whenever that changes.
    pub snapshot: bool,
    /// The kind of which only one at a time can lead to it: while it stays, that one is replaced with a gap.
    pub led_to_by_one: Option<&'static str>,
    /// The kinds that keep it from being deleted as long as they use it.
    pub held_by: &'static [&'static str],
}

impl Traits {
    /// Five minutes, no data, replaced when failed, nothing unique, idempotent create with tags, led to by any number, held by none.
    pub const DEFAULT: Self = Self {
        deadline: Duration::from_mins(5),
        holds_data: false,
        replace_failed: true,
        unique_by: &[],
        unique_in_account: false,
        tags_ignore_case: false,
        idempotent_create: true,
        tags_after_create: false,
        snapshot: false,
        led_to_by_one: None,
        held_by: &[],
    };

    /// Whether the old one of a replacement must be deleted before the new one can be made.
    pub fn deletes_first(&self, changed: impl Fn(&str) -> bool) -> bool {
        !self.unique_by.is_empty() && !self.unique_by.iter().any(|field| changed(field))
    }
}

impl Catalog {
    /// A catalog of these kinds.
    pub fn new(kinds: impl IntoIterator<Item = KindInfo>) -> Self {
        Self(kinds.into_iter().map(|kind| (kind.name.clone(), kind)).collect())
    }

    /// What is known of a kind.
    pub fn get(&self, kind: &KindName) -> Option<&KindInfo> {
        self.0.get(kind)
    }

    /// Every kind, in the order of names.
    pub fn kinds(&self) -> impl Iterator<Item = &KindInfo> {
        self.0.values()
    }
}

impl KindInfo {
    /// The values of the fields that are unique together ([`Traits::unique_by`]), if the kind has such, all of them are
    /// known and the first is not left out: two resources with the same ones cannot be in one scope.
    pub fn unique_values<'a>(&self, value: impl Fn(&str) -> Option<&'a Json>) -> Option<Vec<String>> {
        let fields = self.traits.unique_by;
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let values: Vec<String> = fields.iter().filter_map(|field| value(field)).map(text).collect();
        let is_named = fields.first().is_some_and(|first| value(first).is_some_and(|value| !value.is_null()));
        (is_named && values.len() == fields.len()).then_some(values)
    }

    /// A spec without what must not be remembered: secrets stand as their hash.
    pub fn redact(&self, spec: &Json) -> Json {
        redact(&self.spec, spec)
    }
}

fn redact(shape: &Shape, json: &Json) -> Json {
    if shape.annotations.secret && !json.is_null() {
        return Json::String(crate::value::fingerprint(json));
    }
    match (&shape.schema_type, json) {
        (SchemaType::Object(fields), Json::Object(map)) => Json::Object(
            map.iter()
                .map(|(key, value)| {
                    let kept = fields.get(key).map_or_else(|| value.clone(), |field| redact(&field.shape, value));
                    (key.clone(), kept)
                })
                .collect(),
        ),
        (SchemaType::Map(of), Json::Object(map)) => {
            Json::Object(map.iter().map(|(key, value)| (key.clone(), redact(of, value))).collect())
        }
        (SchemaType::OneOf(cases), Json::Object(map)) => Json::Object(
            map.iter()
                .map(|(key, value)| {
                    let kept = cases.get(key).map_or_else(|| value.clone(), |shape| redact(shape, value));
                    (key.clone(), kept)
                })
                .collect(),
        ),
        (SchemaType::List { of, .. }, Json::Array(items)) => items.iter().map(|item| redact(of, item)).collect(),
        _ => json.clone(),
    }
}
