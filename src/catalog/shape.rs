//! The shape of a spec: a JSON Schema, read once into what checking and comparing need.
//!
//! Only the part of JSON Schema that `schemars` derives for our types is understood; anything else
//! is an error when the catalog is built, never a rule that is silently not checked.

use std::collections::BTreeMap;

use super::stakes::Stakes;
use crate::value::Json;

/// The shape of one value.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its form.
    pub schema_type: SchemaType,
    /// Whether it may be left out or null.
    pub nullable: bool,
    /// What it is, for the reference.
    pub about: String,
    /// What the engine must know of it.
    pub annotations: Annotations,
}

/// The form of a value.
#[derive(Debug, Clone)]
pub enum SchemaType {
    /// Any JSON.
    Any,
    /// A boolean.
    Bool,
    /// A whole number within bounds.
    Integer {
        /// Least value.
        min: Option<f64>,
        /// Greatest value.
        max: Option<f64>,
    },
    /// A number within bounds.
    Number {
        /// Least value.
        min: Option<f64>,
        /// Greatest value.
        max: Option<f64>,
    },
    /// A text.
    Text {
        /// Least number of characters.
        min: Option<u64>,
        /// Greatest number of characters.
        max: Option<u64>,
        /// A regular expression it must match.
        pattern: Option<String>,
        /// The only values allowed, if there are such.
        choices: Vec<String>,
    },
    /// A list.
    List {
        /// Shape of its items.
        of: Box<Shape>,
        /// Least number of items.
        min: Option<u64>,
        /// Greatest number of items.
        max: Option<u64>,
    },
    /// A map from any key to one shape.
    Map(Box<Shape>),
    /// A map with known fields.
    Object(BTreeMap<String, Field>),
    /// A map with exactly one of these fields.
    OneOf(BTreeMap<String, Shape>),
}

/// One known field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its shape.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// What stands when it is left out.
    pub default: Option<Json>,
}

/// The `x-` words of a schema: what the engine must know of a field beyond its form.
///
/// | word | meaning | who reads it |
/// |---|---|---|
/// | `x-change: replace` | AWS cannot change it; the thing is replaced | `diff` |
/// | `x-change: replace-set` | once it is set, another value replaces the thing; to set or unset it does not | `diff` |
/// | `x-settled-by: FIELD` | as long as the file says FIELD, what it was made with stays, and is no difference | `diff`, `planning` |
/// | `x-change: replace-case` | AWS cannot change which of the cases it is, only what is in it | `diff` |
/// | `x-secret` | never in state, plan or log | `catalog`, `render` |
/// | `x-write-only` | AWS never returns it; compared with what was last sent | `diff` |
/// | `x-owned-by-aws` | observed, never a difference | `diff` |
/// | `x-protects` | true in it: what it stands in goes only on the user's word | `planning` |
/// | `x-unordered` | order means nothing; `rest`: only the first item's place means something | `diff` |
/// | `x-key: FIELD` | items are told apart by this field, order means nothing | `diff` |
/// | `x-merge` | only the keys or items that are or were in the file are ours | `diff` |
/// | `x-reset: VALUE` | what says AWS's default: wanted once the file no longer says the field; null: a new thing without it | `diff` |
/// | `x-stays` | AWS has no way back: what the file no longer says stays as it is | `diff` |
/// | `x-whole` | it is always sent whole: a field left out is wanted at its default, or not at all | `diff` |
/// | `x-compare: sha256, policy, dns` | how equality is decided | `diff` |
/// | `x-grants: [FIELD]` | rights or ways of others: widened before they need more, narrowed once they need less; items with these fields alike are one | `diff`, `planning` |
/// | `x-copies` | what it refers to is copied as it is now: what that needs is needed as long as the copy is | `graph` |
/// | `x-needs: serving` | what it refers to must be serving, not just configured | `graph` |
/// | `x-needs: nothing` | a text to AWS: what it names need not be there, as long as the name is known | `graph` |
/// | `x-volatile` | an output that an update may change | `plan` |
/// | `x-stable-under: [FIELD]` | a volatile output that a change of these fields alone leaves as it is | `plan` |
/// | `x-risk`, `x-public`, `x-wait`, `x-highlight` | what a reviewer should know, see [`Stakes`] | `planning` |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of a schema, there or not")]
pub struct Annotations {
    /// A change of it replaces the thing.
    pub replace: bool,
    /// Another value than the one that is set replaces the thing.
    pub replace_set: bool,
    /// Another case than the one that is there replaces the thing.
    pub replace_case: bool,
    /// As long as this field of the same object is said, what the thing was made with stays.
    pub settled_by: Option<String>,
    /// Never in state, plan or log.
    pub secret: bool,
    /// AWS never returns it.
    pub write_only: bool,
    /// Observed, never a difference.
    pub owned_by_aws: bool,
    /// True in it: what it stands in goes only on the user's word.
    pub protects: bool,
    /// Order means nothing.
    pub unordered: bool,
    /// The first item is what it is, and the order of the others means nothing.
    pub rest_unordered: bool,
    /// Items are told apart by this field.
    pub key: Option<String>,
    /// Only keys or items that are or were in the file are ours.
    pub merge: bool,
    /// What the file no longer says stays as it is.
    pub stays: bool,
    /// The value that says AWS's default, for a field that was said and no longer is; null if only a new thing is
    /// without it.
    pub reset: Option<Json>,
    /// A field left out is wanted at its default, or not at all.
    pub whole: bool,
    /// It lets others do something: what is taken away goes once nobody uses it. The fields that tell its items apart,
    /// all if none is named.
    pub grants: Option<Vec<String>>,
    /// What it refers to is copied as it is at that moment, with all that it needs.
    pub copies: bool,
    /// How equality is decided.
    pub compare: Compare,
    /// What it refers to must be serving.
    pub needs_serving: bool,
    /// What it names need not be there.
    pub needs_nothing: bool,
    /// An output that an update may change.
    pub volatile: bool,
    /// A volatile output stays as it is if only these fields change.
    pub stable_under: Vec<String>,
    /// Facts for the reviewer of a change.
    pub stakes: Stakes,
}

