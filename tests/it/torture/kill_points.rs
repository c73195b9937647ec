//! Every call that changes something is a point at which a run can end, or lose its answer.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use super::comparison::difference;
use super::fixture::{Fixture, Verb, told};
use super::{conclude, say, seed, share};

const PATIENCE: Duration = Duration::from_mins(2);

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The process is killed, and the call never served.
    KilledBefore,
    /// The process is killed when the call is served and not yet answered.
    KilledAfter,
    /// The call is served, and the connection reset in place of an answer.
    Lost,
}

/// The n-th call that changes something.
struct Point {
    number: usize,
    harm: Harm,
}

/// What became of a point.
#[derive(Default)]
struct Came {
    /// The run ended before it got there.
    missed: bool,
    /// It took a second run.
    again: bool,
}

impl fmt::Display for Point {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        let harm = match self.harm {
            Harm::KilledBefore => "killed before",
            Harm::KilledAfter => "killed after",
            Harm::Lost => "answer lost of",
        };
        write!(to, "{harm} changing call {}", self.number)
    }
}

/// Takes points of a verb, all or one for each harm, and prints what they came to.
pub fn torture(fixture: &Fixture, verb: Verb, harms: &[Harm]) {
    let total = fixture.calmly(verb).changing;
    let numbers = spread(total, share(total, harms.len()));
    let all = numbers.len() == total;
    let mut points = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let turn = at % harms.len();
        let harms = if all { harms } else { &harms[turn..=turn] };
        points.extend(harms.iter().map(|harm| Point { number: *number, harm: *harm }));
    }
    let (mut failures, mut came) = (Vec::new(), Vec::new());
    for point in &points {
        match one(fixture, verb, point) {
            Ok(one) => came.push(one),
            Err(problem) => failures.push(format!("{} {point}, {problem}", verb.name())),
        }
    }
    fixture.faults_end();
    let of = |what: &str| failures.iter().filter(|failure| failure.contains(what)).count();
    let missed = came.iter().filter(|came| came.missed).count();
    say(&format!(
        "torture {} ({}): {} of {total} calls, {} points, {} converged ({} by a second run, {missed} not reached), {} with orphans, {} with duplicates",
        verb.name(),
        harms.iter().map(|harm| format!("{harm:?}")).collect::<Vec<_>>().join(", "),
        numbers.len(),
        points.len(),
        came.len(),
        came.iter().filter(|came| came.again).count(),
        of("\norphan: "),
        of("\nduplicate: "),
    ));
    conclude(&failures);
    assert!(missed * 4 <= points.len(), "{missed} of {} points were never reached", points.len());
}

/// So many of the numbers up to the total, one by chance from each of as many parts.
fn spread(total: usize, wanted: usize) -> Vec<usize> {
    let mut chance = fastrand::Rng::with_seed(seed());
    let part = |number: usize| number * total / wanted;
    (0..wanted).map(|at| chance.usize(part(at) + 1..=part(at + 1))).collect()
}

fn one(fixture: &Fixture, verb: Verb, point: &Point) -> Result<Came, String> {
    fixture.prepare(verb);
    let action = if point.harm == Harm::Lost { "drop" } else { "hang" };
    let after = point.harm != Harm::KilledBefore;
    fixture.fault(&[json!({"mutating": true, "nth": point.number, "action": action, "after": after})]);
    let mut came = if point.harm == Harm::Lost { lost(fixture, verb) } else { killed(fixture, verb) }?;
    let call = fixture.rule(0)["last"].as_str().unwrap_or("never reached").to_owned();
    fixture.faults_end();
    let told_with = |problem: String| format!("which was {call}: {problem}");
    if came.again {
        let again = fixture.run(verb.command(), &[]);
        if again.code != Some(0) {
            return Err(told_with(told(&again)));
        }
    }
    came.missed = call == "never reached";
    if let Some(difference) = difference(&fixture.calmly(verb).leaves, &fixture.inventory()) {
        return Err(told_with(format!("what is there is not what should be\n{difference}")));
    }
    fixture.converged(verb).map_err(told_with)?;
    Ok(came)
}

/// Kills the run when it hangs at the point.
fn killed(fixture: &Fixture, verb: Verb) -> Result<Came, String> {
    let mut running = fixture.begin(verb);
    let start = Instant::now();
    loop {
        if fixture.rule(0)["struck"] != 0 {
            running.kill();
            return Ok(Came { again: true, missed: false });
        }
        if running.has_ended() {
            let ran = running.end();
            return if ran.code == Some(0) { Ok(Came::default()) } else { Err(told(&ran)) };
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("it never ends: {}", told(&running.kill())));
        }
        sleep(Duration::from_millis(10));
    }
}

/// Lets the run come to its end; whether it needs another one.
fn lost(fixture: &Fixture, verb: Verb) -> Result<Came, String> {
    let ran = fixture.begin(verb).end();
    match ran.code {
        Some(code) => Ok(Came { again: code != 0, missed: false }),
        None => Err(told(&ran)),
    }
}

#[test]
fn kill_points_are_spread_and_all_covers_every_call() {
    assert_eq!(spread(7, 7), [1, 2, 3, 4, 5, 6, 7]);
    let few = spread(100, 4);
    assert!(few.iter().zip([1, 26, 51, 76]).all(|(number, from)| (from..from + 25).contains(number)), "{few:?}");
}
