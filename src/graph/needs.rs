//! Needs of a resource: everything that it refers to, and how far that must be.

use std::collections::BTreeMap;

use super::Node;
use crate::blocks::Level;
use crate::catalog::{Catalog, Shape};
use crate::names::Address;
use crate::value::{Target, Template};

/// Everything a spec refers to; what a field marked `x-needs: serving` refers to must serve.
pub(super) fn collect_needs(spec: &Template, shape: Option<&Shape>, needs: &mut BTreeMap<Address, Level>) {
    let serving = shape.is_some_and(|shape| shape.annotations.needs_serving);
    let level = if serving { Level::Serving } else { Level::Configured };
    match spec {
        Template::Map(fields) => {
            for (name, value) in fields {
                collect_needs(value, shape.and_then(|shape| shape.at([name.as_str()])), needs);
            }
        }
        Template::List(items) => {
            for item in items {
                collect_needs(item, shape.and_then(|shape| shape.at(["*"])), needs);
            }
        }
        Template::Plain(_) | Template::Text(_) => {
            for reference in spec.references() {
                if let Target::Output { of, .. } = &reference.target {
                    raise(needs, of, level);
                }
            }
        }
    }
}

/// What is copied is needed with all that it needs: a version of a function goes on with the role that the function had,
/// whatever becomes of the function.
pub(super) fn add_needs_of_copies(nodes: &mut BTreeMap<Address, Node>, catalog: &Catalog) {
    let mut more: Vec<(Address, Vec<Address>)> = Vec::new();
    for (address, node) in nodes.iter() {
        let Some(info) = catalog.get(&node.declaration.kind) else { continue };
        let mut copied = BTreeMap::new();
        collect_copied(&node.declaration.spec, &info.spec, &mut copied);
        let needs = copied.keys().filter_map(|of| nodes.get(of)).flat_map(|of| of.needs.keys());
        let needs: Vec<Address> = needs.filter(|need| *need != address).cloned().collect();
        more.push((address.clone(), needs));
    }
    for (address, needs) in more {
        let Some(node) = nodes.get_mut(&address) else { continue };
        for need in needs {
            raise(&mut node.needs, &need, Level::Configured);
        }
    }
}

/// What the fields marked `x-copies` refer to.
fn collect_copied(spec: &Template, shape: &Shape, copied: &mut BTreeMap<Address, Level>) {
    let Template::Map(fields) = spec else { return };
    for (name, value) in fields {
        match shape.at([name.as_str()]) {
            Some(field) if field.annotations.copies => collect_needs(value, None, copied),
            Some(field) => collect_copied(value, field, copied),
            None => {}
        }
    }
}

/// Notes a need, or that it goes further than was known.
pub(super) fn raise(needs: &mut BTreeMap<Address, Level>, address: &Address, level: Level) {
    let known = needs.entry(address.clone()).or_insert(level);
    *known = (*known).max(level);
}
