//! `isobar validate`: every problem at once, without network access.

use clap::ValueEnum;

use crate::cli::globals::Globals;
use crate::cli::session::{Packages, Session};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};
use crate::kinds;
use crate::render::problems;

/// Check the stack file, without network access
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Output format
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let session = Session::new(globals, &args.stack.stack);
    match args.format {
        Format::Text => text(&session),
        Format::Json => json(&session),
    }
}

fn text(session: &Session<'_>) -> Result<Done, Failure> {
    let stack = session.check(Packages::Hashed)?.stack;
    console::say(&format!(
        "{} is valid: stack {}, {} resources in {} regions",
        session.path.display(),
        stack.loaded.name,
        stack.declarations.iter().filter(|declaration| !declaration.existing).count(),
        stack.loaded.regions.len(),
    ));
    Ok(Done::Clean)
}

/// Prints the problems as data; a file with errors is a failure all the same.
fn json(session: &Session<'_>) -> Result<Done, Failure> {
    let (source, found, is_valid) = match session.examine(Packages::Hashed, &kinds::catalog()) {
        Ok(stack) => (Some(stack.loaded.source), stack.warnings, true),
        Err(rejected) => (rejected.source, rejected.problems, false),
    };
    console::data(&format!("{:#}\n", problems::json(source.as_ref(), &found)))?;
    if is_valid { Ok(Done::Clean) } else { Err(Failure::error(problems::count(&found))) }
}
