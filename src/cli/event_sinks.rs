//! The sinks of a run's events: terminal or log, event file, report.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::globals::Globals;
use super::{Failure, console};
use crate::apply::Listener;
use crate::render::apply::json::Events;
use crate::render::apply::report::Report;
use crate::render::apply::tee::Tee;
use crate::render::apply::terminal::Progress;
use crate::render::apply::text::Plain;

/// The sinks that were asked for. The event file is opened first, so that a wrong path stops nothing half way.
pub struct EventSinks {
    events: Option<Arc<Events>>,
    draw: bool,
}

impl EventSinks {
    pub fn new(globals: &Globals, events: Option<&Path>) -> Result<Self, Failure> {
        let events = events.map(|path| {
            File::create(path)
                .map(|file| Arc::new(Events::new(file)))
                .map_err(|error| Failure::error(format!("{}: {error}", path.display())))
        });
        // Log lines would tear the picture apart.
        let draw = console::can_draw() && globals.verbose == 0;
        Ok(Self { events: events.transpose()?, draw })
    }

    /// One listener for all sinks, and the report among them.
    pub fn start(&self) -> (Arc<dyn Listener>, Arc<Report>) {
        let report = Arc::new(Report::default());
        let progress: Arc<dyn Listener> =
            if self.draw { Arc::new(Progress::new(console::has_color())) } else { Arc::new(Plain::new(console::say)) };
        let mut all = Tee::default().and(progress).and(report.clone());
        if let Some(events) = &self.events {
            all = all.and(events.clone());
        }
        (Arc::new(all), report)
    }
}
