//! `isobar state`: the state, read and edited by hand. AWS is not touched.

mod detach;
mod list;
mod mv;
mod pull;
mod push;
mod rm;
mod show;
mod unlock;

use clap::Subcommand;

use crate::cli::globals::Globals;
use crate::cli::{Done, Failure};

/// Inspect and edit the state of the stack
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    List(list::Args),
    Detach(detach::Args),
    Mv(mv::Args),
    Pull(pull::Args),
    Push(push::Args),
    Rm(rm::Args),
    Unlock(unlock::Args),
    Show(show::Args),
}

impl Command {
    pub fn run(&self, globals: &Globals) -> Result<Done, Failure> {
        match self {
            Self::List(args) => list::run(globals, args),
            Self::Detach(args) => detach::run(globals, args),
            Self::Mv(args) => mv::run(globals, args),
            Self::Pull(args) => pull::run(globals, args),
            Self::Push(args) => push::run(globals, args),
            Self::Rm(args) => rm::run(globals, args),
            Self::Unlock(args) => unlock::run(globals, args),
            Self::Show(args) => show::run(globals, args),
        }
    }
}

/// The failure of a command that needs a state.
fn no_state() -> Failure {
    Failure::refused("this stack has no state").help("`isobar recover` rebuilds a lost state from AWS")
}
