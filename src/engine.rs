//! Plan and apply, from end to end: what every command that looks at AWS calls.
//!
//! A plan rests on a state of one serial; it is applied only if the state still has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::apply::{Listener, Outcome, Run, Stop};
use crate::catalog::Catalog;
use crate::cloud::{Ask, Care, Cloud, CloudError, Live};
use crate::graph::Graph;
use crate::names::{Address, Owner, short_hash};
use crate::observe::{Failure, Found, Observed, Search, Target};
use crate::plan::decide::{Decided, Options, decide};
use crate::plan::steps::steps;
use crate::plan::{Decision, Plan};
use crate::state::journal::{self, Entry, Journal};
use crate::state::store::{Holder, Store, StoreError};
use crate::state::{Call, Record, State};
use crate::value::Json;

/// What plans and applies stacks.
#[derive(Clone)]
pub struct Engine {
    /// The door to AWS.
    pub cloud: Arc<dyn Cloud>,
    /// What is known of kinds.
    pub catalog: Catalog,
    /// Where the state is.
    pub store: Arc<dyn Store>,
    /// How many steps may run at once.
    pub parallelism: usize,
    /// How long to wait for another run's lock.
    pub lock_timeout: Duration,
}

/// A plan with what it rests on.
#[derive(Debug, Clone)]
pub struct Planning {
    /// The plan.
    pub plan: Plan,
    graph: Graph,
    state: State,
    /// What comes first when it is applied: calls of an earlier run whose outcome is known by now.
    entries: Vec<Entry>,
    existing: BTreeMap<Address, Json>,
}

/// Why there is no plan, or why it was not applied.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The credentials do not work, or AWS cannot be reached.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The credentials are those of another account.
    #[error("these credentials are for the account {found}, and {whose} the account {expected}")]
    WrongAccount {
        /// The account of the credentials.
        found: String,
        /// The account that is expected.
        expected: String,
        /// Who expects it.
        whose: &'static str,
    },
    /// Some resources could not be read.
    #[error("{} could not be read", count(.0.len()))]
    Unreadable(Vec<Failure>),
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else has changed the stack since it was planned.
    #[error("the state has changed since the plan was made")]
    StalePlan,
}

fn count(resources: usize) -> String {
    if resources == 1 { "1 resource".into() } else { format!("{resources} resources") }
}

impl Engine {
    /// Looks at AWS and decides. Changes nothing, and needs no lock.
    pub async fn plan(&self, graph: &Graph, options: &Options) -> Result<Planning, EngineError> {
        let account = self.cloud.account().await?;
        let mut state = match self.store.load().await? {
            Some(state) => state,
            None => State::new(graph.stack.clone(), short_hash(&format!("{:x}", fastrand::u128(..)), 16)),
        };
        check_account(&account, graph, &state)?;
        self.cloud.start_survey();
        let planned_on = state.clone();
        let mut entries = moves(graph, &state);
        for entry in &entries {
            journal::apply(&mut state, entry);
        }
        let resolved = self.resolve_pending(&state).await?;
        for entry in &resolved {
            journal::apply(&mut state, entry);
        }
        entries.extend(resolved);
        let graph = if options.destroy { graph.emptied() } else { graph.clone() };
        let (decided, observed) = self.decide(&graph, &state, options, &account).await?;
        entries.extend(refreshed(&decided, &state, &observed));
        let outputs = |(address, _): (&Address, _)| Some((address.clone(), observed.live(address)?.outputs.clone()));
        let existing = observed.existing.iter().filter_map(outputs).collect();
        Ok(Planning { plan: decided.plan, graph, state: planned_on, entries, existing })
    }

    /// Applies a plan: takes the lock, makes sure that nothing has changed since, and takes every step.
    pub async fn apply(
        &self,
        planning: Planning,
        holder: &Holder,
        listener: Arc<dyn Listener>,
        stop: Stop,
    ) -> Result<Outcome, EngineError> {
        self.store.lock(holder, self.lock_timeout).await?;
        let outcome = self.apply_locked(planning, listener, stop).await;
        self.store.unlock().await?;
        outcome
    }

