//! Progress as plain lines, where there is no terminal: in a pipeline, or into a file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::apply::{Event, Listener};
use crate::names::Address;
use crate::render::style::{BAD, CALM, FAINT, GOOD, STRONG, paint};
use crate::render::words::{doing, done, duration, not_done, seconds};

/// One line per event, each with the time since the run's start.
pub struct Plain {
    start: Instant,
    print: Box<dyn Fn(&str) + Send + Sync>,
    /// The reason that each step waits for: printed once, however often it is heard.
    waiting: Mutex<HashMap<Address, String>>,
}

impl Plain {
    /// Hands every line to `print`.
    pub fn new(print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { start: Instant::now(), print: Box::new(print), waiting: Mutex::default() }
    }

    fn is_news(&self, event: &Event) -> bool {
        let Event::StepWaiting { address, why } = event else { return true };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(address.clone(), why.clone()).as_ref() != Some(why)
    }
}

impl Listener for Plain {
    fn on(&self, event: &Event) {
        if let Some(line) = line(event).filter(|_| self.is_news(event)) {
            let time = format!("[{:>8}]", duration(self.start.elapsed()));
            (self.print)(&format!("{} {line}", paint(FAINT, time)));
        }
    }
}

/// An event in one line, without a time; none for events that only machines care for.
pub(super) fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::RunStarted { .. } | Event::RunDone { .. } => return None,
        Event::WaveStarted { wave, name } => paint(STRONG, format!("Wave {}: {name}", wave + 1)),
        Event::WaveDone { wave, name } => paint(STRONG, format!("Wave {} done: {name} is ready", wave + 1)),
        Event::StepStarted { address, verb, .. } => format!("{} {}", place(address), doing(*verb)),
        Event::StepWaiting { address, why } => format!("{} waiting: {why}", place(address)),
        Event::StepRetry { address, error, delay_ms } => {
            let delay = duration(Duration::from_millis(*delay_ms));
            let said = if error.code.is_empty() { &error.message } else { &error.code };
            format!("{} {} {}: {said}; retrying in {delay}", paint(CALM, "…"), place(address), error.operation)
        }
        Event::StepDone { address, verb, id, seconds: took } => {
            let took = seconds(*took);
            let id = id.as_ref().map(|id| paint(FAINT, format!("  {id}"))).unwrap_or_default();
            format!("{} {} {} in {took}{id}", paint(GOOD, "✓"), place(address), done(*verb))
        }
        Event::Serving { address } => format!("{} {} is ready", paint(GOOD, "✓"), place(address)),
        Event::StepFailed { address, verb, error } => {
            format!("{} {} could not {}: {error}", paint(BAD, "✗"), place(address), not_done(*verb))
        }
        Event::StepSkipped { address, because, .. } => {
            format!("{} {} skipped because of {because}", paint(FAINT, "-"), place(address))
        }
        Event::Interrupted => "Stopping: no new step starts, running steps finish".to_owned(),
        Event::Halted { why } => format!("{} no further step starts: {why}", paint(BAD, "✗")),
    })
}

/// Region first, so that lines of several regions can be told apart at a glance.
pub(super) fn place(address: &Address) -> String {
    format!("{:<12} {}", address.at.to_string(), address.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Verb;
    use crate::cloud::{Class, CloudError};
    use crate::render::sample::address;
    use crate::render::style::plain;

    fn check(event: &Event, expected: &str) {
        assert_eq!(line(event).map(|line| plain(&line)).as_deref(), Some(expected));
    }

    #[test]
    fn a_wait_is_printed_once() {
        let plain = Plain::new(|_| {});
        let address = address("apis.shop.certificate@us-west-2");
        let waiting = |why: &str| Event::StepWaiting { address: address.clone(), why: why.into() };
        let news: Vec<bool> = ["a", "a", "b", "b"].iter().map(|why| plain.is_news(&waiting(why))).collect();
        assert_eq!(news, [true, false, true, false]);
    }

    #[test]
    fn a_line_has_region_address_and_duration() {
        let address = address("functions.recommend.function@us-west-2");
        check(
            &Event::StepDone { address: address.clone(), verb: Verb::Create, id: None, seconds: 3.2 },
            "✓ us-west-2    functions.recommend.function created in 3.2s",
        );
        let error = CloudError {
            code: "TooManyRequestsException".into(),
            ..CloudError::local(Class::Throttled, "lambda:CreateFunction", "slow down")
        };
        check(
            &Event::StepRetry { address: address.clone(), error: error.clone(), delay_ms: 500 },
            "… us-west-2    functions.recommend.function lambda:CreateFunction: TooManyRequestsException; retrying in 0.5s",
        );
        check(
            &Event::StepFailed { address, verb: Verb::Await, error },
            "✗ us-west-2    functions.recommend.function could not become ready: \
             lambda:CreateFunction: TooManyRequestsException: slow down",
        );
    }
}
