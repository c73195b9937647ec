//! The loop: start the steps that are ready, await one, record, repeat.

mod create;
mod delete;
mod event;
mod perform;
mod progress;
mod reads;
mod retry;
mod run;
mod wait;

pub use event::{Counts, Event, Listener};
pub use run::{Broken, Outcome, Run, Stop};

pub use crate::plan::steps::Verb;
