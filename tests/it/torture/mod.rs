//! The program itself under kills, lost answers, random faults and concurrent runs: nothing is lost.
//!
//! A few points of each by default. `ISOBAR_TORTURE=all` takes every point, a number that many;
//! `ISOBAR_TORTURE_SEED` takes others. `ISOBAR_TORTURE_ONLY` takes some parts: `change killed,concurrent`.
//! `ISOBAR_TORTURE_STACK` names another stack file; what `fixture` changes in it has to stand there. Every scenario
//! prints one line.

mod comparison;
mod concurrency;
mod faults;
mod fixture;
mod frozen;
mod kill_points;

use fixture::{Fixture, Verb};
use kill_points::Harm;

#[test]
fn a_first_apply_converges_after_kills_lost_answers_and_faults() {
    converges(Verb::Apply);
}

#[test]
fn a_change_converges_after_kills_lost_answers_and_faults() {
    converges(Verb::Change);
}

#[test]
fn a_replacement_converges_after_kills_lost_answers_and_faults() {
    converges(Verb::Replace);
}

#[test]
fn a_destroy_converges_after_kills_lost_answers_and_faults() {
    converges(Verb::Destroy);
}

fn converges(verb: Verb) {
    let name = verb.name();
    let [killed, lost, faults] = ["killed", "lost", "faults"].map(|harm| wanted(&format!("{name} {harm}")));
    if !(killed || lost || faults) {
        return;
    }
    let fixture = Fixture::new();
    if killed {
        kill_points::torture(&fixture, verb, &[Harm::KilledBefore, Harm::KilledAfter]);
    }
    if lost {
        kill_points::torture(&fixture, verb, &[Harm::Lost]);
    }
    if faults {
        faults::torture(&fixture, verb);
    }
}

#[test]
fn of_concurrent_runs_with_a_state_file_one_writes() {
    if wanted("concurrent with a file") {
        concurrency::torture(&Fixture::new());
    }
}

#[test]
fn of_concurrent_runs_with_a_shared_state_one_writes() {
    if wanted("concurrent with a bucket") {
        concurrency::torture(&Fixture::with_shared_state());
    }
}

#[test]
fn a_run_that_was_frozen_past_its_lease_changes_nothing() {
    if wanted("frozen") {
        frozen::torture(&Fixture::with_shared_state());
    }
}

/// Whether a part of the torture was asked for; all of it if nothing was.
fn wanted(part: &str) -> bool {
    std::env::var("ISOBAR_TORTURE_ONLY").map_or(true, |only| only.split(',').any(|word| part.contains(word.trim())))
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
