//! What many chains came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::play::{Fault, Played};
use super::scenario::{Step, told};
use super::yaml::written;
use crate::support::program::root;

#[derive(Default)]
pub struct Report {
    chains: usize,
    edits: usize,
    killed: usize,
    asked: u64,
    /// How often each thing was refused.
    refused: BTreeMap<String, usize>,
    /// Seeds of each kind of fault.
    faults: BTreeMap<String, Vec<u64>>,
}

impl Report {
    /// Adds a chain; whether its fault is a new one.
    pub fn add(&mut self, seed: u64, played: Played, elapsed: Duration) -> bool {
        self.chains += 1;
        self.edits += played.edits + usize::from(played.fault.is_some());
        self.killed += played.killed;
        self.asked += played.asked;
        for words in played.refused {
            *self.refused.entry(words).or_default() += 1;
        }
        let rate = f64::from(u32::try_from(self.edits).expect("few")) * 60.0 / elapsed.as_secs_f64();
        let Some(fault) = played.fault else {
            say(&format!("chain {seed}: ok; {}, {rate:.1} a minute", self.sums()));
            return false;
        };
        say(&format!("chain {seed}: step {}: {}; {}, {rate:.1} a minute", fault.step, fault.kind, self.sums()));
        let seeds = self.faults.entry(fault.kind).or_default();
        seeds.push(seed);
        seeds.len() == 1
    }

    fn sums(&self) -> String {
        format!("{} edits, {} killed, {} requests asked", self.edits, self.killed, self.asked)
    }

    /// Tells all of it, and fails if anything is wrong.
    pub fn conclude(self, elapsed: Duration) {
        let mut text = format!("{} in {} chains in {:.0} s\n", self.sums(), self.chains, elapsed.as_secs_f64());
        for (words, times) in &self.refused {
            let _ = writeln!(text, "refused {times} times: {words}");
        }
        for (kind, seeds) in &self.faults {
            let _ = writeln!(text, "FAULT {} times: {kind}: seeds {seeds:?}", seeds.len());
        }
        say(&text);
        assert!(self.faults.is_empty(), "{text}\nfiles are in target/transitions");
    }
}

/// Leaves a chain for whoever looks into it, and tells all of it if it is the first of its kind.
pub fn keep(seed: u64, steps: &[Step], fault: &Fault, tells: bool) {
    let letters = fault.kind.chars().map(|sign| if sign.is_ascii_alphanumeric() { sign } else { '-' });
    let short: String = letters.take(70).collect();
    let folder: PathBuf = root().join("target/transitions").join(format!("{short}-{seed}"));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (at, step) in steps.iter().enumerate() {
        let name = folder.join(format!("{}.yaml", char::from(b'a' + u8::try_from(at).expect("few"))));
        std::fs::write(name, written(&step.file)).expect("written");
    }
    let text = format!("{}\nat step {} of:\n{}\n{}", fault.kind, fault.step, told(steps), fault.told);
    std::fs::write(folder.join("README"), &text).expect("written");
    say(&format!("{}\n{}", folder.display(), if tells { text.as_str() } else { "" }));
}

#[expect(clippy::print_stdout, reason = "what the edits came to is for those who run them")]
fn say(line: &str) {
    println!("{line}");
}
