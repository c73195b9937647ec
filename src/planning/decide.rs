//! Desired, remembered and seen: what should become of every resource. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::select::selected;
use super::waves::Waves;
use crate::catalog::{Catalog, KindInfo};
use crate::cloud::{Live, Readiness};
use crate::diff::{Change, Effect};
use crate::graph::{Graph, Node};
use crate::intent::Intent;
use crate::names::{Address, PhysicalId};
use crate::observe::{Observed, SearchResult};
use crate::plan::steps::dependents;
use crate::plan::{Decision, Obstacle, ObstacleKind, Plan, Planned, ReplaceOrder};
use crate::state::{Record, State};
use crate::value::{Json, Key, Partial, Reference, Target};

/// A plan, and what it rests on.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The plan.
    pub plan: Plan,
    /// What each resource should be, as far as it is known.
    pub wanted: BTreeMap<Address, Partial>,
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
    let mut decider = Decider {
        graph,
        state,
        observed,
        catalog,
        intent,
        account,
        selected: selected(graph, state, &intent.selection),
        done: BTreeMap::new(),
        obstacles: Vec::new(),
    };
    for (address, node) in graph.in_order() {
        decider.decide_node(address, node);
    }
    let going = decider.no_longer_declared();
    decider.finish(going)
}

struct Decider<'a> {
    graph: &'a Graph,
    state: &'a State,
    observed: &'a Observed,
    catalog: &'a Catalog,
    intent: &'a Intent,
    account: &'a str,
    selected: Option<BTreeSet<Address>>,
    done: BTreeMap<Address, (Decision, Partial)>,
    obstacles: Vec<Obstacle>,
}

impl<'a> Decider<'a> {
    fn decide_node(&mut self, address: &Address, node: &'a Node) {
        let wanted = node.declaration.spec.fill(&|reference| self.known(reference));
        if node.declaration.existing {
            if self.is_selected(address) && !self.observed.existing.contains_key(address) {
                self.obstacle(
                    address,
                    ObstacleKind::Missing,
                    format!("the file says that it exists, and AWS has none: {}", node.declaration.spec.written()),
                    "make it, correct what it is looked up by, or let this stack create it",
                );
            }
            self.done.insert(address.clone(), (Decision::Keep, wanted));
            return;
        }
        let Some(info) = self.catalog.get(&node.declaration.kind) else {
            let what = format!("`{}` is no kind that this version knows", node.declaration.kind);
            self.obstacle(address, ObstacleKind::Impossible, what, "`isobar schema` lists every kind");
            return;
        };
        let mut decision = self.decision(address, &wanted, info);
        if !self.is_selected(address) {
            decision = Decision::Keep;
        } else if decision == Decision::Keep && self.may_have_gone(node) {
            decision = Decision::Await { why: "what it hangs on is replaced".into() };
        }
        let unless_allowed = node.declaration.protect || self.is_protected(address);
        if unless_allowed && !self.allowed(address) {
            if matches!(decision, Decision::Replace { .. }) {
                self.protect(address, "be replaced");
            }
            for part in lost_parts(&decision, info) {
                self.protect(address, &format!("lose {part}"));
            }
        }
        self.done.insert(address.clone(), (decision, wanted));
    }

    fn decision(&mut self, address: &Address, wanted: &Partial, info: &KindInfo) -> Decision {
        let Some(record) = self.state.records.get(address) else {
            return self.without_record(address, wanted, info);
        };
        if record.kind != info.name {
            let why = Some(format!("it was of the kind {}", record.kind));
            return Decision::Replace { changes: Vec::new(), why, order: ReplaceOrder::CreateFirst };
        }
        let Some(live) = self.observed.live(address) else {
            return Decision::Create { why: Some("gone from AWS".into()) };
        };
        let decision = self.with_live(address, (wanted, live, Some(&record.spec)), info);
        // Made by a run that died before it saw it: it may be without our tags.
        let unclaimed = info.traits.tags_after_create && record.outputs.is_null();
        match decision {
            Decision::Update { changes } if unclaimed => Decision::Adopt { id: record.id.clone(), changes },
            Decision::Keep | Decision::Await { .. } if unclaimed => {
                Decision::Adopt { id: record.id.clone(), changes: Vec::new() }
            }
            decision => decision,
        }
    }

