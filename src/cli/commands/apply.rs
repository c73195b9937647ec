//! `isobar apply`: plans, asks, applies.

use std::path::PathBuf;

use crate::cli::deployment::Deployment;
use crate::cli::event_sinks::EventSinks;
use crate::cli::globals::Globals;
use crate::cli::intent_options::IntentOptions;
use crate::cli::session::{Packages, Session, in_runtime};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, prompt};
use crate::intent::Overlay;
use crate::plan::Plan;

/// Plan, ask, and apply the changes, region by region
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    #[command(flatten)]
    intent: IntentOptions,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Write every event to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let session = Session::new(globals, &args.stack.stack);
    let checked = session.check(Packages::Written)?;
    let sinks = EventSinks::new(globals, args.events.as_deref())?;
    let intent = args.intent.intent(Overlay::AsDeclared);
    in_runtime(async {
        let deployment = Deployment::open(&session, checked).await?;
        deployment.carry_out(&intent, &sinks, "apply", |plan| confirm(args.yes, plan)).await
    })
}

fn confirm(yes: bool, plan: &Plan) -> Result<(), Failure> {
    let regions = plan.regions.len();
    let ending = if regions == 1 { "" } else { "s" };
    prompt::confirm_unless(yes, &format!("Apply these changes to {regions} region{ending}?"))
}
