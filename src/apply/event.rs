//! Events of a run: one enum for the terminal, for plain lines and for the event file.

use serde::Serialize;

use crate::cloud::CloudError;
use crate::names::{Address, KindName, PhysicalId, Scope};
use crate::plan::steps::Verb;

/// A listener to everything that happens. Must not block.
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
        /// Number of steps.
        steps: usize,
    },
    /// A wave's first step begins.
    WaveStarted {
        /// Its number, from 0.
        wave: usize,
        /// A region, or `global`.
        name: Scope,
    },
    /// Everything of a wave is ready.
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
        /// The action.
        verb: Verb,
    },
    /// The resource has an id, or AWS has taken a change: the step goes on to wait.
    StepWaiting {
        /// The resource.
        address: Address,
        /// The reason, in AWS's words.
        why: String,
    },
    /// A call failed and is tried again.
    StepRetry {
        /// The resource.
        address: Address,
        /// The error.
        error: CloudError,
        /// After how many milliseconds.
        delay_ms: u64,
    },
    /// A step is done: what refers to the resource may go on.
    StepDone {
        /// The resource.
        address: Address,
        /// The action.
        verb: Verb,
        /// Its physical id.
        id: Option<PhysicalId>,
        /// Its duration.
        seconds: f64,
    },
    /// The resource is ready; told only of those that were not when their step was done.
    Serving {
        /// The resource.
        address: Address,
    },
    /// A step failed.
    StepFailed {
        /// The resource.
        address: Address,
        /// The action.
        verb: Verb,
        /// The error.
        error: CloudError,
    },
    /// A step was left out, because of another.
    StepSkipped {
        /// The resource.
        address: Address,
        /// The action.
        verb: Verb,
        /// The resource that failed.
        because: Address,
    },
    /// The user asked to stop; no more steps begin.
    Interrupted,
    /// The run cannot go on: the state cannot be written, or the credentials are no good any more.
    Halted {
        /// The reason.
        why: String,
    },
    /// The run ends.
    RunDone {
        /// Numbers of steps by their end.
        counts: Counts,
    },
}

/// Numbers of steps by their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Steps done.
    pub done: usize,
    /// Steps failed.
    pub failed: usize,
    /// Steps left out because of a failure or an interruption.
    pub skipped: usize,
}
