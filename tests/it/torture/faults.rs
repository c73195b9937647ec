//! A fifth of all calls is throttled, answered with a 5xx or loses its answer.

use std::time::Instant;

use serde_json::json;

use super::comparison::difference;
use super::fixture::{Fixture, Verb, counter, told};
use super::{conclude, say, seed, share};

const LONG: usize = 10;

/// Runs a verb under several seeds of random faults; each may take two runs.
pub fn torture(fixture: &Fixture, verb: Verb) {
    let mut failures = Vec::new();
    for round in 0..share(LONG, 1) as u64 {
        if let Err(problem) = one(fixture, verb, seed() * 1000 + round * 10) {
            failures.push(format!("round {round}: {problem}"));
        }
    }
    fixture.faults_end();
    conclude(&failures);
}

fn one(fixture: &Fixture, verb: Verb, seed: u64) -> Result<(), String> {
    let calm = fixture.calmly(verb);
    fixture.prepare(verb);
    // One after the other is asked: together they act on a fifth of all calls.
    fixture.fault(&[
        counter(true),
        counter(false),
        json!({"probability": 0.07, "seed": seed, "action": "throttle"}),
        json!({"probability": 0.035, "seed": seed + 1, "action": "5xx", "status": 503}),
        json!({"probability": 0.035, "seed": seed + 2, "action": "5xx", "after": true}),
        json!({"probability": 0.075, "seed": seed + 3, "action": "drop", "after": true}),
    ]);
    let start = Instant::now();
    let first = fixture.begin(verb).end();
    let runs = if first.code == Some(0) { 1 } else { 2 };
    if runs == 2 {
        let second = fixture.run(verb.command(), &[]);
        if second.code != Some(0) {
            return Err(format!("{} needs a third run\n{}\n{}", verb.name(), told(&first), told(&second)));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let calls = fixture.matched(0) + fixture.matched(1);
    let struck: u64 = (2..6).map(|rule| fixture.rule(rule)["acted"].as_u64().expect("a number")).sum();
    fixture.faults_end();
    say(&format!(
        "torture {} under faults: {runs} runs, {struck} of {calls} calls struck, {calls} calls instead of {}, {seconds:.1} s instead of {:.1} s",
        verb.name(),
        calm.calls,
        calm.seconds
    ));
    if let Some(difference) = difference(&calm.leaves, &fixture.inventory()) {
        return Err(format!("{}: what is there is not what should be\n{difference}\n{}", verb.name(), told(&first)));
    }
    fixture.converged(verb)
}
