//! `isobar destroy`: shows what goes, asks for the stack's name, takes it down.

use std::path::PathBuf;

use crate::cli::deployment::Deployment;
use crate::cli::event_sinks::EventSinks;
use crate::cli::globals::Globals;
use crate::cli::intent_options::with_wildcard;
use crate::cli::session::{Packages, Session, in_runtime};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, prompt};
use crate::intent::Intent;

/// Destroy the stack
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Allow protected data at this address, or `all`, to be deleted; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    allow_data_loss: Vec<String>,
    /// Write every event to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let session = Session::new(globals, &args.stack.stack);
    let checked = session.check(Packages::Hashed)?;
    let sinks = EventSinks::new(globals, args.events.as_deref())?;
    let intent = Intent { allow_data_loss: with_wildcard(&args.allow_data_loss), ..Intent::destroyed() };
    let name = checked.stack.loaded.name.to_string();
    let question = format!("This cannot be undone. Type the stack's name, {name}, to destroy it:");
    let confirm = |_: &_| if args.yes { Ok(()) } else { prompt::confirm(&question, &name) };
    in_runtime(async {
        let deployment = Deployment::open(&session, checked).await?;
        deployment.carry_out(&intent, &sinks, "destroy", confirm).await
    })
}
