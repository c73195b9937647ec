//! How fast calls that AWS counts together may follow each other. Pure: whoever asks tells the time.
//!
//! Calls are as fast as they come until AWS throttles too many of them to be chance. What got through
//! in the last second is what AWS allows: a little less is allowed from then on, then ever more, slowly
//! at first, until AWS throttles again or the limit is let go.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Which answers count.
const RECENT: Duration = Duration::from_secs(1);
/// How many of them must be throttled before that is no chance, and at least which share, here one in.
const THROTTLED: (f64, f64) = (4.0, 3.0);
/// The share of what got through that is allowed from then on.
const SHARE: f64 = 0.9;
/// What is allowed at least, in calls per second: what is slower yet is left to the pauses after failures.
const SLOWEST: f64 = 2.0;
/// After this long without throttling twice as much is allowed.
const DOUBLED: Duration = Duration::from_secs(10);
/// After this long without throttling everything is.
const LET_GO: Duration = Duration::from_secs(20);
/// How long one call waits at most: signatures, and the times for an answer, allow minutes.
const LONGEST: Duration = Duration::from_secs(15);

/// How fast calls may follow each other.
#[derive(Debug, Default)]
pub(super) struct AdaptiveRate {
    limit: Option<Limit>,
    /// The last answers, and whether they were throttled.
    recent: VecDeque<(Instant, bool)>,
}

#[derive(Debug)]
struct Limit {
    since: Instant,
    /// Calls per second when it was set.
    first: f64,
    /// Calls that may leave at once; less than nothing when some wait.
    credit: f64,
    /// When the credit was that.
    counted: Instant,
}

impl AdaptiveRate {
    /// Takes the next turn, and tells how long it is until then.
    pub(super) fn turn(&mut self, now: Instant) -> Duration {
        let Some(limit) = &mut self.limit else { return Duration::ZERO };
        let rate = limit.rate(now);
        let earned = rate * now.saturating_duration_since(limit.counted).as_secs_f64();
        // What was saved in a second may leave together: AWS's own buckets hold that much or more.
        limit.credit = (limit.credit + earned).min(rate.max(1.0)) - 1.0;
        limit.counted = now;
        Duration::from_secs_f64((-limit.credit / rate).max(0.0)).min(LONGEST)
    }

