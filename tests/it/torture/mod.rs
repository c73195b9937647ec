//! Killed anywhere, nothing lost: the program itself under kills, lost answers, bad weather and rivals.
//!
//! A few points of each by default. `ISOBAR_TORTURE=all` takes every point, a number that many;
//! `ISOBAR_TORTURE_SEED` takes others. `ISOBAR_TORTURE_ONLY` takes some parts: `change killed,rivals`.
//! `ISOBAR_TORTURE_STACK` names another stack file; what `fixture` changes in it has to stand there. Every scenario
//! prints one line.

mod comparison;
mod concurrency;
mod faults;
mod fixture;
mod frozen;
mod kill_points;

use fixture::{Ground, Verb};
use kill_points::Harm;

/// One test, since what undisturbed runs come to takes a while to find out.
#[test]
fn whatever_happens_a_second_run_makes_it_right() {
    let ground = Ground::new();
    for verb in Verb::ALL {
        let name = verb.name();
        if wanted(&format!("{name} killed")) {
            kill_points::torture(&ground, verb, &[Harm::KilledBefore, Harm::KilledAfter]);
        }
        if wanted(&format!("{name} lost")) {
            kill_points::torture(&ground, verb, &[Harm::Lost]);
        }
        if wanted(&format!("{name} weather")) {
            faults::torture(&ground, verb);
        }
    }
    if wanted("rivals with a file") {
        concurrency::torture(&ground);
    }
}

#[test]
fn of_those_who_share_a_state_one_writes() {
    let ground = Ground::with_shared_state();
    if wanted("frozen") {
        frozen::torture(&ground);
    }
    if wanted("rivals with a bucket") {
        concurrency::torture(&ground);
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
