//! Apply: takes the lock, makes sure that nothing has changed since the plan, and takes every step.

use std::sync::Arc;

use super::{Engine, EngineError, Planning};
use crate::apply::{Broken, Event, Listener, Outcome, Run, Stop};
use crate::plan::steps::steps;
use crate::state::entry::Entry;
use crate::store::Holder;
use crate::store::journal::Journal;

impl Engine {
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

/// A listener that ignores every event.
struct Nobody;

impl Listener for Nobody {
    fn on(&self, _: &Event) {}
}
