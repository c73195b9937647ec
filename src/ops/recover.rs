//! Rebuilds or repairs a state from what is in AWS. Nothing changes there.
//!
//! A plan finds what is ours by name, token or tag; here the finding is written down and nothing else is
//! done. What carries the stack's tags and stands in no record is told to the user: nobody looks after it.

use std::collections::BTreeMap;

use super::survey::Survey;
use super::{Engine, EngineError, apply_entries, bookkeeping, check_account, fresh};
use crate::catalog::Shape;
use crate::cloud::Tagged;
use crate::diff::{changes, target};
use crate::graph::Graph;
use crate::intent::Intent;
use crate::names::{Address, PhysicalId, Region};
use crate::plan::{Decision, Obstacle, Planned};
use crate::state::entry::Entry;
use crate::state::{Record, State};
use crate::store::journal::Journal;
use crate::store::{Holder, StoreError};
use crate::value::{Json, Key, Partial, Path};

/// A recovery: the entries that it would write, and what it has found.
#[derive(Debug)]
pub struct Recovery {
    /// The reason why the present state cannot be read, if so.
    pub damaged: Option<StoreError>,
    /// Resources in AWS and not in the state: to be recorded.
    pub taken_up: Vec<Recovered>,
    /// Resources in the state and not in AWS: to be dropped.
    pub gone: Vec<(Address, PhysicalId)>,
    /// Calls whose outcome was not known.
    pub open_calls: usize,
    /// The number of resources in the state and in AWS.
    pub confirmed: usize,
    /// Resources in the file and not in AWS: the next apply creates them.
    pub absent: Vec<Address>,
    /// Resources with the stack's tags and in no record.
    pub orphans: Vec<Orphan>,
    /// Obstacles to the survey.
    pub obstacles: Vec<Obstacle>,
    state: State,
    pub(super) entries: Vec<Entry>,
}

/// A resource of the stack that is recorded again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Its address.
    pub address: Address,
    /// Its id in AWS.
    pub id: PhysicalId,
    /// Set if it differs from the file: the next apply changes it.
    pub differs: bool,
}

/// A resource that carries the stack's tags and is in no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its ARN.
    pub arn: String,
    /// The address that its tags tell.
    pub address: Option<Address>,
    /// The reason why it is in no record.
    pub why: OrphanReason,
}

/// Reasons why a resource of the stack is in no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrphanReason {
    /// Its address is not in the file.
    NotInFile,
    /// Another thing stands at its address: it is the old half of a replacement.
    Superseded,
    /// Its name or token depends on a resource that is not there.
    NotFound,
}

impl Recovery {
    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.damaged.is_none() && self.entries.is_empty()
    }
}

