//! Equality of values by their meaning: JSON, DNS names, sets and policies.

use std::collections::BTreeSet;

use crate::value::Json;

/// True if two policy documents mean the same.
pub fn same_policy(one: &Json, other: &Json) -> bool {
    policy(one) == policy(other)
}

/// Equal as JSON, where 5 equals 5.0 and a field left out equals null.
pub(super) fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let null = Json::Null;
            keys.into_iter().all(|key| same(one.get(key).unwrap_or(&null), other.get(key).unwrap_or(&null)))
        }
        _ => one == other,
    }
}

/// A DNS name in one form.
pub(super) fn dns(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The items of a list in one order.
pub(super) fn sorted(json: &Json) -> Vec<String> {
    let mut texts: Vec<String> = json.as_array().into_iter().flatten().map(Json::to_string).collect();
    texts.sort();
    texts
}

/// An IAM policy in one form: lists of one as their item, lists in order, the version that AWS takes by default left out.
fn policy(json: &Json) -> Json {
    match json {
        Json::Array(items) if items.len() == 1 => policy(&items[0]),
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(policy).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Object(fields) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), if key == "AWS" { policy(&accounts(value)) } else { policy(value) }))
                .collect(),
        ),
        Json::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).map_or_else(|_| json.clone(), |inner| policy(&inner))
        }
        plain => plain.clone(),
    }
}

/// Principals with an account as its number: AWS turns that into the ARN of the account's root.
fn accounts(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(accounts).collect(),
        Json::String(text) if text.starts_with("arn:") && text.ends_with(":root") => {
            Json::from(text.split(':').nth(4).unwrap_or_default())
        }
        plain => plain.clone(),
    }
}
