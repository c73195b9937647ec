//! Two applies at once: one writes, the other is refused or waits.

use serde_json::{Value as Json, json};

use super::ground::{Ground, NEVER, Verb, told};
use super::likeness::difference;
use super::{conclude, say, share};

const LONG: usize = 100;
const FEW: usize = 2;

pub fn torture(ground: &Ground) {
    let rounds = share(LONG, FEW);
    ground.prepare(Verb::Apply);
    ground.fault(&changes());
    ground.run("apply", &[]).exits(0);
    let alone = changed(ground);
    let mut failures = Vec::new();
    for round in 0..rounds {
        if let Err(problem) = one(ground, round % 2 == 1, alone) {
            failures.push(format!("round {round}: {problem}"));
        }
    }
    let place = if ground.shared { "bucket" } else { "file" };
    say(&format!(
        "torture two at once, state in a {place}: {rounds} rounds, {} with one writer",
        rounds - failures.len()
    ));
    conclude(&failures);
}

/// Two rules that only count: calls that change something, and those among them that tag a zone or a check,
/// which may come twice from one writer, who has looked too early. The state's own calls are left out.
fn changes() -> [Json; 2] {
    let tags = json!({"mutating": true, "operation": "ChangeTagsForResource", "nth": NEVER, "action": "drop"});
    [json!({"mutating": true, "not_service": "s3", "nth": NEVER, "action": "drop"}), tags]
}

/// How many of the first were none of the second.
fn changed(ground: &Ground) -> usize {
    ground.matched(0) - ground.matched(1)
}

fn one(ground: &Ground, waits: bool, alone: usize) -> Result<(), String> {
    ground.prepare(Verb::Apply);
    ground.fault(&changes());
    let more: &[&str] = if waits { &["--lock-timeout", "2m"] } else { &[] };
    let both = [(); 2].map(|()| ground.start("apply", more));
    let mut both = both.map(super::running::Running::end);
    let changed = changed(ground);
    ground.faults_end();
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
    if let Some(difference) = difference(&ground.calmly(Verb::Apply).leaves, &ground.likeness()) {
        return Err(format!("{difference}\n{}", words()));
    }
    ground.converged(Verb::Apply)
}
