//! A value on one line, as YAML would have it: no quotes where none are needed.

use crate::value::Json;

/// The longest value that is written out.
const LONGEST: usize = 60;

/// A short form: long lists are counted, of long maps the keys are named.
pub(super) fn flow(json: &Json) -> String {
    let whole = written(json);
    match json {
        _ if whole.chars().count() <= LONGEST => whole,
        Json::Array(items) => format!("{} items", items.len()),
        Json::Object(fields) => fields.keys().cloned().collect::<Vec<_>>().join(", "),
        _ => format!("{}…", whole.chars().take(LONGEST).collect::<String>()),
    }
}

/// All of it.
pub(super) fn written(json: &Json) -> String {
    match json {
        Json::String(text) if is_plain(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Json::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            format!(
                "{{{}}}",
                set.map(|(key, value)| format!("{key}: {}", written(value))).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "-_./:*@+()".contains(sign))
}
