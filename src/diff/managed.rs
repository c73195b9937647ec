//! The managed part of a live spec.

use crate::catalog::{Compare, SchemaType, Shape};
use crate::value::Json;

/// The live spec restricted to what is managed, as the starting point of an update: fields that were not read
/// as they were last sent, and of merged maps only the keys that are ours, so that an update leaves the others alone.
pub fn managed_part(shape: &Shape, wanted: &Json, live: &Json, sent: Option<&Json>) -> Json {
    match (&shape.schema_type, live) {
        (SchemaType::Object(fields), Json::Object(map)) => Json::Object(
            fields
                .iter()
                .filter_map(|(name, field)| {
                    let sent = sent.and_then(|sent| sent.get(name));
                    let wanted = wanted.get(name).unwrap_or(&Json::Null);
                    let unseen = field.shape.annotations.write_only || !map.contains_key(name);
                    let hashed = field.shape.annotations.compare == Compare::Sha256;
                    let value = match map.get(name) {
                        Some(live) if !unseen && !hashed => managed_part(&field.shape, wanted, live, sent),
                        _ => sent.or((field.required).then_some(wanted))?.clone(),
                    };
                    Some((name.clone(), value))
                })
                .collect(),
        ),
        (SchemaType::OneOf(cases), Json::Object(map)) => Json::Object(
            map.iter()
                .map(|(name, live)| {
                    let wanted = wanted.get(name).unwrap_or(&Json::Null);
                    let sent = sent.and_then(|sent| sent.get(name));
                    let kept =
                        cases.get(name).map_or_else(|| live.clone(), |case| managed_part(case, wanted, live, sent));
                    (name.clone(), kept)
                })
                .collect(),
        ),
        (SchemaType::Map(_), Json::Object(map)) if shape.annotations.merge => {
            let is_ours = |key: &String| wanted.get(key).is_some() || sent.is_some_and(|sent| sent.get(key).is_some());
            let kept = map.iter().filter(|(key, _)| is_ours(key));
            Json::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        (SchemaType::List { .. }, Json::Array(items)) if shape.annotations.merge => {
            let holds =
                |list: Option<&Json>, item: &Json| list.and_then(Json::as_array).is_some_and(|all| all.contains(item));
            items.iter().filter(|item| holds(Some(wanted), item) || holds(sent, item)).cloned().collect()
        }
        _ => live.clone(),
    }
}
