//! The fence: the local side of a lease, which tells a process that it may still change something.
//!
//! A lease holds for a while after each renewal. The holder counts that while from before it sent the
//! renewal, by two clocks, and takes the one that is further: one that stands still while the machine
//! sleeps and one that may be set by hand cannot both be wrong to its favour. So a process that was
//! frozen past its lease finds out before it does anything else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Pause between two looks of somebody who waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Longest wait for the renewal of a lease that has run out: as long as three leases of ours last, but not
/// less than this. Who has it renewed by then goes on; a run that waits for a region's return helps nobody.
const PATIENCE: Duration = Duration::from_secs(10);

/// The fence: open while this process may change something. Clones are the same fence.
#[derive(Debug, Clone, Default)]
pub struct Fence(Arc<Mutex<Standing>>);

#[derive(Debug, Clone, Default)]
enum Standing {
    /// No lease is needed.
    #[default]
    Free,
    /// The lease was renewed then, for so long.
    Held { at: Moment, lasts: Duration },
    /// Somebody else has taken it, or it cannot be renewed any more: why.
    Lost(String),
}

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

/// The reason why nothing may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The lease has run out and may be renewed yet.
    Expired,
    /// The lease is somebody else's, or cannot be renewed any more: why.
    Lost(String),
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// Time since then, by the clock that says more.
    pub fn elapsed(&self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

#[cfg(test)]
impl Moment {
    /// So many seconds ago by one clock and by the other, which may have been set since.
    pub(super) fn ago(steady: u64, wall: i64) -> Self {
        let now = Self::now();
        let back = Duration::from_secs(wall.unsigned_abs());
        let wall = if wall >= 0 { now.wall - back } else { now.wall + back };
        Self { steady: now.steady.checked_sub(Duration::from_secs(steady)).expect("long enough ago"), wall }
    }
}

impl Fence {
    /// The lease holds for so long from then on. One that was lost stays lost.
    pub(super) fn hold(&self, at: Moment, lasts: Duration) {
        let mut standing = self.standing();
        if !matches!(*standing, Standing::Lost(_)) {
            *standing = Standing::Held { at, lasts };
        }
    }

    /// Somebody else has taken the lease, or it cannot be renewed any more.
    pub(super) fn lose(&self, why: impl Into<String>) {
        *self.standing() = Standing::Lost(why.into());
    }

    /// No lease is needed any more.
    pub(super) fn free(&self) {
        *self.standing() = Standing::Free;
    }

    /// True if something may be done right now.
    pub fn check(&self) -> Result<(), Closed> {
        match &*self.standing() {
            Standing::Free => Ok(()),
            Standing::Held { at, lasts } if at.elapsed() < *lasts => Ok(()),
            Standing::Held { .. } => Err(Closed::Expired),
            Standing::Lost(why) => Err(Closed::Lost(why.clone())),
        }
    }

    /// Returns once something may be done, or with the reason if it never may again.
    pub async fn open(&self) -> Result<(), String> {
        // Counted in looks: a process that was frozen has not waited.
        let mut waited = Duration::ZERO;
        loop {
            match self.check() {
                Ok(()) => return Ok(()),
                Err(Closed::Lost(why)) => return Err(why),
                Err(Closed::Expired) if waited < self.patience() => tokio::time::sleep(LOOK_EVERY).await,
                Err(Closed::Expired) => {
                    let waited = waited.as_secs();
                    self.lose(format!("it could not be renewed for {waited} s after it had run out"));
                }
            }
            waited += LOOK_EVERY;
        }
    }

    fn patience(&self) -> Duration {
        match &*self.standing() {
            Standing::Held { lasts, .. } => (3 * *lasts).max(PATIENCE),
            _ => PATIENCE,
        }
    }

    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_expires_by_the_faster_clock() {
        let check = |steady, wall, open: bool| {
            let fence = Fence::default();
            fence.hold(Moment::ago(steady, wall), Duration::from_secs(5));
            assert_eq!(fence.check().is_ok(), open, "{steady} s by one clock, {wall} s by the other");
        };
        check(0, 0, true);
        check(9, 9, false);
        // The machine slept, and the steady clock with it.
        check(0, 9, false);
        // The wall clock was set forward: it may be renewed yet.
        check(0, 3600, false);
        // The wall clock was set back.
        check(9, -3600, false);
        check(1, -3600, true);
    }

    #[tokio::test(start_paused = true)]
    async fn leases_that_cannot_be_renewed_for_long_are_lost() {
        let fence = Fence::default();
        fence.hold(Moment::ago(60, 60), Duration::from_secs(20));
        let begun = tokio::time::Instant::now();
        let why = fence.open().await.expect_err("given up");
        assert!(why.contains("could not be renewed for 60 s"), "{why}");
        assert_eq!(begun.elapsed().as_secs(), 60);
    }

    #[test]
    fn lost_leases_stay_lost() {
        let fence = Fence::default();
        assert_eq!(fence.check(), Ok(()));
        fence.lose("taken");
        fence.hold(Moment::now(), Duration::from_mins(1));
        assert_eq!(fence.check(), Err(Closed::Lost("taken".into())));
    }
}