    /// What to do with a thing that is there.
    fn with_live(
        &self,
        address: &Address,
        (wanted, live, sent): (&Partial, &Live, Option<&Json>),
        info: &KindInfo,
    ) -> Decision {
        let changes = differences(info, wanted, &live.spec, sent);
        let forced = self.intent.is_to_be_replaced(address);
        let failed = match &live.readiness {
            Readiness::Failed(why) if info.traits.replace_failed && !info.traits.holds_data => Some(why.clone()),
            _ => None,
        };
        let is_changed = |field: &str| {
            changes.iter().any(|change| matches!(change.path.0.first(), Some(Key::Field(name)) if name == field))
        };
        let deletes_first = info.traits.deletes_first(is_changed);
        let order = if deletes_first { ReplaceOrder::DeleteFirst } else { ReplaceOrder::CreateFirst };
        if changes.iter().any(|change| change.effect == Effect::Replace) {
            return Decision::Replace { changes, why: None, order };
        }
        if forced || failed.is_some() {
            let why = failed.map_or_else(|| "asked for".to_owned(), |why| format!("it has failed: {why}"));
            return Decision::Replace { changes, why: Some(why), order };
        }
        if !changes.is_empty() {
            return Decision::Update { changes };
        }
        match &live.readiness {
            Readiness::Pending(why) | Readiness::Configured(why) | Readiness::Failed(why) => {
                Decision::Await { why: why.clone() }
            }
            Readiness::Serving => Decision::Keep,
        }
    }

    fn without_record(&mut self, address: &Address, wanted: &Partial, info: &KindInfo) -> Decision {
        match self.observed.found.get(address) {
            Some(SearchResult::Ours(id)) => {
                let live = self.observed.live(address);
                let changes = live.map(|live| differences(info, wanted, &live.spec, None)).unwrap_or_default();
                Decision::Adopt { id: id.clone(), changes }
            }
            Some(SearchResult::NotOwned(error)) => {
                let help = error.hint.clone().unwrap_or_else(|| "rename it, or delete the other".into());
                self.obstacle(address, ObstacleKind::NotOwned, error.message.clone(), &help);
                Decision::Create { why: None }
            }
            Some(SearchResult::Nothing) | None => {
                let gone = self.observed.gone.contains(address);
                Decision::Create { why: gone.then(|| "gone from AWS".into()) }
            }
        }
    }

    /// Whether something it needs goes before it comes back: what hangs on it may go with it.
    fn may_have_gone(&self, node: &Node) -> bool {
        let goes_first = |need: &Address| {
            let decision = self.done.get(need).map(|(decision, _)| decision);
            matches!(decision, Some(Decision::Replace { order: ReplaceOrder::DeleteFirst, .. }))
        };
        node.needs.keys().any(goes_first)
    }

    /// Resources that are in the state and no longer in the file, or there only as somebody else's.
    fn no_longer_declared(&mut self) -> Vec<Planned> {
        let mut going = Vec::new();
        for (address, record) in &self.state.records {
            let declared = self.graph.get(address).map(|node| node.declaration.existing);
            if declared == Some(false) || !self.is_selected(address) || self.is_used_elsewhere(address) {
                continue;
            }
            let stays = record.retain || declared == Some(true);
            let decision = if stays { Decision::Forget } else { Decision::Delete };
            let gone = matches!(self.observed.live.get(address), Some(None)) && self.observed.exact.contains(address);
            if decision == Decision::Delete && !gone && self.is_protected(address) && !self.allowed(address) {
                self.protect(address, "be deleted");
            }
            going.push(planned(address, record, decision));
        }
        // What is left of earlier replacements goes as well.
        for old in &self.state.deposed {
            if self.is_selected(&old.address) && !self.is_used_elsewhere(&old.address) {
                going.push(planned(&old.address, &old.record, Decision::Delete));
            }
        }
        going
    }

