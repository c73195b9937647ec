//! Needs of a resource: what its spec refers to, and how far that must be.

use std::collections::BTreeMap;

use crate::blocks::Level;
use crate::catalog::Shape;
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

pub(super) fn raise(needs: &mut BTreeMap<Address, Level>, address: &Address, level: Level) {
    let known = needs.entry(address.clone()).or_insert(level);
    *known = (*known).max(level);
}
