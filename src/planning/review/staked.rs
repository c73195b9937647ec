//! The fields that a change touches and that have a word for the reviewer: those around it, itself, and those in it.

use std::collections::BTreeSet;

use crate::catalog::{SchemaType, Shape, Stakes};
use crate::diff::Change;
use crate::value::{Json, Key, Partial, Path};

/// One field with such a word.
pub(super) struct Staked<'a> {
    pub(super) stakes: &'a Stakes,
    /// Its place.
    pub(super) path: Path,
    /// The place of the change that touches it: further in, where the field is around the change.
    pub(super) changed: Path,
    /// The value there: of a field around the change, that of the change.
    pub(super) from: Json,
    /// The value that is to be there.
    pub(super) to: Partial,
}

impl Staked<'_> {
    /// The number of steps that the change is further in; 0 if the field itself changes, or all around it.
    pub(super) fn inside(&self) -> usize {
        self.changed.0.len().saturating_sub(self.path.0.len())
    }
}

/// The fields that a change touches.
pub(super) fn staked<'a>(spec: &'a Shape, change: &Change) -> Vec<Staked<'a>> {
    let mut found = Vec::new();
    let mut shape = spec;
    let keys = &change.path.0;
    for (depth, key) in keys.iter().enumerate() {
        if depth > 0 && !shape.annotations.stakes.is_empty() {
            found.push(Staked {
                stakes: &shape.annotations.stakes,
                path: Path(keys[..depth].to_vec()),
                changed: change.path.clone(),
                from: change.from.clone(),
                to: change.to.clone(),
            });
        }
        let name = match key {
            Key::Field(name) => name.as_str(),
            Key::Index(_) => "*",
        };
        let Some(next) = shape.at([name]) else { return found };
        shape = next;
    }
    // With a part that goes, everything in it goes: that is told of the part.
    if !(change.to.is_null() && keys.len() > 1) {
        within(shape, &change.path, &change.from, &change.to, &mut found);
    } else if !shape.annotations.stakes.is_empty() {
        let (path, from, to) = (change.path.clone(), change.from.clone(), change.to.clone());
        found.push(Staked { stakes: &shape.annotations.stakes, changed: path.clone(), path, from, to });
    }
    found
}

/// The fields in a whole value.
pub(super) fn all<'a>(spec: &'a Shape, wanted: &Partial) -> Vec<Staked<'a>> {
    let mut found = Vec::new();
    within(spec, &Path::default(), &Json::Null, wanted, &mut found);
    found
}

fn within<'a>(shape: &'a Shape, path: &Path, from: &Json, to: &Partial, found: &mut Vec<Staked<'a>>) {
    let stakes = &shape.annotations.stakes;
    if !stakes.is_empty() && !path.0.is_empty() {
        found.push(Staked { stakes, path: path.clone(), changed: path.clone(), from: from.clone(), to: to.clone() });
    }
    let null = Partial::Plain(Json::Null);
    let mut go = |of: &'a Shape, key: &str, from: Option<&Json>, to: Option<&Partial>| {
        within(of, &path.field(key), from.unwrap_or(&Json::Null), to.unwrap_or(&null), found);
    };
    match &shape.schema_type {
        SchemaType::Object(fields) => {
            for (name, field) in fields {
                go(&field.shape, name, from.get(name), to.get(name));
            }
        }
        SchemaType::OneOf(cases) => {
            for (name, case) in cases.iter().filter(|(name, _)| from.get(name).is_some() || to.get(name).is_some()) {
                go(case, name, from.get(name), to.get(name));
            }
        }
        SchemaType::Map(of) => {
            let mut keys: BTreeSet<&String> = from.as_object().into_iter().flatten().map(|(key, _)| key).collect();
            if let Partial::Map(to) = to {
                keys.extend(to.keys());
            }
            for key in keys {
                go(of, key, from.get(key), to.get(key));
            }
        }
        SchemaType::List { of, .. } => {
            let Some(key) = &shape.annotations.key else { return };
            let name = |item: &Json| item.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
            let Partial::List(items) = to else { return };
            for item in items {
                let Some(Partial::Text(id)) = item.get(key) else { continue };
                let before = from.as_array().and_then(|all| all.iter().find(|one| name(one) == *id));
                go(of, id, before, Some(item));
            }
        }
        _ => {}
    }
}
