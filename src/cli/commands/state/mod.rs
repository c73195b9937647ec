//! `isobar state`: looks after what is remembered.

mod change;

use crate::cli::args::{Globals, State, StateCommand};
use crate::cli::locked_state::Held;
use crate::cli::{Done, Failure, console, prompt, session};
use crate::names::Address;
use crate::problem::nearest;
use crate::store::document;

pub fn run(globals: &Globals, args: &State) -> Result<Done, Failure> {
    match &args.command {
        StateCommand::List(stack) => {
            let state = session::state(globals, &stack.stack)?;
            let width = state.records.keys().map(|address| address.to_string().len()).max().unwrap_or_default();
            let kinds = state.records.values().map(|record| record.kind.as_str().len()).max().unwrap_or_default();
            let lines = state
                .records
                .iter()
                .map(|(address, record)| format!("{address:<width$}  {:<kinds$}  {}\n", record.kind, record.id));
            console::data(&lines.collect::<String>())?;
        }
        StateCommand::Detach { stack, yes } => return detach(globals, &stack.stack, *yes),
        StateCommand::Mv(words) => return change::mv(globals, words),
        StateCommand::Push { stack, file, force } => return change::push(globals, &stack.stack, file, *force),
        StateCommand::Rm { words, yes } => return change::rm(globals, words, *yes),
        StateCommand::Unlock { stack, yes } => return change::unlock(globals, &stack.stack, *yes),
        StateCommand::Pull { stack, from } => {
            let state = Held::read(globals, &stack.stack)?.look(*from)?;
            let state = state.ok_or_else(|| {
                Failure::refused("nothing is remembered of this stack")
                    .help("`isobar recover` rebuilds a lost state from AWS")
            })?;
            let bytes = document::write(&state).map_err(Failure::error)?;
            console::data(&String::from_utf8_lossy(&bytes))?;
        }
        StateCommand::Show { stack, address } => {
            let state = session::state(globals, &stack.stack)?;
            let wanted: Address = address.parse().map_err(Failure::error)?;
            let record = state.records.get(&wanted).ok_or_else(|| {
                let known: Vec<String> = state.records.keys().map(Address::to_string).collect();
                let failure = Failure::error(format!("nothing is remembered of `{wanted}`"));
                match nearest(address, known.iter().map(String::as_str)) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure.help("`isobar state list` lists what there is"),
                }
            })?;
            let text = serde_json::to_string_pretty(record).map_err(Failure::error)?;
            console::data(&format!("{text}\n"))?;
        }
    }
    Ok(Done::Clean)
}

/// Asks first: whoever still goes on from the copy would work on another state from then on.
fn detach(globals: &Globals, path: &std::path::Path, yes: bool) -> Result<Done, Failure> {
    if !yes {
        console::say(
            "From then on nobody may go on from the copy. Take `copy` out of the stack file everywhere first.",
        );
        prompt::confirm("Let the first place stand alone? Only \"yes\" is accepted:", "yes")?;
    }
    console::say(if session::detach(globals, path)? {
        "The first place stands alone now."
    } else {
        "It had no copy; nothing was changed."
    });
    Ok(Done::Clean)
}
