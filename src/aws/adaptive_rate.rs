//! A token bucket whose rate adapts to throttling, for calls that AWS counts together. Pure: callers pass the time.
//!
//! There is no limit until AWS throttles more calls than chance explains. The calls that succeeded in the last second
//! are then taken for AWS's rate: the bucket starts a little below it and grows, slowly at first, until AWS throttles
//! again or the limit is lifted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The window of answers that count.
const RECENT: Duration = Duration::from_secs(1);
/// The number of throttled answers in the window, and their share (one in so many), that are no chance.
const THROTTLED: (f64, f64) = (4.0, 3.0);
/// The share of the observed rate that a new limit allows.
const SHARE: f64 = 0.9;
/// The lowest rate, in calls per second; below it exponential backoff is enough.
const SLOWEST: f64 = 2.0;
/// The time without throttling after which the rate has doubled.
const DOUBLED: Duration = Duration::from_secs(10);
/// The time without throttling after which the limit is lifted.
const LIFTED: Duration = Duration::from_secs(20);
/// The longest wait of one call.
const LONGEST: Duration = Duration::from_secs(15);

/// A token bucket with a rate that adapts.
#[derive(Debug, Default)]
pub(super) struct AdaptiveRate {
    limit: Option<Limit>,
    /// The last answers; `true` for a throttled one.
    recent: VecDeque<(Instant, bool)>,
}

#[derive(Debug)]
struct Limit {
    since: Instant,
    /// Calls per second when it was set.
    first: f64,
    /// Tokens in the bucket; negative while calls wait.
    tokens: f64,
    /// The time at which the tokens were counted.
    counted: Instant,
}

impl AdaptiveRate {
    /// Takes a token. The result is the time to wait until there is one.
    pub(super) fn acquire(&mut self, now: Instant) -> Duration {
        let Some(limit) = &mut self.limit else { return Duration::ZERO };
        let rate = limit.rate(now);
        let earned = rate * now.saturating_duration_since(limit.counted).as_secs_f64();
        // The burst is the tokens of one second: AWS's own buckets hold that much or more.
        limit.tokens = (limit.tokens + earned).min(rate.max(1.0)) - 1.0;
        limit.counted = now;
        Duration::from_secs_f64((-limit.tokens / rate).max(0.0)).min(LONGEST)
    }

    /// Records the answer to a call that was sent at `sent`. The result is the new limit in calls per second, if it
    /// changes: throttled calls that were sent before the last change belong to the same burst and count once.
    pub(super) fn answered(&mut self, sent: Instant, now: Instant, throttled: bool) -> Option<f64> {
        while self.recent.front().is_some_and(|(at, _)| *at + RECENT < now) {
            self.recent.pop_front();
        }
        self.recent.push_back((now, throttled));
        let old = self.limit.as_ref();
        if !throttled || old.is_some_and(|limit| sent < limit.since) || !self.is_too_fast() {
            return None;
        }
        let allowed = self.count(false) * SHARE / RECENT.as_secs_f64();
        let allowed = old.map_or(allowed, |limit| {
            let rate = limit.rate(now);
            // The window may be too young to hold all that succeeded since.
            allowed.clamp(rate / 2.0, rate * SHARE)
        });
        let first = allowed.max(SLOWEST);
        let tokens = old.map_or(0.0, |limit| limit.tokens.min(0.0));
        self.limit = Some(Limit { since: now, first, tokens, counted: now });
        Some(first)
    }

    /// Lifts the limit if nothing was throttled for long; `true` if it did.
    pub(super) fn lift(&mut self, now: Instant) -> bool {
        self.limit.take_if(|limit| now.saturating_duration_since(limit.since) > LIFTED).is_some()
    }

    fn is_too_fast(&self) -> bool {
        let throttled = self.count(true);
        throttled >= THROTTLED.0 && throttled * THROTTLED.1 > throttled + self.count(false)
    }

