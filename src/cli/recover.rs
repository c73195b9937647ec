//! `isobar recover`: rebuilds or repairs the state from AWS.

use super::args::{Globals, Recover};
use super::engine::{self, Session};
use super::{Done, Failure, ask, console};
use crate::render::recovery;

pub fn run(globals: &Globals, args: &Recover) -> Result<Done, Failure> {
    let project = engine::load(globals, &args.stack.stack)?;
    engine::in_runtime(async {
        let session = Session::open(globals, project).await?;
        let found = session.recovery().await?;
        console::say(recovery::text(&found).trim_end());
        if found.is_empty() {
            return Ok(Done::Clean);
        }
        if !args.yes {
            ask::confirm("Write this to the state? Nothing changes in AWS. Only \"yes\" is accepted:", "yes")?;
        }
        for place in session.recover(found).await? {
            console::say(&format!("What could not be read is kept in {place}"));
        }
        console::say("The state is written.");
        Ok(Done::Clean)
    })
}
