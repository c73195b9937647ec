//! Makes a chain that fails as short as it gets while it goes on failing in the same way.

use std::time::{Duration, Instant};

use super::live::Live;
use super::play::{Fault, play};
use super::repair::repair;
use super::scenario::{Mode, Step};
use super::yaml::{get, paths, remove};

/// The shortest chain that was found in this time, and its fault.
pub fn shrunk(live: &Live, steps: &[Step], fault: &Fault, time: Duration) -> (Vec<Step>, Fault) {
    let end = Instant::now() + time;
    let mut best = (steps[..steps.len().min(fault.step + 1)].to_vec(), fault.clone());
    let fails = |steps: &[Step]| {
        if Instant::now() > end || steps.iter().any(|step| !live.is_valid(&step.file)) {
            return None;
        }
        play(live, steps).fault.filter(|found| found.kind == fault.kind)
    };
    fewer_steps(&mut best, &fails);
    calmer(&mut best, &fails);
    // What no file changes goes all at once, if it can: entries first, then keys of the others.
    for depth in [2, 3] {
        let same = |path: &Vec<String>| {
            path.len() == depth && is_the_same(&best.0, path) && !best.1.told.contains(&path.join("."))
        };
        let mut all: Vec<Vec<String>> = paths(&best.0[0].file, depth).into_iter().filter(same).collect();
        all.retain(|path| path[0] != "network");
        without(&mut best, &all, &fails);
    }
    // Then one after the other: blocks, entries, keys.
    for depth in 1..=4 {
        smaller(&mut best, depth, &fails);
    }
    best
}

/// Whether all files say the same at a path.
fn is_the_same(steps: &[Step], path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    steps.iter().all(|step| get(&step.file, &path) == get(&steps[0].file, &path))
}

/// Tries it without all of this, then without either half.
fn without(best: &mut (Vec<Step>, Fault), all: &[Vec<String>], fails: &Fails<'_>) {
    if all.is_empty() {
        return;
    }
    let mut tried = best.0.clone();
    for step in &mut tried {
        for path in all {
            remove(&mut step.file, &path.iter().map(String::as_str).collect::<Vec<_>>());
        }
        repair(&mut step.file);
    }
    if let Some(fault) = fails(&tried) {
        *best = (tried, fault);
    } else if all.len() > 3 {
        let (first, second) = all.split_at(all.len() / 2);
        without(best, first, fails);
        without(best, second, fails);
    }
}

type Fails<'a> = dyn Fn(&[Step]) -> Option<Fault> + 'a;

fn fewer_steps(best: &mut (Vec<Step>, Fault), fails: &Fails<'_>) {
    for keep in [1, 2, 3] {
        let from = best.0.len().saturating_sub(keep);
        let tried = best.0[from..].to_vec();
        if from > 0
            && let Some(fault) = fails(&tried)
        {
            *best = (tried, fault);
            return;
        }
    }
    let mut at = 0;
    while at + 1 < best.0.len() {
        let mut tried = best.0.clone();
        tried.remove(at);
        match fails(&tried) {
            Some(fault) => *best = (tried, fault),
            None => at += 1,
        }
    }
}

fn calmer(best: &mut (Vec<Step>, Fault), fails: &Fails<'_>) {
    for at in 0..best.0.len() {
        if best.0[at].mode != Mode::Calm {
            let mut tried = best.0.clone();
            tried[at].mode = Mode::Calm;
            if let Some(fault) = fails(&tried) {
                *best = (tried, fault);
            }
        }
    }
}

/// Takes out whatever can be, in all files at once and in one of them.
fn smaller(best: &mut (Vec<Step>, Fault), depth: usize, fails: &Fails<'_>) {
    let mut all: Vec<Vec<String>> =
        best.0.iter().flat_map(|step| paths(&step.file, depth)).filter(|path| path.len() == depth).collect();
    all.sort();
    all.dedup();
    for path in all {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if matches!(path[..], ["stack" | "regions", ..]) {
            continue;
        }
        let everywhere: Vec<usize> = (0..best.0.len()).collect();
        let one_each = everywhere.iter().map(|at| vec![*at]).collect::<Vec<_>>();
        for places in [vec![everywhere.clone()], one_each].concat() {
            let mut tried = best.0.clone();
            let mut gone = false;
            for at in places {
                gone |= remove(&mut tried[at].file, &path).is_some();
                repair(&mut tried[at].file);
            }
            if gone && let Some(fault) = fails(&tried) {
                *best = (tried, fault);
                break;
            }
        }
    }
}
