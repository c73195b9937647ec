//! `isobar state list`: every resource in the state.

use crate::cli::globals::Globals;
use crate::cli::session::Session;
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};

/// List every resource: address, kind and id
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let state = Session::new(globals, &args.stack.stack).state()?;
    let width = state.records.keys().map(|address| address.to_string().len()).max().unwrap_or_default();
    let kinds = state.records.values().map(|record| record.kind.as_str().len()).max().unwrap_or_default();
    let lines = state
        .records
        .iter()
        .map(|(address, record)| format!("{address:<width$}  {:<kinds$}  {}\n", record.kind, record.id));
    console::data(&lines.collect::<String>())?;
    Ok(Done::Clean)
}
