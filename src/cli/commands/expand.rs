//! `isobar expand`: the raw resources that the file expands to.

use clap::ValueEnum;

use crate::blocks;
use crate::cli::globals::Globals;
use crate::cli::session::{Packages, Session};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};

/// Print the raw resources that the stack file expands to
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Output format
    #[arg(long, default_value = "yaml")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let checked = Session::new(globals, &args.stack.stack).check(Packages::Hashed)?;
    let json = blocks::expanded_json(&checked.stack.declarations);
    let text = match args.format {
        Format::Json => serde_json::to_string_pretty(&json).map(|text| text + "\n").map_err(Failure::error)?,
        Format::Yaml => serde_yaml::to_string(&json).map_err(Failure::error)?,
    };
    console::data(&text)?;
    Ok(Done::Clean)
}
