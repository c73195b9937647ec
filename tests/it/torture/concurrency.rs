//! Two applies at once: one writes, the other is refused or waits.

use serde_json::{Value as Json, json};

use super::comparison::difference;
use super::fixture::{Fixture, NEVER, Verb, told};
use super::{conclude, say, share};

const LONG: usize = 100;
const FEW: usize = 2;

pub fn torture(fixture: &Fixture) {
    let rounds = share(LONG, FEW);
    fixture.prepare(Verb::Apply);
    fixture.fault(&[changes()]);
    fixture.run("apply", &[]).exits(0);
    let alone = fixture.matched(0);
    let mut failures = Vec::new();
    for round in 0..rounds {
        if let Err(problem) = one(fixture, round % 2 == 1, alone) {
            failures.push(format!("round {round}: {problem}"));
        }
    }
    let place = if fixture.shared { "bucket" } else { "file" };
    say(&format!(
        "torture two at once, state in a {place}: {rounds} rounds, {} with one writer",
        rounds - failures.len()
    ));
    conclude(&failures);
}

/// A rule that only counts: calls that change something. The state's own are left out.
fn changes() -> Json {
    json!({"mutating": true, "not_service": "s3", "nth": NEVER, "action": "drop"})
}

fn one(fixture: &Fixture, waits: bool, alone: usize) -> Result<(), String> {
    fixture.prepare(Verb::Apply);
    fixture.fault(&[changes()]);
    let more: &[&str] = if waits { &["--lock-timeout", "2m"] } else { &[] };
    let both = [(); 2].map(|()| fixture.start("apply", more));
    let mut both = both.map(crate::support::running::Running::end);
    let changed = fixture.matched(0);
    fixture.faults_end();
    both.sort_by_key(|ran| (ran.code, ran.data.contains("No changes.") || ran.talk.contains("No changes.")));
    let idle = both[1].data.contains("No changes.") || both[1].talk.contains("No changes.");
    let codes = both.each_ref().map(|ran| ran.code);
    // Who has waited finds nothing to do, and so does who comes when the other has just ended.
    let fine = match codes {
        [Some(0), Some(0)] => idle,
        [Some(0), Some(4)] => !waits,
        _ => false,
    };
    let words = || both.each_ref().map(told).join("\n");
    if !fine {
        return Err(words());
    }
    if changed != alone {
        return Err(format!("{changed} changing calls instead of {alone}\n{}", words()));
    }
    if let Some(difference) = difference(&fixture.calmly(Verb::Apply).leaves, &fixture.inventory()) {
        return Err(format!("{difference}\n{}", words()));
    }
    fixture.converged(Verb::Apply)
}
