//! Whether a file has the shape that the types of [`super::file`] have, and what is wrong in the user's words.

use std::sync::OnceLock;

use super::{Places, file, parameters};
use crate::catalog::check::Fault;
use crate::catalog::{SchemaType, Shape};
use crate::problem::{Code, Problem, nearest};
use crate::value::{Json, Key, Partial, Path};

/// Keys that the stack file will have, with what they will do; `*` is any name.
const LATER: &[(&str, &str)] = &[
    ("buckets", "replicated buckets"),
    ("backup", "AWS Backup over the whole stack"),
    ("databases.*.existing", "how to refer to what is managed elsewhere"),
    ("functions.*.secrets", "secrets as environment variables"),
    ("functions.*.existing", "how to refer to what is managed elsewhere"),
    ("apis.*.existing", "how to refer to what is managed elsewhere"),
    ("apis.*.health.canary", "a canary that probes the API in every region"),
    ("rollout.gate", "what must hold before the next region changes"),
    ("rollout.drain", "whether a region is out of DNS while it changes"),
    ("rollout.on_failure", "what becomes of a region whose change failed"),
];

/// Routing policies that the stack file will have.
const LATER_ROUTING: &[&str] = &["geolocation", "failover"];

/// The shape of a stack file. The error is a mistake in this program's own types.
pub fn shape() -> Result<&'static Shape, Box<Problem>> {
    static SHAPE: OnceLock<Result<Shape, String>> = OnceLock::new();
    let shape = SHAPE.get_or_init(|| {
        let schema = schemars::schema_for!(file::Stack);
        Shape::from_schema(schema.as_value()).map_err(|error| error.to_string())
    });
    shape.as_ref().map_err(|error| Problem::new(Code::Internal, format!("the types of the stack file: {error}")).into())
}

/// Everything that is wrong with the shape of a value that stands at a path of the file.
pub fn faults(shape: &Shape, json: &Json) -> Vec<Fault> {
    crate::catalog::check::check(shape, &partial(json))
}

