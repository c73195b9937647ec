//! A run: start the steps that are ready, await one, record, repeat.
//!
//! Nothing in the loop gives up early: a failed step leaves out what depends on it, and the rest goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::delete::delete;
use super::event::{Counts, Event, Listener};
use super::reads::Reads;
use super::resource::{ResourceStep, VISIBLE_WITHIN};
use super::tracker::Progress;
use crate::catalog::Catalog;
use crate::cloud::{Cloud, CloudError, Live, Readiness};
use crate::graph::Graph;
use crate::names::{Address, StackName};
use crate::plan::steps::{Action, Step, StepId};
use crate::plan::{Decision, Plan};
use crate::schedule::Schedule;
use crate::state::entry::Entry;
use crate::state::{Call, Record};
use crate::store::StoreError;
use crate::store::journal::Journal;
use crate::value::{Json, Reference, Target};

/// Everything a run needs.
pub struct Run {
    /// The door to AWS.
    pub cloud: Arc<dyn Cloud>,
    /// What there should be.
    pub graph: Graph,
    /// What is known of kinds.
    pub catalog: Catalog,
    /// What is remembered, and where it is written.
    pub journal: Arc<Journal>,
    /// Who hears of it.
    pub listener: Arc<dyn Listener>,
    /// Who may stop it.
    pub stop: Stop,
    /// The run itself, once it cannot go on.
    pub(super) halt: Stop,
    /// How many steps may run at once.
    pub parallelism: usize,
    /// The account's number.
    pub account: String,
    /// Outputs of existing things, which are not in the state.
    pub existing: BTreeMap<Address, Json>,
    pub(super) reads: Reads,
    pub(super) started: Instant,
    pub(super) failed: Mutex<BTreeSet<Address>>,
    /// What was made in this run, and when.
    made: Mutex<BTreeMap<Address, Instant>>,
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// How many steps ended how.
    pub counts: Counts,
    /// The steps that failed.
    pub failures: Vec<(Address, CloudError)>,
    /// Whether the user stopped it.
    pub interrupted: bool,
    /// Why nothing more was done from some point on, if so.
    pub broken: Option<Broken>,
}

/// Why a run could not go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Broken {
    /// What cannot be recorded must not be done.
    #[error("the state could not be written: {0}")]
    Unwritten(Arc<StoreError>),
    /// So many steps wait for each other.
    #[error("{0} steps wait for each other and were not taken")]
    Circle(usize),
}

/// Stops a run, gently or at once. Clones stop the same run.
#[derive(Clone)]
pub struct Stop(tokio::sync::watch::Sender<u8>);

impl Default for Stop {
    fn default() -> Self {
        Self(tokio::sync::watch::channel(0).0)
    }
}

impl Stop {
    /// The first request lets no step begin and hands over what is in flight; the second leaves at once.
    pub fn request(&self) {
        self.0.send_modify(|level| *level = level.saturating_add(1));
    }

    /// How often it was requested.
    pub fn level(&self) -> u8 {
        *self.0.borrow()
    }

    /// Returns once it was requested this often.
    pub async fn requested(&self, level: u8) {
        let mut receiver = self.0.subscribe();
        // The sender is ours: it cannot be gone.
        let _ = receiver.wait_for(|now| *now >= level).await;
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// AWS said no, or too late.
    Cloud(Box<CloudError>),
    /// The state could not be written.
    Store(StoreError),
    /// The run was stopped; the next one goes on here.
    Stopped,
}

/// What a task of the loop tells when it ends.
pub(super) enum Done {
    /// A step has come to its end, or to where others can go on.
    Step(StepId, Result<Readiness, Failure>),
    /// What a step made serves, or never will.
    Served(StepId, Result<(), Failure>),
}

impl Run {
    /// A run that has not begun.
    pub fn new(
        cloud: Arc<dyn Cloud>,
        graph: Graph,
        catalog: Catalog,
        journal: Arc<Journal>,
        listener: Arc<dyn Listener>,
    ) -> Self {
        Self {
            reads: Reads::new(cloud.clone()),
            cloud,
            graph,
            catalog,
            journal,
            listener,
            stop: Stop::default(),
            halt: Stop::default(),
            parallelism: 32,
            account: String::new(),
            existing: BTreeMap::new(),
            started: Instant::now(),
            failed: Mutex::default(),
            made: Mutex::default(),
        }
    }

