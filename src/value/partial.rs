//! A value of which some leaves are known only after apply.

use std::collections::BTreeMap;

use super::Json;

/// A value with holes.
#[derive(Debug, Clone, PartialEq)]
pub enum Partial {
    /// Null, a boolean or a number.
    Plain(Json),
    /// A known text.
    Text(String),
    /// A list.
    List(Vec<Partial>),
    /// A map.
    Map(BTreeMap<String, Partial>),
    /// Known only after apply.
    Unknown(Unknown),
}

/// Why a value is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The references it waits for, as written.
    pub waits_for: Vec<String>,
}

impl Partial {
    /// A value that waits for one reference.
    pub fn unknown(reference: &str) -> Self {
        Self::Unknown(Unknown { waits_for: vec![reference.to_owned()] })
    }

    /// A known value.
    pub fn from_json(json: &Json) -> Self {
        match json {
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(fields) => {
                Self::Map(fields.iter().map(|(key, value)| (key.clone(), Self::from_json(value))).collect())
            }
            plain => Self::Plain(plain.clone()),
        }
    }

    /// The value, if all of it is known; else what it waits for. The only gate to JSON that AWS may see.
    pub fn finish(&self) -> Result<Json, Unknown> {
        let mut waits_for = Vec::new();
        let json = self.with_placeholders(&mut |unknown| {
            waits_for.extend(unknown.waits_for.iter().cloned());
            Json::Null
        });
        if waits_for.is_empty() { Ok(json) } else { Err(Unknown { waits_for }) }
    }

    /// Whether all of it is known.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Text(_) => true,
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Map(fields) => fields.values().all(Self::is_known),
            Self::Unknown(_) => false,
        }
    }

    /// A JSON value with something put into each hole: for showing, hashing and checking, never for AWS.
    pub fn with_placeholders(&self, hole: &mut impl FnMut(&Unknown) -> Json) -> Json {
        match self {
            Self::Plain(json) => json.clone(),
            Self::Text(text) => Json::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.with_placeholders(hole)).collect(),
            Self::Map(fields) => {
                Json::Object(fields.iter().map(|(key, value)| (key.clone(), value.with_placeholders(hole))).collect())
            }
            Self::Unknown(unknown) => hole(unknown),
        }
    }

    /// A field of a map, if this is one and has it.
    pub fn get(&self, field: &str) -> Option<&Self> {
        match self {
            Self::Map(fields) => fields.get(field),
            _ => None,
        }
    }

    /// The value of an output, of a spec: one that is named like a field has the field's value, known as soon as that is.
    pub fn mirrored(&self, output: &[String]) -> Option<Json> {
        let [name] = output else { return None };
        self.get(name).filter(|value| !value.is_null())?.finish().ok()
    }

    /// Whether this is a known null: a field that the file leaves out.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Plain(Json::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finish_names_every_hole() {
        let mut partial = Partial::from_json(&json!({"a": 1, "b": ["x", null]}));
        assert_eq!(partial.finish(), Ok(json!({"a": 1, "b": ["x", null]})));
        if let Partial::Map(fields) = &mut partial {
            fields.insert("c".into(), Partial::unknown("t.u.arn"));
            fields.insert("d".into(), Partial::List(vec![Partial::unknown("v.w.id")]));
        }
        assert_eq!(partial.finish(), Err(Unknown { waits_for: vec!["t.u.arn".into(), "v.w.id".into()] }));
        assert!(!partial.is_known());
    }
}
