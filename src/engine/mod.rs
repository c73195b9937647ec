//! Plan and apply, from end to end: what every command that looks at AWS calls.
//!
//! A plan rests on a state of one serial; it is applied only if the state still has it.

mod bookkeeping;
pub mod recover;
mod survey;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::survey::Survey;
use crate::apply::{Broken, Event, Listener, Outcome, Run, Stop};
use crate::catalog::Catalog;
use crate::cloud::{Cloud, CloudError};
use crate::graph::Graph;
use crate::names::{Address, short_hash};
use crate::observe::ReadFailure;
use crate::plan::steps::{circle, steps};
use crate::plan::{Obstacle, ObstacleKind, Plan};
use crate::planning::decide::Options;
use crate::problem::nearest;
use crate::state::State;
use crate::state::entry::Entry;
use crate::store::journal::Journal;
use crate::store::{Holder, Store, StoreError};
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
    Unreadable(Vec<ReadFailure>),
    /// The state could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address on the command line that nothing has.
    #[error("`{pattern}` fits no address of this stack{}", .near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    FitsNothing {
        /// What was given.
        pattern: String,
        /// The address nearest to it.
        near: Option<String>,
    },
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
        let planned_on = self.store.load().await?.unwrap_or_else(|| fresh(graph));
        check_account(&account, graph, &planned_on)?;
        check_patterns(options, graph, &planned_on)?;
        let survey = self.survey(graph, planned_on.clone(), options, &account).await?;
        let Survey { graph, state, mut entries, decided, observed } = survey;
        entries.extend(bookkeeping::refreshed(&decided.plan, &graph, &state, &observed));
        let outputs = |(address, _): (&Address, _)| Some((address.clone(), observed.live(address)?.outputs.clone()));
        let existing = observed.existing.iter().filter_map(outputs).collect();
        let mut plan = decided.plan;
        let circle = circle(&steps(&plan, &graph, &state));
        plan.obstacles.extend(circle.first().map(|first| Obstacle {
            address: first.clone(),
            kind: ObstacleKind::Impossible,
            message: format!("each of these waits for another: {}", words(&circle)),
            help: "make the change in two runs: first what is to be replaced, then the rest".into(),
        }));
        Ok(Planning { plan, graph, state: planned_on, entries, existing })
    }

    /// Applies a plan: takes the lock, makes sure that nothing has changed since, and takes every step.
    pub async fn apply(
        &self,
        planning: Planning,
        holder: &Holder,
        listener: Arc<dyn Listener>,
        stop: Stop,
    ) -> Result<Outcome, EngineError> {
        tokio::select! {
            locked = self.store.lock(holder, self.lock_timeout) => locked?,
            () = stop.requested(1) => return Ok(Outcome { interrupted: true, ..Outcome::default() }),
        }
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
        let state = match self.store.load().await? {
            Some(now) if now.same_content(&planning.state) => now,
            None if planning.state.serial == 0 => planning.state,
            _ => return Err(EngineError::StalePlan),
        };
        let journal = Arc::new(Journal::new(self.store.clone(), state));
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
        run.context.stop = stop;
        run.parallelism = self.parallelism;
        run.context.account = account;
        run.context.existing = planning.existing;
        let mut outcome = run.go(&planning.plan, steps).await;
        if let Err(error) = journal.save().await {
            // Nothing is lost: the entries are there, and the next run reads them.
            outcome.broken.get_or_insert_with(|| Broken::Unwritten(Arc::new(error)));
        }
        Ok(outcome)
    }

    /// Writes what a plan that changes nothing has found out: names that moved, outcomes of calls,
    /// what the file now says of protection. Nothing is written if there is nothing to write.
    pub async fn record_only(&self, planning: Planning, holder: &Holder) -> Result<(), EngineError> {
        if planning.entries.is_empty() {
            return Ok(());
        }
        self.apply(planning, holder, Arc::new(Nobody), Stop::default()).await.map(drop)
    }
}

/// The state of a stack of which nothing is remembered.
fn fresh(graph: &Graph) -> State {
    State::new(graph.stack.clone(), short_hash(&format!("{:x}", fastrand::u128(..)), 16))
}

/// Nobody to tell.
struct Nobody;

impl Listener for Nobody {
    fn on(&self, _: &Event) {}
}

/// Applies entries to a state, and gives them on.
fn apply_entries(state: &mut State, entries: &[Entry]) -> Vec<Entry> {
    for entry in entries {
        state.apply(entry);
    }
    entries.to_vec()
}

fn words(addresses: &[Address]) -> String {
    addresses.iter().map(|address| format!("`{address}`")).collect::<Vec<_>>().join(", ")
}

/// A pattern that fits nothing is a slip, and would be taken for "nothing to do".
fn check_patterns(options: &Options, graph: &Graph, state: &State) -> Result<(), EngineError> {
    let nodes = graph.in_order().map(|(address, _)| address);
    let known: Vec<&Address> = nodes.chain(state.records.keys()).collect();
    let given = [&options.targets, &options.excludes, &options.replace, &options.allow_data_loss];
    let lost = given.into_iter().flatten().find(|pattern| {
        !["*", "all"].contains(&pattern.as_str()) && !known.iter().any(|address| address.is_in(pattern))
    });
    let Some(pattern) = lost else { return Ok(()) };
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let near = nearest(pattern, names.iter().map(String::as_str)).map(str::to_owned);
    Err(EngineError::FitsNothing { pattern: pattern.clone(), near })
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
