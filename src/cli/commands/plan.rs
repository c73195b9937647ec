//! `isobar plan`: reads AWS and prints what would change.

use clap::ValueEnum;

use crate::cli::deployment::{Deployment, blocked};
use crate::cli::globals::Globals;
use crate::cli::intent_options::IntentOptions;
use crate::cli::session::{Packages, Session, in_runtime};
use crate::cli::stack_file::StackFile;
use crate::cli::{Done, Failure, console};
use crate::intent::Overlay;
use crate::plan::Plan;
use crate::render::plan::{json, markdown, text};

/// Read AWS and print what would change, by wave and region
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    stack: StackFile,
    #[command(flatten)]
    intent: IntentOptions,
    /// Plan to destroy the stack
    #[arg(long)]
    destroy: bool,
    /// Output format
    #[arg(long, default_value = "text")]
    format: Format,
    /// Exit with 2 if anything would change
    #[arg(long)]
    detailed_exitcode: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

pub fn run(globals: &Globals, args: &Args) -> Result<Done, Failure> {
    let session = Session::new(globals, &args.stack.stack);
    let checked = session.check(Packages::Hashed)?;
    let overlay = if args.destroy { Overlay::Destroyed } else { Overlay::AsDeclared };
    let intent = args.intent.intent(overlay);
    let plan = in_runtime(async {
        let deployment = Deployment::open(&session, checked).await?;
        deployment.plan(&intent).await.map(|planning| planning.plan)
    })?;
    console::data(&rendered(&plan, args.format)?)?;
    if !plan.obstacles.is_empty() {
        return Err(blocked(&plan));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Done::Differences } else { Done::Clean })
}

fn rendered(plan: &Plan, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => text(plan),
        Format::Markdown => markdown(plan),
        Format::Json => {
            let json = json(plan).map_err(Failure::error)?;
            format!("{json:#}\n")
        }
    })
}
