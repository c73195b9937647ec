//! Copies: resources that AWS makes of others as these are at that moment, such as a published version or a deployment.

use std::collections::BTreeMap;

use super::Node;
use super::needs::{collect_needs, raise};
use crate::blocks::Level;
use crate::catalog::{Catalog, Shape};
use crate::names::Address;
use crate::value::Template;

/// Adds to each copy the needs of what it copies: a version of a function goes on with the role that the function had,
/// whatever becomes of the function.
pub(super) fn add_their_needs(nodes: &mut BTreeMap<Address, Node>, catalog: &Catalog) {
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

/// Collects the addresses that the fields marked `x-copies` refer to.
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
