//! A value as the stack file writes it: JSON whose texts may hold references, `${tables.carts.name@us-east-1}`.

use std::collections::BTreeMap;

use super::{Json, Partial};
use crate::names::{Address, Scope};

/// A value with references in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// Nothing in it refers to anything: null, a boolean or a number.
    Plain(Json),
    /// A text, in parts.
    Text(Vec<Part>),
    /// A list.
    List(Vec<Template>),
    /// A map.
    Map(BTreeMap<String, Template>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Literal characters.
    Literal(String),
    /// A value that stands elsewhere.
    Reference(Reference),
}

/// `${...}`: what was written, and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The text between the braces, for messages.
    pub text: String,
    /// What it stands for.
    pub target: Target,
}

/// What a reference stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Not looked up yet: dotted words and, if written, where.
    Written {
        /// `tables.carts.name` as words.
        words: Vec<String>,
        /// What stands after `@`.
        at: Option<Scope>,
    },
    /// An output of a declared resource.
    Output {
        /// The resource.
        of: Address,
        /// Path of the output, such as `["arn"]`.
        output: Vec<String>,
    },
    /// A value known from the file alone: `${region}`, `${stack}`.
    Known(Json),
    /// The account's number.
    Account,
}

/// A `${...}` that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// No closing brace.
    #[error("`${{` without a closing `}}`")]
    Unclosed,
    /// Nothing, or something that is not dotted words, between the braces.
    #[error("`${{{0}}}` is not a reference: it takes dotted words such as `tables.carts.name`, and a region after `@`")]
    NotAPath(String),
}

impl Template {
    /// Reads the references in a JSON value. `$${` is a literal `${`.
    pub fn parse(json: &Json) -> Result<Self, SyntaxError> {
        Ok(match json {
            Json::String(text) => Self::Text(parse_text(text)?),
            Json::Array(items) => Self::List(items.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Json::Object(fields) => Self::Map(
                fields.iter().map(|(key, value)| Ok((key.clone(), Self::parse(value)?))).collect::<Result<_, _>>()?,
            ),
            plain => Self::Plain(plain.clone()),
        })
    }

    /// Every reference in it, in order.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    Part::Reference(reference) => Some(reference),
                    Part::Literal(_) => None,
                })
                .collect(),
            Self::List(items) => items.iter().flat_map(Self::references).collect(),
            Self::Map(fields) => fields.values().flat_map(Self::references).collect(),
        }
    }

    /// Calls `change` on every reference, to look up what was written.
    pub fn for_each_reference(&mut self, change: &mut impl FnMut(&mut Reference)) {
        self.for_each_text(&mut |parts| {
            for part in parts {
                if let Part::Reference(reference) = part {
                    change(reference);
                }
            }
        });
    }

    /// Calls `change` on every text, to put something else in place of its parts.
    pub fn for_each_text(&mut self, change: &mut impl FnMut(&mut Vec<Part>)) {
        match self {
            Self::Plain(_) => {}
            Self::Text(parts) => change(parts),
            Self::List(items) => items.iter_mut().for_each(|item| item.for_each_text(change)),
            Self::Map(fields) => fields.values_mut().for_each(|field| field.for_each_text(change)),
        }
    }

    /// Fills in what is known: `known` answers with the value, or `None` while it is known only after apply.
    pub fn fill(&self, known: &impl Fn(&Reference) -> Option<Json>) -> Partial {
        match self {
            Self::Plain(json) => Partial::from_json(json),
            Self::Text(parts) => fill_text(parts, known),
            Self::List(items) => Partial::List(items.iter().map(|item| item.fill(known)).collect()),
            Self::Map(fields) => {
                Partial::Map(fields.iter().map(|(key, value)| (key.clone(), value.fill(known))).collect())
            }
        }
    }

    /// The value as it would be written, with `${...}`; what `expand` prints.
    pub fn written(&self) -> Json {
        match self {
            Self::Plain(json) => json.clone(),
            Self::Text(parts) => Json::String(
                parts
                    .iter()
                    .map(|part| match part {
                        Part::Literal(text) => text.replace("${", "$${"),
                        Part::Reference(reference) => format!("${{{}}}", reference.text),
                    })
                    .collect(),
            ),
            Self::List(items) => items.iter().map(Self::written).collect(),
            Self::Map(fields) => {
                Json::Object(fields.iter().map(|(key, value)| (key.clone(), value.written())).collect())
            }
        }
    }
}

fn fill_text(parts: &[Part], known: &impl Fn(&Reference) -> Option<Json>) -> Partial {
    // A text that is one reference takes the value's own type; numbers stay numbers.
    if let [Part::Reference(reference)] = parts {
        return known(reference).map_or_else(|| Partial::unknown(&reference.text), |json| Partial::from_json(&json));
    }
    let mut text = String::new();
    let mut unknown = Vec::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Reference(reference) => match known(reference) {
                Some(Json::String(value)) => text.push_str(&value),
                Some(other) => text.push_str(&other.to_string()),
                None => unknown.push(reference.text.clone()),
            },
        }
    }
    if unknown.is_empty() { Partial::Text(text) } else { Partial::Unknown(super::Unknown { waits_for: unknown }) }
}

/// Splits a text into literals and references.
fn parse_text(text: &str) -> Result<Vec<Part>, SyntaxError> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$${") {
            literal.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("${") {
            let end = after.find('}').ok_or(SyntaxError::Unclosed)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Reference(parse_reference(&after[..end])?));
            rest = &after[end + 1..];
        } else {
            literal.push('$');
            rest = &rest[1..];
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn parse_reference(text: &str) -> Result<Reference, SyntaxError> {
    let error = || SyntaxError::NotAPath(text.to_owned());
    let (path, at) = match text.split_once('@') {
        Some((path, at)) => (path, Some(at.parse().map_err(|_| error())?)),
        None => (text, None),
    };
    let words: Vec<String> = path.split('.').map(str::to_owned).collect();
    let is_word =
        |word: &String| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !words.iter().all(is_word) {
        return Err(error());
    }
    Ok(Reference { text: text.to_owned(), target: Target::Written { words, at } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(json: &Json) -> Template {
        Template::parse(json).expect("a template")
    }

    #[test]
    fn text_is_split_and_filled() {
        let template = parse(&json!({"a": "x-${tables.carts.name}-y", "b": "${n.m.port}", "c": 3, "d": "$${lit} $5"}));
        let known = |reference: &Reference| match reference.text.as_str() {
            "tables.carts.name" => Some(json!("carts")),
            "n.m.port" => Some(json!(80)),
            _ => None,
        };
        assert_eq!(template.fill(&known).finish(), Ok(json!({"a": "x-carts-y", "b": 80, "c": 3, "d": "${lit} $5"})));
        assert_eq!(template.references().len(), 2);
    }

    #[test]
    fn an_unknown_part_makes_the_text_unknown() {
        let partial = parse(&json!("x-${tables.carts.name}")).fill(&|_| None);
        assert_eq!(partial, Partial::unknown("tables.carts.name"));
    }

    #[test]
    fn written_form_reads_back_as_itself() {
        for text in ["", "plain", "a ${b.c.d} e", "$${not} ${b.c.d@us-east-1}", "$"] {
            let template = parse(&json!(text));
            assert_eq!(parse(&template.written()), template, "{text}");
        }
    }

    #[test]
    fn bad_references_are_refused() {
        for text in ["${", "${}", "${a..b}", "${a b}", "${a.b@nowhere}"] {
            assert!(Template::parse(&json!(text)).is_err(), "{text}");
        }
    }
}
