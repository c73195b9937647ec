//! Reads, waits and retries of a step, within its deadline and until the run is stopped.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{Context, StepFailure};
use super::event::Event;
use super::retry::{pause, until_next_look};
use crate::cloud::{Class, CloudError, Live, ReadRequest};
use crate::names::{Address, KindName, PhysicalId};
use crate::value::Json;

/// The resource as it is now, from a fresh read; `None` if there is none.
pub(super) async fn look(
    context: &Context,
    address: &Address,
    kind: &KindName,
    (id, spec): (&PhysicalId, &Json),
    deadline: Instant,
) -> Result<Option<Live>, StepFailure> {
    let mut attempt = 0;
    loop {
        match context.reads.read(&address.at, kind, ReadRequest::new(id.clone(), spec)).await {
            Ok(live) => return Ok(live),
            Err(error) if error.class.is_transient() => {
                retry(context, address, &error, pause(&error, attempt), deadline).await?;
                attempt += 1;
            }
            Err(error) => return Err(StepFailure::from(error)),
        }
    }
}

/// Waits for the next read, unless the run is stopped or the time is up.
pub(super) async fn wait(
    context: &Context,
    address: &Address,
    why: &str,
    (started, deadline): (Instant, Instant),
) -> Result<(), StepFailure> {
    if Instant::now() >= deadline {
        let message = format!("timed out after {}: {why}", in_words(deadline - started));
        let hint = Some("raise its `timeout`, or run again: the next run continues here".into());
        return Err(CloudError { hint, ..CloudError::local(Class::TimedOut, "wait", message) }.into());
    }
    context.ensure_not_stopping()?;
    context.tell(&Event::StepWaiting { address: address.clone(), why: why.to_owned() });
    context.sleep(until_next_look(started.elapsed(), context.started.elapsed())).await
}

/// Waits before a call is tried again, unless the deadline comes first: then the error stands.
pub(super) async fn retry(
    context: &Context,
    address: &Address,
    error: &CloudError,
    delay: Duration,
    deadline: Instant,
) -> Result<(), StepFailure> {
    if Instant::now() + delay >= deadline {
        return Err(error.clone().into());
    }
    context.ensure_not_stopping()?;
    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    context.tell(&Event::StepRetry { address: address.clone(), error: error.clone(), delay_ms });
    context.sleep(delay).await
}

/// A duration as people say it: minutes where it is some.
fn in_words(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (1, 0) => "1 minute".to_owned(),
        (minutes, 0) if minutes > 0 => format!("{minutes} minutes"),
        (minutes, seconds) => format!("{} seconds", minutes * 60 + seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_told_in_minutes_where_they_are_whole() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(
            [words(45), words(60), words(90), words(300)],
            ["45 seconds", "1 minute", "90 seconds", "5 minutes"]
        );
    }
}
