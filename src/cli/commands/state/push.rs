//! `isobar state push`: a file takes the place of the state.

use std::path::PathBuf;

use crate::cli::globals::Globals;
use crate::cli::locked_state::{LockedState, Override};
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};
use crate::state::edit;
use crate::store::document;

/// Replace the state with one from a file
#[derive(Debug, clap::Args)]
#[command(allow_missing_positional = true)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// The file, such as `state pull` prints
    #[arg(required = true)]
    file: PathBuf,
    /// Ignore lineage and serial, and end a divergence of the state's two places
    #[arg(long)]
    force: bool,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let place = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).map_err(|error| Failure::error(format!("{place}: {error}")))?;
    let locked = LockedState::open(Session::new(globals, &args.stack.stack))?;
    let rescue = || "`isobar state pull` shows what a state looks like".to_owned();
    let given = document::read(&bytes, locked.stack(), &place, rescue).map_err(Failure::refused)?;
    let overriding = if args.force { Override::Diverged } else { Override::Damaged };
    let account = locked.account();
    locked.edit("state push", overriding, |there| Ok(edit::pushed(given, there, account, args.force)?))?;
    console::say(&format!("{place} is the state now."));
    Ok(Done::Clean)
}