    /// Takes all the steps of a plan.
    pub async fn go(&self, plan: &Plan, steps: Vec<Step>) -> Outcome {
        let forced =
            plan.entries.iter().filter(|entry| matches!(&entry.decision, Decision::Replace { why: Some(_), .. }));
        let forced: BTreeSet<Address> = forced.map(|entry| entry.address.clone()).collect();
        let names = plan.waves.iter().map(|wave| wave.name.clone()).collect();
        let mut progress = Progress::new(self, Schedule::new(steps), forced, names);
        self.tell(&Event::RunStarted { steps: progress.real_steps() });
        let mut tasks: FuturesUnordered<BoxFuture<'_, Done>> = FuturesUnordered::new();
        loop {
            if self.stop.level() >= 1 {
                progress.interrupt();
            }
            progress.begin_ready(&mut tasks);
            if tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                // Twice: whatever is in flight is found again by its Begin.
                () = self.stop.requested(2) => { progress.interrupt(); break }
                () = self.stop.requested(1), if !progress.interrupted => progress.interrupt(),
                done = tasks.next() => if let Some(done) = done { progress.take(done, &mut tasks) },
            }
        }
        drop(tasks);
        progress.finish()
    }

    pub(super) fn stack(&self) -> &StackName {
        &self.graph.stack
    }

    pub(super) fn tell(&self, event: &Event) {
        self.listener.on(event);
    }

    pub(super) async fn write(&self, entry: Entry) -> Result<(), Failure> {
        self.journal.write(entry).await.map_err(Failure::Store)
    }

    pub(super) fn recorded(&self, address: &Address) -> Option<Record> {
        self.journal.look(|state| state.records.get(address).cloned())
    }

    /// The generation of the next thing to be made at an address. A create that was begun and never
    /// ended keeps its own, so that its token and tags still fit.
    pub(super) fn next_generation(&self, address: &Address) -> u32 {
        self.journal.look(|state| {
            let mut open = state.pending.iter().filter(|pending| pending.address == *address);
            let begun = open.find(|pending| pending.call == Call::Create).map(|pending| pending.generation);
            let standing = state.records.get(address).map(|record| record.generation);
            let deposed = state.deposed.iter().filter(|old| old.address == *address);
            let past = state.last_generation.get(address).copied();
            let last = deposed.map(|old| old.record.generation).chain(standing).chain(past).max();
            begun.unwrap_or_else(|| last.unwrap_or(0) + 1)
        })
    }

