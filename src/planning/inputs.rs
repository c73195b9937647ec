//! Inputs of planning, and the decisions made so far.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, KindInfo};
use crate::graph::{Graph, Node};
use crate::intent::Intent;
use crate::names::Address;
use crate::observe::Observed;
use crate::plan::Decision;
use crate::state::State;
use crate::value::Partial;

/// Inputs of planning: the desired, the remembered and the observed, and how to compare them.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) graph: &'a Graph,
    pub(super) state: &'a State,
    pub(super) observed: &'a Observed,
    pub(super) catalog: &'a Catalog,
    pub(super) intent: &'a Intent,
    pub(super) account: &'a str,
}

/// Decisions made so far, each with the spec as far as it is known. Whatever a resource needs is decided before it.
pub(super) type Decisions = BTreeMap<Address, (Decision, Partial)>;

impl<'a> Inputs<'a> {
    /// Knowledge of the kind of a declared resource.
    pub(super) fn kind_of(&self, node: &Node) -> Option<&'a KindInfo> {
        self.catalog.get(&node.declaration.kind)
    }
}
