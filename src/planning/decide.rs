//! The plan of a stack: a decision for every resource of the graph and of the state. Pure.

use std::collections::BTreeMap;

use super::inputs::{Decisions, Inputs};
use super::select::PlannedPart;
use super::waves::Waves;
use super::{grants, held, identity, in_use, leads, outputs, protect, resource, retain, review, staying};
use crate::catalog::Catalog;
use crate::graph::{Graph, Node};
use crate::intent::Intent;
use crate::names::Address;
use crate::observe::Observed;
use crate::plan::review::Review;
use crate::plan::{Decision, Obstacle, ObstacleKind, Plan, Planned};
use crate::state::entry::Move;
use crate::state::{Deposed, Record, State};
use crate::value::Partial;

/// A plan, with the specs that it rests on.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The plan.
    pub plan: Plan,
    /// The desired spec of each resource, as far as it is known.
    pub wanted: BTreeMap<Address, Partial>,
    /// Records that belong to other addresses by now. The plan counts once they have moved.
    pub moves: Vec<Move>,
    /// Old halves of replacements that are wanted again, by the address that wants them. The plan counts once they are
    /// recorded there.
    pub restored: Vec<(Address, Deposed)>,
}

/// Decides for every resource of the graph and of the state.
pub fn decide(
    graph: &Graph,
    state: &State,
    observed: &Observed,
    catalog: &Catalog,
    intent: &Intent,
    account: &str,
) -> Decided {
    let inputs = Inputs { graph, state, observed, catalog, intent, account };
    let part = PlannedPart::of(graph, state, &intent.selection);
    let mut decider = Decider { inputs, part, done: BTreeMap::new(), obstacles: Vec::new() };
    for (address, node) in graph.in_order() {
        decider.declared(address, node);
    }
    leads::one_at_a_time(inputs, &mut decider.done);
    // What is held for its own sake needs no second reason.
    let is_told =
        |used: &Obstacle| decider.obstacles.iter().any(|told| told.address == used.address && told.kind == used.kind);
    let used: Vec<Obstacle> = in_use::held(inputs, &decider.done).into_iter().filter(|used| !is_told(used)).collect();
    decider.obstacles.extend(used);
    let leaving = decider.no_longer_declared();
    decider.finish(leaving)
}

/// A walk over the resources in the order of their needs.
struct Decider<'a> {
    inputs: Inputs<'a>,
    part: PlannedPart<'a>,
    done: Decisions,
    obstacles: Vec<Obstacle>,
}

