//! The loop: start the steps that are ready, await one, record, repeat.

mod event;
mod perform;
mod reads;
mod retry;
mod run;

pub use event::{Counts, Event, Listener, Verb};
pub use run::{Outcome, Run, Stop};
