//! `isobar recover`: rebuilds or repairs the state from AWS.

use crate::cli::args::{Globals, Recover};
use crate::cli::session::{self, Session};
use crate::cli::{Done, Failure, console, prompt};
use crate::render::recover;

pub fn run(globals: &Globals, args: &Recover) -> Result<Done, Failure> {
    let project = session::load(globals, &args.stack.stack)?;
    session::in_runtime(async {
        let session = Session::open(globals, project).await?;
        let found = session.recovery().await?;
        console::say(recover::text(&found).trim_end());
        if found.is_empty() {
            return Ok(Done::Clean);
        }
        if !args.yes {
            prompt::confirm("Write this to the state? Nothing changes in AWS. Only \"yes\" is accepted:", "yes")?;
        }
        for place in session.recover(found).await? {
            console::say(&format!("What could not be read is kept in {place}"));
        }
        console::say("The state is written.");
        Ok(Done::Clean)
    })
}