    fn is_selected(&self, address: &Address) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(address))
    }

    /// Whether something that is not part of this plan still uses what stands, or stood, at an address.
    fn is_used_elsewhere(&self, address: &Address) -> bool {
        let left_alone = |user: &Address| !self.is_selected(user) && self.state.records.contains_key(user);
        self.selected.is_some() && dependents(self.graph, self.state, address).iter().any(left_alone)
    }

    fn finish(mut self, mut entries: Vec<Planned>) -> Decided {
        let mut wanted = BTreeMap::new();
        for (address, (decision, partial)) in std::mem::take(&mut self.done) {
            let Some(node) = self.graph.get(&address).filter(|node| !node.declaration.existing) else { continue };
            entries.push(Planned {
                id: self.id(&address),
                kind: node.declaration.kind.clone(),
                decision,
                wave: 0,
                address: address.clone(),
            });
            wanted.insert(address, partial);
        }
        let waves = Waves::of(self.graph, self.state, self.intent.overlay.is_destroy());
        for entry in &mut entries {
            entry.wave = waves.wave(&entry.address);
        }
        entries.sort_by(|a, b| (a.wave, &a.address, &a.id).cmp(&(b.wave, &b.address, &b.id)));
        let replaced = entries.iter().filter(|entry| matches!(entry.decision, Decision::Replace { .. }));
        let keep_old = replaced.map(|entry| entry.address.clone());
        let keep_old = keep_old.filter(|address| self.is_used_elsewhere(address)).collect();
        let plan = Plan {
            keep_old,
            stack: self.graph.stack.clone(),
            account: self.account.to_owned(),
            regions: self.graph.regions.clone(),
            destroy: self.intent.overlay.is_destroy(),
            entries,
            waves: waves.list(),
            obstacles: self.obstacles,
        };
        Decided { plan, wanted }
    }

    /// What a reference stands for, if that is known before apply.
    fn known(&self, reference: &Reference) -> Option<Json> {
        match &reference.target {
            Target::Known(json) => Some(json.clone()),
            Target::Account => Some(self.account.to_owned().into()),
            Target::Written { .. } => None,
            Target::Output { of, output } => self.known_output(of, output),
        }
    }

    fn known_output(&self, of: &Address, output: &[String]) -> Option<Json> {
        let pointer = output.iter().fold(String::new(), |pointer, name| format!("{pointer}/{name}"));
        let live = || {
            let seen = self.observed.live(of).and_then(|live| live.outputs.pointer(&pointer));
            let seen = seen.filter(|value| !value.is_null());
            // A survey leaves out outputs that never change and take a call of their own, and what is not part
            // of the plan.
            let known = || self.state.records.get(of)?.outputs.pointer(&pointer);
            seen.or_else(known).cloned()
        };
        let Some((decision, wanted)) = self.done.get(of) else { return live() };
        match decision {
            Decision::Keep | Decision::Await { .. } => live(),
            Decision::Adopt { changes, .. } if changes.is_empty() => live(),
            Decision::Update { changes } | Decision::Adopt { changes, .. } => {
                let info = self.graph.get(of).and_then(|node| self.catalog.get(&node.declaration.kind));
                let shape = info.and_then(|info| info.outputs.at(output.iter().map(String::as_str)));
                let moved = shape.is_some_and(|shape| {
                    shape.annotations.volatile && moved_by(&shape.annotations.stable_under, changes)
                });
                mirrored(wanted, output).or_else(|| if moved { None } else { live() })
            }
            _ => mirrored(wanted, output),
        }
    }

    fn id(&self, address: &Address) -> Option<PhysicalId> {
        self.state.records.get(address).map(|record| record.id.clone())
    }

    fn is_protected(&self, address: &Address) -> bool {
        match self.graph.get(address) {
            Some(node) => node.declaration.protect,
            None => self.state.records.get(address).is_some_and(|record| record.protect),
        }
    }

    fn allowed(&self, address: &Address) -> bool {
        self.intent.allows_data_loss(address)
    }

    fn protect(&mut self, address: &Address, fate: &str) {
        self.obstacle(
            address,
            ObstacleKind::Protected,
            format!("it holds data, is protected, and would {fate}"),
            &format!("to lose its data, say `--allow-data-loss {address}`; to keep it, set `retain: true`"),
        );
    }

    fn obstacle(&mut self, address: &Address, kind: ObstacleKind, message: String, help: &str) {
        self.obstacles.push(Obstacle { address: address.clone(), kind, message, help: help.to_owned() });
    }
}

fn differences(info: &KindInfo, wanted: &Partial, live: &Json, sent: Option<&Json>) -> Vec<Change> {
    crate::diff::changes(&info.spec, wanted, live, sent)
}

/// Whether any of these changes may move an output that stays as it is under changes of some fields.
fn moved_by(stable_under: &[String], changes: &[Change]) -> bool {
    changes.iter().any(|change| match change.path.0.first() {
        Some(Key::Field(name)) => !stable_under.contains(name),
        _ => true,
    })
}

/// An output that is named like a field of the spec has the field's value: known as soon as the field is.
fn mirrored(wanted: &Partial, output: &[String]) -> Option<Json> {
    let [name] = output else { return None };
    wanted.get(name).filter(|value| !value.is_null())?.finish().ok()
}

/// Parts of a thing that holds data which an update would take away, such as a table's replica.
fn lost_parts(decision: &Decision, info: &KindInfo) -> Vec<String> {
    let (Decision::Update { changes } | Decision::Adopt { changes, .. }) = decision else { return Vec::new() };
    let is_part = |change: &&Change| match change.path.0.as_slice() {
        [Key::Field(field), Key::Field(_)] => {
            change.to.is_null() && info.spec.at([field.as_str()]).is_some_and(|shape| shape.annotations.key.is_some())
        }
        _ => false,
    };
    let parts = changes.iter().filter(|_| info.traits.holds_data).filter(is_part);
    parts.map(|change| format!("`{}`", change.path)).collect()
}

fn planned(address: &Address, record: &Record, decision: Decision) -> Planned {
    Planned { address: address.clone(), kind: record.kind.clone(), decision, wave: 0, id: Some(record.id.clone()) }
}
