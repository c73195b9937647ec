//! `isobar completions`: a completion script for a shell.

use crate::cli::{Done, Failure, command, console};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub fn run(args: &Args) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "isobar", &mut script);
    console::data(&String::from_utf8_lossy(&script))?;
    Ok(Done::Clean)
}
