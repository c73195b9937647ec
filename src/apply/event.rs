//! Everything a run has to tell: one enum for the terminal, for plain lines and for the event file.

use serde::Serialize;

use crate::cloud::CloudError;
use crate::names::{Address, KindName, PhysicalId, Scope};
use crate::plan::steps::Verb;

/// Hears of everything that happens. Must not block.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event);
}

/// Something that happened in a run. Times are seconds since its start, added by the listener that needs them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// How many steps there are.
        steps: usize,
    },
    /// A wave's first step begins.
    WaveStarted {
        /// Its number, from 0.
        wave: usize,
        /// A region, or `global`.
        name: Scope,
    },
    /// Everything of a wave serves.
    WaveDone {
        /// Its number.
        wave: usize,
        /// A region, or `global`.
        name: Scope,
    },
    /// A step begins.
    StepStarted {
        /// The resource.
        address: Address,
        /// Its kind.
        kind: KindName,
        /// What is done.
        verb: Verb,
    },
    /// The thing has an id, or AWS has taken a change: the step goes on to wait.
    StepWaiting {
        /// The resource.
        address: Address,
        /// What for, in AWS's words.
        why: String,
    },
    /// A call failed and is tried again.
    StepRetry {
        /// The resource.
        address: Address,
        /// What AWS said.
        error: CloudError,
        /// After how many milliseconds.
        delay_ms: u64,
    },
    /// A step is done: what refers to the resource may go on.
    StepDone {
        /// The resource.
        address: Address,
        /// What was done.
        verb: Verb,
        /// What it is called in AWS.
        id: Option<PhysicalId>,
        /// How long it took.
        seconds: f64,
    },
    /// The resource serves; told only of those that did not when their step was done.
    Serving {
        /// The resource.
        address: Address,
    },
    /// A step failed.
    StepFailed {
        /// The resource.
        address: Address,
        /// What was tried.
        verb: Verb,
        /// What AWS said.
        error: CloudError,
    },
    /// A step was left out, because of another.
    StepSkipped {
        /// The resource.
        address: Address,
        /// What would have been done.
        verb: Verb,
        /// The resource that failed.
        because: Address,
    },
    /// The user asked to stop; no more steps begin.
    Interrupted,
    /// The run cannot go on: the state cannot be written, or the credentials are no good any more.
    Halted {
        /// Why.
        why: String,
    },
    /// The run ends.
    RunDone {
        /// What came of it.
        counts: Counts,
    },
}

/// What came of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Steps done.
    pub done: usize,
    /// Steps failed.
    pub failed: usize,
    /// Steps left out because of a failure or an interruption.
    pub skipped: usize,
}
