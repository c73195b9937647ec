//! What the core knows of kinds: their shapes, what forces a replacement, what is secret, what AWS owns.
//!
//! All of it is data. The core never asks "is this a table?"; it asks whether a kind holds data.
//! The AWS half fills the catalog from its kinds; tests fill it by hand.

pub mod check;
pub mod fargate;
mod rules;
mod shape;

use std::collections::BTreeMap;
use std::time::Duration;

pub use shape::{Compare, Field, Form, Shape, ShapeError, Words};

use crate::names::KindName;
use crate::value::Json;

/// Every kind there is, by name.
#[derive(Debug, Clone, Default)]
pub struct Catalog(BTreeMap<KindName, KindInfo>);

/// One kind, as the core sees it.
#[expect(clippy::struct_excessive_bools, reason = "facts of a kind, one from the other independent")]
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
    /// How long a change of it may take before it counts as failed.
    pub deadline: Duration,
    /// Whether it holds data: protected unless the file says otherwise.
    pub holds_data: bool,
    /// Whether one that has failed is replaced; else another update mends it.
    pub replace_failed: bool,
    /// Whether its name is unique: the old one must go before a replacement of the same name can be made.
    pub delete_first: bool,
    /// Whether a second create for the same owner comes to the first one's thing, or is refused.
    pub repeatable: bool,
    /// Whether its tags take a call of their own after the one that makes it.
    pub tagged_later: bool,
    /// The fields that make its name: if one of them changes, old and new can stand side by side.
    pub named_by: &'static [&'static str],
    /// Rules beyond the shape: what is wrong, in the user's words; an error if the spec does not fit the types.
    pub check: fn(&Json) -> Result<Vec<String>, String>,
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
    /// A spec without what must not be remembered: secrets stand as their hash.
    pub fn redact(&self, spec: &Json) -> Json {
        redact(&self.spec, spec)
    }
}

fn redact(shape: &Shape, json: &Json) -> Json {
    if shape.words.secret && !json.is_null() {
        return Json::String(crate::value::compare::fingerprint(json));
    }
    match (&shape.form, json) {
        (Form::Object(fields), Json::Object(map)) => Json::Object(
            map.iter()
                .map(|(key, value)| {
                    let kept = fields.get(key).map_or_else(|| value.clone(), |field| redact(&field.shape, value));
                    (key.clone(), kept)
                })
                .collect(),
        ),
        (Form::Map(of), Json::Object(map)) => {
            Json::Object(map.iter().map(|(key, value)| (key.clone(), redact(of, value))).collect())
        }
        (Form::OneOf(cases), Json::Object(map)) => Json::Object(
            map.iter()
                .map(|(key, value)| {
                    let kept = cases.get(key).map_or_else(|| value.clone(), |shape| redact(shape, value));
                    (key.clone(), kept)
                })
                .collect(),
        ),
        (Form::List { of, .. }, Json::Array(items)) => items.iter().map(|item| redact(of, item)).collect(),
        _ => json.clone(),
    }
}
