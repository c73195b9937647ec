//! The shape of a spec: a JSON Schema, read once into what checking and comparing need.
//!
//! Only the part of JSON Schema that `schemars` derives for our types is understood; anything else
//! is an error when the catalog is built, never a rule that is silently not checked.

use std::collections::BTreeMap;

use super::annotations::Annotations;
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