/// How equality of a field is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compare {
    /// As JSON.
    #[default]
    Json,
    /// AWS keeps only a hash, `sha256:<hex>` of the canonical JSON.
    Sha256,
    /// As an IAM policy: a list of one equals its item, and order means nothing.
    Policy,
    /// As a DNS name: case and a trailing dot mean nothing.
    Dns,
}

/// A schema that goes beyond what is understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schema at {at}: {what}")]
pub struct ShapeError {
    /// Where in the schema.
    pub at: String,
    /// What is not understood.
    pub what: String,
}

impl Shape {
    /// Reads a JSON Schema as `schemars` derives it.
    pub fn from_schema(schema: &Json) -> Result<Self, ShapeError> {
        Reader { definitions: schema.get("$defs") }.shape(schema, "#")
    }

    /// The shape at a path of fields, if there is one. List and map items are stepped into.
    pub fn at<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Self> {
        path.into_iter().try_fold(self, |shape, name| match &shape.schema_type {
            SchemaType::Object(fields) => fields.get(name).map(|field| &field.shape),
            SchemaType::OneOf(cases) => cases.get(name),
            SchemaType::Map(of) | SchemaType::List { of, .. } => Some(&**of),
            SchemaType::Any => Some(shape),
            _ => None,
        })
    }

    /// A value of this shape, to stand in for one that is not known yet.
    pub fn placeholder(&self) -> Json {
        match &self.schema_type {
            SchemaType::Any | SchemaType::Text { .. } => Json::String("known-after-apply".into()),
            SchemaType::Bool => Json::Bool(false),
            SchemaType::Integer { .. } | SchemaType::Number { .. } => Json::from(1),
            SchemaType::List { .. } => Json::Array(Vec::new()),
            SchemaType::Map(_) | SchemaType::Object(_) | SchemaType::OneOf(_) => Json::Object(serde_json::Map::new()),
        }
    }
}

struct Reader<'a> {
    definitions: Option<&'a Json>,
}

