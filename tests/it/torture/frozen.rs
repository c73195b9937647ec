//! A holder that was frozen past its lease, and replaced: when it wakes, it changes nothing.

use std::thread::sleep;
use std::time::Duration;

use super::comparison::difference;
use super::fixture::{Fixture, Verb, counter, told};
use super::{conclude, say, share};

const LONG: usize = 10;

pub fn torture(fixture: &Fixture) {
    let times = share(LONG, 1);
    let mut failures = Vec::new();
    for time in 0..times {
        // In the middle, if it is only once.
        let number = fixture.calmly(Verb::Apply).changing * (time + 1) / (times + 1);
        if let Err(problem) = one(fixture, number) {
            failures.push(format!("frozen at changing call {number}: {problem}"));
        }
    }
    say(&format!("torture frozen: {times} holders, {} changed nothing afterwards", times - failures.len()));
    conclude(&failures);
}

fn one(fixture: &Fixture, number: usize) -> Result<(), String> {
    fixture.prepare(Verb::Apply);
    fixture.fault(&[counter(true)]);
    let mut frozen = fixture.start("apply", &[]);
    while fixture.matched(0) < number {
        if frozen.has_ended() {
            return Err(format!("it ended before: {}", told(&frozen.end())));
        }
        sleep(Duration::from_millis(5));
    }
    frozen.signal("STOP");
    let second = fixture.run("apply", &["--lock-timeout", "60s"]);
    if second.code != Some(0) {
        return Err(format!("the second apply: {}", told(&second)));
    }
    fixture.world.calls();
    frozen.signal("CONT");
    let first = frozen.end();
    let calls = fixture.world.calls();
    let regions = calls["calls"].as_object().expect("regions").values();
    let services = regions.flat_map(|services| services.as_object().expect("services").keys());
    if first.code == Some(0) || services.into_iter().any(|service| service != "s3") {
        return Err(format!("afterwards {calls:#}\n{}", told(&first)));
    }
    if let Some(difference) = difference(&fixture.calmly(Verb::Apply).leaves, &fixture.inventory()) {
        return Err(format!("{difference}\n{}\n{}", told(&first), told(&second)));
    }
    fixture.converged(Verb::Apply)
}
