//! Plan: reads AWS and decides what would change.

use std::collections::BTreeMap;

use super::survey::Survey;
use super::{Engine, EngineError, apply_entries, bookkeeping, check_account, fresh};
use crate::graph::Graph;
use crate::intent::Intent;
use crate::names::Address;
use crate::plan::steps::{circle, steps};
use crate::plan::{Obstacle, ObstacleKind, Plan, Planned};
use crate::problem::nearest;
use crate::state::State;
use crate::state::entry::Entry;
use crate::value::Json;

/// A plan with what it rests on.
#[derive(Debug, Clone)]
pub struct Planning {
    /// The plan.
    pub plan: Plan,
    pub(super) graph: Graph,
    pub(super) state: State,
    /// Entries that are written first when it is applied: calls of an earlier run whose outcome is known by now.
    pub(super) entries: Vec<Entry>,
    pub(super) existing: BTreeMap<Address, Json>,
}

impl Engine {
    /// Reads AWS and decides. Changes nothing, and needs no lock.
    pub async fn plan(&self, graph: &Graph, intent: &Intent) -> Result<Planning, EngineError> {
        let account = self.cloud.account().await?;
        let planned_on = self.store.load().await?.unwrap_or_else(|| fresh(graph));
        check_account(&account, graph, &planned_on)?;
        check_patterns(intent, graph, &planned_on)?;
        let (remembered, recovered) = self.remembered(graph, intent, &planned_on).await?;
        let survey = self.survey(graph, remembered, intent, &account).await?;
        let Survey { graph, state, entries: surveyed, decided, observed } = survey;
        let mut entries: Vec<Entry> = recovered.into_iter().chain(surveyed).collect();
        let said = |entry: &Planned| {
            let wanted = decided.wanted.get(&entry.address)?.finish().ok()?;
            Some(self.catalog.get(&entry.kind)?.redact(&wanted))
        };
        entries.extend(bookkeeping::refreshed((&decided.plan, &graph), &state, &observed, &said));
        let outputs = |(address, _): (&Address, _)| Some((address.clone(), observed.live(address)?.outputs.clone()));
        let existing = observed.existing.iter().filter_map(outputs).collect();
        let mut plan = decided.plan;
        let circle = circle(&steps(&plan, &graph, &state));
        plan.obstacles.extend(waits_for_itself(&plan, &circle));
        Ok(Planning { plan, graph, state: planned_on, entries, existing })
    }

    /// The state to plan on. One that is lost says that there is nothing, which is no reason to leave a stack behind:
    /// a destroy first finds what is ours, as `recover` does.
    async fn remembered(
        &self,
        graph: &Graph,
        intent: &Intent,
        planned_on: &State,
    ) -> Result<(State, Vec<Entry>), EngineError> {
        let mut state = planned_on.clone();
        let is_blank = state.records.is_empty() && state.pending.is_empty() && state.deposed.is_empty();
        if !intent.overlay.is_destroy() || !is_blank {
            return Ok((state, Vec::new()));
        }
        // What is to be retained stays where it is, and nobody need look after it for that.
        let is_retained = |entry: &Entry| matches!(entry, Entry::Made { record, .. } if record.retain);
        let found: Vec<Entry> =
            self.recovery(graph).await?.entries.into_iter().filter(|entry| !is_retained(entry)).collect();
        let entries = apply_entries(&mut state, &found);
        Ok((state, entries))
    }
}

/// The obstacle of steps that wait for each other.
fn waits_for_itself(plan: &Plan, circle: &[Address]) -> Option<Obstacle> {
    let exchanged: Vec<Address> =
        circle.iter().filter(|address| plan.names_held.contains_key(address)).cloned().collect();
    let (message, help) = match exchanged.as_slice() {
        [] => (
            format!("these resources wait for each other: {}", words(circle)),
            "make the change in two runs: first the replacements, then the rest",
        ),
        _ => (
            format!("{} would exchange their names in AWS and change besides: none can come first", words(&exchanged)),
            "give one of them a third name and apply, and its new name after that; if only the blocks are to be called \
             otherwise, exchange their names in the file with everything that they have",
        ),
    };
    let address = exchanged.first().or(circle.first())?.clone();
    Some(Obstacle { address, kind: ObstacleKind::Impossible, message, help: help.into() })
}

fn words(addresses: &[Address]) -> String {
    addresses.iter().map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ")
}

/// A pattern that fits nothing is a slip, and would be taken for "nothing to do".
fn check_patterns(intent: &Intent, graph: &Graph, state: &State) -> Result<(), EngineError> {
    let nodes = graph.in_order().map(|(address, _)| address);
    // A call still open may have made something, and what it made is then part of the plan.
    let open = state.pending.iter().map(|pending| &pending.address);
    let stands = state.everything().map(|(address, _)| address);
    let known: Vec<&Address> = nodes.chain(stands).chain(open).collect();
    let lost = intent.patterns().find(|pattern| {
        !["*", "all"].contains(&pattern.as_str()) && !known.iter().any(|address| address.is_in(pattern))
    });
    let Some(pattern) = lost else { return Ok(()) };
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let near = nearest(pattern, names.iter().map(String::as_str)).map(str::to_owned);
    Err(EngineError::FitsNothing { pattern: pattern.clone(), near })
}