    async fn apply_locked(
        &self,
        planning: Planning,
        listener: Arc<dyn Listener>,
        stop: Stop,
    ) -> Result<Outcome, EngineError> {
        match self.store.load().await? {
            Some(now) if now != planning.state => return Err(EngineError::StalePlan),
            None if planning.state.serial > 0 => return Err(EngineError::StalePlan),
            _ => {}
        }
        let journal = Arc::new(Journal::new(self.store.clone(), planning.state));
        // The first write finds out whether anything can be written at all, before AWS is touched.
        journal.save().await?;
        let account = planning.plan.account.clone();
        let regions = planning.plan.regions.clone();
        journal.write(Entry::Used { account: account.clone(), regions }).await?;
        for entry in planning.entries {
            journal.write(entry).await?;
        }
        let steps = steps(&planning.plan, &planning.graph, &journal.state());
        let mut run = Run::new(self.cloud.clone(), planning.graph, self.catalog.clone(), journal.clone(), listener);
        run.stop = stop;
        run.parallelism = self.parallelism;
        run.account = account;
        run.existing = planning.existing;
        let mut outcome = run.go(&planning.plan, steps).await;
        if let Err(error) = journal.save().await {
            // Nothing is lost: the entries are there, and the next run reads them.
            outcome.broken.get_or_insert(error.to_string());
        }
        Ok(outcome)
    }

    /// What stands at each address of the state, read exactly.
    pub async fn look(&self, state: &State) -> Result<BTreeMap<Address, Option<Live>>, EngineError> {
        let mut observed = Observed::default();
        let targets: Vec<Target> = state.records.iter().map(|(address, record)| target(address, record)).collect();
        observed.read(self.cloud.as_ref(), &targets, Care::Exact).await.map_err(EngineError::Unreadable)?;
        Ok(observed.live)
    }

    /// Decides as often as what is decided makes it worth looking again: for things of ours that are
    /// not in the state, and exactly at whatever the survey found different.
    async fn decide(
        &self,
        graph: &Graph,
        state: &State,
        options: &Options,
        account: &str,
    ) -> Result<(Decided, Observed), EngineError> {
        let cloud = self.cloud.as_ref();
        let mut observed = Observed::default();
        self.look_up_existing(graph, &mut observed).await?;
        let targets: Vec<Target> = state.records.iter().map(|(address, record)| target(address, record)).collect();
        observed.read(cloud, &targets, Care::Survey).await.map_err(EngineError::Unreadable)?;
        loop {
            let decided = decide(graph, state, &observed, &self.catalog, options, account);
            let searches = searches(graph, state, &observed, &decided);
            let doubtful = doubtful(state, &observed, &decided);
            if searches.is_empty() && doubtful.is_empty() {
                return Ok((decided, observed));
            }
            observed.search(cloud, &searches).await.map_err(EngineError::Unreadable)?;
            observed.read(cloud, &doubtful, Care::Exact).await.map_err(EngineError::Unreadable)?;
        }
    }

    async fn look_up_existing(&self, graph: &Graph, observed: &mut Observed) -> Result<(), EngineError> {
        for (address, node) in graph.in_order().filter(|(_, node)| node.declaration.existing) {
            let kind = &node.declaration.kind;
            let query = node.declaration.spec.written();
            let Some(id) = self.cloud.lookup(&address.at, kind, &query).await? else { continue };
            let ask = Ask::new(id.clone(), &query);
            let live = self.cloud.read(&address.at, kind, &[ask], Care::Survey).await?.pop().flatten();
            if live.is_some() {
                observed.existing.insert(address.clone(), id);
                observed.live.insert(address.clone(), live);
            }
        }
        Ok(())
    }

    /// Finds out what became of calls that began and never ended.
    async fn resolve_pending(&self, state: &State) -> Result<Vec<Entry>, EngineError> {
        let mut observed = Observed::default();
        let creates = state.pending.iter().filter(|(_, pending)| pending.call == Call::Create);
        let searches: Vec<Search> = creates
            .map(|(address, pending)| Search {
                address: address.clone(),
                kind: pending.kind.clone(),
                owner: Owner { stack: state.stack.clone(), address: address.clone(), generation: pending.generation },
                spec: pending.spec.clone(),
            })
            .collect();
        observed.search(self.cloud.as_ref(), &searches).await.map_err(EngineError::Unreadable)?;
        Ok(state.pending.keys().map(|address| resolution(state, address, &observed)).collect())
    }
}

