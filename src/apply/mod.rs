//! Apply: a loop that starts the steps that are ready, awaits one, records, repeats.
//!
//! From the bottom: `context` is what all steps share; `wait` reads, waits and retries for one step; `resource` is one
//! resource at work, which `create` and `converge` extend; `perform` does what a step says; `tracker` keeps the books;
//! `run` is the loop.

mod context;
mod converge;
mod create;
mod delete;
mod event;
mod outcome;
mod perform;
mod reads;
mod resource;
mod retry;
mod run;
mod stop;
mod tracker;
mod wait;

pub use context::Context;
pub use event::{Counts, Event, Listener};
pub use outcome::{Broken, Outcome};
pub use run::Run;
pub use stop::Stop;

pub use crate::plan::steps::Verb;
