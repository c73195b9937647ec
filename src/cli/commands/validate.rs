//! `isobar validate`: every problem at once, without any network.

use crate::cli::args::{Globals, Stack};
use crate::cli::{Done, Failure, console, session};

pub fn run(globals: &Globals, args: &Stack) -> Result<Done, Failure> {
    let project = session::load(globals, &args.stack)?;
    console::say(&format!(
        "{} is valid: stack {}, {} resources in {} regions",
        args.stack.display(),
        project.loaded.name,
        project.resources,
        project.loaded.regions.len(),
    ));
    Ok(Done::Clean)
}