    pub(super) fn has_made(&self, address: &Address) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), Instant::now());
    }

    /// Whether one of these was made a moment ago, so that not all of AWS may know of it yet.
    pub(super) fn has_just_made<'a>(&self, mut these: impl Iterator<Item = &'a Address>) -> bool {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        these.any(|address| made.get(address).is_some_and(|made| made.elapsed() < VISIBLE_WITHIN))
    }

    /// What a reference stands for, now that what it refers to is there.
    pub(super) fn output(&self, reference: &Reference) -> Option<Json> {
        match &reference.target {
            Target::Known(json) => Some(json.clone()),
            Target::Account => Some(self.account.clone().into()),
            Target::Written { .. } => None,
            Target::Output { of, output } => {
                let pointer = output.iter().fold(String::new(), |pointer, name| format!("{pointer}/{name}"));
                let existing = self.existing.get(of).cloned();
                let outputs = existing.or_else(|| self.recorded(of).map(|record| record.outputs))?;
                outputs.pointer(&pointer).filter(|value| !value.is_null()).cloned()
            }
        }
    }

    /// Nothing new is begun once the run is to end, not by a step that is at work either: the next run
    /// goes on from where it is.
    pub(super) fn ensure_not_stopping(&self) -> Result<(), Failure> {
        let ends = self.stop.level() >= 1 || self.halt.level() >= 1;
        if ends { Err(Failure::Stopped) } else { Ok(()) }
    }

    /// No call begins once the run is to be left at once, or while the lock may be somebody else's.
    pub(super) async fn ensure_lock_held(&self) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.stop.requested(2) => Err(Failure::Stopped),
            () = self.halt.requested(1) => Err(Failure::Stopped),
            open = self.journal.open() => open.map_err(Failure::Store),
        }
    }

    /// Sleeps, unless the run is stopped: then what is waited for is handed over to the next run. So it is
    /// if somebody else has taken the lock meanwhile.
    pub(super) async fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let asleep = async {
            tokio::time::sleep(time).await;
            self.journal.open().await
        };
        tokio::select! {
            open = asleep => open.map_err(Failure::Store),
            () = self.stop.requested(1) => Err(Failure::Stopped),
            () = self.halt.requested(1) => Err(Failure::Stopped),
        }
    }

    /// The first of these that has failed or been left out: what it would have made is not coming.
    pub(super) fn failed_dependency(&self, by: &[Address]) -> Option<Address> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        by.iter().find(|address| failed.contains(*address)).cloned()
    }

    /// Does what a step says.
    pub(super) async fn perform(&self, step: &Step, forced: bool) -> Result<Readiness, Failure> {
        let Some(address) = &step.address else { return Ok(Readiness::Serving) };
        match &step.action {
            Action::Gate => Ok(Readiness::Serving),
            Action::Forget => {
                self.write(Entry::Forgotten { address: address.clone() }).await?;
                Ok(Readiness::Serving)
            }
            Action::Delete { kind, id } => match self.recorded(address).filter(|record| record.id == *id) {
                Some(record) => self.delete(address, &record).await,
                None => Err(Failure::Cloud(Box::new(CloudError::local(
                    crate::cloud::Class::Other,
                    kind.as_str(),
                    "it is no longer in the state; plan again",
                )))),
            },
            Action::DeleteOld => {
                // Nothing is left to delete if what was planned to be replaced could be kept.
                for old in self.deposed(address) {
                    self.delete(address, &old).await?;
                }
                Ok(Readiness::Serving)
            }
            _ => self.converge(address, step, forced).await.map(|live| live.readiness),
        }
    }

    async fn converge(&self, address: &Address, step: &Step, forced: bool) -> Result<Live, Failure> {
        let node = self.graph.get(address);
        let info = node.and_then(|node| self.catalog.get(&node.declaration.kind));
        let (Some(node), Some(info)) = (node, info) else {
            let error = CloudError::local(crate::cloud::Class::Other, "plan", "it is not in the stack");
            return Err(Failure::Cloud(Box::new(error)));
        };
        let resource = ResourceStep::new(self, address, node, info);
        match &step.action {
            Action::Create => resource.create(false).await,
            Action::Replace => resource.replace(forced).await,
            Action::Adopt(id) => resource.adopt(id).await,
            _ => resource.update().await,
        }
    }

    async fn delete(&self, address: &Address, record: &Record) -> Result<Readiness, Failure> {
        let limit = self.catalog.get(&record.kind).map_or(Duration::from_mins(10), |info| info.traits.deadline);
        delete(self, address, &record.kind, record, limit).await?;
        Ok(Readiness::Serving)
    }

    /// What replacements have left at an address.
    pub(super) fn deposed(&self, address: &Address) -> Vec<Record> {
        self.journal.look(|state| {
            let old = state.deposed.iter().filter(|old| old.address == *address);
            old.map(|old| old.record.clone()).collect()
        })
    }

    /// Looks until what a step made serves.
    pub(super) async fn serve(&self, address: &Address) -> Result<(), Failure> {
        let node = self.graph.get(address);
        match node.and_then(|node| self.catalog.get(&node.declaration.kind).map(|info| (node, info))) {
            Some((node, info)) => ResourceStep::new(self, address, node, info).serve().await,
            None => Ok(()),
        }
    }
}