impl Engine {
    /// Reads AWS, and decides what the state should say of it. Writes nothing.
    pub async fn recovery(&self, graph: &Graph) -> Result<Recovery, EngineError> {
        let account = self.cloud.account().await?;
        let (before, damaged) = match self.store.load().await {
            Ok(state) => (state.unwrap_or_else(|| fresh(graph)), None),
            Err(error @ StoreError::Damaged { .. }) => (fresh(graph), Some(error)),
            Err(error) => return Err(error.into()),
        };
        check_account(&account, graph, &before)?;
        let mut survey = self.survey(graph, before.clone(), &Intent::default(), &account).await?;
        // What the file wants and is gone has been dropped already; what it does not want any more, not yet.
        let left = bookkeeping::gone(&survey.state, &survey.observed, |_| true);
        let more = apply_entries(&mut survey.state, &left);
        survey.entries.extend(more);
        let gone = survey.entries.iter().filter_map(|entry| match entry {
            Entry::Gone { address, id, .. } => Some((address.clone(), id.clone())),
            _ => None,
        });
        let gone: Vec<(Address, PhysicalId)> = gone.collect();
        let mut entries = Vec::new();
        let regions = graph.regions.iter().chain(&before.regions).cloned();
        let regions: Vec<Region> = regions.collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        let tagged = self.cloud.tagged(&graph.stack, &regions).await?;
        let mut state = survey.state.clone();
        entries.extend(survey.entries.iter().cloned());
        let found = self.found(&survey, &tagged);
        let refreshed = refreshed(&survey);
        let entries_now: Vec<Entry> = found.iter().map(|(entry, _)| entry.clone()).chain(refreshed).collect();
        entries.extend(apply_entries(&mut state, &entries_now));
        let is_known = before.account == account && graph.regions.iter().all(|region| before.regions.contains(region));
        if !is_known && !state.records.is_empty() {
            entries.insert(0, Entry::Used { account, regions: graph.regions.clone() });
        }
        let made = |entry: &&Planned| matches!(entry.decision, Decision::Create { .. });
        let absent = survey.decided.plan.entries.iter().filter(made).map(|entry| entry.address.clone()).collect();
        let was_there = |address: &&Address| survey.observed.live(address).is_some();
        Ok(Recovery {
            damaged,
            taken_up: found.into_iter().map(|(_, taken_up)| taken_up).collect(),
            gone,
            open_calls: before.pending.len(),
            confirmed: survey.state.records.keys().filter(was_there).count(),
            absent,
            orphans: orphans(graph, &state, &tagged),
            obstacles: survey.decided.plan.obstacles,
            state: before,
            entries,
        })
    }

    /// Writes a recovery; returns where an unreadable state is kept.
    pub async fn recover(&self, recovery: Recovery, holder: &Holder) -> Result<Vec<String>, EngineError> {
        let kept = if recovery.damaged.is_some() { self.store.set_aside(holder).await? } else { Vec::new() };
        self.store.lock(holder, self.lock_timeout).await?;
        let written = self.write_down(recovery).await;
        self.store.unlock().await?;
        written.map(|()| kept)
    }

    async fn write_down(&self, recovery: Recovery) -> Result<(), EngineError> {
        let state = match self.store.load().await? {
            Some(now) if now.same_content(&recovery.state) => now,
            None if recovery.state.serial == 0 => recovery.state,
            _ => return Err(EngineError::StalePlan),
        };
        let journal = Journal::new(self.store.clone(), state);
        journal.save().await?;
        for entry in recovery.entries {
            journal.write(entry).await?;
        }
        journal.save().await?;
        Ok(())
    }

    /// Records of what a survey has found to be ours.
    fn found(&self, survey: &Survey, tagged: &[Tagged]) -> Vec<(Entry, Recovered)> {
        let record = |entry: &Planned| {
            let Decision::Adopt { id, .. } = &entry.decision else { return None };
            let address = &entry.address;
            let (node, info) = (survey.graph.get(address)?, self.catalog.get(&entry.kind)?);
            let live = survey.observed.live(address)?;
            let wanted = survey.decided.wanted.get(address)?;
            let (spec, differs) = sent(&info.spec, wanted, &node.declaration.defaults, &live.spec);
            let told = tagged.iter().filter(|thing| thing.address.as_ref() == Some(address));
            let record = Record {
                kind: entry.kind.clone(),
                id: id.clone(),
                // The next one must be none that was there before.
                generation: told.filter_map(|thing| thing.generation).max().unwrap_or(1),
                spec: info.redact(&spec),
                outputs: live.outputs.clone(),
                needs: node.needs.keys().cloned().collect(),
                protect: node.declaration.protect,
                retain: node.declaration.retain,
            };
            let taken_up = Recovered { address: address.clone(), id: id.clone(), differs };
            Some((Entry::Made { address: address.clone(), record }, taken_up))
        };
        survey.decided.plan.entries.iter().filter_map(record).collect()
    }
}

