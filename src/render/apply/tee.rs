//! Several listeners as one.

use std::sync::Arc;

use crate::apply::{Event, Listener};

/// Passes every event on to each of its listeners, in order.
#[derive(Default, Clone)]
pub struct Tee(Vec<Arc<dyn Listener>>);

impl Tee {
    /// The same with one more listener.
    #[must_use]
    pub fn and(mut self, listener: Arc<dyn Listener>) -> Self {
        self.0.push(listener);
        self
    }
}

impl Listener for Tee {
    fn on(&self, event: &Event) {
        for listener in &self.0 {
            listener.on(event);
        }
    }
}
