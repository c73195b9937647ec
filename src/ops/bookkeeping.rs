//! Entries that are written before a run changes anything: calls of earlier runs whose outcome is known by now, names
//! that moved, what the file says of protection, outputs that have changed.

use std::time::Duration;

use futures::future::join_all;

use crate::catalog::Catalog;
use crate::cloud::{Class, Cloud};
use crate::diff::unfinished;
use crate::graph::Graph;
use crate::names::{Address, Owner};
use crate::observe::{Observed, ReadFailure};
use crate::plan::{Decision, Plan, Planned};
use crate::state::entry::Entry;
use crate::state::{Call, Deposed, Pending, Record, State};
use crate::value::Json;

/// The pauses between searches for resources that a crashed run created: lists may lag, and a call may even be under
/// way still. Only where a second create would make a second thing.
pub(super) const LATE: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// Records whose block has a new name. One with a call still open keeps the old one, by which that is found.
pub(super) fn moves(graph: &Graph, state: &State) -> Vec<Entry> {
    let mut entries = Vec::new();
    let is_open = |address: &Address| state.pending.iter().any(|pending| pending.address == *address);
    for (old, new) in &graph.moved {
        for from in state.records.keys().filter(|from| !is_open(from)) {
            let Some(to) = from.renamed(old, new) else { continue };
            if graph.get(&to).is_some() && !state.records.contains_key(&to) {
                entries.push(Entry::Moved { from: from.clone(), to });
            }
        }
    }
    entries
}

/// An old half of a replacement becomes what stands at the address that wants it. A run that ends between the two finds it
/// again by its tags.
pub(super) fn restored((to, old): &(Address, Deposed)) -> [Entry; 2] {
    let Deposed { address, record } = old;
    [gone_at(address, record), Entry::Made { address: to.clone(), record: record.clone() }]
}

/// Outcomes of calls that began and never ended, at the addresses that count. A delete needs nothing more: the plan looks
/// at what is there.
pub(super) async fn resolve_pending(
    cloud: &dyn Cloud,
    catalog: &Catalog,
    state: &State,
    counts: impl Fn(&Address) -> bool,
) -> Result<Vec<Entry>, Vec<ReadFailure>> {
    let open = state.pending.iter().filter(|pending| counts(&pending.address));
    let all = open.map(|pending| resolve(cloud, catalog, state, pending));
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    for resolved in join_all(all).await {
        match resolved {
            Ok(entry) => entries.push(entry),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(entries) } else { Err(failures) }
}

async fn resolve(cloud: &dyn Cloud, catalog: &Catalog, state: &State, pending: &Pending) -> Result<Entry, ReadFailure> {
    let address = pending.address.clone();
    let cleared = Entry::Cleared { address: address.clone(), generation: pending.generation };
    if pending.call != Call::Create {
        return Ok(after_update(catalog, state, pending).unwrap_or(cleared));
    }
    let owner = Owner { stack: state.stack.clone(), address: address.clone(), generation: pending.generation };
    let mut found = cloud.find(&address.at, &pending.kind, &owner, &pending.spec).await;
    let idempotent = catalog.get(&pending.kind).is_some_and(|info| info.traits.idempotent_create);
    for pause in LATE.into_iter().take_while(|_| !idempotent) {
        if found != Ok(None) {
            break;
        }
        tokio::time::sleep(pause).await;
        found = cloud.find(&address.at, &pending.kind, &owner, &pending.spec).await;
    }
    let id = match found {
        Ok(Some(id)) => id,
        Ok(None) => return Ok(cleared),
        Err(error) if error.class == Class::NotOwned => return Ok(cleared),
        Err(error) => return Err((address, error)),
    };
    let record = Record {
        kind: pending.kind.clone(),
        id,
        generation: pending.generation,
        spec: pending.spec.clone(),
        outputs: Json::Null,
        needs: pending.needs.clone(),
        protect: pending.protect,
        retain: pending.retain,
    };
    Ok(Entry::Replaced { address, record })
}

/// The record after an update of which nobody knows whether AWS has done it: what it was to set may be ours by now, and has
/// to be taken back if the file says it no longer.
fn after_update(catalog: &Catalog, state: &State, pending: &Pending) -> Option<Entry> {
    let record = state.records.get(&pending.address)?;
    let is_of_it = record.generation == pending.generation && record.kind == pending.kind;
    let info = catalog.get(&record.kind).filter(|_| is_of_it && pending.call == Call::Update)?;
    let record = Record {
        spec: unfinished(&info.spec, &pending.spec, &[], &record.spec),
        needs: record.needs.union(&pending.needs).cloned().collect(),
        ..record.clone()
    };
    Some(Entry::Made { address: pending.address.clone(), record })
}

/// Records, at the addresses that count, of resources that a fresh read has not found.
pub(super) fn gone(state: &State, observed: &Observed, counts: impl Fn(&Address) -> bool) -> Vec<Entry> {
    let is_gone = |address: &Address| observed.exact.contains(address) && observed.live.get(address) == Some(&None);
    let gone = state.records.iter().filter(|(address, _)| is_gone(address) && counts(address));
    gone.map(|(address, record)| gone_at(address, record)).collect()
}

/// The entry of a resource that is gone.
pub(super) fn gone_at(address: &Address, record: &Record) -> Entry {
    Entry::Gone { address: address.clone(), generation: record.generation, id: record.id.clone() }
}

/// Records whose block says something else of protection and retention than it did.
pub(super) fn declared(graph: &Graph, state: &State) -> Vec<Entry> {
    let says = |(address, record): (&Address, &Record)| {
        let declaration = &graph.get(address)?.declaration;
        let (protect, retain) = (declaration.protect, declaration.retain);
        // What the file says of another kind says nothing of what is there.
        let is_same = !declaration.existing && declaration.kind == record.kind;
        let changed = is_same && (protect, retain) != (record.protect, record.retain);
        changed.then(|| Entry::Made { address: address.clone(), record: Record { protect, retain, ..record.clone() } })
    };
    state.records.iter().filter_map(says).collect()
}

/// Records of things that stay as they are, with what has changed since they were written: outputs,
/// which what refers to them takes from there, and what they need, for the order of a later delete. `said`: the spec of
/// what is as the file says, so that what leaves the file later is known to have been in it.
pub(super) fn refreshed(
    (plan, graph): (&Plan, &Graph),
    state: &State,
    observed: &Observed,
    said: &dyn Fn(&Planned) -> Option<Json>,
) -> Vec<Entry> {
    let kept = plan.entries.iter().filter(|entry| entry.decision == Decision::Keep);
    kept.filter_map(|entry| {
        let record = state.records.get(&entry.address)?;
        let mut outputs = record.outputs.clone();
        let seen = observed.live(&entry.address)?.outputs.as_object()?.iter();
        for (name, value) in seen.filter(|(_, value)| !value.is_null()) {
            outputs[name] = value.clone();
        }
        let needs = graph.get(&entry.address)?.needs.keys().cloned().collect();
        let spec = said(entry).unwrap_or_else(|| record.spec.clone());
        let now = Record { spec, outputs, needs, ..record.clone() };
        (now != *record).then(|| Entry::Made { address: entry.address.clone(), record: now })
    })
    .collect()
}
