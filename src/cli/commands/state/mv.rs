//! `isobar state mv`: another address for what is in the state.

use super::no_state;
use crate::cli::globals::Globals;
use crate::cli::locked_state::{LockedState, Override};
use crate::cli::session::Session;
use crate::cli::stack_file::StackAndAddresses;
use crate::cli::{Done, Failure, console};
use crate::state::edit;

/// Give a resource in the state another address, or a block with all its parts another name
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    words: StackAndAddresses,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let (stack, [from, to]) = args.words.split() else {
        return Err(Failure::error("expected two addresses: `isobar state mv [STACK] FROM TO`"));
    };
    let locked = LockedState::open(Session::new(globals, stack))?;
    let mut moves = Vec::new();
    locked.edit("state mv", Override::None, |there| {
        let state = there.ok_or_else(no_state)?;
        moves = edit::moves(state, from, to)?;
        Ok(edit::moved(state, &moves))
    })?;
    for (from, to) in moves {
        console::say(&format!("{from} is {to} now"));
    }
    console::say("Rename the block in the stack file before the next apply.");
    Ok(Done::Clean)
}
