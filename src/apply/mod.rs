//! The loop: start the steps that are ready, await one, record, repeat.

mod event;

pub use event::{Counts, Event, Listener, Verb};
