//! What comes before what; and, where nothing can, the circle.

use std::collections::{BTreeMap, BTreeSet};

use super::Node;
use crate::blocks::Declaration;
use crate::names::Address;
use crate::problem::{Code, Problem};
use crate::stack::Places;
use crate::value::Path;

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
    nodes.get(address).map_or_else(Vec::new, |node| node.needs.keys().rev().collect())
}

pub(super) fn cycle_problem(cycle: &[Address], declared: &BTreeMap<Address, Declaration>, places: &Places) -> Problem {
    let path: Vec<String> = cycle.iter().chain(cycle.first()).map(|address| format!("`{address}`")).collect();
    let place = |address: &Address| declared.get(address).and_then(|declaration| places.key(&declaration.origin));
    let mut problem = Problem::new(Code::Cycle, format!("{} needs itself: {}", path[0], path.join(" needs ")))
        .at(cycle.first().and_then(place))
        .help("take out one of these references");
    let mut seen: BTreeSet<&Path> =
        cycle.first().and_then(|first| declared.get(first)).map(|first| &first.origin).into_iter().collect();
    for address in cycle.iter().skip(1) {
        if let Some(declaration) = declared.get(address).filter(|declaration| seen.insert(&declaration.origin)) {
            problem = problem.note(places.key(&declaration.origin), format!("`{address}` is in the circle"));
        }
    }
    problem
}
