//! `isobar recover`: rebuilds or repairs the state from AWS.

use crate::cli::deployment::Deployment;
use crate::cli::globals::Globals;
use crate::cli::session::{Packages, Session, in_runtime};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console, prompt};
use crate::render::recover;

/// Rebuild or repair the state from AWS, without changing anything there
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let session = Session::new(globals, &args.stack.stack);
    let checked = session.check(Packages::Hashed)?;
    in_runtime(async {
        let deployment = Deployment::open(&session, checked).await?;
        let found = deployment.recovery().await?;
        console::say(recover::text(&found).trim_end());
        if found.is_empty() {
            return Ok(Done::Clean);
        }
        prompt::confirm_unless(args.yes, "Write this to the state? Nothing changes in AWS.")?;
        for place in deployment.recover(found).await? {
            console::say(&format!("The unreadable state is kept in {place}"));
        }
        console::say("The state is written.");
        Ok(Done::Clean)
    })
}
