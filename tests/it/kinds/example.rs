//! Examples and their changes, as values.

use std::path::Path;

use isobar::value::{Json, Template};

/// An example or a change, read.
pub fn read(yaml: &str) -> Result<Json, String> {
    let json: Json = serde_yaml::from_str(yaml).map_err(|error| format!("{error} in `{yaml}`"))?;
    if json.is_object() { Ok(json) } else { Err(format!("`{yaml}` is not a map")) }
}

/// A change laid over a spec: its fields take the place of the spec's; a null takes one out.
pub fn patched(spec: &Json, patch: &Json) -> Json {
    let mut fields = spec.as_object().cloned().unwrap_or_default();
    for (name, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    Json::Object(fields)
}

/// The example with this run's word for `shop`, and with the test's files where it names one.
pub fn of_this_run(json: &Json, word: &str) -> Json {
    match json {
        Json::String(text) => {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data").join(text);
            match file.to_str() {
                Some(path) if !text.is_empty() && file.is_file() => Json::from(path),
                _ => Json::from(text.replace("shop", word)),
            }
        }
        Json::Array(items) => items.iter().map(|item| of_this_run(item, word)).collect(),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), of_this_run(value, word))).collect())
        }
        plain => plain.clone(),
    }
}

/// What an example refers to, as it was written: `lambda.Function.arn`.
pub fn references(json: &Json) -> Result<Vec<(String, Vec<String>)>, String> {
    let template = Template::parse(json).map_err(|error| error.to_string())?;
    template.references().into_iter().map(|reference| target(&reference.text)).collect()
}

/// `lambda.Function.arn` as the kind and the path of its output.
pub fn target(text: &str) -> Result<(String, Vec<String>), String> {
    let words: Vec<&str> = text.split('.').collect();
    match words.as_slice() {
        [service, thing, output @ ..] if !output.is_empty() => {
            Ok((format!("{service}.{thing}"), output.iter().map(|word| (*word).to_owned()).collect()))
        }
        _ => Err(format!("`${{{text}}}` is not `${{service.Thing.output}}`")),
    }
}