impl Reader<'_> {
    fn shape(&self, schema: &Json, at: &str) -> Result<Shape, ShapeError> {
        if let Json::Bool(true) = schema {
            return Ok(Shape {
                schema_type: SchemaType::Any,
                nullable: true,
                about: String::new(),
                annotations: Annotations::default(),
            });
        }
        let mut shape = self.bare(schema, at)?;
        if let Some(word) = Stakes::unknown(schema) {
            return Err(ShapeError { at: at.to_owned(), what: format!("`x-risk` has no word {word}") });
        }
        // What stands beside a `$ref` belongs to the field, not to the type it refers to.
        shape.annotations = shape.annotations.with(schema);
        if let Some(about) = schema.get("description").and_then(Json::as_str) {
            about.clone_into(&mut shape.about);
        }
        Ok(shape)
    }

    fn bare(&self, schema: &Json, at: &str) -> Result<Shape, ShapeError> {
        let fail = |what: String| Err(ShapeError { at: at.to_owned(), what });
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let name = reference.strip_prefix("#/$defs/").unwrap_or(reference);
            return match self.definitions.and_then(|all| all.get(name)) {
                Some(definition) => self.shape(definition, name),
                None => fail(format!("`{reference}` is not defined")),
            };
        }
        if let Some(cases) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array) {
            return self.cases(cases, at);
        }
        let (schema_type, nullable) = self.schema_type(schema, at)?;
        Ok(Shape { schema_type, nullable, about: String::new(), annotations: Annotations::default() })
    }

    fn schema_type(&self, schema: &Json, at: &str) -> Result<(SchemaType, bool), ShapeError> {
        let (kind, nullable) = kind_of(schema);
        let number = |key: &str| schema.get(key).and_then(Json::as_f64);
        let count = |key: &str| schema.get(key).and_then(Json::as_u64);
        let schema_type = match kind {
            None if schema.get("const").is_some() || schema.get("enum").is_some() => text(schema),
            None => return Ok((SchemaType::Any, true)),
            Some("boolean") => SchemaType::Bool,
            Some("integer") => SchemaType::Integer { min: number("minimum"), max: number("maximum") },
            Some("number") => SchemaType::Number { min: number("minimum"), max: number("maximum") },
            Some("string") => text(schema),
            Some("array") => {
                let of = schema.get("items").map_or(Ok(any()), |items| self.shape(items, &format!("{at}/items")))?;
                SchemaType::List { of: Box::new(of), min: count("minItems"), max: count("maxItems") }
            }
            Some("object") => self.object(schema, at)?,
            Some(other) => {
                return Err(ShapeError { at: at.to_owned(), what: format!("type `{other}` is not understood") });
            }
        };
        Ok((schema_type, nullable))
    }

    fn object(&self, schema: &Json, at: &str) -> Result<SchemaType, ShapeError> {
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
            return match schema.get("additionalProperties") {
                Some(Json::Bool(false)) => Ok(SchemaType::Object(BTreeMap::new())),
                Some(of) => Ok(SchemaType::Map(Box::new(self.shape(of, &format!("{at}/*"))?))),
                None => Ok(SchemaType::Map(Box::new(any()))),
            };
        };
        let required = schema.get("required").and_then(Json::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let fields = properties
            .iter()
            .map(|(name, property)| {
                let shape = self.shape(property, &format!("{at}/{name}"))?;
                let default = property.get("default").filter(|default| !default.is_null()).cloned();
                Ok((name.clone(), Field { shape, required: is_required(name), default }))
            })
            .collect::<Result<_, ShapeError>>()?;
        Ok(SchemaType::Object(fields))
    }

    /// `Option<T>`, an enum of words, or an enum whose cases hold something.
    fn cases(&self, cases: &[Json], at: &str) -> Result<Shape, ShapeError> {
        let is_null = |case: &&Json| case.get("type").and_then(Json::as_str) == Some("null");
        let nullable = cases.iter().any(|case| is_null(&case));
        let cases: Vec<&Json> = cases.iter().filter(|case| !is_null(case)).collect();
        if let [only] = cases.as_slice() {
            let shape = self.shape(only, at)?;
            return Ok(Shape { nullable: nullable || shape.nullable, ..shape });
        }
        let mut choices = Vec::new();
        let mut fields = BTreeMap::new();
        for case in cases {
            match self.shape(case, at)?.schema_type {
                SchemaType::Text { choices: words, .. } if !words.is_empty() => choices.extend(words),
                SchemaType::Object(one) if one.len() == 1 => {
                    fields.extend(one.into_iter().map(|(name, field)| (name, field.shape)));
                }
                _ => {
                    return Err(ShapeError { at: at.to_owned(), what: "cases must be words or one-field maps".into() });
                }
            }
        }
        let schema_type = match (choices.is_empty(), fields.is_empty()) {
            (false, true) => SchemaType::Text { min: None, max: None, pattern: None, choices },
            (true, false) => SchemaType::OneOf(fields),
            _ => return Err(ShapeError { at: at.to_owned(), what: "words and maps are mixed".into() }),
        };
        Ok(Shape { schema_type, nullable, about: String::new(), annotations: Annotations::default() })
    }
}

