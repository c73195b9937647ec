//! `isobar validate`: every problem at once, without any network.

use super::args::{Globals, Stack};
use super::{Done, Failure, console, engine};

pub fn run(globals: &Globals, args: &Stack) -> Result<Done, Failure> {
    let project = engine::load(globals, &args.stack)?;
    console::say(&format!(
        "{} is valid: stack {}, {} resources in {} regions",
        args.stack.display(),
        project.loaded.name,
        project.resources,
        project.loaded.regions.len(),
    ));
    Ok(Done::Clean)
}
