//! What comes before what; or, where nothing can, a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use crate::names::Address;

/// What is needed first, or a cycle: addresses each of which needs the next, the last the first.
pub(super) fn sort(nodes: &BTreeMap<Address, Node>) -> Result<Vec<Address>, Vec<Address>> {
    let mut sorted = Vec::new();
    let mut done = BTreeSet::new();
    for start in nodes.keys() {
        // Depth first without recursion: a stack file may be as deep as it likes.
        let mut path: Vec<(&Address, Vec<&Address>)> = vec![(start, needed(nodes, start))];
        while let Some((address, rest)) = path.last_mut() {
            if done.contains(*address) {
                path.pop();
                continue;
            }
            match rest.pop() {
                Some(next) if done.contains(next) => {}
                Some(next) => {
                    if let Some(at) = path.iter().position(|(seen, _)| *seen == next) {
                        return Err(path[at..].iter().map(|(address, _)| (*address).clone()).collect());
                    }
                    path.push((next, needed(nodes, next)));
                }
                None => {
                    sorted.push((*address).clone());
                    done.insert((*address).clone());
                    path.pop();
                }
            }
        }
    }
    Ok(sorted)
}

fn needed<'a>(nodes: &'a BTreeMap<Address, Node>, address: &Address) -> Vec<&'a Address> {
    let first = nodes.get(address).map(|node| node.needs.keys().rev().chain(node.starts_after.keys().rev()));
    first.into_iter().flatten().collect()
}
