//! `isobar state pull`: the whole state as JSON.

use super::no_state;
use crate::cli::globals::Globals;
use crate::cli::locked_state::{LockedState, Place};
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};
use crate::store::document;

/// Print the whole state as JSON, with the journal applied
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Which of two places, when the state has a copy
    #[arg(long, value_name = "PLACE")]
    from: Option<Place>,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let locked = LockedState::open(Session::new(globals, &args.stack.stack))?;
    let state = locked.look(args.from)?.ok_or_else(no_state)?;
    let bytes = document::write(&state).map_err(Failure::error)?;
    console::data(&String::from_utf8_lossy(&bytes))?;
    Ok(Done::Clean)
}
