//! `isobar expand`: the raw resources that the file stands for.

use crate::cli::args::{Expand, ExpandFormat, Globals};
use crate::cli::{Done, Failure, console, session};

pub fn run(globals: &Globals, args: &Expand) -> Result<Done, Failure> {
    let json = session::expanded(globals, &args.stack.stack)?;
    let text = match args.format {
        ExpandFormat::Json => serde_json::to_string_pretty(&json).map(|text| text + "\n").map_err(Failure::error)?,
        ExpandFormat::Yaml => serde_yaml::to_string(&json).map_err(Failure::error)?,
    };
    console::data(&text)?;
    Ok(Done::Clean)
}
