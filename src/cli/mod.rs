//! The command line: one thin file per command.
//!
//! A command returns `Done` or a `Failure`; only `exit` knows exit codes, only `console` writes to
//! stdout and stderr, and only `engine` calls the engine.

mod args;
mod commands;
mod console;
mod event_sinks;
mod exit;
mod failure;
mod local;
mod locked_state;
mod log;
mod prompt;
mod session;
mod signals;
mod store;

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
        Command::Validate(args) => commands::validate::run(globals, args),
        Command::Expand(args) => commands::expand::run(globals, args),
        Command::Plan(args) => commands::plan::run(globals, args),
        Command::Apply(args) => commands::apply::run(globals, args),
        Command::Destroy(args) => commands::destroy::run(globals, args),
        Command::Output(args) => commands::output::run(globals, args),
        Command::Recover(args) => commands::recover::run(globals, args),
        Command::State(args) => commands::state::run(globals, args),
        Command::Schema => commands::schema::run(),
        Command::Completions(args) => commands::completions::run(args),
    }
}