/// What is known by now of a call that began and never ended. An update or a delete needs nothing
/// more: the plan looks at what is there.
fn resolution(state: &State, address: &Address, observed: &Observed) -> Entry {
    let pending = &state.pending[address];
    let Some(Found::Ours(id)) = observed.found.get(address) else {
        return Entry::Cleared { address: address.clone() };
    };
    let record = Record {
        kind: pending.kind.clone(),
        id: id.clone(),
        generation: pending.generation,
        spec: pending.spec.clone(),
        outputs: Json::Null,
        needs: pending.needs.clone(),
        protect: state.records.get(address).is_some_and(|record| record.protect),
        retain: false,
    };
    Entry::Replaced { address: address.clone(), record }
}

/// Records of things that stay as they are, with outputs that have changed since they were written:
/// what refers to them takes the outputs from there.
fn refreshed(decided: &Decided, state: &State, observed: &Observed) -> Vec<Entry> {
    let kept = decided.plan.entries.iter().filter(|entry| entry.decision == Decision::Keep);
    kept.filter_map(|entry| {
        let record = state.records.get(&entry.address)?;
        let mut outputs = record.outputs.clone();
        let seen = observed.live(&entry.address)?.outputs.as_object()?.iter();
        for (name, value) in seen.filter(|(_, value)| !value.is_null()) {
            outputs[name] = value.clone();
        }
        let changed = outputs != record.outputs;
        changed.then(|| Entry::Made { address: entry.address.clone(), record: Record { outputs, ..record.clone() } })
    })
    .collect()
}

fn check_account(found: &str, graph: &Graph, state: &State) -> Result<(), EngineError> {
    let expected = [
        (graph.account.as_deref().unwrap_or_default(), "the stack file says"),
        (state.account.as_str(), "the stack was applied in"),
    ];
    match expected.into_iter().find(|(expected, _)| !expected.is_empty() && *expected != found) {
        Some((expected, whose)) => {
            Err(EngineError::WrongAccount { found: found.to_owned(), expected: expected.to_owned(), whose })
        }
        None => Ok(()),
    }
}

/// Records whose block has a new name.
fn moves(graph: &Graph, state: &State) -> Vec<Entry> {
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

/// Things that would be made and may be there already, left by a run whose state was lost.
fn searches(graph: &Graph, state: &State, observed: &Observed, decided: &Decided) -> Vec<Search> {
    let new = decided.plan.entries.iter().filter(|entry| matches!(entry.decision, Decision::Create { why: None }));
    new.filter(|entry| !observed.found.contains_key(&entry.address) && !state.records.contains_key(&entry.address))
        .filter_map(|entry| {
            Some(Search {
                address: entry.address.clone(),
                kind: entry.kind.clone(),
                owner: Owner { stack: graph.stack.clone(), address: entry.address.clone(), generation: 1 },
                spec: decided.wanted.get(&entry.address)?.finish().ok()?,
            })
        })
        .collect()
}

/// Things that are about to be changed on the word of a survey, and things just found.
fn doubtful(state: &State, observed: &Observed, decided: &Decided) -> Vec<Target> {
    let mut targets = Vec::new();
    for entry in &decided.plan.entries {
        if observed.exact.contains(&entry.address) {
            continue;
        }
        match (&entry.decision, state.records.get(&entry.address)) {
            (Decision::Keep | Decision::Delete | Decision::Forget, _) | (Decision::Create { .. }, None) => {}
            (Decision::Adopt { id, .. }, None) => targets.push(Target {
                address: entry.address.clone(),
                kind: entry.kind.clone(),
                id: id.clone(),
                spec: decided
                    .wanted
                    .get(&entry.address)
                    .map_or(Json::Null, |wanted| wanted.fill_holes(&mut |_| Json::Bool(true))),
            }),
            (_, Some(record)) => targets.push(target(&entry.address, record)),
            (_, None) => {}
        }
    }
    targets
}

fn target(address: &Address, record: &Record) -> Target {
    Target { address: address.clone(), kind: record.kind.clone(), id: record.id.clone(), spec: record.spec.clone() }
}
