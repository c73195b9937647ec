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
mod running;
mod weather;

use ground::{Ground, Verb};
use points::Harm;

const VERBS: [Verb; 3] = [Verb::Apply, Verb::Change, Verb::Destroy];

#[test]
fn killed_anywhere_and_run_again() {
    let ground = Ground::new();
    for verb in VERBS {
        points::torture(&ground, verb, &[Harm::KilledBefore, Harm::KilledAfter]);
    }
}

#[test]
fn answers_lost_anywhere() {
    let ground = Ground::new();
    for verb in VERBS {
        points::torture(&ground, verb, &[Harm::Lost]);
    }
}

#[test]
fn a_fifth_of_all_calls_go_wrong() {
    let ground = Ground::new();
    for verb in VERBS {
        weather::torture(&ground, verb);
    }
}

#[test]
fn two_at_once_are_never_two_writers() {
    rivals::torture(&Ground::new());
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