    /// A call that left then was answered. Gives the calls per second that are allowed from now on, if
    /// that changes: throttled calls that left before it last changed are of the same burst, and count once.
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
            // What has got through since may have been counted too early to say all.
            allowed.clamp(rate / 2.0, rate * SHARE)
        });
        let first = allowed.max(SLOWEST);
        let credit = old.map_or(0.0, |limit| limit.credit.min(0.0));
        self.limit = Some(Limit { since: now, first, credit, counted: now });
        Some(first)
    }

    /// Whether a limit ends now, since nothing was throttled for long.
    pub(super) fn lets_go(&mut self, now: Instant) -> bool {
        self.limit.take_if(|limit| now.saturating_duration_since(limit.since) > LET_GO).is_some()
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

    /// A pace after five calls got through and four of the same burst were throttled.
    fn limited(start: Instant) -> AdaptiveRate {
        let mut pace = AdaptiveRate::default();
        for _ in 0..5 {
            assert_eq!(pace.answered(start, start + ms(50), false), None);
        }
        for _ in 0..3 {
            assert_eq!(pace.answered(start, start + ms(50), true), None);
        }
        assert_eq!(pace.answered(start, start + ms(50), true), Some(4.5));
        pace
    }

    #[test]
    fn without_throttling_nothing_waits() {
        let start = Instant::now();
        let mut pace = AdaptiveRate::default();
        for _ in 0..1000 {
            assert_eq!(pace.turn(start), Duration::ZERO);
            assert_eq!(pace.answered(start, start + ms(1), false), None);
        }
    }

    #[test]
    fn throttling_by_chance_is_no_limit() {
        let start = Instant::now();
        let mut pace = AdaptiveRate::default();
        for number in 0..100 {
            // Every third; and one alone.
            assert_eq!(pace.answered(start, start + ms(500), number % 3 == 2), None);
        }
        assert_eq!(pace.answered(start, start + ms(5000), true), None);
        assert_eq!(pace.turn(start + ms(5000)), Duration::ZERO);
    }

    #[test]
    fn what_got_through_less_a_little_is_allowed() {
        let start = Instant::now();
        let mut pace = limited(start);
        let now = start + ms(50);
        let waits: Vec<u128> = (0..3).map(|_| pace.turn(now).as_millis()).collect();
        assert_eq!(waits, [222, 444, 666]);
        // A second later three have left and one and a half were saved.
        assert_eq!(pace.turn(now + ms(1000)), Duration::ZERO);
        assert!(pace.turn(now + ms(1000)) > Duration::ZERO);
    }

    #[test]
    fn a_burst_counts_once_and_halves_at_most() {
        let start = Instant::now();
        let mut pace = limited(start);
        for _ in 0..20 {
            assert_eq!(pace.answered(start, start + ms(80), true), None);
        }
        let later = start + ms(5000);
        for _ in 0..3 {
            assert_eq!(pace.answered(later, later, true), None);
        }
        let second = pace.answered(later, later, true).expect("throttled again");
        assert!((2.8..2.9).contains(&second), "half of 4.5 that has grown for five seconds, not {second}");
        let third = (0..9).find_map(|_| pace.answered(later + ms(100), later + ms(100), true));
        assert_eq!(third, Some(SLOWEST));
    }

    #[test]
    fn what_is_not_throttled_is_let_go() {
        let start = Instant::now();
        let mut pace = limited(start);
        assert!(!pace.lets_go(start + ms(20_000)));
        assert!(pace.lets_go(start + ms(20_100)));
        assert!(!pace.lets_go(start + ms(20_100)));
        assert_eq!(pace.turn(start + ms(20_100)), Duration::ZERO);
    }

    #[test]
    fn nobody_waits_for_minutes() {
        let start = Instant::now();
        let mut pace = limited(start);
        let waits: Vec<Duration> = (0..500).map(|_| pace.turn(start + ms(50))).collect();
        assert_eq!(waits.last(), Some(&LONGEST));
    }

    /// A service with a token bucket, and workers that make one call after the other. Time is made up.
    struct Service {
        per_second: f64,
        burst: f64,
        /// The share of calls that are throttled for nothing.
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
    fn simulate(service: &Service, calls: u32, paced: bool, seed: u64) -> Done {
        let start = Instant::now();
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut pace = AdaptiveRate::default();
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
                    pace.lets_go(start + now);
                    (if paced { pace.turn(start + now) } else { Duration::ZERO }, Does::Leave)
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
                    pace.answered(start + sent, start + now, throttled);
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
    fn mean(service: &Service, calls: u32, paced: bool) -> Done {
        let all: Vec<Done> = (1..=20).map(|seed| simulate(service, calls, paced, seed)).collect();
        let mean = |of: fn(&Done) -> f64| all.iter().map(of).sum::<f64>() / 20.0;
        Done { seconds: mean(|done| done.seconds), throttled: mean(|done| done.throttled) }
    }

    #[test]
    fn a_service_that_throttles_is_asked_in_time() {
        let check = |per_second, burst, workers, most: f64| {
            let service = Service { per_second, burst, chance: 0.0, workers };
            let [without, with] = [false, true].map(|paced| mean(&service, 100, paced));
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
    fn a_service_that_throttles_by_chance_is_hardly_slower() {
        for workers in [1, 4, 8] {
            let service = Service { per_second: 1e6, burst: 1e6, chance: 0.07, workers };
            let [without, with] = [false, true].map(|paced| mean(&service, 100, paced));
            assert!(with.seconds < without.seconds * 1.1, "{workers}: {} s, not {}", with.seconds, without.seconds);
        }
    }
}
