//! The context of a run: everything that its steps share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::event::{Event, Listener};
use super::reads::Reads;
use super::stop::Stop;
use crate::catalog::{Catalog, KindInfo};
use crate::cloud::{Class, Cloud, CloudError};
use crate::graph::{Graph, Node};
use crate::names::{Address, StackName};
use crate::state::entry::Entry;
use crate::state::{Call, Record};
use crate::store::StoreError;
use crate::store::journal::Journal;
use crate::value::{Json, Reference, Target, pointer};

/// Longest time for which a resource just created may stay invisible to reads.
pub(super) const VISIBLE_WITHIN: Duration = Duration::from_mins(1);

/// The context of a run.
pub struct Context {
    /// The door to AWS.
    pub cloud: Arc<dyn Cloud>,
    /// The desired resources.
    pub graph: Graph,
    /// Knowledge of kinds.
    pub catalog: Catalog,
    /// The journal: current state, and the log it is persisted to.
    pub journal: Arc<Journal>,
    /// The listener that hears of everything.
    pub listener: Arc<dyn Listener>,
    /// The user's request to stop.
    pub stop: Stop,
    /// The run's own request to stop, once it cannot go on.
    pub(super) halt: Stop,
    /// The account's number.
    pub account: String,
    /// Outputs of existing resources, which are not in the state.
    pub existing: BTreeMap<Address, Json>,
    pub(super) reads: Reads,
    pub(super) started: Instant,
    /// Addresses whose steps have failed or been left out.
    failed: Mutex<BTreeSet<Address>>,
    /// Resources created in this run, and when.
    created: Mutex<BTreeMap<Address, Instant>>,
}

/// The reason why a step did not come to its end.
#[derive(Debug)]
pub(super) enum StepFailure {
    /// AWS said no, or too late.
    Cloud(Box<CloudError>),
    /// The state could not be written.
    Store(StoreError),
    /// The run was stopped; the next one goes on here.
    Stopped,
}

impl StepFailure {
    /// A failure that we state ourselves, without a call.
    pub(super) fn local(class: Class, operation: impl Into<String>, message: impl Into<String>) -> Self {
        CloudError::local(class, operation, message).into()
    }
}

impl From<CloudError> for StepFailure {
    fn from(error: CloudError) -> Self {
        Self::Cloud(Box::new(error))
    }
}

impl Context {
    pub(super) fn new(
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
            account: String::new(),
            existing: BTreeMap::new(),
            started: Instant::now(),
            failed: Mutex::default(),
            created: Mutex::default(),
        }
    }

    pub(super) fn stack(&self) -> &StackName {
        &self.graph.stack
    }

    pub(super) fn tell(&self, event: &Event) {
        self.listener.on(event);
    }

    pub(super) async fn write(&self, entry: Entry) -> Result<(), StepFailure> {
        self.journal.write(entry).await.map_err(StepFailure::Store)
    }

    pub(super) fn recorded(&self, address: &Address) -> Option<Record> {
        self.journal.look(|state| state.records.get(address).cloned())
    }

    /// The generation of the next resource to be created at an address. A create that was begun and never
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

    pub(super) fn mark_created(&self, address: &Address) {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), Instant::now());
    }

    /// True if one of these was created a moment ago, so that not all of AWS may know of it yet.
    pub(super) fn has_just_created<'a>(&self, mut these: impl Iterator<Item = &'a Address>) -> bool {
        let created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        these.any(|address| created.get(address).is_some_and(|created| created.elapsed() < VISIBLE_WITHIN))
    }

    /// The value of a reference, once what it refers to exists.
    pub(super) fn output(&self, reference: &Reference) -> Option<Json> {
        match &reference.target {
            Target::Known(json) => Some(json.clone()),
            Target::Account => Some(self.account.clone().into()),
            Target::Written { .. } => None,
            Target::Output { of, output } => {
                let pointer = pointer(output.iter().map(String::as_str));
                let existing = self.existing.get(of).cloned();
                let outputs = existing.or_else(|| self.recorded(of).map(|record| record.outputs))?;
                outputs.pointer(&pointer).filter(|value| !value.is_null()).cloned()
            }
        }
    }

    /// Nothing new is begun once the run is to end, not by a step that is at work either: the next run
    /// goes on from where it is.
    pub(super) fn ensure_not_stopping(&self) -> Result<(), StepFailure> {
        let ends = self.stop.level() >= 1 || self.halt.level() >= 1;
        if ends { Err(StepFailure::Stopped) } else { Ok(()) }
    }

    /// No call begins once the run is to be left at once, or while the lock may be somebody else's.
    pub(super) async fn ensure_lock_held(&self) -> Result<(), StepFailure> {
        tokio::select! {
            biased;
            () = self.stop.requested(2) => Err(StepFailure::Stopped),
            () = self.halt.requested(1) => Err(StepFailure::Stopped),
            open = self.journal.open() => open.map_err(StepFailure::Store),
        }
    }

    /// Sleeps, unless the run is stopped: then what is waited for is handed over to the next run. So it is
    /// if somebody else has taken the lock meanwhile.
    pub(super) async fn sleep(&self, time: Duration) -> Result<(), StepFailure> {
        let asleep = async {
            tokio::time::sleep(time).await;
            self.journal.open().await
        };
        tokio::select! {
            open = asleep => open.map_err(StepFailure::Store),
            () = self.stop.requested(1) => Err(StepFailure::Stopped),
            () = self.halt.requested(1) => Err(StepFailure::Stopped),
        }
    }

    /// The first of these that has failed or been left out: it will not come to exist in this run.
    pub(super) fn failed_dependency(&self, by: &[Address]) -> Option<Address> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        by.iter().find(|address| failed.contains(*address)).cloned()
    }

    /// The records of deposed resources at an address: what replacements have left.
    pub(super) fn deposed(&self, address: &Address) -> Vec<Record> {
        self.journal.look(|state| {
            let old = state.deposed.iter().filter(|old| old.address == *address);
            old.map(|old| old.record.clone()).collect()
        })
    }

    /// Marks addresses whose steps have failed or been left out.
    pub(super) fn mark_failed(&self, addresses: impl IntoIterator<Item = Address>) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).extend(addresses);
    }

    /// A declared resource with the knowledge of its kind.
    pub(super) fn declared(&self, address: &Address) -> Option<(&Node, &KindInfo)> {
        let node = self.graph.get(address)?;
        self.catalog.get(&node.declaration.kind).map(|info| (node, info))
    }
}
