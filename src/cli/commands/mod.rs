//! The commands: one file each, with its arguments and its code.

mod apply;
mod completions;
mod destroy;
mod expand;
mod explain;
mod output;
mod plan;
mod recover;
mod schema;
mod state;
mod validate;

use clap::Subcommand;

use super::globals::Globals;
use super::{Done, Failure};

/// Every command, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    Validate(validate::Args),
    Expand(expand::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    Output(output::Args),
    Recover(recover::Args),
    State(state::Args),
    Schema(schema::Args),
    Explain(explain::Args),
    Completions(completions::Args),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> Result<Done, Failure> {
        match self {
            Self::Validate(args) => validate::run(globals, args),
            Self::Expand(args) => expand::run(globals, args),
            Self::Plan(args) => plan::run(globals, args),
            Self::Apply(args) => apply::run(globals, args),
            Self::Destroy(args) => destroy::run(globals, args),
            Self::Output(args) => output::run(globals, args),
            Self::Recover(args) => recover::run(globals, args),
            Self::State(args) => args.command.run(globals),
            Self::Schema(_) => schema::run(),
            Self::Explain(args) => explain::run(args),
            Self::Completions(args) => completions::run(args),
        }
    }
}
