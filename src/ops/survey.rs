//! Survey: reads AWS, decides, and reads again where the decision rests on a list that may lag.

use std::collections::BTreeMap;

use super::{Engine, EngineError, apply_entries, bookkeeping};
use crate::cloud::{CloudError, Live, ReadMode, ReadRequest};
use crate::graph::Graph;
use crate::intent::Intent;
use crate::names::{Address, Owner};
use crate::observe::{Observed, ReadFailure, ReadTarget, Search};
use crate::plan::Decision;
use crate::planning::decide::{Decided, decide};
use crate::planning::select::selected;
use crate::planning::{retain, taken_back};
use crate::state::entry::Entry;
use crate::state::{Deposed, Record, State};
use crate::value::{Json, Partial, Target as ValueOf};

/// The observation and the decision, with the state that it rests on.
pub(super) struct Survey {
    pub(super) graph: Graph,
    pub(super) state: State,
    pub(super) entries: Vec<Entry>,
    pub(super) decided: Decided,
    pub(super) observed: Observed,
}

impl Engine {
    /// Does the bookkeeping that comes first, reads AWS, and decides.
    pub(super) async fn survey(
        &self,
        graph: &Graph,
        mut state: State,
        intent: &Intent,
        account: &str,
    ) -> Result<Survey, EngineError> {
        self.cloud.start_survey();
        // What was begun under an old address is found under it, and moves then.
        let selected = selected(graph, &state, &intent.selection);
        let counts = |address: &Address| selected.as_ref().is_none_or(|selected| selected.contains(address));
        let resolved = bookkeeping::resolve_pending(self.cloud.as_ref(), &self.catalog, &state, counts).await;
        let mut entries = apply_entries(&mut state, &resolved.map_err(EngineError::Unreadable)?);
        let moves = bookkeeping::moves(graph, &state);
        entries.extend(apply_entries(&mut state, &moves));
        let declared = bookkeeping::declared(graph, &state);
        entries.extend(apply_entries(&mut state, &declared));
        let graph = intent.overlay.over(graph);
        let (decided, observed, gone) = self.decide(&graph, &mut state, intent, account).await?;
        entries.extend(gone);
        Ok(Survey { graph, state, entries, decided, observed })
    }

    /// Decides as often as what is decided makes it worth looking again: for things of ours that are
    /// not in the state, and exactly at whatever the survey found different. What is not part of the plan is not
    /// looked at: its region may be out of reach, and that be the reason. Records of what is gone are dropped.
    async fn decide(
        &self,
        graph: &Graph,
        state: &mut State,
        intent: &Intent,
        account: &str,
    ) -> Result<(Decided, Observed, Vec<Entry>), EngineError> {
        let cloud = self.cloud.as_ref();
        let mut observed = Observed::default();
        let mut entries = Vec::new();
        let selected = selected(graph, state, &intent.selection);
        let counts = |address: &Address| selected.as_ref().is_none_or(|selected| selected.contains(address));
        self.look_up_existing(graph, &mut observed, account, counts).await?;
        // What the file calls existing now was looked up: a record of its address is of something else.
        let is_existing = |address: &Address| graph.get(address).is_some_and(|node| node.declaration.existing);
        let records = state.records.iter().filter(|(address, _)| counts(address) && !is_existing(address));
        let targets: Vec<ReadTarget> = records.map(|(address, record)| target(address, record)).collect();
        observed.read(cloud, &targets, ReadMode::Listed).await.map_err(EngineError::Unreadable)?;
        loop {
            let decided = decide(graph, state, &observed, &self.catalog, intent, account);
            if !decided.moves.is_empty() {
                // What is wanted has another address by now: nothing else of the plan counts before it has moved.
                let renamed = [Entry::Renamed { moves: decided.moves.clone() }];
                observed.rename(&decided.moves);
                entries.extend(apply_entries(state, &renamed));
                continue;
            }
            if !decided.restored.is_empty() {
                observed.found.retain(|address, _| !decided.restored.iter().any(|(to, _)| to == address));
                let restored: Vec<Entry> = decided.restored.iter().flat_map(bookkeeping::restored).collect();
                entries.extend(apply_entries(state, &restored));
                continue;
            }
            let beside = self.beside(state, &decided, &mut observed).await.map_err(EngineError::Unreadable)?;
            if !beside.is_empty() {
                entries.extend(apply_entries(state, &beside));
                continue;
            }
            let searches = searches(graph, state, &observed, &decided);
            let needs_fresh_read = needs_fresh_read(state, &observed, &decided);
            if searches.is_empty() && needs_fresh_read.is_empty() {
                return Ok((decided, observed, entries));
            }
            observed.search(cloud, &searches).await.map_err(EngineError::Unreadable)?;
            self.read_exactly(&mut observed, state, &needs_fresh_read).await.map_err(EngineError::Unreadable)?;
            // Without their records, what has come in the place of what is wanted and gone is searched for: the state
            // may be an older one.
            let gone = bookkeeping::gone(state, &observed, |address| is_made_here(graph, address));
            observed.forget(&gone);
            entries.extend(apply_entries(state, &gone));
        }
    }

