//! `isobar state rm`: resources leave the state and stay in AWS.

use super::no_state;
use crate::cli::globals::Globals;
use crate::cli::locked_state::{LockedState, Override};
use crate::cli::session::Session;
use crate::cli::stack_file::StackAndAddresses;
use crate::cli::{Done, Failure, console, prompt};
use crate::state::edit;

/// Forget resources, which stay in AWS; `*` is a wildcard
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    words: StackAndAddresses,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let (stack, patterns) = args.words.split();
    if patterns.is_empty() {
        return Err(Failure::error("expected an address: `isobar state rm [STACK] ADDRESS...`"));
    }
    let state = Session::new(globals, stack).state()?;
    let shown = edit::fitting(&state, patterns)?;
    for address in &shown {
        let id = state.records.get(address).map(|record| format!("  {} {}", record.kind, record.id));
        console::say(&format!("{address}{}", id.unwrap_or_default()));
    }
    console::say(
        "These stay in AWS and continue to incur costs. If their blocks stay in the stack file, the next plan adopts \
         them again.",
    );
    prompt::confirm_unless(args.yes, "Forget them?")?;
    LockedState::open(Session::new(globals, stack))?.edit("state rm", Override::None, |there| {
        let state = there.ok_or_else(no_state)?;
        if edit::fitting(state, patterns).as_ref() != Ok(&shown) {
            return Err(Failure::refused("another run has changed the state meanwhile").help("run the command again"));
        }
        Ok(edit::forgotten(state, &shown))
    })?;
    Ok(Done::Clean)
}
