//! How far a run has come: what its tasks report goes into the schedule, the outcome and the events.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use super::event::Event;
use super::run::{Broken, Done, Failure, Outcome, Run};
use crate::cloud::{Class, Readiness};
use crate::names::{Address, Scope};
use crate::plan::steps::{Action, Step, StepId};
use crate::schedule::{Schedule, Status};

/// How far a run has come.
pub(super) struct Progress<'a> {
    run: &'a Run,
    schedule: Schedule,
    forced: BTreeSet<Address>,
    names: Vec<Scope>,
    begun: Vec<Option<Instant>>,
    waves: BTreeSet<usize>,
    running: usize,
    outcome: Outcome,
    pub(super) interrupted: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(run: &'a Run, schedule: Schedule, forced: BTreeSet<Address>, names: Vec<Scope>) -> Self {
        let begun = vec![None; schedule.steps().len()];
        Self {
            run,
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

    pub(super) fn begin_ready(&mut self, tasks: &mut FuturesUnordered<BoxFuture<'a, Done>>) {
        for id in self.schedule.ready() {
            if self.running >= self.run.parallelism {
                return;
            }
            self.schedule.start(id);
            self.running += 1;
            self.begun[id] = Some(Instant::now());
            let step = self.schedule.step(id).clone();
            self.tell_begin(&step);
            let run = self.run;
            let forced = step.address.as_ref().is_some_and(|address| self.forced.contains(address));
            tasks.push(Box::pin(async move { Done::Step(id, run.perform(&step, forced).await) }));
        }
    }

    fn tell_begin(&mut self, step: &Step) {
        if let (Some(address), Some(verb)) = (&step.address, step.action.verb()) {
            if self.waves.insert(step.wave)
                && let Some(name) = self.names.get(step.wave)
            {
                self.run.tell(&Event::WaveStarted { wave: step.wave, name: name.clone() });
            }
            let node = self.run.graph.get(address).map(|node| node.declaration.kind.clone());
            let kind = node.or_else(|| match &step.action {
                Action::Delete { kind, .. } => Some(kind.clone()),
                _ => self.run.recorded(address).map(|record| record.kind),
            });
            if let Some(kind) = kind {
                self.run.tell(&Event::StepStarted { address: address.clone(), kind, verb });
            }
        }
    }

    pub(super) fn take(&mut self, done: Done, tasks: &mut FuturesUnordered<BoxFuture<'a, Done>>) {
        match done {
            Done::Step(id, Ok(readiness)) => {
                self.running -= 1;
                self.tell_done(id);
                if readiness == Readiness::Serving {
                    self.schedule.serving(id);
                    return;
                }
                self.schedule.configured(id);
                let (run, address) = (self.run, self.schedule.step(id).address.clone());
                if let Some(address) = address {
                    tasks.push(Box::pin(async move { Done::Served(id, run.serve(&address).await) }));
                }
            }
            Done::Step(id, Err(failure)) => {
                self.running -= 1;
                self.fail(id, failure);
            }
            Done::Served(id, Ok(())) => {
                self.schedule.serving(id);
                if let Some(address) = self.schedule.step(id).address.clone() {
                    self.run.tell(&Event::Serving { address });
                }
            }
            Done::Served(id, Err(failure)) => self.fail(id, failure),
        }
    }

    fn tell_done(&mut self, id: StepId) {
        let step = self.schedule.step(id);
        let Some(address) = step.address.clone() else {
            if let Some(name) = self.names.get(step.wave) {
                self.run.tell(&Event::WaveDone { wave: step.wave, name: name.clone() });
            }
            return;
        };
        self.outcome.counts.done += 1;
        let Some(verb) = step.action.verb() else { return };
        let seconds = self.begun[id].map_or(0.0, |begun| begun.elapsed().as_secs_f64());
        let made = self.run.recorded(&address).map(|record| record.id);
        self.run.tell(&Event::StepDone { address, verb, id: made, seconds });
    }

    fn fail(&mut self, id: StepId, failure: Failure) {
        let configured = self.schedule.status(id) == Status::Configured;
        let skipped = self.schedule.fail(id);
        let step = self.schedule.step(id).clone();
        let (Some(address), Some(verb)) = (step.address, step.action.verb()) else { return };
        match failure {
            Failure::Cloud(error) => {
                if configured {
                    self.outcome.counts.done -= 1;
                }
                self.outcome.counts.failed += 1;
                self.outcome.failures.push((address.clone(), (*error).clone()));
                if error.class == Class::Credentials {
                    self.halt(&error.to_string());
                }
                self.run.tell(&Event::StepFailed { address: address.clone(), verb, error: *error });
                self.skip(&skipped, &address);
            }
            Failure::Store(error) => {
                let broken = Broken::Unwritten(Arc::new(error));
                self.outcome.counts.failed += 1;
                self.halt(&broken.to_string());
                self.outcome.broken.get_or_insert(broken);
            }
            Failure::Stopped => {
                if !configured {
                    self.outcome.counts.skipped += 1;
                }
                self.outcome.counts.skipped += skipped.iter().filter(|id| self.is_real(**id)).count();
            }
        }
        let mut failed = self.run.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.insert(address);
        failed.extend(skipped.iter().filter_map(|id| self.schedule.step(*id).address.clone()));
    }

    fn skip(&mut self, skipped: &[StepId], because: &Address) {
        for id in skipped {
            let step = self.schedule.step(*id);
            if let (Some(address), Some(verb)) = (step.address.clone(), step.action.verb()) {
                self.outcome.counts.skipped += 1;
                self.run.tell(&Event::StepSkipped { address, verb, because: because.clone() });
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
            self.run.tell(&Event::Interrupted);
        }
    }

    /// The run cannot go on: what is waited for is handed over to the next one.
    fn halt(&mut self, why: &str) {
        if self.run.halt.level() == 0 {
            self.run.halt.request();
            self.schedule.stop();
            self.run.tell(&Event::Halted { why: why.to_owned() });
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
        self.run.tell(&Event::RunDone { counts: self.outcome.counts });
        self.outcome
    }
}
