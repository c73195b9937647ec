//! A chain of edits, made of a seed before anything runs.

use std::fmt::Write as _;

use fastrand::Rng;

use super::yaml::{Yaml, written};
use super::{edits, stacks};

/// A file that is applied, and what happens meanwhile.
#[derive(Debug, Clone)]
pub struct Step {
    pub file: Yaml,
    pub mode: Mode,
    /// Whether the loss of data is allowed when the plan asks.
    pub allows_loss: bool,
    /// What has changed, in words.
    pub said: String,
}

/// What happens during an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Calm,
    /// The program is killed at a share of its changing calls, in percent; before the call is served, or after it.
    Killed {
        share: u8,
        after: bool,
    },
    /// Calls are throttled by chance.
    Throttled(u32),
    /// Answers are lost by chance, after the work.
    Lost(u32),
    /// What was written is not seen everywhere at once.
    Lagging,
}

/// Edits of a chain after its first file.
pub const LENGTH: usize = 7;

/// The chain of a seed, as long as is wanted; only files that are valid are in it.
pub fn of(seed: u64, length: usize, is_valid: &dyn Fn(&Yaml) -> bool) -> Vec<Step> {
    let mut chance = Rng::with_seed(seed);
    let first = loop {
        let stack = stacks::any(&mut chance);
        if is_valid(&stack) {
            break stack;
        }
    };
    let mut steps = vec![Step { file: first, mode: Mode::Calm, allows_loss: true, said: "the first file".into() }];
    while steps.len() <= length {
        let (file, said) = next(&mut chance, &steps, is_valid);
        steps.push(Step { file, mode: mode(&mut chance), allows_loss: chance.bool(), said });
    }
    steps
}

fn mode(chance: &mut Rng) -> Mode {
    match chance.u8(..100) {
        0..60 => Mode::Calm,
        60..80 => Mode::Killed { share: chance.u8(..100), after: chance.bool() },
        80..87 => Mode::Throttled(chance.u32(..)),
        87..93 => Mode::Lost(chance.u32(..)),
        _ => Mode::Lagging,
    }
}

/// The next file: after a kill often the same or the one before, else a change, or any file that was there before.
fn next(chance: &mut Rng, steps: &[Step], is_valid: &dyn Fn(&Yaml) -> bool) -> (Yaml, String) {
    let last = steps.last().expect("the first");
    let killed = matches!(last.mode, Mode::Killed { .. });
    let before = steps.len().checked_sub(2).map(|at| &steps[at]);
    match (chance.u8(..100), before) {
        (0..35, _) if killed => return (last.file.clone(), "the same again".into()),
        (35..65, Some(before)) if killed => return (before.file.clone(), "it is taken back".into()),
        (88.., Some(before)) if before.file != last.file => return (before.file.clone(), "it is taken back".into()),
        (80..88, Some(_)) => {
            let earlier = &steps[chance.usize(..steps.len())].file;
            if *earlier != last.file {
                return (earlier.clone(), "back to an earlier file".into());
            }
        }
        _ => {}
    }
    loop {
        let mut file = last.file.clone();
        let many = 1 + chance.usize(..3) * chance.usize(..2);
        let said: Vec<String> = (0..many).filter_map(|_| edits::any(chance, &mut file)).collect();
        if !said.is_empty() && file != last.file && is_valid(&file) {
            return (file, said.join("; "));
        }
    }
}

/// A chain in words, for whoever replays it.
pub fn told(steps: &[Step]) -> String {
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate() {
        let loss = if step.allows_loss { ", loss of data allowed" } else { "" };
        let _ = writeln!(text, "--- {at}: {} ({:?}{loss})\n{}", step.said, step.mode, written(&step.file));
    }
    text
}
