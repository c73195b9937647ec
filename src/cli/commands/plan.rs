//! `isobar plan`: reads AWS and prints what would change.

use crate::cli::args::{Globals, Plan, PlanFormat};
use crate::cli::{Done, Failure, console, session};
use crate::intent::Overlay;
use crate::plan;
use crate::render::plan::{json, markdown, text};

pub fn run(globals: &Globals, args: &Plan) -> Result<Done, Failure> {
    let project = session::load(globals, &args.stack.stack)?;
    let overlay = if args.destroy { Overlay::Destroyed } else { Overlay::AsDeclared };
    let intent = session::intent(&args.selection, overlay);
    let plan = session::in_runtime(async {
        let session = session::Session::open(globals, project).await?;
        session.plan(&intent).await.map(|planning| planning.plan)
    })?;
    console::data(&rendered(&plan, args.format)?)?;
    if !plan.obstacles.is_empty() {
        return Err(session::obstructed(&plan));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Done::Differences } else { Done::Clean })
}

fn rendered(plan: &plan::Plan, format: PlanFormat) -> Result<String, Failure> {
    Ok(match format {
        PlanFormat::Text => text(plan),
        PlanFormat::Markdown => markdown(plan),
        PlanFormat::Json => {
            let json = json(plan).map_err(Failure::error)?;
            format!("{json:#}\n")
        }
    })
}
