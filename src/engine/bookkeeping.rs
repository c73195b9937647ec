//! What is written before anything is done: calls of earlier runs whose outcome is known by now, names
//! that moved, what the file says of protection, outputs that have changed.

use futures::future::join_all;

use crate::cloud::{Class, Cloud};
use crate::graph::Graph;
use crate::names::{Address, Owner};
use crate::observe::{Failure, Observed};
use crate::plan::{Decision, Plan};
use crate::state::journal::Entry;
use crate::state::{Call, Pending, Record, State};
use crate::value::Json;

/// Records whose block has a new name.
pub(super) fn moves(graph: &Graph, state: &State) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (old, new) in &graph.moved {
        for from in state.records.keys() {
            let Some(rest) = from.path.strip_prefix(old.as_str()) else { continue };
            let to = Address::new(format!("{new}{rest}"), from.at.clone());
            let whole = rest.is_empty() || rest.starts_with('.');
            if whole && graph.get(&to).is_some() && !state.records.contains_key(&to) {
                entries.push(Entry::Moved { from: from.clone(), to });
            }
        }
    }
    entries
}

/// What became of calls that began and never ended. An update or a delete needs nothing more: the
/// plan looks at what is there.
pub(super) async fn resolve_pending(cloud: &dyn Cloud, state: &State) -> Result<Vec<Entry>, Vec<Failure>> {
    let all = state.pending.iter().map(|pending| resolve(cloud, state, pending));
    let (mut entries, mut failures) = (Vec::new(), Vec::new());
    for resolved in join_all(all).await {
        match resolved {
            Ok(entry) => entries.push(entry),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(entries) } else { Err(failures) }
}

async fn resolve(cloud: &dyn Cloud, state: &State, pending: &Pending) -> Result<Entry, Failure> {
    let address = pending.address.clone();
    let cleared = Entry::Cleared { address: address.clone(), generation: pending.generation };
    if pending.call != Call::Create {
        return Ok(cleared);
    }
    let owner = Owner { stack: state.stack.clone(), address: address.clone(), generation: pending.generation };
    let id = match cloud.find(&address.at, &pending.kind, &owner, &pending.spec).await {
        Ok(Some(id)) => id,
        Ok(None) => return Ok(cleared),
        Err(error) if error.class == Class::Taken => return Ok(cleared),
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

/// Records whose block says something else of protection and retention than it did.
pub(super) fn declared(graph: &Graph, state: &State) -> Vec<Entry> {
    let says = |(address, record): (&Address, &Record)| {
        let declaration = &graph.get(address)?.declaration;
        let (protect, retain) = (declaration.protect, declaration.retain);
        let changed = !declaration.existing && (protect, retain) != (record.protect, record.retain);
        changed.then(|| Entry::Made { address: address.clone(), record: Record { protect, retain, ..record.clone() } })
    };
    state.records.iter().filter_map(says).collect()
}

/// Records of things that stay as they are, with what has changed since they were written: outputs,
/// which what refers to them takes from there, and what they need, for the order of a later delete.
pub(super) fn refreshed(plan: &Plan, graph: &Graph, state: &State, observed: &Observed) -> Vec<Entry> {
    let kept = plan.entries.iter().filter(|entry| entry.decision == Decision::Keep);
    kept.filter_map(|entry| {
        let record = state.records.get(&entry.address)?;
        let mut outputs = record.outputs.clone();
        let seen = observed.live(&entry.address)?.outputs.as_object()?.iter();
        for (name, value) in seen.filter(|(_, value)| !value.is_null()) {
            outputs[name] = value.clone();
        }
        let needs = graph.get(&entry.address)?.needs.keys().cloned().collect();
        let now = Record { outputs, needs, ..record.clone() };
        (now != *record).then(|| Entry::Made { address: entry.address.clone(), record: now })
    })
    .collect()
}
