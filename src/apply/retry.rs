//! Backoff: the pause before another try, and before another read.

use std::time::Duration;

use crate::cloud::{Class, CloudError};

/// The pause before the n-th repetition (from 0) of a call that failed: at random between nothing and
/// an exponentially growing bound, so that many that failed together do not come back together. Longer
/// if AWS asked for it.
pub(super) fn pause(error: &CloudError, attempt: u32) -> Duration {
    let (first, most) = match error.class {
        // Propagation takes seconds whatever we do: ask evenly.
        Class::NotVisibleYet => (500, 2_000),
        // What is in use is let go within seconds, or within minutes.
        Class::Conflict => (500, 10_000),
        _ => (250, 20_000),
    };
    let bound = (first << attempt.min(16)).min(most);
    let pause = Duration::from_millis(fastrand::u64(bound / 4..=bound));
    pause.max(error.retry_after.unwrap_or_default())
}

/// The pause before the next look at something that AWS is at work on, after it has taken this long:
/// an eighth of that, between 0.125 s and 8 s. So at most an eighth of the time is wasted.
///
/// Pauses are powers of two, and end at multiples of themselves since the start of the run, so that
/// looks at many resources come together and share a call.
pub(super) fn until_next_look(waited: Duration, since_start: Duration) -> Duration {
    let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
    let now = u64::try_from(since_start.as_millis()).unwrap_or(u64::MAX);
    let step = (waited / 8).clamp(125, 8_000);
    let step = 125 << (step / 125).ilog2();
    Duration::from_millis(step - now % step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_grow_rarer_and_share_calls() {
        let next = |waited, now| until_next_look(Duration::from_millis(waited), Duration::from_millis(now)).as_millis();
        assert_eq!(next(0, 0), 125);
        assert_eq!(next(100, 110), 15);
        assert_eq!(next(10_000, 0), 1_000);
        assert_eq!(next(10_000, 10_300), 700);
        assert_eq!(next(10_000_000, 0), 8_000);
    }

    #[test]
    fn backoff_stays_within_its_bound() {
        let pause = |class, attempt| pause(&CloudError::local(class, "lambda:CreateFunction", "no"), attempt);
        for attempt in 0..40 {
            assert!(pause(Class::NotVisibleYet, attempt) <= Duration::from_secs(2));
            assert!(pause(Class::Throttled, attempt) <= Duration::from_secs(20));
        }
    }

    #[test]
    fn retry_after_of_aws_is_respected() {
        let stated = CloudError::local(Class::Throttled, "lambda:CreateFunction", "slow down");
        let error = CloudError { retry_after: Some(Duration::from_secs(3)), ..stated };
        assert_eq!(pause(&error, 0), Duration::from_secs(3));
    }
}
