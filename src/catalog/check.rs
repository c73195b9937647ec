//! Checks a value against a shape and tells everything that is wrong with it at once.

use super::{Field, SchemaType, Shape};
use crate::problem::{Code, nearest};
use crate::value::{Json, Key, Partial, Path};

/// For how many faults a nearest name is looked for: nobody reads more, and a file may hold a million.
const SUGGESTED: usize = 200;

/// One thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where in the value.
    pub path: Path,
    /// Whether the key is wrong, rather than what stands under it.
    pub at_key: bool,
    /// A short stable name for the rule.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything that is wrong with a value. What is not known yet is not judged.
pub fn check(shape: &Shape, value: &Partial) -> Vec<Fault> {
    let mut faults = Vec::new();
    Checker { faults: &mut faults }.value(shape, value, &Path::default());
    faults
}

struct Checker<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Checker<'_> {
    fn fault(&mut self, path: &Path, code: Code, message: String, help: Option<String>) {
        self.faults.push(Fault { path: path.clone(), at_key: false, code, message, help });
    }

    fn value(&mut self, shape: &Shape, value: &Partial, path: &Path) {
        match (&shape.schema_type, value) {
            (_, Partial::Plain(Json::Null)) if shape.nullable => {}
            (SchemaType::Any, _) | (_, Partial::Unknown(_)) | (SchemaType::Bool, Partial::Plain(Json::Bool(_))) => {}
            (SchemaType::Integer { min, max }, Partial::Plain(Json::Number(number)))
                if number.as_f64().is_some_and(|number| number.fract() == 0.0) =>
            {
                self.bounds(number.as_f64(), *min, *max, path);
            }
            (SchemaType::Number { min, max }, Partial::Plain(Json::Number(number))) => {
                self.bounds(number.as_f64(), *min, *max, path);
            }
            (SchemaType::Text { .. }, Partial::Text(text)) => self.text(&shape.schema_type, text, path),
            (SchemaType::List { of, min, max }, Partial::List(items)) => {
                self.count(items.len(), *min, *max, "item", path);
                for (at, item) in items.iter().enumerate() {
                    self.value(of, item, &path.index(at));
                }
            }
            (SchemaType::Map(of), Partial::Map(fields)) => {
                for (key, value) in fields {
                    self.value(of, value, &path.field(key));
                }
            }
            (SchemaType::Object(known), Partial::Map(fields)) => self.object(known, fields, path),
            (SchemaType::OneOf(cases), Partial::Map(fields)) => self.one_of(cases, fields, path),
            _ => self.wrong_type(shape, value, path),
        }
    }

    fn object(
        &mut self,
        known: &std::collections::BTreeMap<String, Field>,
        fields: &std::collections::BTreeMap<String, Partial>,
        path: &Path,
    ) {
        for (key, value) in fields {
            match known.get(key) {
                Some(field) => {
                    // A null is a field left out.
                    if field.required || !value.is_null() {
                        self.value(&field.shape, value, &path.field(key));
                    }
                }
                None => self.unknown_key(key, known.keys().map(String::as_str), path),
            }
        }
        for (name, _) in known.iter().filter(|(name, field)| field.required && !fields.contains_key(*name)) {
            self.fault(path, Code::MissingKey, format!("`{name}` is missing"), Some(format!("add `{name}:`")));
        }
    }

    fn one_of(
        &mut self,
        cases: &std::collections::BTreeMap<String, Shape>,
        fields: &std::collections::BTreeMap<String, Partial>,
        path: &Path,
    ) {
        for (key, value) in fields {
            match cases.get(key) {
                Some(shape) => self.value(shape, value, &path.field(key)),
                None => self.unknown_key(key, cases.keys().map(String::as_str), path),
            }
        }
        if fields.len() != 1 {
            let names = list_of(cases.keys().map(String::as_str));
            self.fault(path, Code::OneOf, format!("exactly one of {names} must be set, not {}", fields.len()), None);
        }
    }

    fn unknown_key<'k>(&mut self, key: &str, known: impl Iterator<Item = &'k str> + Clone, path: &Path) {
        let near = if self.faults.len() < SUGGESTED { nearest(key, known.clone()) } else { None };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", list_of(known)),
        };
        self.faults.push(Fault {
            path: path.field(key),
            at_key: true,
            code: Code::UnknownKey,
            message: format!("unknown key `{key}`"),
            help: Some(help),
        });
    }

    fn text(&mut self, schema_type: &SchemaType, text: &str, path: &Path) {
        let SchemaType::Text { min, max, pattern, choices } = schema_type else { return };
        if !choices.is_empty() {
            if !choices.iter().any(|choice| choice == text) {
                let known = choices.iter().map(String::as_str);
                let help = match nearest(text, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of {}", list_of(known)),
                };
                self.fault(path, Code::WrongValue, format!("`{text}` is not one of the known values"), Some(help));
            }
            return;
        }
        self.count(text.chars().count(), *min, *max, "character", path);
        if let Some(pattern) = pattern
            && regex_lite::Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
        {
            self.fault(path, Code::WrongForm, format!("`{text}` does not have the form `{pattern}`"), None);
        }
    }

    fn count(&mut self, count: usize, min: Option<u64>, max: Option<u64>, what: &str, path: &Path) {
        let count = count as u64;
        let many = |number: u64| if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") };
        if min.is_some_and(|min| count < min) {
            self.fault(
                path,
                Code::TooShort,
                format!("must have at least {}, but has {count}", many(min.unwrap_or(0))),
                None,
            );
        }
        if max.is_some_and(|max| count > max) {
            self.fault(
                path,
                Code::TooLong,
                format!("must have at most {}, but has {count}", many(max.unwrap_or(0))),
                None,
            );
        }
    }

    fn bounds(&mut self, number: Option<f64>, min: Option<f64>, max: Option<f64>, path: &Path) {
        let Some(number) = number else { return };
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            let range = match (min, max) {
                (Some(min), Some(max)) => format!("between {min} and {max}"),
                (Some(min), None) => format!("{min} or more"),
                (None, Some(max)) => format!("at most {max}"),
                (None, None) => String::new(),
            };
            self.fault(path, Code::OutOfRange, format!("must be {range}, but is {number}"), None);
        }
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Partial, path: &Path) {
        let wanted = name_of(&shape.schema_type);
        let found = match value {
            Partial::Plain(Json::Null) => "nothing",
            Partial::Plain(Json::Bool(_)) => "true or false",
            Partial::Plain(_) => "a number",
            Partial::Text(_) => "text",
            Partial::List(_) => "a list",
            Partial::Map(_) => "a map",
            Partial::Unknown(_) => "a value known after apply",
        };
        let help = match (&shape.schema_type, value) {
            (SchemaType::Text { .. }, Partial::Plain(Json::Number(_) | Json::Bool(_))) => {
                Some("put it in quotes".to_owned())
            }
            (SchemaType::List { .. }, Partial::Text(_)) => Some("put it in brackets: `[...]`".to_owned()),
            _ => None,
        };
        let what = match path.0.last() {
            Some(Key::Field(name)) => format!("`{name}` takes {wanted}, not {found}"),
            _ => format!("{wanted} is wanted here, not {found}"),
        };
        self.fault(path, Code::WrongType, what, help);
    }
}

