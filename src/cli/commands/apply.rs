//! `isobar apply`: plans, asks, applies.

use crate::cli::args::{Apply, Globals};
use crate::cli::session::{self, Session};
use crate::cli::{Done, Failure, event_sinks, prompt};
use crate::intent::Overlay;
use crate::plan::Plan;

pub fn run(globals: &Globals, args: &Apply) -> Result<Done, Failure> {
    let project = session::load_and_package(globals, &args.stack.stack)?;
    let watch = event_sinks::Watch::new(globals, args.events.as_deref())?;
    let intent = session::intent(&args.selection, Overlay::AsDeclared);
    session::in_runtime(async {
        let session = Session::open(globals, project).await?;
        session.carry_out(&intent, &watch, "apply", |plan| if args.yes { Ok(()) } else { confirm(plan) }).await
    })
}

fn confirm(plan: &Plan) -> Result<(), Failure> {
    let regions = plan.regions.len();
    let ending = if regions == 1 { "" } else { "s" };
    prompt::confirm(&format!("Apply these changes to {regions} region{ending}? Only \"yes\" is accepted:"), "yes")
}