    fn count(&self, throttled: bool) -> f64 {
        self.recent.iter().filter(|(_, was)| *was == throttled).map(|_| 1.0).sum()
    }
}

impl Limit {
    /// Calls per second now.
    fn rate(&self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.since).as_secs_f64() / DOUBLED.as_secs_f64();
        self.first * (1.0 + age * age)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    /// A rate after five calls succeeded and four of the same burst were throttled.
    fn limited(start: Instant) -> AdaptiveRate {
        let mut rate = AdaptiveRate::default();
        for _ in 0..5 {
            assert_eq!(rate.answered(start, start + ms(50), false), None);
        }
        for _ in 0..3 {
            assert_eq!(rate.answered(start, start + ms(50), true), None);
        }
        assert_eq!(rate.answered(start, start + ms(50), true), Some(4.5));
        rate
    }

    #[test]
    fn calls_do_not_wait_without_throttling() {
        let start = Instant::now();
        let mut rate = AdaptiveRate::default();
        for _ in 0..1000 {
            assert_eq!(rate.acquire(start), Duration::ZERO);
            assert_eq!(rate.answered(start, start + ms(1), false), None);
        }
    }

    #[test]
    fn occasional_throttling_sets_no_limit() {
        let start = Instant::now();
        let mut rate = AdaptiveRate::default();
        for number in 0..100 {
            // Every third; and one alone.
            assert_eq!(rate.answered(start, start + ms(500), number % 3 == 2), None);
        }
        assert_eq!(rate.answered(start, start + ms(5000), true), None);
        assert_eq!(rate.acquire(start + ms(5000)), Duration::ZERO);
    }

    #[test]
    fn the_limit_is_a_little_below_the_rate_that_succeeded() {
        let start = Instant::now();
        let mut rate = limited(start);
        let now = start + ms(50);
        let waits: Vec<u128> = (0..3).map(|_| rate.acquire(now).as_millis()).collect();
        assert_eq!(waits, [222, 444, 666]);
        // A second later three have left and one and a half were saved.
        assert_eq!(rate.acquire(now + ms(1000)), Duration::ZERO);
        assert!(rate.acquire(now + ms(1000)) > Duration::ZERO);
    }

    #[test]
    fn a_burst_counts_once_and_halves_the_rate_at_most() {
        let start = Instant::now();
        let mut rate = limited(start);
        for _ in 0..20 {
            assert_eq!(rate.answered(start, start + ms(80), true), None);
        }
        let later = start + ms(5000);
        for _ in 0..3 {
            assert_eq!(rate.answered(later, later, true), None);
        }
        let second = rate.answered(later, later, true).expect("throttled again");
        assert!((2.8..2.9).contains(&second), "half of 4.5 that has grown for five seconds, not {second}");
        let third = (0..9).find_map(|_| rate.answered(later + ms(100), later + ms(100), true));
        assert_eq!(third, Some(SLOWEST));
    }

    #[test]
    fn the_limit_is_lifted_after_a_while_without_throttling() {
        let start = Instant::now();
        let mut rate = limited(start);
        assert!(!rate.lift(start + ms(20_000)));
        assert!(rate.lift(start + ms(20_100)));
        assert!(!rate.lift(start + ms(20_100)));
        assert_eq!(rate.acquire(start + ms(20_100)), Duration::ZERO);
    }

    #[test]
    fn waits_are_bounded() {
        let start = Instant::now();
        let mut rate = limited(start);
        let waits: Vec<Duration> = (0..500).map(|_| rate.acquire(start + ms(50))).collect();
        assert_eq!(waits.last(), Some(&LONGEST));
    }

    /// A service with a token bucket, and workers that make one call after the other. Time is made up.
    struct Service {
        per_second: f64,
        burst: f64,
        /// The share of calls that are throttled at random.
        chance: f64,
        workers: usize,
    }

    struct Done {
        seconds: f64,
        throttled: f64,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Does {
        Begin,
        Leave,
        Answer { sent: Duration, throttled: bool },
    }

