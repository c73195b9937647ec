//! `isobar explain`: the rule behind the code of a problem.

use crate::cli::{Done, Failure, console};
use crate::problem::{Code, nearest};

/// Explain the code of a problem, such as `unknown-key`; list all codes without one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code, as it stands in brackets
    code: Option<String>,
}

pub fn run(args: &Args) -> Result<Done, Failure> {
    let Some(given) = &args.code else {
        let line = |code: &Code| format!("{:<20} {}\n", code.as_str(), code.explanation());
        console::data(&Code::ALL.iter().map(line).collect::<String>())?;
        return Ok(Done::Clean);
    };
    let code: Code =
        given.parse().map_err(|error| {
            let near = nearest(given, Code::ALL.iter().map(|code| code.as_str()));
            Failure::error(error).help(near.map_or_else(
                || "`isobar explain` lists every code".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ))
        })?;
    console::data(&format!("{}\n", code.explanation()))?;
    Ok(Done::Clean)
}
