//! `isobar plan`: reads AWS and prints what would change.

use super::args::{Globals, Plan, PlanFormat};
use super::{Done, Failure, console, engine};
use crate::plan;
use crate::render::{markdown, plan as text, plan_json};

pub fn run(globals: &Globals, args: &Plan) -> Result<Done, Failure> {
    let project = engine::load(globals, &args.stack.stack)?;
    let options = engine::options(&args.selection, args.destroy);
    let plan = engine::in_runtime(async {
        let session = engine::Session::open(globals, project).await?;
        session.plan(&options).await.map(|planning| planning.plan)
    })?;
    console::data(&rendered(&plan, args.format)?)?;
    if !plan.obstacles.is_empty() {
        return Err(engine::obstructed(&plan));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Done::Differences } else { Done::Clean })
}

fn rendered(plan: &plan::Plan, format: PlanFormat) -> Result<String, Failure> {
    Ok(match format {
        PlanFormat::Text => text::text(plan),
        PlanFormat::Markdown => markdown::markdown(plan),
        PlanFormat::Json => {
            let json = plan_json::json(plan).map_err(Failure::error)?;
            format!("{json:#}\n")
        }
    })
}
