//! The command line: one thin file per command.
//!
//! A command returns `Done` or a `Failure`; only `exit` knows exit codes, only `console` writes to
//! stdout and stderr, and only `engine` calls the engine.

mod apply;
mod args;
mod ask;
mod completions;
mod console;
mod destroy;
mod engine;
mod exit;
mod expand;
mod failure;
mod held;
mod local;
mod log;
mod output;
mod plan;
mod recover;
mod schema;
mod signals;
mod state;
mod store;
mod validate;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
pub(crate) use failure::{Done, Failure};

/// Parses the arguments, runs the command, tells what went wrong, and returns the exit code.
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    console::set_color(args.globals.color);
    log::start(&args.globals);
    let result = dispatch(&args);
    if let Err(failure) = &result {
        console::say(&failure.text());
    }
    exit::code(&result)
}

/// The commands and options as data, for whoever documents or tests them.
pub fn command() -> clap::Command {
    Args::command()
}

fn dispatch(args: &Args) -> Result<Done, Failure> {
    let globals = &args.globals;
    match &args.command {
        Command::Validate(args) => validate::run(globals, args),
        Command::Expand(args) => expand::run(globals, args),
        Command::Plan(args) => plan::run(globals, args),
        Command::Apply(args) => apply::run(globals, args),
        Command::Destroy(args) => destroy::run(globals, args),
        Command::Output(args) => output::run(globals, args),
        Command::Recover(args) => recover::run(globals, args),
        Command::State(args) => state::run(globals, args),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
    }
}
