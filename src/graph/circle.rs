//! Circles of resources that need each other, and those that are none.
//!
//! A name that the file fixes is known before anything exists. Where it stands in a text of which AWS makes nothing, such
//! as an environment variable, what it names need not be there first: two functions may name each other. The need is
//! kept where there is no circle, since it costs nothing and the order is the better one.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use crate::blocks::Declaration;
use crate::catalog::{Catalog, Shape};
use crate::names::Address;
use crate::problem::{Code, Problem};
use crate::stack::Places;
use crate::value::{Path, Target, Template};

/// Takes a need out of a circle that rests on names alone; false if there is none.
pub(super) fn open(nodes: &mut BTreeMap<Address, Node>, cycle: &[Address], catalog: &Catalog) -> bool {
    for (user, needed) in pairs(cycle) {
        if let Some(spec) = with_names(nodes, user, needed, catalog)
            && let Some(node) = nodes.get_mut(user)
        {
            node.declaration.spec = spec;
            node.needs.remove(needed);
            return true;
        }
    }
    false
}

/// Who needs whom in a circle.
fn pairs(cycle: &[Address]) -> impl Iterator<Item = (&Address, &Address)> {
    cycle.iter().zip(cycle.iter().skip(1).chain(cycle.first()))
}

/// The spec of a resource with names in place of its references to another one, if it needs no more than these.
fn with_names(
    nodes: &BTreeMap<Address, Node>,
    user: &Address,
    needed: &Address,
    catalog: &Catalog,
) -> Option<Template> {
    let (user, named) = (&nodes.get(user)?.declaration, &nodes.get(needed)?.declaration);
    let shape = &catalog.get(&user.kind)?.spec;
    if waits(user, needed) || named.existing || !names_only(&user.spec, Some(shape), needed) {
        return None;
    }
    let fixed = named.spec.fill(&|reference| match &reference.target {
        Target::Known(json) => Some(json.clone()),
        _ => None,
    });
    let mut all_known = true;
    let mut spec = user.spec.clone();
    spec.for_each_reference(&mut |reference| {
        let Target::Output { of, output } = &reference.target else { return };
        if of == needed {
            match fixed.mirrored(output) {
                Some(known) => reference.target = Target::Known(known),
                None => all_known = false,
            }
        }
    });
    all_known.then_some(spec)
}

/// True if one comes after the other whatever it refers to.
fn waits(user: &Declaration, needed: &Address) -> bool {
    let mut first = user.after.iter().chain(&user.starts_after);
    first.any(|after| after.address == *needed) || user.served_by.contains(needed)
}

/// True if everything that refers to a resource is a text in which it is only named.
fn names_only(spec: &Template, shape: Option<&Shape>, needed: &Address) -> bool {
    if shape.is_some_and(|shape| shape.annotations.needs_nothing) {
        return true;
    }
    match spec {
        Template::Map(fields) => fields
            .iter()
            .all(|(name, value)| names_only(value, shape.and_then(|shape| shape.at([name.as_str()])), needed)),
        Template::List(items) => {
            items.iter().all(|item| names_only(item, shape.and_then(|shape| shape.at(["*"])), needed))
        }
        Template::Plain(_) | Template::Text(_) => {
            let refers = |target: &Target| matches!(target, Target::Output { of, .. } if of == needed);
            !spec.references().iter().any(|reference| refers(&reference.target))
        }
    }
}

/// The problem of a circle.
pub(super) fn cycle_problem(
    cycle: &[Address],
    nodes: &BTreeMap<Address, Node>,
    catalog: &Catalog,
    places: &Places,
) -> Problem {
    let path: Vec<String> = cycle.iter().chain(cycle.first()).map(|address| format!("`{address}`")).collect();
    let origin = |address: &Address| nodes.get(address).map(|node| &node.declaration.origin);
    let place = |address: &Address| origin(address).and_then(|origin| places.key(origin));
    let help = match pairs(cycle).find_map(|(user, needed)| by_name(nodes, user, needed, catalog)) {
        Some(name) => format!("take out one of these references, or write `{name}`, which is known from the start"),
        None => "take out one of these references".to_owned(),
    };
    let mut problem = Problem::new(Code::Cycle, format!("{} needs itself: {}", path[0], path.join(" needs ")))
        .at(cycle.first().and_then(place))
        .help(help);
    let mut seen: BTreeSet<&Path> = cycle.first().and_then(origin).into_iter().collect();
    for address in cycle.iter().skip(1) {
        if let Some(origin) = origin(address).filter(|origin| seen.insert(origin)) {
            problem = problem.note(places.key(origin), format!("`{address}` is in the circle"));
        }
    }
    problem
}

/// The name of a resource that could stand where something else of it does.
fn by_name(nodes: &BTreeMap<Address, Node>, user: &Address, needed: &Address, catalog: &Catalog) -> Option<String> {
    let (user, named) = (&nodes.get(user)?.declaration, &nodes.get(needed)?.declaration);
    let refers = |target: &Target| matches!(target, Target::Output { of, .. } if of == needed);
    if waits(user, needed) || !user.spec.references().iter().any(|reference| refers(&reference.target)) {
        return None;
    }
    let has_name = catalog.get(&named.kind)?.outputs.at(["name"]).is_some() && named.spec.written()["name"].is_string();
    let shape = &catalog.get(&user.kind)?.spec;
    (has_name && names_only(&user.spec, Some(shape), needed)).then(|| format!("${{{}.name}}", named.address.path))
}