/// A fault in the value at `base`, as a problem.
pub fn problem(shape: &Shape, json: &Json, base: &Path, fault: &Fault, places: &Places) -> Problem {
    let path = base.join(&fault.path);
    let logical = without_overrides(&path);
    if let Some(problem) = later(&logical, value_at(json, &fault.path), fault) {
        return problem.at(if fault.at_key { places.key(&path) } else { places.value(&path) });
    }
    let span = if fault.at_key || fault.code == Code::MissingKey { places.key(&path) } else { places.value(&path) };
    let mut problem = Problem::new(fault.code, fault.message.clone()).at(span);
    let help = match (&fault.help, value_at(json, &fault.path)) {
        (_, Some(Json::String(text))) if fault.code == Code::WrongType && text.contains("${") => {
            Some("only a text can hold a reference; a parameter, `${param.x}`, may be of any type".to_owned())
        }
        (None, _) => about(shape, &logical),
        // Quotes are no help where the text would be wrong too.
        (Some(_), Some(value @ Json::Number(_))) if !fits_form(shape, &logical, &value.to_string()) => {
            about(shape, &logical)
        }
        (help, _) => help.clone(),
    };
    if fault.code == Code::UnknownKey {
        problem = problem.label("not known here");
    }
    if let Some(Json::Number(number)) = value_at(json, &fault.path) {
        problem.message =
            problem.message.replace("a whole number, not a number", &format!("a whole number, not {number}"));
    }
    if fault.code == Code::WrongForm {
        // A regular expression is no help; what the field is for is.
        let given = value_at(json, &fault.path).and_then(Json::as_str).unwrap_or_default();
        let name = logical.0.iter().rev().find_map(|key| match key {
            Key::Field(name) => Some(name.as_str()),
            Key::Index(_) => None,
        });
        problem.message = format!("`{given}` is not a valid value of `{}`", name.unwrap_or_default());
    }
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// A key or value that the design has and this version has not.
fn later(path: &Path, value: Option<&Json>, fault: &Fault) -> Option<Problem> {
    let name = match path.0.last()? {
        Key::Field(name) => name.clone(),
        Key::Index(_) => return None,
    };
    let missing = |what: String, about: &str| {
        Problem::new(Code::NotAvailable, format!("{what} is not available in this version"))
            .help(format!("it will be {about}; take it out for now"))
    };
    if fault.code == Code::UnknownKey {
        let known = LATER.iter().find(|(pattern, _)| fits(pattern, path));
        return known.map(|(_, about)| missing(format!("`{name}`"), about));
    }
    let is_routing = fits("dns.routing", path) || fits("apis.*.routing", path);
    let policy = match value? {
        Json::String(policy) => policy.clone(),
        Json::Object(map) => map.keys().next()?.clone(),
        _ => return None,
    };
    let is_later =
        is_routing && matches!(fault.code, Code::WrongValue | Code::WrongType) && LATER_ROUTING.contains(&&*policy);
    is_later.then(|| missing(format!("`routing: {policy}`"), "a way to route"))
}

fn fits(pattern: &str, path: &Path) -> bool {
    pattern.split('.').count() == path.0.len()
        && pattern.split('.').zip(&path.0).all(|(word, key)| match key {
            Key::Field(name) => word == "*" || word == name,
            Key::Index(_) => false,
        })
}

/// `functions.f.regions.us-west-2.memory` is `functions.f.memory`.
fn without_overrides(path: &Path) -> Path {
    let is = |at: usize, word: &str| matches!(path.0.get(at), Some(Key::Field(name)) if name == word);
    if path.0.len() >= 4 && is(2, "regions") {
        return Path(path.0[..2].iter().chain(&path.0[4..]).cloned().collect());
    }
    path.clone()
}

/// The shape at a path, and the last known field on the way to it.
fn shape_at<'a>(shape: &'a Shape, path: &'a Path) -> Option<(&'a Shape, Option<(&'a str, &'a str)>)> {
    path.0.iter().try_fold((shape, None), |(shape, last), key| match (&shape.schema_type, key) {
        (SchemaType::Object(fields), Key::Field(name)) => {
            let field = &fields.get(name)?.shape;
            Some((field, Some((name.as_str(), field.about.as_str()))))
        }
        (SchemaType::Map(of), Key::Field(_)) | (SchemaType::List { of, .. }, Key::Index(_)) => Some((&**of, last)),
        _ => None,
    })
}

/// Whether a text has the form that is wanted at a path.
fn fits_form(shape: &Shape, path: &Path, text: &str) -> bool {
    match shape_at(shape, path).map(|(shape, _)| &shape.schema_type) {
        Some(SchemaType::Text { pattern: Some(pattern), .. }) => {
            regex_lite::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
        }
        Some(SchemaType::Text { choices, .. }) => choices.is_empty(),
        _ => true,
    }
}

/// What the reference says of the field at a path.
fn about(shape: &Shape, path: &Path) -> Option<String> {
    let (name, about) = shape_at(shape, path)?.1.filter(|(_, about)| !about.is_empty())?;
    let about = about.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    let mut letters = about.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
    Some(format!("`{name}`: {first}{}", letters.as_str().trim_end_matches('.')))
}

/// The value at a path.
pub fn value_at<'a>(json: &'a Json, path: &Path) -> Option<&'a Json> {
    path.0.iter().try_fold(json, |json, key| match key {
        Key::Field(name) => json.get(name),
        Key::Index(at) => json.get(at),
    })
}

/// A value to be checked: a text whose parameter could not be filled in may become anything.
fn partial(json: &Json) -> Partial {
    match json {
        Json::String(text) if parameters::is_unfilled(text) => Partial::unknown(text),
        Json::Array(items) => Partial::List(items.iter().map(partial).collect()),
        Json::Object(fields) => Partial::Map(fields.iter().map(|(key, value)| (key.clone(), partial(value))).collect()),
        plain => Partial::from_json(plain),
    }
}

