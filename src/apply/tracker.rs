//! Bookkeeping of a run: the results of its tasks go into the schedule, the outcome and the events.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use super::context::{Context, StepFailure};
use super::event::Event;
use super::outcome::{Broken, Outcome};
use super::perform::{perform, wait_until_serving};
use crate::cloud::{Class, Readiness};
use crate::names::{Address, Scope};
use crate::plan::Plan;
use crate::plan::steps::{Action, Step, StepId};
use crate::schedule::{Schedule, Status};

/// The result of a task.
pub(super) enum Completion {
    /// A step has come to its end, or to where others can go on.
    Step(StepId, Result<Readiness, StepFailure>),
    /// A resource of a step serves, or never will.
    Serving(StepId, Result<(), StepFailure>),
}

/// Bookkeeping of a run.
pub(super) struct Tracker<'a> {
    context: &'a Context,
    parallelism: usize,
    schedule: Schedule,
    forced: BTreeSet<Address>,
    names: Vec<Scope>,
    begun: Vec<Option<Instant>>,
    waves: BTreeSet<usize>,
    running: usize,
    outcome: Outcome,
    pub(super) interrupted: bool,
}

impl<'a> Tracker<'a> {
    pub(super) fn new(
        context: &'a Context,
        parallelism: usize,
        schedule: Schedule,
        plan: &Plan,
        forced: BTreeSet<Address>,
    ) -> Self {
        let names = plan.waves.iter().map(|wave| wave.name.clone()).collect();
        let begun = vec![None; schedule.steps().len()];
        Self {
            context,
            parallelism,
            schedule,
            forced,
            names,
            begun,
            waves: BTreeSet::new(),
            running: 0,
            outcome: Outcome::default(),
            interrupted: false,
        }
    }

    pub(super) fn real_steps(&self) -> usize {
        self.schedule.steps().iter().filter(|step| step.address.is_some()).count()
    }

    pub(super) fn begin_ready(&mut self, tasks: &mut FuturesUnordered<BoxFuture<'a, Completion>>) {
        for id in self.schedule.ready() {
            if self.running >= self.parallelism {
                return;
            }
            self.schedule.start(id);
            self.running += 1;
            self.begun[id] = Some(Instant::now());
            let step = self.schedule.step(id).clone();
            self.tell_begin(&step);
            let context = self.context;
            let forced = step.address.as_ref().is_some_and(|address| self.forced.contains(address));
            tasks.push(Box::pin(async move { Completion::Step(id, perform(context, &step, forced).await) }));
        }
    }

    fn tell_begin(&mut self, step: &Step) {
        if let (Some(address), Some(verb)) = (&step.address, step.action.verb()) {
            if self.waves.insert(step.wave)
                && let Some(name) = self.names.get(step.wave)
            {
                self.context.tell(&Event::WaveStarted { wave: step.wave, name: name.clone() });
            }
            let node = self.context.graph.get(address).map(|node| node.declaration.kind.clone());
            let kind = node.or_else(|| match &step.action {
                Action::Delete { kind, .. } => Some(kind.clone()),
                _ => self.context.recorded(address).map(|record| record.kind),
            });
            if let Some(kind) = kind {
                self.context.tell(&Event::StepStarted { address: address.clone(), kind, verb });
            }
        }
    }

    pub(super) fn take(&mut self, done: Completion, tasks: &mut FuturesUnordered<BoxFuture<'a, Completion>>) {
        match done {
            Completion::Step(id, Ok(readiness)) => {
                self.running -= 1;
                self.tell_done(id);
                if readiness == Readiness::Serving {
                    self.schedule.serving(id);
                    return;
                }
                self.schedule.configured(id);
                let (context, address) = (self.context, self.schedule.step(id).address.clone());
                if let Some(address) = address {
                    tasks.push(Box::pin(async move {
                        Completion::Serving(id, wait_until_serving(context, &address).await)
                    }));
                }
            }
            Completion::Step(id, Err(failure)) => {
                self.running -= 1;
                self.fail(id, failure);
            }
            Completion::Serving(id, Ok(())) => {
                self.schedule.serving(id);
                if let Some(address) = self.schedule.step(id).address.clone() {
                    self.context.tell(&Event::Serving { address });
                }
            }
            Completion::Serving(id, Err(failure)) => self.fail(id, failure),
        }
    }