fn name_of(schema_type: &SchemaType) -> &'static str {
    match schema_type {
        SchemaType::Any => "anything",
        SchemaType::Bool => "true or false",
        SchemaType::Integer { .. } => "a whole number",
        SchemaType::Number { .. } => "a number",
        SchemaType::Text { .. } => "text",
        SchemaType::List { .. } => "a list",
        SchemaType::Map(_) | SchemaType::Object(_) | SchemaType::OneOf(_) => "a map",
    }
}

fn list_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(value: &Json) -> Vec<String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 2, "pattern": "^[a-z]+$"},
                "memory": {"type": ["integer", "null"], "minimum": 128, "maximum": 10240},
                "mode": {"oneOf": [{"type": "string", "const": "fast"}, {"type": "string", "const": "slow"}]},
                "layers": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
                "inner": {"$ref": "#/$defs/Inner"}
            },
            "required": ["name"],
            "$defs": {"Inner": {"type": "object", "properties": {"deep": {"type": "boolean"}}}}
        });
        let shape = Shape::from_schema(&schema).expect("a shape");
        check(&shape, &Partial::from_json(value))
            .into_iter()
            .map(|fault| format!("{} {}: {}", fault.path, fault.code, fault.message))
            .collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        assert_eq!(faults(&json!({"name": "ab", "memory": null, "inner": {"deep": true}})), Vec::<String>::new());
        insta::assert_snapshot!(
            faults(&json!({
                "name": "A", "memroy": 1, "memory": 64, "mode": "fats", "layers": ["a", 2],
                "inner": {"deep": "no"}
            })).join("\n"),
            @r"
        inner.deep wrong-type: `deep` takes true or false, not text
        layers too-long: must have at most 1 item, but has 2
        layers[1] wrong-type: text is wanted here, not a number
        memory out-of-range: must be between 128 and 10240, but is 64
        memroy unknown-key: unknown key `memroy`
        mode wrong-value: `fats` is not one of the known values
        name too-short: must have at least 2 characters, but has 1
        name wrong-form: `A` does not have the form `^[a-z]+$`
        "
        );
        assert_eq!(faults(&json!({})), [" missing-key: `name` is missing"]);
        assert_eq!(faults(&json!([])), [" wrong-type: a map is wanted here, not a list"]);
    }
}