/// A value without the keys that its shape does not know.
pub fn without_unknown(shape: &Shape, json: Json) -> Json {
    match (&shape.schema_type, json) {
        (SchemaType::Object(fields), Json::Object(map)) => Json::Object(
            map.into_iter()
                .filter_map(|(key, value)| {
                    let field = fields.get(&key)?;
                    Some((key, without_unknown(&field.shape, value)))
                })
                .collect(),
        ),
        (SchemaType::Map(of), Json::Object(map)) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, without_unknown(of, value))).collect())
        }
        (SchemaType::List { of, .. }, Json::Array(items)) => {
            items.into_iter().map(|item| without_unknown(of, item)).collect()
        }
        (_, json) => json,
    }
}

/// A value as `serde` wants it: a key with nothing behind it is a key left out.
pub fn without_left_out(shape: &Shape, json: Json) -> Json {
    match (&shape.schema_type, json) {
        (SchemaType::Object(known), Json::Object(fields)) => Json::Object(
            fields
                .into_iter()
                .filter_map(|(key, value)| match known.get(&key) {
                    Some(_) if value.is_null() => None,
                    Some(field) => {
                        let value = without_left_out(&field.shape, value);
                        Some((key, value))
                    }
                    None => Some((key, value)),
                })
                .collect(),
        ),
        (SchemaType::Map(of), Json::Object(fields)) => {
            Json::Object(fields.into_iter().map(|(key, value)| (key, without_left_out(of, value))).collect())
        }
        (SchemaType::List { of, .. }, Json::Array(items)) => {
            items.into_iter().map(|item| without_left_out(of, item)).collect()
        }
        (_, json) => json,
    }
}

/// The types of a file that has the right shape. What is still wrong is told at its place.
pub fn decode(shape: &Shape, json: Json, places: &Places) -> Result<file::Stack, Box<Problem>> {
    let json = without_left_out(shape, json);
    serde_path_to_error::deserialize(&json).map_err(|error| {
        let keys = error.path().iter().filter_map(|segment| match segment {
            serde_path_to_error::Segment::Map { key } => Some(Key::Field(key.clone())),
            serde_path_to_error::Segment::Seq { index } => Some(Key::Index(*index)),
            _ => None,
        });
        let path = Path(keys.collect());
        let problem = Problem::new(Code::WrongValue, error.inner().to_string()).at(places.value(&path));
        Box::new(match about(shape, &path) {
            Some(help) => problem.help(help),
            None => problem,
        })
    })
}

/// Names of blocks become parts of addresses and of physical names.
pub fn block_names(shape: &Shape, json: &Json, places: &Places) -> Vec<Problem> {
    let mut problems = Vec::new();
    for block in blocks(shape) {
        for name in json.get(block).and_then(Json::as_object).into_iter().flat_map(serde_json::Map::keys) {
            let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
            let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            if !(first && word && name.len() <= 64) {
                problems.push(
                    Problem::new(Code::BadName, format!("`{name}` cannot be the name of anything in `{block}`"))
                        .at(places.key(&Path::of([block, name])))
                        .help("a name has 1 to 64 letters, digits, dashes and underscores, a letter first"),
                );
            }
        }
    }
    problems
}

/// The kinds of blocks: keys under which named blocks stand.
pub fn blocks(shape: &Shape) -> Vec<&str> {
    let SchemaType::Object(fields) = &shape.schema_type else { return Vec::new() };
    let is_block = |shape: &Shape| matches!(&shape.schema_type, SchemaType::Map(of) if matches!(of.schema_type, SchemaType::Object(_)));
    fields.iter().filter(|(_, field)| is_block(&field.shape)).map(|(name, _)| name.as_str()).collect()
}

/// The suggestion for a name that is none of those known.
pub fn suggestion<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}