impl Decider<'_> {
    fn declared(&mut self, address: &Address, node: &Node) {
        let wanted = node.declaration.spec.fill(&|reference| outputs::known(self.inputs, &self.done, reference));
        if node.declaration.existing {
            self.obstacles.extend(self.missing(address, node));
            self.done.insert(address.clone(), (Decision::Keep, wanted));
            return;
        }
        let Some(info) = self.inputs.kind_of(node) else {
            self.obstacles.push(unknown_kind(address, node));
            return;
        };
        let mut decision = resource::decision(self.inputs, address, &wanted, info);
        self.obstacles.extend(resource::name_conflict(self.inputs, address));
        if !self.part.contains(address) {
            decision = Decision::Keep;
        } else if decision == Decision::Keep && self.may_go_with_a_need(node) {
            decision = Decision::Await { why: "a resource that it depends on is replaced".into() };
        }
        self.obstacles.extend(protect::of_declared(self.inputs, address, node, &decision, info));
        self.obstacles.extend(held::parts(self.inputs, address, &decision));
        self.done.insert(address.clone(), (decision, wanted));
    }

    /// The obstacle of an existing resource that was not found.
    fn missing(&self, address: &Address, node: &Node) -> Option<Obstacle> {
        let is_missing = self.part.contains(address) && !self.inputs.observed.existing.contains_key(address);
        is_missing.then(|| Obstacle {
            address: address.clone(),
            kind: ObstacleKind::Missing,
            message: format!("no existing resource matches {}", node.declaration.spec.written()),
            help: "create it, correct what it is looked up by, or let this stack create it".to_owned(),
        })
    }

    /// True if something that a resource needs is deleted before it comes back: the resource may go with it.
    fn may_go_with_a_need(&self, node: &Node) -> bool {
        node.needs.keys().any(|need| self.done.get(need).is_some_and(|(decision, _)| decision.deletes_first()))
    }

    /// Resources that are in the state and no longer in the file, or there only as existing ones.
    fn no_longer_declared(&mut self) -> Vec<Planned> {
        let Inputs { graph, state, observed, .. } = self.inputs;
        let mut leaving = Vec::new();
        for (address, record) in &state.records {
            let is_existing = graph.get(address).map(|node| node.declaration.existing);
            if is_existing == Some(false) || self.stays(address) {
                continue;
            }
            let is_kept = record.retain || is_existing == Some(true);
            let decision = if is_kept { Decision::Forget } else { Decision::Delete };
            let gone = matches!(observed.live.get(address), Some(None)) && observed.exact.contains(address);
            if decision == Decision::Delete && !gone {
                self.obstacles.extend(protect::of_deleted(self.inputs, address));
            }
            leaving.push(planned(address, record, decision));
        }
        let deposed = state.deposed.iter().filter(|old| !self.stays(&old.address));
        let mut obstacles = Vec::new();
        for old in deposed {
            obstacles.extend(protect::of_deposed(self.inputs, &old.address, &old.record));
            let entry = planned(&old.address, &old.record, Decision::Delete);
            leaving.push(Planned { deposed: true, ..entry });
        }
        self.obstacles.extend(obstacles);
        self.obstacles.extend(retain::stranded(self.inputs, &self.done, &leaving));
        leaving
    }

    /// True if nothing at an address is deleted: it is not part of the plan, or something else still uses it.
    fn stays(&self, address: &Address) -> bool {
        !self.part.contains(address) || self.part.is_used_outside(address)
    }

    fn finish(mut self, mut entries: Vec<Planned>) -> Decided {
        let Inputs { graph, state, intent, account, .. } = self.inputs;
        let specs = self.done.iter().map(|(address, (_, wanted))| (address.clone(), wanted)).collect();
        self.obstacles.extend(identity::shared(self.inputs, &specs));
        let is_leaving = |address: &Address| match self.done.get(address) {
            Some((decision, _)) => matches!(decision, Decision::Replace { .. }),
            None => true,
        };
        let names_held = identity::names_held(self.inputs, &specs, is_leaving);
        let mut wanted = BTreeMap::new();
        for (address, (decision, partial)) in self.done {
            let Some(node) = graph.get(&address).filter(|node| !node.declaration.existing) else { continue };
            entries.push(Planned {
                narrows: grants::narrowing(self.inputs, &address, node, &decision, &partial),
                id: state.records.get(&address).map(|record| record.id.clone()),
                kind: node.declaration.kind.clone(),
                decision,
                wave: 0,
                deposed: false,
                address: address.clone(),
            });
            wanted.insert(address, partial);
        }
        self.obstacles.extend(held::wholes(self.inputs, &entries));
        let waves = Waves::of(graph, state, intent.overlay.is_destroy());
        for entry in &mut entries {
            entry.wave = waves.wave(&entry.address);
        }
        entries.sort_by(|a, b| (a.wave, &a.address, &a.id).cmp(&(b.wave, &b.address, &b.id)));
        let replaced = entries.iter().filter(|entry| matches!(entry.decision, Decision::Replace { .. }));
        let used = replaced.filter(|entry| self.part.is_used_outside(&entry.address));
        let mut plan = Plan {
            review: Review::default(),
            stays: staying::of(self.inputs, &entries, &wanted),
            keep_old: used.map(|entry| entry.address.clone()).collect(),
            stack: graph.stack.clone(),
            account: account.to_owned(),
            regions: graph.regions.clone(),
            destroy: intent.overlay.is_destroy(),
            entries,
            waves: waves.list(),
            obstacles: self.obstacles,
            names_held,
        };
        let moves = identity::carried_over(self.inputs, &wanted);
        let restored = identity::restored(self.inputs);
        plan.review = review::review(self.inputs, &plan, &wanted);
        Decided { plan, wanted, moves, restored }
    }
}

fn unknown_kind(address: &Address, node: &Node) -> Obstacle {
    Obstacle {
        address: address.clone(),
        kind: ObstacleKind::Impossible,
        message: format!("this version has no kind `{}`", node.declaration.kind),
        help: "`isobar schema` lists every kind".to_owned(),
    }
}

fn planned(address: &Address, record: &Record, decision: Decision) -> Planned {
    let (address, kind, id) = (address.clone(), record.kind.clone(), Some(record.id.clone()));
    Planned { address, kind, decision, wave: 0, id, deposed: false, narrows: None }
}
