//! `isobar state show`: the record of one resource.

use crate::cli::globals::Globals;
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};
use crate::names::Address;
use crate::problem::nearest;
use crate::state::State;

/// Print the record of one resource, as JSON
#[derive(Debug, clap::Args)]
#[command(allow_missing_positional = true)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// The resource, such as `tables.carts.table@global`
    #[arg(required = true)]
    address: String,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let state = Session::new(globals, &args.stack.stack).state()?;
    let wanted: Address = args.address.parse().map_err(Failure::error)?;
    let record = state.records.get(&wanted).ok_or_else(|| unknown(&wanted, &args.address, &state))?;
    let text = serde_json::to_string_pretty(record).map_err(Failure::error)?;
    console::data(&format!("{text}\n"))?;
    Ok(Done::Clean)
}

fn unknown(wanted: &Address, given: &str, state: &State) -> Failure {
    let known: Vec<String> = state.records.keys().map(Address::to_string).collect();
    let failure = Failure::error(format!("the state has no `{wanted}`"));
    match nearest(given, known.iter().map(String::as_str)) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`isobar state list` lists every address"),
    }
}
