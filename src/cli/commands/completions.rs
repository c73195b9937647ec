//! `isobar completions`: a completion script for a shell.

use clap::CommandFactory;

use crate::cli::args::{Args, Completions};
use crate::cli::{Done, Failure, console};

pub fn run(args: &Completions) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "isobar", &mut script);
    console::data(&String::from_utf8_lossy(&script))?;
    Ok(Done::Clean)
}
