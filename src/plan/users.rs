//! Users: what rests on a resource, by the file and by the state. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Graph;
use crate::names::Address;
use crate::state::{Record, State};
use crate::value::Json;

/// The users of each address.
pub struct Users {
    /// Those that name it themselves, in the file or in the state.
    direct: BTreeMap<Address, BTreeSet<Address>>,
    /// Those that named it when they were last changed. What AWS holds of it was taken over then.
    recorded: BTreeMap<Address, BTreeSet<Address>>,
    /// Those whose last spec has its ARN in a text, such as a policy: they can be made without it, and need it to do
    /// their work.
    naming: BTreeMap<Address, BTreeSet<Address>>,
}

impl Users {
    /// The users of everything in a graph and a state.
    pub fn of(graph: &Graph, state: &State) -> Self {
        let mut recorded: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
        for (user, record) in state.everything() {
            for need in &record.needs {
                recorded.entry(need.clone()).or_default().insert(user.clone());
            }
        }
        let mut direct = recorded.clone();
        for (user, node) in graph.in_order() {
            for need in node.needs.keys() {
                direct.entry(need.clone()).or_default().insert(user.clone());
            }
        }
        Self { direct, recorded, naming: naming(state) }
    }

    /// Those that name an address themselves.
    pub fn direct(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.direct.get(address).into_iter().flatten()
    }

    /// Those that rest on what stands at an address, in any number of steps.
    pub fn all(&self, address: &Address) -> BTreeSet<Address> {
        self.resting_on([address], address)
    }

    /// Those that name an address in a text alone.
    pub fn naming(&self, address: &Address) -> impl Iterator<Item = &Address> {
        self.naming.get(address).into_iter().flatten()
    }

    /// Those that rest on what stands at an address, or name it in a text, in any number of steps: a policy is in use by
    /// whoever has the role.
    pub fn in_any_way(&self, address: &Address) -> BTreeSet<Address> {
        let mut found = self.resting_on(self.naming(address).chain([address]), address);
        found.extend(self.naming(address).cloned());
        found
    }

    fn resting_on<'a>(&'a self, start: impl IntoIterator<Item = &'a Address>, address: &Address) -> BTreeSet<Address> {
        let mut found: BTreeSet<Address> = BTreeSet::new();
        let mut next: Vec<&Address> = start.into_iter().collect();
        while let Some(at) = next.pop() {
            for user in self.recorded.get(at).into_iter().flatten() {
                if user != address && found.insert(user.clone()) {
                    next.push(user);
                }
            }
        }
        found
    }
}

/// Users of each address by its ARN in the spec that was last sent.
fn naming(state: &State) -> BTreeMap<Address, BTreeSet<Address>> {
    let mut holders: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    for (address, record) in state.everything() {
        for arn in arns(&record.outputs).into_iter().chain(arn_of(record)) {
            holders.entry(arn).or_default().insert(address);
        }
    }
    let mut naming: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for (user, record) in state.everything() {
        let named = arns(&record.spec).into_iter().flat_map(beginnings);
        for named in named.filter_map(|arn| holders.get(arn)).flatten().filter(|named| **named != user) {
            naming.entry((*named).clone()).or_default().insert(user.clone());
        }
    }
    naming
}

fn arn_of(record: &Record) -> Option<&str> {
    Some(record.id.as_str()).filter(|id| id.starts_with("arn:"))
}

/// The texts in a value that are ARNs.
fn arns(value: &Json) -> Vec<&str> {
    match value {
        Json::String(text) if text.starts_with("arn:") => vec![text],
        Json::Array(items) => items.iter().flat_map(arns).collect(),
        Json::Object(fields) => fields.values().flat_map(arns).collect(),
        _ => Vec::new(),
    }
}

/// An ARN, and those of what it may be a part of: `…:table/carts` of `…:table/carts/index/*`.
fn beginnings(arn: &str) -> impl Iterator<Item = &str> {
    let ends = arn.char_indices().filter(|(_, sign)| matches!(sign, ':' | '/')).map(|(at, _)| &arn[..at]);
    ends.chain([arn])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_names_what_its_arn_begins_with() {
        let policy = json!({"Statement": [{"Resource": ["arn:aws:dynamodb:us-east-1:1:table/carts/index/*", "*"]}]});
        let named: Vec<&str> = arns(&policy).into_iter().flat_map(beginnings).collect();
        assert!(named.contains(&"arn:aws:dynamodb:us-east-1:1:table/carts"), "{named:?}");
        assert!(!named.contains(&"arn:aws:dynamodb:us-east-1:1:table/cart"), "{named:?}");
    }
}
