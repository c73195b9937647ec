//! Looking, waiting and trying again, within a step's deadline and until the run is stopped.

use std::time::Duration;

use tokio::time::Instant;

use super::event::Event;
use super::retry::{pause, until_next_look};
use super::run::{Failure, Run};
use crate::cloud::{Class, CloudError, Live, ReadRequest};
use crate::names::{Address, KindName, PhysicalId};
use crate::value::Json;

/// What stands there now.
pub(super) async fn look(
    run: &Run,
    address: &Address,
    kind: &KindName,
    (id, spec): (&PhysicalId, &Json),
    deadline: Instant,
) -> Result<Option<Live>, Failure> {
    let mut attempt = 0;
    loop {
        match run.reads.read(&address.at, kind, ReadRequest::new(id.clone(), spec)).await {
            Ok(live) => return Ok(live),
            Err(error) if error.class.is_transient() => {
                retry(run, address, &error, pause(&error, attempt), deadline).await?;
                attempt += 1;
            }
            Err(error) => return Err(Failure::Cloud(Box::new(error))),
        }
    }
}

/// Waits for the next look, unless the run is stopped or the time is up.
pub(super) async fn wait(
    run: &Run,
    address: &Address,
    why: &str,
    (started, deadline): (Instant, Instant),
) -> Result<(), Failure> {
    if Instant::now() >= deadline {
        let message = format!("not done within {} s: {why}", (deadline - started).as_secs());
        return Err(Failure::Cloud(Box::new(CloudError {
            hint: Some("raise its `timeout`, or run again: it goes on where it is".into()),
            ..CloudError::local(Class::TimedOut, "wait", message)
        })));
    }
    run.ensure_not_stopping()?;
    run.tell(&Event::StepWaiting { address: address.clone(), why: why.to_owned() });
    run.sleep(until_next_look(started.elapsed(), run.started.elapsed())).await
}

/// Waits before a call is tried again, unless the deadline comes first: then the error stands.
pub(super) async fn retry(
    run: &Run,
    address: &Address,
    error: &CloudError,
    delay: Duration,
    deadline: Instant,
) -> Result<(), Failure> {
    if Instant::now() + delay >= deadline {
        return Err(Failure::Cloud(Box::new(error.clone())));
    }
    run.ensure_not_stopping()?;
    let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    run.tell(&Event::StepRetry { address: address.clone(), error: error.clone(), delay_ms });
    run.sleep(delay).await
}
