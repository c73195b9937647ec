//! An item in every table. It has to be there for as long as nobody has said that it may go.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::edits::is_retained;
use super::live::{Live, Seen};
use super::repair::is_unprotected;
use super::yaml::{Yaml, get, keys, text, texts};

/// The keys of the items, by the name of the table in AWS.
#[derive(Default)]
pub struct Markers(BTreeMap<String, Json>);

/// Regions in which a table is, by its name.
fn tables(seen: &Seen) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for thing in &seen.things {
        if let Some((region, name)) = thing.split_once(" dynamodb table ") {
            found.entry(name.to_owned()).or_default().push(region.to_owned());
        }
    }
    found
}

impl Markers {
    /// Puts an item into every table that has none yet.
    pub fn put(&mut self, live: &Live, seen: &Seen) {
        for (name, regions) in tables(seen) {
            if self.0.contains_key(&name) {
                continue;
            }
            let told = live.dynamodb(&regions[0], "DescribeTable", &json!({"TableName": name}));
            let types = told["Table"]["AttributeDefinitions"].as_array().cloned().unwrap_or_default();
            let mut key = Map::new();
            for part in told["Table"]["KeySchema"].as_array().into_iter().flatten() {
                let attribute = &part["AttributeName"];
                let its = types.iter().find(|one| one["AttributeName"] == *attribute);
                let number = its.is_some_and(|its| its["AttributeType"] == "N");
                let value = if number { json!({"N": "1"}) } else { json!({"S": "marker"}) };
                key.insert(attribute.as_str().unwrap_or_default().to_owned(), value);
            }
            live.dynamodb(&regions[0], "PutItem", &json!({"TableName": name, "Item": key}));
            self.0.insert(name, Json::Object(key));
        }
    }

    /// Tables whose item has gone, with the key that it had; they are forgotten.
    pub fn lost(&mut self, live: &Live, seen: &Seen) -> Vec<(String, Json)> {
        let tables = tables(seen);
        let is_there = |name: &String, key: &Json| {
            let asked = json!({"TableName": name, "Key": key, "ConsistentRead": true});
            let mut regions = tables.get(name).into_iter().flatten();
            regions.any(|region| live.dynamodb(region, "GetItem", &asked)["Item"].is_object())
        };
        let lost: Vec<_> = self
            .0
            .iter()
            .filter(|(name, key)| !is_there(name, key))
            .map(|(name, key)| (name.clone(), key.clone()))
            .collect();
        for (name, _) in &lost {
            self.0.remove(name);
        }
        lost
    }
}

/// Why the item of a table may go when `new` takes the place of `old`; none if it may not. `allowed` has the entries,
/// such as `tables.carts`, whose loss was allowed by name.
pub fn may_go(old: &Yaml, new: &Yaml, allowed: &[String], table: &str, item: &Json) -> Option<&'static str> {
    let was = entry_of(old, table);
    let is = entry_of(new, table);
    if let Some((block, name)) = &is {
        let same = key(new, block, name).is_none_or(|key| same_key(&key, item));
        let alike =
            was.as_ref().is_none_or(|(was, named)| consistency(old, was, named) == consistency(new, block, name));
        if same && alike {
            return None;
        }
    }
    let Some((block, name)) = was else { return Some("no file has it") };
    if is_retained(old, &block, &name) && is.is_none() {
        return None;
    }
    if is_unprotected(old, &block, &name) {
        return Some("it is not protected");
    }
    let now = is.as_ref().is_some_and(|(block, name)| is_unprotected(new, block, name));
    let by_name = allowed.iter().any(|entry| *entry == format!("{block}.{name}"));
    (now || by_name).then_some("it was allowed")
}

/// The entry whose table has this name in AWS, by the rule that the manual gives: the stack's name, and the entry's,
/// or the one that it had first.
pub fn entry_of(stack: &Yaml, table: &str) -> Option<(String, String)> {
    let prefix = format!("{}-", text(stack, &["stack"])?);
    let first = |name: &String| {
        let moved = keys(stack, &["moved"]).into_iter();
        let mut olds = moved.filter(|old| text(stack, &["moved", old]) == Some(&format!("tables.{name}")));
        olds.next().map_or(name.clone(), |old| old.trim_start_matches("tables.").to_owned())
    };
    let ours = keys(stack, &["tables"]).into_iter().filter(|name| get(stack, &["tables", name, "existing"]).is_none());
    let mut found = ours.filter(|name| table == format!("{prefix}{}", first(name)));
    found.next().map(|name| ("tables".to_owned(), name))
}

fn key(stack: &Yaml, block: &str, name: &str) -> Option<Vec<(String, bool)>> {
    let parts = keys(stack, &[block, name, "key"]);
    let number = |part: &String| text(stack, &[block, name, "key", part]) == Some("number");
    (!parts.is_empty()).then(|| parts.iter().map(|part| (part.clone(), number(part))).collect())
}

/// What AWS changes of no table that holds items: how it is consistent, and where, if that is strong.
fn consistency(stack: &Yaml, block: &str, name: &str) -> Option<(Vec<String>, Option<String>)> {
    let strong = text(stack, &[block, name, "consistency"]) == Some("strong");
    let mut regions = texts(stack, &["regions"]);
    regions.sort();
    strong.then(|| (regions, text(stack, &[block, name, "witness"]).map(str::to_owned)))
}

fn same_key(key: &[(String, bool)], item: &Json) -> bool {
    let fields = item.as_object().map_or(0, Map::len);
    fields == key.len()
        && key.iter().all(|(part, number)| item[part].get("N").is_some() == *number && item.get(part).is_some())
}

#[test]
fn an_item_stays_unless_its_table_may_go() {
    use super::yaml::yaml;
    let item = json!({"id": {"S": "marker"}});
    let of = |tables: &str| yaml(&format!("{{stack: tt, {tables}}}"));
    let kept = of("tables: {a: {key: {id: string}}}");
    let open = of("tables: {a: {key: {id: string}, protect: false}}");
    let moved = of("tables: {b: {key: {id: string}}}, moved: {tables.a: tables.b}");
    let other_key = of("tables: {a: {key: {id: number}}}");
    let none = of("regions: []");
    let strong = of("tables: {a: {key: {id: string}, protect: false, consistency: strong}}");
    let may_go = |old, new, allowed: &[&str]| {
        let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
        may_go(old, new, &allowed, "tt-a", &item).is_some()
    };
    assert!(!may_go(&kept, &none, &[]) && may_go(&kept, &none, &["tables.a"]) && may_go(&open, &none, &[]));
    assert!(!may_go(&kept, &moved, &["tables.a"]) && !may_go(&moved, &kept, &[]), "a rename loses nothing");
    assert!(may_go(&open, &strong, &[]) && may_go(&strong, &open, &[]) && !may_go(&strong, &strong, &[]));
    assert!(!may_go(&kept, &other_key, &[]) && may_go(&open, &other_key, &[]));
}