    fn tell_done(&mut self, id: StepId) {
        let step = self.schedule.step(id);
        let Some(address) = step.address.clone() else {
            if let Some(name) = self.names.get(step.wave) {
                self.context.tell(&Event::WaveDone { wave: step.wave, name: name.clone() });
            }
            return;
        };
        self.outcome.counts.done += 1;
        let Some(verb) = step.action.verb() else { return };
        let seconds = self.begun[id].map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        let id = match &step.action {
            // Told by the step itself, one by one.
            Action::DeleteOld => return,
            Action::Delete { id, .. } => Some(id.clone()),
            _ => self.context.recorded(&address).map(|record| record.id),
        };
        self.context.tell(&Event::StepDone { address, verb, id, seconds });
    }

    fn fail(&mut self, id: StepId, failure: StepFailure) {
        let configured = self.schedule.status(id) == Status::Configured;
        let skipped = self.schedule.fail(id);
        let step = self.schedule.step(id).clone();
        let (Some(address), Some(verb)) = (step.address, step.action.verb()) else { return };
        match failure {
            StepFailure::Cloud(error) => {
                if configured {
                    self.outcome.counts.done -= 1;
                }
                self.outcome.counts.failed += 1;
                self.outcome.failures.push((address.clone(), (*error).clone()));
                if error.class == Class::Credentials {
                    self.halt(&error.to_string());
                }
                self.context.tell(&Event::StepFailed { address: address.clone(), verb, error: *error });
                self.skip(&skipped, &address);
            }
            StepFailure::Store(error) => {
                let broken = Broken::Unwritten(Arc::new(error));
                self.outcome.counts.failed += 1;
                self.halt(&broken.to_string());
                self.outcome.broken.get_or_insert(broken);
            }
            StepFailure::Stopped => {
                if !configured {
                    self.outcome.counts.skipped += 1;
                }
                self.outcome.counts.skipped += skipped.iter().filter(|id| self.is_real(**id)).count();
            }
        }
        let skipped = skipped.iter().filter_map(|id| self.schedule.step(*id).address.clone());
        self.context.mark_failed(skipped.chain([address]));
    }

    fn skip(&mut self, skipped: &[StepId], because: &Address) {
        for id in skipped {
            let step = self.schedule.step(*id);
            if let (Some(address), Some(verb)) = (step.address.clone(), step.action.verb()) {
                self.outcome.counts.skipped += 1;
                self.context.tell(&Event::StepSkipped { address, verb, because: because.clone() });
            }
        }
    }

    fn is_real(&self, id: StepId) -> bool {
        self.schedule.step(id).address.is_some()
    }

    pub(super) fn interrupt(&mut self) {
        if !self.interrupted {
            self.interrupted = true;
            self.schedule.stop();
            self.context.tell(&Event::Interrupted);
        }
    }

    /// Ends a run that cannot go on: what is waited for is handed over to the next one.
    fn halt(&mut self, why: &str) {
        if self.context.halt.level() == 0 {
            self.context.halt.request();
            self.schedule.stop();
            self.context.tell(&Event::Halted { why: why.to_owned() });
        }
    }

    pub(super) fn finish(mut self) -> Outcome {
        self.outcome.interrupted = self.interrupted;
        let left = self.schedule.left().into_iter().filter(|id| self.is_real(*id)).count();
        self.outcome.counts.skipped += left;
        let explained = self.interrupted || self.outcome.broken.is_some() || !self.outcome.failures.is_empty();
        if left > 0 && !explained {
            self.outcome.broken = Some(Broken::Circle(left));
        }
        self.context.tell(&Event::RunDone { counts: self.outcome.counts });
        self.outcome
    }
}