    /// Looks at what stands beside the records: retained resources in the way of this plan, which are forgotten if they
    /// have gone, and old halves of replacements, which are what stands there again if the file wants them back.
    async fn beside(
        &self,
        state: &State,
        decided: &Decided,
        observed: &mut Observed,
    ) -> Result<Vec<Entry>, Vec<ReadFailure>> {
        let holding = retain::holding(&decided.plan, state);
        let old = taken_back::candidates(decided, state);
        let targets = holding.iter().map(|(address, record)| target(address, record));
        let targets = targets.chain(old.iter().map(|old| target(&old.address, &old.record))).collect();
        observed.read_aside(self.cloud.as_ref(), targets).await?;
        let seen = |address: &Address, record: &Record| observed.aside.get(&(address.clone(), record.id.clone()));
        let gone = holding.into_iter().filter(|(address, record)| seen(address, record) == Some(&None));
        let mut entries: Vec<Entry> = gone.map(|(address, record)| bookkeeping::gone_at(address, record)).collect();
        let mut back: BTreeMap<&Address, (&Record, Live)> = BTreeMap::new();
        for Deposed { address, record } in old {
            let live = seen(address, record).into_iter().flatten();
            let wanted = live.filter(|live| taken_back::is_wanted(&self.catalog, decided, (address, record), live));
            back.extend(wanted.map(|live| (address, (record, live.clone()))));
        }
        for (address, (record, live)) in back {
            observed.exact.insert(address.clone());
            observed.live.insert(address.clone(), Some(live));
            entries.push(Entry::Replaced { address: address.clone(), record: record.clone() });
        }
        Ok(entries)
    }

    /// Reads fresh. Resources created by a crashed run may not show at once: they are read again.
    async fn read_exactly(
        &self,
        observed: &mut Observed,
        state: &State,
        targets: &[ReadTarget],
    ) -> Result<(), Vec<ReadFailure>> {
        let cloud = self.cloud.as_ref();
        observed.read(cloud, targets, ReadMode::Fresh).await?;
        for pause in bookkeeping::LATE {
            let never_seen = |target: &&ReadTarget| {
                let record = state.records.get(&target.address).filter(|record| record.outputs.is_null());
                record.is_some_and(|record| record.id == target.id) && observed.live(&target.address).is_none()
            };
            let missing: Vec<ReadTarget> = targets.iter().filter(never_seen).cloned().collect();
            if missing.is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
            observed.read(cloud, &missing, ReadMode::Fresh).await?;
        }
        Ok(())
    }

