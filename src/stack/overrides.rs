//! Regional differences: what a block's `regions` lays over the block, region by region.

use std::collections::BTreeMap;

use super::{Places, check};
use crate::catalog::check::Fault;
use crate::catalog::{SchemaType, Shape};
use crate::names::Region;
use crate::problem::{Code, Problem};
use crate::value::{Json, Key, Path};

/// The file as it is for each region, and what is wrong with the differences.
pub fn by_region(
    shape: &Shape,
    json: &Json,
    regions: &[Region],
    places: &Places,
) -> (BTreeMap<Region, Json>, Vec<Problem>) {
    let mut layers = Layers { shape, places, problems: Vec::new() };
    let mut files: BTreeMap<Region, Json> = regions.iter().map(|region| (region.clone(), json.clone())).collect();
    for kind in check::blocks(shape) {
        let Some(of) = block_shape(shape, kind) else { continue };
        for (name, block) in json.get(kind).and_then(Json::as_object).into_iter().flatten() {
            let Some(base) = block.as_object().filter(|base| base.contains_key("regions")) else { continue };
            let path = Path::of([kind, name]);
            layers.foreign(base, regions, &path);
            let faults = check::faults(of, &plain(base));
            for (region, file) in &mut files {
                let Some(slot) = file.get_mut(kind).and_then(|blocks| blocks.get_mut(name)) else { continue };
                *slot = layers.block(of, base, region, &path, &faults);
            }
        }
    }
    (files, layers.problems)
}

/// The shape of one block of a kind, if such blocks can differ by region.
fn block_shape<'a>(shape: &'a Shape, kind: &str) -> Option<&'a Shape> {
    let SchemaType::Object(fields) = &shape.schema_type else { return None };
    let SchemaType::Map(of) = &fields.get(kind)?.shape.schema_type else { return None };
    matches!(&of.schema_type, SchemaType::Object(fields) if fields.contains_key("regions")).then_some(&**of)
}

/// A block without its differences.
fn plain(block: &serde_json::Map<String, Json>) -> Json {
    let mut block = block.clone();
    block.remove("regions");
    Json::Object(block)
}

struct Layers<'a> {
    shape: &'a Shape,
    places: &'a Places,
    problems: Vec<Problem>,
}

impl Layers<'_> {
    /// Differences for regions that the stack does not have.
    fn foreign(&mut self, block: &serde_json::Map<String, Json>, regions: &[Region], path: &Path) {
        let given = block.get("regions").and_then(Json::as_object);
        // Without a single sound region in the file, nothing can be said.
        for name in given.into_iter().flat_map(serde_json::Map::keys).filter(|_| !regions.is_empty()) {
            if !regions.iter().any(|region| region.as_str() == name) {
                self.problems.push(
                    Problem::new(Code::ForeignRegion, format!("`{name}` is none of the stack's regions"))
                        .at(self.places.key(&path.field("regions").field(name)))
                        .help(check::suggestion(name, regions.iter().map(Region::as_str))),
                );
            }
        }
    }

    /// A block as it is in a region. Faults that the block has anyway are not told again.
    fn block(
        &mut self,
        of: &Shape,
        base: &serde_json::Map<String, Json>,
        region: &Region,
        path: &Path,
        known: &[Fault],
    ) -> Json {
        let mut block = plain(base);
        let Some(differences) = base.get("regions").and_then(|regions| regions.get(region.as_str())) else {
            return block;
        };
        let at = path.field("regions").field(region.as_str());
        if differences.is_null() {
            return block;
        }
        let Some(fields) = differences.as_object() else {
            let message = format!("`{region}` takes a map of what is different there");
            self.problems.push(Problem::new(Code::WrongType, message).at(self.places.value(&at)));
            return block;
        };
        for fixed in
            ["regions", "code", "user_data", "retain", "moved"].into_iter().filter(|fixed| fields.contains_key(*fixed))
        {
            self.problems.push(
                Problem::new(Code::NotByRegion, format!("`{fixed}` cannot differ by region"))
                    .at(self.places.key(&at.field(fixed)))
                    .help("take it out here"),
            );
        }
        lay_over(&mut block, differences);
        for fault in check::faults(of, &block).iter().filter(|fault| !known.contains(fault)) {
            if matches!(fault.path.0.first(), Some(Key::Field(name)) if name == "regions") {
                continue;
            }
            self.problems.push(check::problem(self.shape, &block, &at, fault, self.places));
        }
        block
    }
}

/// Maps are merged, everything else is replaced, and null takes out.
fn lay_over(base: &mut Json, over: &Json) {
    match (base, over) {
        (Json::Object(base), Json::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(key);
                } else {
                    lay_over(base.entry(key.clone()).or_insert(Json::Null), value);
                }
            }
        }
        // What is new has nulls of its own, which take out nothing.
        (base, Json::Object(over)) => {
            let mut map = Json::Object(serde_json::Map::new());
            lay_over(&mut map, &Json::Object(over.clone()));
            *base = map;
        }
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_lists_replace_and_null_takes_out() {
        let check = |base: Json, over: Json, wanted: Json| {
            let mut result = base;
            lay_over(&mut result, &over);
            assert_eq!(result, wanted);
        };
        check(json!({"a": 1, "b": {"c": 2, "d": 3}}), json!({"b": {"c": 4}}), json!({"a": 1, "b": {"c": 4, "d": 3}}));
        check(json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]}));
        check(json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2}));
        check(json!({"a": 1}), json!({"a": {"b": 1, "c": null}}), json!({"a": {"b": 1}}));
    }
}
