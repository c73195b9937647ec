//! Killed anywhere, nothing lost: the program itself under kills, lost answers, bad weather and rivals.
//!
//! A few points of each by default. `ISOBAR_TORTURE=all` takes every point, a number that many;
//! `ISOBAR_TORTURE_SEED` takes others. `ISOBAR_TORTURE_STACK` names another stack file; what `ground`
//! changes in it has to stand there. Every scenario prints one line.

mod frozen;
mod ground;
mod likeness;
mod points;
mod rivals;
pub mod running;
mod weather;

use ground::{Ground, Verb};
use points::Harm;

const VERBS: [Verb; 3] = [Verb::Apply, Verb::Change, Verb::Destroy];

/// One test, since what undisturbed runs come to takes a while to find out.
#[test]
fn whatever_happens_a_second_run_makes_it_right() {
    let ground = Ground::new();
    for verb in VERBS {
        points::torture(&ground, verb, &[Harm::KilledBefore, Harm::KilledAfter]);
        points::torture(&ground, verb, &[Harm::Lost]);
        weather::torture(&ground, verb);
    }
    rivals::torture(&ground);
}

#[test]
fn who_was_frozen_and_replaced_changes_nothing_more() {
    frozen::torture(&Ground::with_shared_state());
}

/// How many points of so many are taken.
fn share(all: usize, few: usize) -> usize {
    match std::env::var("ISOBAR_TORTURE") {
        Ok(word) if word == "all" => all,
        Ok(number) => number.parse::<usize>().expect("`all` or a number").min(all),
        Err(_) => few.min(all),
    }
}

fn seed() -> u64 {
    std::env::var("ISOBAR_TORTURE_SEED").map_or(1, |seed| seed.parse().expect("a number"))
}

/// Fails with all that went wrong.
fn conclude(failures: &[String]) {
    assert!(failures.is_empty(), "{} failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[expect(clippy::print_stdout, reason = "what a torture came to is for those who run it")]
fn say(line: &str) {
    println!("{line}");
}