    async fn look_up_existing(
        &self,
        graph: &Graph,
        observed: &mut Observed,
        account: &str,
        counts: impl Fn(&Address) -> bool,
    ) -> Result<(), EngineError> {
        let existing = graph.in_order().filter(|(address, node)| node.declaration.existing && counts(address));
        for (address, node) in existing {
            let kind = &node.declaration.kind;
            let query = node.declaration.spec.fill(&|reference| match &reference.target {
                ValueOf::Known(json) => Some(json.clone()),
                ValueOf::Account => Some(account.into()),
                _ => None,
            });
            // What is known only after apply finds nothing: the plan says that it is missing.
            let Ok(query) = query.finish() else { continue };
            let found = self.cloud.lookup(&address.at, kind, &query).await;
            let Some(id) = found.map_err(|error| unreadable(address, error))? else { continue };
            let request = ReadRequest::new(id.clone(), &query);
            let live = self.cloud.read(&address.at, kind, &[request], ReadMode::Listed).await;
            let live = live.map_err(|error| unreadable(address, error))?.pop().flatten();
            if live.is_some() {
                observed.existing.insert(address.clone(), id);
                observed.live.insert(address.clone(), live);
            }
        }
        Ok(())
    }
}

fn unreadable(address: &Address, error: CloudError) -> EngineError {
    EngineError::Unreadable(vec![(address.clone(), error)])
}

fn is_made_here(graph: &Graph, address: &Address) -> bool {
    graph.get(address).is_some_and(|node| !node.declaration.existing)
}

/// Things that would be made and may be there already, left by a run whose state was lost.
fn searches(graph: &Graph, state: &State, observed: &Observed, decided: &Decided) -> Vec<Search> {
    let new = decided.plan.entries.iter().filter(|entry| matches!(entry.decision, Decision::Create { .. }));
    new.filter(|entry| !observed.found.contains_key(&entry.address) && !state.records.contains_key(&entry.address))
        .filter_map(|entry| {
            Some(Search {
                address: entry.address.clone(),
                kind: entry.kind.clone(),
                owner: Owner { stack: graph.stack.clone(), address: entry.address.clone(), generation: 0 },
                former: graph.former(&entry.address),
                spec: decided.wanted.get(&entry.address)?.finish().ok()?,
            })
        })
        .collect()
}

/// Things that are about to be changed on the word of a survey, and things just found.
fn needs_fresh_read(state: &State, observed: &Observed, decided: &Decided) -> Vec<ReadTarget> {
    let mut targets = Vec::new();
    for entry in &decided.plan.entries {
        if observed.exact.contains(&entry.address) {
            continue;
        }
        match (&entry.decision, state.records.get(&entry.address)) {
            // Data is not called gone on the word of a list that may lag.
            (Decision::Delete, Some(record))
                if entry.id.as_ref() == Some(&record.id) && observed.live.get(&entry.address) == Some(&None) =>
            {
                targets.push(target(&entry.address, record));
            }
            (Decision::Keep | Decision::Delete | Decision::Forget, _) | (Decision::Create { .. }, None) => {}
            (Decision::Adopt { id, .. }, None) => targets.push(ReadTarget {
                address: entry.address.clone(),
                kind: entry.kind.clone(),
                id: id.clone(),
                spec: decided
                    .wanted
                    .get(&entry.address)
                    .map_or(Json::Null, |wanted| wanted.with_placeholders(&mut |_| Json::Bool(true))),
            }),
            (_, Some(record)) => {
                let spec = then_and_now(record, decided.wanted.get(&entry.address));
                targets.push(ReadTarget { spec, ..target(&entry.address, record) });
            }
            (_, None) => {}
        }
    }
    targets
}

/// A spec with the fields that were managed, and those that the file says now.
fn then_and_now(record: &Record, wanted: Option<&Partial>) -> Json {
    let mut fields = record.spec.as_object().cloned().unwrap_or_default();
    let wanted = wanted.map(|wanted| wanted.with_placeholders(&mut |_| Json::Bool(true)));
    let wanted = wanted.as_ref().and_then(Json::as_object).into_iter().flatten();
    for (name, value) in wanted.filter(|(_, value)| !value.is_null()) {
        match (fields.get_mut(name), value) {
            (Some(Json::Array(items)), Json::Array(more)) => items.extend(more.iter().cloned()),
            (None | Some(Json::Null), _) => drop(fields.insert(name.clone(), value.clone())),
            _ => {}
        }
    }
    Json::Object(fields)
}

fn target(address: &Address, record: &Record) -> ReadTarget {
    ReadTarget { address: address.clone(), kind: record.kind.clone(), id: record.id.clone(), spec: record.spec.clone() }
}
