//! A fifth of all calls is throttled, answered with a 5xx or loses its answer.

use std::time::Instant;

use serde_json::json;

use super::comparison::difference;
use super::fixture::{Ground, Verb, counter, told};
use super::{conclude, say, seed, share};

const LONG: usize = 10;

/// Runs a verb through several storms; each may take two runs.
pub fn torture(ground: &Ground, verb: Verb) {
    let mut failures = Vec::new();
    for storm in 0..share(LONG, 1) as u64 {
        if let Err(problem) = one(ground, verb, seed() * 1000 + storm * 10) {
            failures.push(format!("storm {storm}: {problem}"));
        }
    }
    ground.faults_end();
    conclude(&failures);
}

fn one(ground: &Ground, verb: Verb, seed: u64) -> Result<(), String> {
    let calm = ground.calmly(verb);
    ground.prepare(verb);
    // One after the other is asked: together they act on a fifth of all calls.
    ground.fault(&[
        counter(true),
        counter(false),
        json!({"probability": 0.07, "seed": seed, "action": "throttle"}),
        json!({"probability": 0.035, "seed": seed + 1, "action": "5xx", "status": 503}),
        json!({"probability": 0.035, "seed": seed + 2, "action": "5xx", "after": true}),
        json!({"probability": 0.075, "seed": seed + 3, "action": "drop", "after": true}),
    ]);
    let start = Instant::now();
    let first = ground.begin(verb).end();
    let runs = if first.code == Some(0) { 1 } else { 2 };
    if runs == 2 {
        let second = ground.run(verb.command(), &[]);
        if second.code != Some(0) {
            return Err(format!("{} needs a third run\n{}\n{}", verb.name(), told(&first), told(&second)));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let calls = ground.matched(0) + ground.matched(1);
    let spoiled: u64 = (2..6).map(|rule| ground.rule(rule)["acted"].as_u64().expect("a number")).sum();
    ground.faults_end();
    say(&format!(
        "torture {} in bad weather: {runs} runs, {spoiled} of {calls} calls spoiled, {calls} calls instead of {}, {seconds:.1} s instead of {:.1} s",
        verb.name(),
        calm.calls,
        calm.seconds
    ));
    if let Some(difference) = difference(&calm.leaves, &ground.likeness()) {
        return Err(format!("{}: what is there is not what should be\n{difference}\n{}", verb.name(), told(&first)));
    }
    ground.converged(verb)
}
