//! The keys of tables and indexes.
//!
//! A key is a map, `{user_id: string, item_id: string}`, and which attribute is the partition key is
//! told by which one is written first. Maps lose that order once the file is read, so it is taken
//! from where the attributes stand in the text.

use serde_json::json;

use super::expansion::{Expansion, Item, without_nulls};
use crate::problem::{Code, Problem};
use crate::stack::file::AttributeType;
use crate::value::{Json, Path};

/// Attributes with their types, as the file holds them.
pub(super) type Attributes = std::collections::BTreeMap<String, AttributeType>;

/// A key in its order, as the kind takes it; `None` if it was reported.
pub(super) fn key(cx: &mut Expansion<'_>, path: &Path, attributes: &Attributes) -> Option<Json> {
    if attributes.is_empty() || attributes.len() > 2 {
        let problem = Problem::new(Code::BadKey, format!("a key has one or two attributes, not {}", attributes.len()));
        let help = "write the partition key, and after it the sort key if there is one: `{user_id: string}`";
        cx.report(problem.at(cx.loaded.places.value(path)).help(help));
        return None;
    }
    let place = |name: &str| cx.loaded.places.at.get(&path.field(name)).and_then(|place| place.key);
    let mut places: Vec<_> = attributes.iter().map(|(name, of)| (place(name), name, of)).collect();
    places.sort_by_key(|(place, name, _)| (*place, *name));
    if places.len() == 2 && (places[0].0.is_none() || places[0].0 == places[1].0) {
        let problem = Problem::new(Code::BadKey, "cannot tell which attribute is the partition key");
        let help = "write both attributes out here, the partition key first";
        cx.report(problem.at(cx.loaded.places.value(path)).help(help));
        return None;
    }
    let mut attributes = places.iter().map(|(_, name, of)| json!({"name": name, "type": word(**of)}));
    Some(without_nulls(json!({"partition": attributes.next(), "sort": attributes.next()})))
}

/// Reports an attribute that has one type in the table's key and another in an index.
pub(super) fn one_type_each(
    cx: &mut Expansion<'_>,
    item: &Item<'_>,
    key: &Attributes,
    index: &str,
    other: &Attributes,
) {
    for (name, of) in other {
        if key.get(name).is_some_and(|first| first != of) {
            let problem = Problem::new(Code::BadKey, format!("`{name}` has two types"));
            let first = cx.loaded.places.value(&item.path(["key", name]));
            let span = cx.loaded.places.value(&item.path(["indexes", index, "key", name]));
            cx.report(problem.at(span).note(first, "it has another one here"));
        }
    }
}

fn word(of: AttributeType) -> &'static str {
    match of {
        AttributeType::String => "S",
        AttributeType::Number => "N",
        AttributeType::Binary => "B",
    }
}
