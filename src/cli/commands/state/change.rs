//! `isobar state mv`, `rm`, `push` and `unlock`: what is remembered, changed by hand. AWS is not touched.

use std::path::Path;

use crate::cli::args::{Globals, Words};
use crate::cli::locked_state::{Held, Over};
use crate::cli::session;
use crate::cli::{Done, Failure, console, prompt};
use crate::state::edit::{self, Refusal};
use crate::store::Holder;
use crate::store::document;

/// `isobar state push`: puts a file in the place of what is remembered.
pub fn push(globals: &Globals, stack: &Path, file: &Path, force: bool) -> Result<Done, Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::error(format!("{}: {error}", file.display())))?;
    let held = Held::read(globals, stack)?;
    let place = file.display().to_string();
    let rescue = || "`isobar state pull` shows what a state looks like".to_owned();
    let given = document::read(&bytes, held.stack(), &place, rescue).map_err(Failure::refused)?;
    let over = if force { Over::Quarrel } else { Over::Damaged };
    held.change("state push", over, |there| edit::pushed(given, there, held.account(), force).map_err(refused))?;
    console::say(&format!("{place} is the state now."));
    Ok(Done::Clean)
}

/// `isobar state mv`: gives what is remembered another address.
pub fn mv(globals: &Globals, words: &Words) -> Result<Done, Failure> {
    let (stack, [from, to]) = words.stack_and_rest() else {
        return Err(Failure::error("two addresses are wanted: `isobar state mv [STACK] FROM TO`"));
    };
    let held = Held::read(globals, stack)?;
    let mut moves = Vec::new();
    held.change("state mv", Over::Nothing, |there| {
        let state = there.ok_or_else(nothing)?;
        moves = edit::moves(state, from, to).map_err(refused)?;
        Ok(edit::moved(state, &moves))
    })?;
    for (from, to) in moves {
        console::say(&format!("{from} is {to} now"));
    }
    console::say("Give the block its new name in the stack file before the next apply.");
    Ok(Done::Clean)
}

/// `isobar state rm`: forgets; what is forgotten stays in AWS.
pub fn rm(globals: &Globals, words: &Words, yes: bool) -> Result<Done, Failure> {
    let (stack, patterns) = words.stack_and_rest();
    if patterns.is_empty() {
        return Err(Failure::error("an address is wanted: `isobar state rm [STACK] ADDRESS...`"));
    }
    let state = session::state(globals, stack)?;
    let shown = edit::fitting(&state, patterns).map_err(refused)?;
    for address in &shown {
        let id = state.records.get(address).map(|record| format!("  {} {}", record.kind, record.id));
        console::say(&format!("{address}{}", id.unwrap_or_default()));
    }
    console::say(
        "These stay in AWS, and go on to cost what they cost. If their blocks stay in the stack file, the next plan \
         finds them again.",
    );
    if !yes {
        prompt::confirm("Forget them? Only \"yes\" is accepted:", "yes")?;
    }
    Held::read(globals, stack)?.change("state rm", Over::Nothing, |there| {
        let state = there.ok_or_else(nothing)?;
        if edit::fitting(state, patterns).as_ref() != Ok(&shown) {
            return Err(Failure::refused("another run has changed the state meanwhile").help("look again"));
        }
        Ok(edit::forgotten(state, &shown))
    })?;
    Ok(Done::Clean)
}

/// `isobar state unlock`: tells who holds the lock, and takes it away if asked to.
pub fn unlock(globals: &Globals, stack: &Path, yes: bool) -> Result<Done, Failure> {
    let held = Held::read(globals, stack)?;
    let Some(holder) = held.holder()? else {
        console::say("Nobody holds the lock.");
        return Ok(Done::Clean);
    };
    console::say(&about(&holder));
    console::say(
        "If its lock is broken, that run stops as soon as it would renew it; a call that is under way is still done, \
         and the next run finds out what became of it. A lock in S3 runs out by itself soon after its run has died.",
    );
    if !yes {
        prompt::confirm("Break the lock? Only \"yes\" is accepted:", "yes")?;
    }
    held.break_lock()?;
    console::say("It is broken. In S3 it is free once that run must have stopped: after the `lease`, 1m if not set.");
    Ok(Done::Clean)
}

fn about(holder: &Holder) -> String {
    let job = holder.job.as_deref().map_or_else(String::new, |job| format!("\n  job      {job}"));
    let Holder { command, pid, who, since, .. } = holder;
    format!(
        "The lock is held.\n  command  isobar {command}\n  process  {pid}\n  who      {who}\n  since    {since}{job}"
    )
}

fn nothing() -> Failure {
    Failure::refused("nothing is remembered of this stack").help("`isobar recover` rebuilds a lost state from AWS")
}

fn refused(refusal: Refusal) -> Failure {
    let failure = Failure::refused(&refusal);
    match refusal.help {
        Some(help) => failure.help(help),
        None => failure,
    }
}