    /// Makes so many calls and repeats the throttled ones after pauses that grow.
    fn simulate(service: &Service, calls: u32, limited: bool, seed: u64) -> Done {
        let start = Instant::now();
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut rate = AdaptiveRate::default();
        let (mut tokens, mut filled) = (service.burst, Duration::ZERO);
        let mut failures = vec![0_u32; service.workers];
        let (mut left, mut sent_in_all, mut throttled_in_all) = (calls, 0.0, 0.0);
        let mut events: BinaryHeap<_> =
            (0..service.workers).map(|worker| Reverse((ms(chance.u64(0..20)), worker, Does::Begin))).collect();
        let mut end = Duration::ZERO;
        while let Some(Reverse((now, worker, does))) = events.pop() {
            let (wait, next) = match does {
                Does::Begin if failures[worker] == 0 && left == 0 => continue,
                Does::Begin => {
                    left -= u32::from(failures[worker] == 0);
                    rate.lift(start + now);
                    (if limited { rate.acquire(start + now) } else { Duration::ZERO }, Does::Leave)
                }
                Does::Leave => {
                    tokens = service.burst.min(tokens + now.saturating_sub(filled).as_secs_f64() * service.per_second);
                    filled = now;
                    let throttled = chance.f64() < service.chance || tokens < 1.0;
                    tokens -= if throttled { 0.0 } else { 1.0 };
                    sent_in_all += 1.0;
                    (ms(chance.u64(30..60)), Does::Answer { sent: now, throttled })
                }
                Does::Answer { sent, throttled } => {
                    rate.answered(start + sent, start + now, throttled);
                    end = now;
                    let bound = (250_u64 << failures[worker]).min(20_000);
                    failures[worker] = if throttled { failures[worker] + 1 } else { 0 };
                    throttled_in_all += if throttled { 1.0 } else { 0.0 };
                    (if throttled { ms(chance.u64(bound / 4..=bound)) } else { Duration::ZERO }, Does::Begin)
                }
            };
            events.push(Reverse((now + wait, worker, next)));
        }
        Done { seconds: end.as_secs_f64(), throttled: throttled_in_all / sent_in_all }
    }

    /// The mean of several simulations.
    fn mean(service: &Service, calls: u32, limited: bool) -> Done {
        let all: Vec<Done> = (1..=20).map(|seed| simulate(service, calls, limited, seed)).collect();
        let mean = |of: fn(&Done) -> f64| all.iter().map(of).sum::<f64>() / 20.0;
        Done { seconds: mean(|done| done.seconds), throttled: mean(|done| done.throttled) }
    }

    #[test]
    fn the_limit_saves_time_on_a_service_that_throttles() {
        let check = |per_second, burst, workers, most: f64| {
            let service = Service { per_second, burst, chance: 0.0, workers };
            let [without, with] = [false, true].map(|limited| mean(&service, 100, limited));
            assert!(with.throttled < most, "{per_second}/s: {} throttled", with.throttled);
            assert!(without.throttled > 2.0 * with.throttled, "{per_second}/s: {} without", without.throttled);
            assert!(with.seconds < without.seconds, "{per_second}/s: {} s, not {}", with.seconds, without.seconds);
        };
        check(5.0, 5.0, 4, 0.2);
        check(5.0, 30.0, 6, 0.3);
        check(10.0, 40.0, 4, 0.2);
        check(3.0, 3.0, 3, 0.3);
        check(20.0, 20.0, 8, 0.2);
    }

    #[test]
    fn the_limit_costs_little_on_a_service_that_throttles_by_chance() {
        for workers in [1, 4, 8] {
            let service = Service { per_second: 1e6, burst: 1e6, chance: 0.07, workers };
            let [without, with] = [false, true].map(|limited| mean(&service, 100, limited));
            assert!(with.seconds < without.seconds * 1.1, "{workers}: {} s, not {}", with.seconds, without.seconds);
        }
    }
}
