//! Names that cannot stand beside each other in AWS: of two resources of one kind, and of two tags.
//!
//! A stack file names its blocks, and names in AWS follow from that, or stand under `properties`. Two addresses of one
//! name would be one thing to AWS: the second is refused as somebody else's, or changes the first.

use std::collections::BTreeMap;

use super::Declaration;
use super::expansion::Expansion;
use crate::catalog::{Catalog, KindInfo};
use crate::names::Scope;
use crate::problem::{Code, Problem, Span};
use crate::value::{Json, Path};

/// Fields that hold a name. What is told apart by other things alone, such as the network that it is in, has none.
const NAMES: [&str; 3] = ["name", "family", "domain"];
/// Fields by which things of one name are told apart, such as the records of a weighted name.
const BESIDE: [&str; 2] = ["types", "set_identifier"];

/// Where a name is one: in the account, or where the thing is.
type Place<'a> = (&'a str, Option<&'a Scope>, String);

/// Reports resources of one kind that would have one name, and tags that would be one.
pub(super) fn check(cx: &mut Expansion<'_>) {
    let mut problems = twins(cx);
    problems.extend(cx.declarations.iter().flat_map(|declaration| tags(cx, declaration)));
    for problem in problems {
        cx.report(problem);
    }
}

fn twins(cx: &Expansion<'_>) -> Vec<Problem> {
    let mut first: BTreeMap<Place<'_>, &Declaration> = BTreeMap::new();
    let mut problems = Vec::new();
    for declaration in cx.declarations.iter().filter(|declaration| !declaration.existing) {
        let Some((place, name)) = identity(cx, declaration) else { continue };
        match first.get(&place) {
            Some(other) if other.address != declaration.address => {
                problems.push(twin(cx, other, declaration, &name));
            }
            Some(_) => {}
            None => drop(first.insert(place, declaration)),
        }
    }
    problems
}

/// Where the name of a resource is one, and the name, as far as the file tells.
fn identity<'a>(cx: &'a Expansion<'_>, declaration: &'a Declaration) -> Option<(Place<'a>, String)> {
    let info = cx.catalog.get(&declaration.kind)?;
    let name = NAMES.into_iter().find(|field| info.traits.unique_by.contains(field))?;
    let spec = declaration.spec.fill(&|reference| cx.known(reference, &declaration.address.at));
    let fields = info.traits.unique_by.iter().copied().chain(BESIDE).filter(|field| has(info, field));
    let parts: Vec<_> = fields.map(|field| spec.get(field)).collect();
    let is_known = parts.iter().all(|part| part.is_none_or(crate::value::Partial::is_known));
    // What a reference stands for is the same for all that are in the same place.
    let shown = |part: Option<&crate::value::Partial>| {
        part.map_or(Json::Null, |part| part.with_placeholders(&mut |unknown| unknown.waits_for.join(",").into()))
    };
    let everywhere = info.traits.unique_in_account && is_known;
    let scope = (!everywhere).then_some(&declaration.address.at);
    let text = shown(spec.get(name)).as_str()?.to_owned();
    let all: Vec<String> = parts.into_iter().map(|part| shown(part).to_string()).collect();
    Some(((declaration.kind.as_str(), scope, all.join("\n")), text))
}

fn has(info: &KindInfo, field: &str) -> bool {
    info.spec.at([field]).is_some()
}

fn twin(cx: &Expansion<'_>, first: &Declaration, second: &Declaration, name: &str) -> Problem {
    let (one, other) = (&first.address, &second.address);
    let (message, help) = if one.path == other.path {
        let message = format!("`{}` would have one name in all regions: the {} `{name}`", one.path, first.kind);
        (message, "write `${region}` into the name, or `in: primary` for one of it".to_owned())
    } else {
        let message = format!("`{}` and `{}` would both be the {} `{name}`", one.path, other.path, first.kind);
        let raw = [second, first].into_iter().find(|one| one.is_raw());
        let help = match raw {
            Some(raw) => format!("write another `name` under `properties` of `{}`", raw.address.path),
            None => "give one of them another name in this file".to_owned(),
        };
        (message, help)
    };
    let key = |declaration: &Declaration| cx.loaded.places.key(&declaration.origin);
    let problem = Problem::new(Code::SameName, message).at(key(second)).help(help);
    if first.origin == second.origin { problem } else { problem.note(key(first), "the first one") }
}

/// Reports tags that are one to AWS, where keys that differ in case only are.
fn tags(cx: &Expansion<'_>, declaration: &Declaration) -> Vec<Problem> {
    if !ignores_case(cx.catalog, declaration) {
        return Vec::new();
    }
    let spec = declaration.spec.written();
    let keys = spec["tags"].as_object().into_iter().flat_map(serde_json::Map::keys);
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for key in keys {
        if let Some(other) = first.insert(key.to_lowercase(), key) {
            let message = format!("the tags `{other}` and `{key}` are one to the {}", declaration.kind);
            let problem = Problem::new(Code::DuplicateKey, message).at(place(cx, declaration, key));
            let problem = problem.note(place(cx, declaration, other), "the first one");
            problems.push(problem.help("keep one of them; IAM takes no two keys that differ in case only"));
        }
    }
    problems
}

fn ignores_case(catalog: &Catalog, declaration: &Declaration) -> bool {
    catalog.get(&declaration.kind).is_some_and(|info| info.traits.tags_ignore_case)
}

/// Where a tag stands: among those of the stack, or among the resource's own.
fn place(cx: &Expansion<'_>, declaration: &Declaration, key: &str) -> Option<Span> {
    if cx.stack().tags.contains_key(key) {
        return cx.loaded.places.key(&Path::of(["tags", key]));
    }
    cx.loaded.places.key(&declaration.origin.join(&Path::of(["properties", "tags", key])))
}
