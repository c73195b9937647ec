//! A resource that should be there.

use std::time::Duration;

use crate::names::{Address, KindName};
use crate::value::{Json, Key, Path, Template};

/// A resource that should be there, with references still in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Its logical name.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// Its properties. Of an existing thing: what it is looked up by.
    pub spec: Template,
    /// Fields of `spec` that the file does not say: their values are the block's own defaults, which a new resource
    /// gets and which are not held against what somebody has set since.
    pub defaults: Vec<Path>,
    /// What must be there before it, beside what it refers to.
    pub after: Vec<After>,
    /// What must be there before it is created, and need not outlive it: a reader of a database is filled from the
    /// writer, and may be the writer itself by the time that the other one goes.
    pub starts_after: Vec<After>,
    /// What must be there before it can *serve*, though it can be made earlier: a certificate is
    /// made first and serves once its validation record is there.
    pub served_by: Vec<Address>,
    /// Whether somebody else looks after it: it is looked up, never changed.
    pub existing: bool,
    /// Whether it may not be deleted or replaced without the user's word.
    pub protect: bool,
    /// Whether it stays in AWS when it leaves the file.
    pub retain: bool,
    /// How long a change of it may take, if not as its kind says.
    pub timeout: Option<Duration>,
    /// Where in the stack file it comes from.
    pub origin: Path,
}

impl Declaration {
    /// A declaration with everything else as usual.
    pub fn new(address: Address, kind: KindName, spec: Template, origin: Path) -> Self {
        Self {
            address,
            kind,
            spec,
            defaults: Vec::new(),
            after: Vec::new(),
            starts_after: Vec::new(),
            served_by: Vec::new(),
            existing: false,
            protect: false,
            retain: false,
            timeout: None,
            origin,
        }
    }

    /// True if the file has it as a raw resource.
    pub fn is_raw(&self) -> bool {
        matches!(self.origin.0.first(), Some(Key::Field(block)) if block == "resources")
    }

    /// Marks a field as the block's own default if the file does not say it.
    pub fn default_unless<'p>(&mut self, is_said: bool, field: impl IntoIterator<Item = &'p str>) -> &mut Self {
        if !is_said {
            self.defaults.push(Path::of(field));
        }
        self
    }

    /// The fields that are not held against what is there: none until the resource has been made whole.
    pub fn defaults_after(&self, is_whole: bool) -> &[Path] {
        if is_whole { &self.defaults } else { &[] }
    }

    /// The declaration as raw YAML would have it, for `expand`.
    pub fn written(&self) -> Json {
        let mut map = serde_json::Map::new();
        map.insert("kind".into(), self.kind.to_string().into());
        map.insert(if self.existing { "existing" } else { "properties" }.into(), without_nulls(&self.spec.written()));
        for (key, list) in [("after", &self.after), ("starts_after", &self.starts_after)] {
            let list: Vec<Json> = list.iter().map(|after| after.address.to_string().into()).collect();
            if !list.is_empty() {
                map.insert(key.into(), list.into());
            }
        }
        if self.protect {
            map.insert("protect".into(), true.into());
        }
        if self.retain {
            map.insert("retain".into(), true.into());
        }
        Json::Object(map)
    }
}

/// What must be there first, and how far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct After {
    /// What.
    pub address: Address,
    /// How far.
    pub level: Level,
}

/// How far a resource must be before something that needs it can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It exists and its outputs are known.
    Configured,
    /// It and everything it needs does what it is for.
    Serving,
}

fn without_nulls(json: &Json) -> Json {
    match json {
        Json::Object(fields) => Json::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect(),
        ),
        Json::Array(items) => items.iter().map(without_nulls).collect(),
        plain => plain.clone(),
    }
}
