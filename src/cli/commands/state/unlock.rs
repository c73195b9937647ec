//! `isobar state unlock`: the holder of the lock, and its end.

use crate::cli::globals::Globals;
use crate::cli::locked_state::LockedState;
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console, prompt};
use crate::store::Holder;

/// Show who holds the lock, and break it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let locked = LockedState::open(Session::new(globals, &args.stack.stack))?;
    let Some(holder) = locked.holder()? else {
        console::say("Nobody holds the lock.");
        return Ok(Done::Clean);
    };
    console::say(&about(&holder));
    console::say(
        "If the lock is broken, that run stops at its next renewal. A call that is under way still completes, and the \
         next run finds out how it ended. A lock in S3 expires by itself soon after its run has died.",
    );
    prompt::confirm_unless(args.yes, "Break the lock?")?;
    locked.break_lock()?;
    console::say(
        "The lock is broken. In S3 it is free once that run must have stopped: after the `lease`, 1m by default.",
    );
    Ok(Done::Clean)
}

fn about(holder: &Holder) -> String {
    let job = holder.job.as_deref().map_or_else(String::new, |job| format!("\n  job      {job}"));
    let Holder { command, pid, who, since, .. } = holder;
    format!(
        "The lock is held.\n  command  isobar {command}\n  process  {pid}\n  who      {who}\n  since    {since}{job}"
    )
}
