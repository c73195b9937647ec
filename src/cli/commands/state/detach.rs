//! `isobar state detach`: the first place of the state goes on without its copy.

use crate::cli::globals::Globals;
use crate::cli::locked_state::LockedState;
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console, prompt};

/// Declare that the state's copy is lost for good, so that the first place stands alone
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Asks first: a run that still uses the copy would work on another state from then on.
pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    if !args.yes {
        console::say("After this, no run may use the copy. Remove `copy` from the stack file everywhere first.");
        prompt::confirm_unless(args.yes, "Let the first place stand alone?")?;
    }
    let state = LockedState::open(Session::new(globals, &args.stack.stack))?;
    console::say(if state.detach()? {
        "The first place stands alone now."
    } else {
        "It had no copy; nothing was changed."
    });
    Ok(Done::Clean)
}
