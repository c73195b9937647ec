//! `isobar destroy`: shows what goes, asks for the stack's name, takes it down.

use super::args::{Destroy, Globals, Selection};
use super::engine::{self, Session};
use super::{Done, Failure, ask, watch};

pub fn run(globals: &Globals, args: &Destroy) -> Result<Done, Failure> {
    let project = engine::load(globals, &args.stack.stack)?;
    let name = project.loaded.name.to_string();
    let watch = watch::Watch::new(globals, args.events.as_deref())?;
    let selection = Selection {
        target: Vec::new(),
        exclude: Vec::new(),
        replace: Vec::new(),
        allow_data_loss: args.allow_data_loss.clone(),
    };
    let options = engine::options(&selection, true);
    let question = format!("This cannot be undone. Type the stack's name, {name}, to destroy it:");
    engine::in_runtime(async {
        let session = Session::open(globals, project).await?;
        let confirm = |_: &_| if args.yes { Ok(()) } else { ask::confirm(&question, &name) };
        session.carry_out(&options, &watch, "destroy", confirm).await
    })
}