fn any() -> Shape {
    Shape { schema_type: SchemaType::Any, nullable: true, about: String::new(), annotations: Annotations::default() }
}

fn kind_of(schema: &Json) -> (Option<&str>, bool) {
    match schema.get("type") {
        Some(Json::Array(kinds)) => {
            let words: Vec<&str> = kinds.iter().filter_map(Json::as_str).collect();
            (words.iter().copied().find(|kind| *kind != "null"), words.contains(&"null"))
        }
        Some(Json::String(kind)) => (Some(kind), false),
        _ => (None, false),
    }
}

fn text(schema: &Json) -> SchemaType {
    let count = |key: &str| schema.get(key).and_then(Json::as_u64);
    let words = |json: &Json| json.as_str().map(str::to_owned);
    let mut choices: Vec<String> =
        schema.get("enum").and_then(Json::as_array).into_iter().flatten().filter_map(words).collect();
    choices.extend(schema.get("const").and_then(words));
    SchemaType::Text {
        min: count("minLength"),
        max: count("maxLength"),
        pattern: schema.get("pattern").and_then(words),
        choices,
    }
}

impl Annotations {
    fn with(mut self, schema: &Json) -> Self {
        let is = |key: &str| schema.get(key).and_then(Json::as_bool).unwrap_or(false);
        let word = |key: &str| schema.get(key).and_then(Json::as_str);
        self.replace |= word("x-change") == Some("replace");
        self.replace_set |= word("x-change") == Some("replace-set");
        self.settled_by = word("x-settled-by").map(str::to_owned).or(self.settled_by);
        self.replace_case |= word("x-change") == Some("replace-case");
        self.secret |= is("x-secret");
        self.write_only |= is("x-write-only");
        self.owned_by_aws |= is("x-owned-by-aws");
        self.protects |= is("x-protects");
        self.unordered |= is("x-unordered");
        self.rest_unordered |= word("x-unordered") == Some("rest");
        self.merge |= is("x-merge");
        self.stays |= is("x-stays");
        self.reset = schema.get("x-reset").cloned().or(self.reset);
        self.whole |= is("x-whole");
        self.copies |= is("x-copies");
        self.volatile |= is("x-volatile");
        self.stakes = std::mem::take(&mut self.stakes).with(schema);
        let names = schema.get("x-stable-under").and_then(Json::as_array).into_iter().flatten();
        self.stable_under.extend(names.filter_map(Json::as_str).map(str::to_owned));
        self.needs_serving |= word("x-needs") == Some("serving");
        if let Some(fields) = schema.get("x-grants").and_then(Json::as_array) {
            self.grants = Some(fields.iter().filter_map(Json::as_str).map(str::to_owned).collect());
        }
        self.needs_nothing |= word("x-needs") == Some("nothing");
        self.key = word("x-key").map(str::to_owned).or(self.key);
        self.compare = match word("x-compare") {
            Some("sha256") => Compare::Sha256,
            Some("policy") => Compare::Policy,
            Some("dns") => Compare::Dns,
            _ => self.compare,
        };
        self
    }
}
