//! The stack file on the command line, alone or before addresses.

use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct StackFile {
    /// The stack file
    #[arg(value_name = "STACK", default_value = "isobar.yaml")]
    pub stack: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct StackAndAddresses {
    /// The stack file (ends in .yaml or .yml), which may be left out, then the addresses
    #[arg(value_name = "STACK] ADDRESS", required = true)]
    words: Vec<String>,
}

impl StackAndAddresses {
    /// The stack file and the addresses after it.
    pub fn split(&self) -> (&Path, &[String]) {
        split(&self.words)
    }
}

/// The stack file, if the first word is one, and the words after it.
pub fn split(words: &[String]) -> (&Path, &[String]) {
    match words.split_first() {
        Some((stack, rest)) if is_stack_file(stack) => (Path::new(stack), rest),
        _ => (Path::new("isobar.yaml"), words),
    }
}

fn is_stack_file(word: &str) -> bool {
    let ending = Path::new(word).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml"))
}
