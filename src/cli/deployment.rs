//! A deployment: the operations on a checked stack, with what the user is shown and asked on the way.

use std::sync::Arc;

use super::connection::{Connected, print_notes};
use super::event_sinks::EventSinks;
use super::session::{Checked, Session};
use super::{Done, Failure, console, lock_holder, signals};
use crate::apply::{Broken, Outcome, Stop};
use crate::graph::Graph;
use crate::intent::Intent;
use crate::kinds::AwsCloud;
use crate::ops::recover::Recovery;
use crate::ops::{Engine, EngineError, Planning};
use crate::plan::{ObstacleKind, Plan};
use crate::render::apply::report::Report;
use crate::render::plan;

/// The engine and the graph of a stack. A command of one operation calls the engine itself.
pub struct Deployment {
    pub engine: Engine,
    pub graph: Graph,
}

impl Deployment {
    /// Connects to AWS; no call is made.
    pub async fn open(session: &Session<'_>, checked: Checked) -> Result<Self, Failure> {
        let Connected { connection, store, .. } = session.connect(&checked.stack.loaded).await?;
        let engine = Engine {
            cloud: Arc::new(AwsCloud::new(connection)),
            catalog: checked.catalog,
            store,
            parallelism: session.globals.parallelism,
            lock_timeout: session.globals.lock_timeout,
        };
        Ok(Self { engine, graph: checked.stack.graph })
    }

    /// Reads AWS and decides.
    pub async fn plan(&self, intent: &Intent) -> Result<Planning, Failure> {
        let planned = self.engine.plan(&self.graph, intent).await;
        self.print_notes();
        Ok(planned?)
    }

    /// Plans, shows the plan, lets it be confirmed and carries it out. Starts again if another run has changed the stack
    /// in between, such as the one whose lock this one has waited for.
    pub async fn carry_out(
        &self,
        intent: &Intent,
        sinks: &EventSinks,
        command: &str,
        confirm: impl Fn(&Plan) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        loop {
            let planning = self.shown(intent).await?;
            let done = if planning.plan.is_empty() {
                self.record_only(planning, command).await?
            } else {
                confirm(&planning.plan)?;
                self.apply(planning, sinks, command).await?
            };
            match done {
                Some(done) => return Ok(done),
                None => console::say("Another run has changed the stack since this plan was made: planning again.\n"),
            }
        }
    }

    /// Plans and shows the plan; obstacles are a failure.
    async fn shown(&self, intent: &Intent) -> Result<Planning, Failure> {
        let planning = self.plan(intent).await?;
        console::say(plan::text(&planning.plan).trim_end());
        if planning.plan.obstacles.is_empty() { Ok(planning) } else { Err(blocked(&planning.plan)) }
    }

    /// Records what a plan without changes has found out; `None` if the plan is stale.
    async fn record_only(&self, planning: Planning, command: &str) -> Result<Option<Done>, Failure> {
        let recorded = self.engine.record_only(planning, &lock_holder::this_run(command)).await;
        Ok(unless_stale(recorded)?.map(|()| Done::Clean))
    }

    /// Applies a plan, prints its events and sums it up; `None` if the plan is stale.
    async fn apply(&self, planning: Planning, sinks: &EventSinks, command: &str) -> Result<Option<Done>, Failure> {
        let (listener, report) = sinks.start();
        let stop = Stop::default();
        let holder = lock_holder::this_run(command);
        let run = async { unless_stale(self.engine.apply(planning, &holder, listener, stop.clone()).await) };
        let outcome = signals::guard(run, || stop.request()).await;
        self.print_notes();
        let Some(outcome) = outcome? else { return Ok(None) };
        console::say(&report.summary());
        ended(&outcome, &report, command).map(Some)
    }

    /// Reads AWS for what the state should say.
    pub async fn recovery(&self) -> Result<Recovery, Failure> {
        let found = self.engine.recovery(&self.graph).await;
        self.print_notes();
        Ok(found?)
    }

    /// Writes a recovery; returns where an unreadable state is kept.
    pub async fn recover(&self, found: Recovery) -> Result<Vec<String>, Failure> {
        let kept = self.engine.recover(found, &lock_holder::this_run("recover")).await;
        self.print_notes();
        Ok(kept?)
    }

    fn print_notes(&self) {
        print_notes(self.engine.store.as_ref());
    }
}

/// The failure of a plan with obstacles; they have been printed.
pub fn blocked(plan: &Plan) -> Failure {
    let failure = Failure::refused("the plan cannot be applied; nothing was changed");
    match plan.obstacles.iter().find(|obstacle| obstacle.kind == ObstacleKind::Protected) {
        Some(obstacle) => failure.help(format!(
            "to lose protected data, pass `--allow-data-loss {}`, once for each address, or `--allow-data-loss all`",
            obstacle.address
        )),
        None => failure,
    }
}

/// The value; `None` if the plan was stale.
fn unless_stale<T>(result: Result<T, EngineError>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(EngineError::StalePlan) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ended(outcome: &Outcome, report: &Report, command: &str) -> Result<Done, Failure> {
    let again = format!("run `isobar {command}` again; finished steps are kept");
    if let Some(broken) = &outcome.broken {
        let mut failure = Failure::error(broken).help("no further step was started");
        if let Broken::Unwritten(error) = broken {
            failure.hints.extend(Failure::from(error.as_ref()).hints);
        }
        return Err(failure.help(again));
    }
    if outcome.interrupted {
        return Err(Failure::interrupted().help(again));
    }
    if report.failed() > 0 {
        let corrected = format!("correct what AWS refuses, then run `isobar {command}`; finished steps are kept");
        let help = if report.is_refused() { corrected } else { again };
        return Err(Failure::error(report.failures()).help(help));
    }
    if let Some((address, error)) = outcome.failures.first() {
        return Err(Failure::cloud(&address.to_string(), error).help(again));
    }
    Ok(Done::Clean)
}
