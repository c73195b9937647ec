//! The loop: start the steps that are ready, await one, record, repeat.

mod create;
mod delete;
mod event;
mod reads;
mod resource;
mod retry;
mod run;
mod tracker;
mod wait;

pub use event::{Counts, Event, Listener};
pub use run::{Broken, Outcome, Run, Stop};

pub use crate::plan::steps::Verb;
