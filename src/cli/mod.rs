//! The command line.
//!
//! A command is one file in `commands`: its arguments, whose doc comments are the help, and its code. It returns `Done`
//! or a `Failure`. Only `exit` knows exit codes, only `console` writes to stdout and stderr, and only `session` opens
//! files, state and AWS.

mod commands;
mod connection;
mod console;
mod core_dumps;
mod deployment;
mod event_sinks;
mod exit;
mod failure;
mod globals;
mod intent_options;
mod local;
mod lock_holder;
mod locked_state;
mod log;
mod panic;
mod prompt;
mod session;
mod signals;
mod stack_file;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use commands::Command;
pub(crate) use failure::{Done, Failure};
use globals::Globals;

/// Deploys multi-region active-active stacks on AWS, region by region, from one YAML file
#[derive(Debug, Parser)]
#[command(name = "isobar", version, propagate_version = false, disable_help_subcommand = true)]
#[command(after_help = "STACK is a YAML file, `isobar.yaml` by default. `isobar COMMAND --help` has the details.")]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Parses the arguments, runs the command, prints its failure, and returns the exit code.
pub fn run() -> ExitCode {
    core_dumps::forbid();
    panic::install_hook();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    console::set_color(arguments.globals.color);
    log::start(&arguments.globals);
    let result = arguments.command.run(&arguments.globals);
    if let Err(failure) = &result {
        console::say(&failure.text());
    }
    exit::code(&result)
}

/// The commands and options as data, for documentation and tests.
pub fn command() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_sound() {
        super::command().debug_assert();
    }
}
