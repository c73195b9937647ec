//! Values in their three stages: `Template` (as written, with `${...}`) → `Partial` (some leaves
//! known only after apply) → JSON (known).
//!
//! An unknown value cannot leak: [`Partial::finish`] is the only way from a `Partial` to JSON that
//! AWS may see, and it refuses while anything is unknown.

mod partial;
mod template;

use crate::names::sha256_hex;

pub use partial::{Partial, Unknown};
pub use template::{Part, Reference, SyntaxError, Target, Template};

/// A known value.
pub type Json = serde_json::Value;

/// `sha256:` and the hexadecimal hash of a value's canonical JSON (keys sorted, no spaces).
pub fn fingerprint(value: &Json) -> String {
    // `serde_json` maps are sorted by key, so the text is canonical.
    format!("sha256:{}", sha256_hex(value.to_string().as_bytes()))
}

/// The JSON Pointer of an output, from the names that lead to it.
pub fn pointer<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().fold(String::new(), |pointer, name| format!("{pointer}/{name}"))
}

/// A path into a value, such as `replicas[0].region`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(pub Vec<Key>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A field of a map.
    Field(String),
    /// A place in a list.
    Index(usize),
}

impl Path {
    /// The path one field deeper.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(Key::Field(name.to_owned()));
        Self(keys)
    }

    /// The path one list element deeper.
    #[must_use]
    pub fn index(&self, at: usize) -> Self {
        let mut keys = self.0.clone();
        keys.push(Key::Index(at));
        Self(keys)
    }

    /// The path of these fields.
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        Self(fields.into_iter().map(|name| Key::Field(name.to_owned())).collect())
    }

    /// This path followed by another.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            match key {
                Key::Field(name) if at == 0 => write!(f, "{name}")?,
                Key::Field(name) if name.contains(['.', '/', ' ']) => write!(f, "[\"{name}\"]")?,
                Key::Field(name) => write!(f, ".{name}")?,
                Key::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
