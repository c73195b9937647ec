//! Ctrl-C and SIGTERM: the first asks the run to stop, the second makes it leave.

use std::time::Duration;

use super::{Failure, console};

/// The time that a run asked twice has to save and unlock.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs a future while listening to signals. `stop` is called at the first two; after the second
/// the future has two seconds, then it is left where it is. What it was doing is in the journal.
pub async fn guard<T>(run: impl Future<Output = Result<T, Failure>>, stop: impl Fn()) -> Result<T, Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::error(format!("cannot listen for signals: {error}")))?;
    tokio::pin!(run);
    tokio::select! {
        result = &mut run => return result,
        () = signals.next() => {
            console::say("Stopping; running calls finish, waits are left to the next run. Interrupt again to leave at once.");
            stop();
        }
    }
    tokio::select! {
        result = &mut run => return result,
        () = signals.next() => stop(),
    }
    tokio::time::timeout(PATIENCE, run).await.unwrap_or_else(|_| Err(Failure::interrupted()))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
