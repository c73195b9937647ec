//! `isobar apply`: plans, asks, applies.

use super::args::{Apply, Globals};
use super::engine::{self, Session};
use super::{Done, Failure, ask, watch};
use crate::plan::Plan;

pub fn run(globals: &Globals, args: &Apply) -> Result<Done, Failure> {
    let project = engine::load_and_package(globals, &args.stack.stack)?;
    let watch = watch::Watch::new(globals, args.events.as_deref())?;
    let options = engine::options(&args.selection, false);
    engine::in_runtime(async {
        let session = Session::open(globals, project).await?;
        session.carry_out(&options, &watch, "apply", |plan| if args.yes { Ok(()) } else { confirm(plan) }).await
    })
}

fn confirm(plan: &Plan) -> Result<(), Failure> {
    let regions = plan.regions.len();
    let ending = if regions == 1 { "" } else { "s" };
    ask::confirm(&format!("Apply these changes to {regions} region{ending}? Only \"yes\" is accepted:"), "yes")
}
