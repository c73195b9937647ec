//! A run: start the steps that are ready, await one, record, repeat.
//!
//! Nothing in the loop gives up early: a failed step leaves out what depends on it, and the rest goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};

use super::context::Context;
use super::event::{Event, Listener};
use super::outcome::Outcome;
use super::tracker::{Completion, Tracker};
use crate::catalog::Catalog;
use crate::cloud::Cloud;
use crate::graph::Graph;
use crate::names::Address;
use crate::plan::steps::Step;
use crate::plan::{Decision, Plan};
use crate::schedule::Schedule;
use crate::store::journal::Journal;

/// A run of a plan's steps.
pub struct Run {
    /// Everything that its steps share.
    pub context: Context,
    /// Most steps that may run at once.
    pub parallelism: usize,
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
        Self { context: Context::new(cloud, graph, catalog, journal, listener), parallelism: 32 }
    }

    /// Runs all the steps of a plan.
    pub async fn go(&self, plan: &Plan, steps: Vec<Step>) -> Outcome {
        let stop = &self.context.stop;
        let mut tracker = Tracker::new(&self.context, self.parallelism, Schedule::new(steps), plan, forced(plan));
        self.context.tell(&Event::RunStarted { steps: tracker.real_steps() });
        let mut tasks: FuturesUnordered<BoxFuture<'_, Completion>> = FuturesUnordered::new();
        loop {
            if stop.level() >= 1 {
                tracker.interrupt();
            }
            tracker.begin_ready(&mut tasks);
            if tasks.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                // Twice: whatever is in flight is found again by its Begin.
                () = stop.requested(2) => { tracker.interrupt(); break }
                () = stop.requested(1), if !tracker.interrupted => tracker.interrupt(),
                done = tasks.next() => if let Some(done) = done { tracker.take(done, &mut tasks) },
            }
        }
        drop(tasks);
        tracker.finish()
    }
}

/// Addresses that are replaced although no change asks for it.
fn forced(plan: &Plan) -> BTreeSet<Address> {
    let forced = plan.entries.iter().filter(|entry| matches!(&entry.decision, Decision::Replace { why: Some(_), .. }));
    forced.map(|entry| entry.address.clone()).collect()
}