/// The spec that must have been sent last, as far as AWS tells: the wanted value where nothing differs, the live one
/// where something does. Fields that AWS never tells are taken to be as the file says, and so are those that it leaves
/// to a default. True if anything differs.
fn sent(shape: &Shape, wanted: &Partial, defaults: &[Path], live: &Json) -> (Json, bool) {
    let Partial::Map(fields) = wanted else { return (Json::Null, false) };
    let known = fields.iter().filter_map(|(name, wanted)| Some((name.clone(), wanted.finish().ok()?)));
    let mut sent: serde_json::Map<String, Json> = known.collect();
    let file = Json::Object(sent.clone());
    let changes = changes(shape, &target(shape, wanted, defaults, live, Some(&file)), live, Some(&file));
    for change in &changes {
        if let Some(Key::Field(name)) = change.path.0.first()
            && let Some(there) = live.get(name)
        {
            sent.insert(name.clone(), there.clone());
        }
    }
    (Json::Object(sent), !changes.is_empty())
}

/// Records of what is there, with what it can be referred to by now.
fn refreshed(survey: &Survey) -> Vec<Entry> {
    let Survey { decided, graph, state, observed, .. } = survey;
    bookkeeping::refreshed((&decided.plan, graph), state, observed, &|_| None)
}

/// Things of ours that are in no record.
fn orphans(graph: &Graph, state: &State, tagged: &[Tagged]) -> Vec<Orphan> {
    let mut newest: BTreeMap<&Address, u32> = BTreeMap::new();
    for thing in tagged {
        if let (Some(address), Some(generation)) = (&thing.address, thing.generation) {
            let most = newest.entry(address).or_default();
            *most = generation.max(*most);
        }
    }
    let old = state.deposed.iter().map(|old| &old.record);
    let records: Vec<&Record> = state.records.values().chain(old).collect();
    let orphan = |thing: &Tagged| {
        if records.iter().any(|record| is_it(record, &thing.arn)) {
            return None;
        }
        let address = thing.address.as_ref().map(|address| moved(graph, address));
        let why = match &address {
            Some(address) if state.records.contains_key(address) => {
                let newest = thing.address.as_ref().and_then(|address| newest.get(address));
                // What AWS makes of a thing may carry its tags, with its own generation.
                (thing.generation.as_ref() < newest).then_some(OrphanReason::Superseded)?
            }
            Some(address) if graph.get(address).is_some() => OrphanReason::NotFound,
            _ => OrphanReason::NotInFile,
        };
        Some(Orphan { arn: thing.arn.clone(), address: thing.address.clone(), why })
    };
    tagged.iter().filter_map(orphan).collect()
}

/// True if a record is that of the resource with this ARN.
fn is_it(record: &Record, arn: &str) -> bool {
    let id = record.id.as_str();
    let ends = |id: &str| arn.strip_suffix(id).is_some_and(|head| head.is_empty() || head.ends_with(['/', ':']));
    ends(id) || record.outputs.get("arn").and_then(Json::as_str) == Some(arn)
}

/// The address in the file of a thing that was made under an earlier one.
fn moved(graph: &Graph, address: &Address) -> Address {
    let new = graph.moved.iter().find_map(|(old, new)| address.renamed(old, new));
    new.unwrap_or_else(|| address.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_aws_never_tells_are_as_the_file_says() {
        let text = json!({"type": ["string", "null"]});
        let never_told = json!({"type": ["string", "null"], "x-write-only": true});
        let fields = json!({"told": text, "unseen": text, "unset": text, "hidden": never_told});
        let shape = Shape::from_schema(&json!({"type": "object", "properties": fields})).expect("a shape");
        let file = json!({"told": "new", "unseen": "new", "unset": "new", "hidden": "new"});
        let live = json!({"told": "old", "unset": null, "hidden": null});
        let expected = json!({"told": "old", "unseen": "new", "unset": null, "hidden": "new"});
        assert_eq!(sent(&shape, &Partial::from_json(&file), &[], &live), (expected, true));
    }
}
