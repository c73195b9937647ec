//! Events as JSON lines, for `--events FILE`. Documented in the README; a change to them is a breaking change.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use crate::apply::{Event, Listener};

/// Version of this form.
pub const FORMAT_VERSION: u32 = 1;

/// Writes one line per event, each at once, so that a killed run leaves all that happened.
pub struct Events {
    to: Mutex<Box<dyn Write + Send>>,
}

impl Events {
    /// Writes there.
    pub fn new(to: impl Write + Send + 'static) -> Self {
        Self { to: Mutex::new(Box::new(to)) }
    }
}

impl Listener for Events {
    fn on(&self, event: &Event) {
        let line = line(event, Timestamp::now());
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop a rollout half way.
        if let Err(error) = to.write_all(line.as_bytes()).and_then(|()| to.flush()) {
            tracing::warn!("an event could not be written: {error}");
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    format_version: u32,
    /// RFC 3339, in UTC.
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

fn line(event: &Event, at: Timestamp) -> String {
    let line = Line { format_version: FORMAT_VERSION, time: format!("{at:.3}"), event };
    match serde_json::to_string(&line) {
        Ok(text) => format!("{text}\n"),
        Err(error) => {
            tracing::warn!("an event could not be written: {error}");
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Verb;
    use crate::cloud::{Class, CloudError};
    use crate::render::sample::address;

    #[test]
    fn the_form_is_fixed() {
        let error = CloudError::local(Class::Denied, "sns:CreateTopic", "no");
        let events = [
            Event::RunStarted { steps: 3 },
            Event::WaveStarted { wave: 0, name: "us-west-2".parse().expect("a scope") },
            Event::StepDone {
                address: address("resources.jobs@us-west-2"),
                verb: Verb::Create,
                id: None,
                seconds: 1.5,
            },
            Event::StepFailed { address: address("resources.jobs@us-west-2"), verb: Verb::Create, error },
        ];
        let text: String = events.iter().map(|event| line(event, Timestamp::UNIX_EPOCH)).collect();
        insta::assert_snapshot!(text);
    }
}
