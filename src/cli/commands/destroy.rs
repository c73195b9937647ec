//! `isobar destroy`: shows what goes, asks for the stack's name, takes it down.

use crate::cli::args::{Destroy, Globals, Selection};
use crate::cli::session::{self, Session};
use crate::cli::{Done, Failure, event_sinks, prompt};
use crate::intent::Overlay;

pub fn run(globals: &Globals, args: &Destroy) -> Result<Done, Failure> {
    let project = session::load(globals, &args.stack.stack)?;
    let name = project.loaded.name.to_string();
    let watch = event_sinks::Watch::new(globals, args.events.as_deref())?;
    let selection = Selection {
        target: Vec::new(),
        exclude: Vec::new(),
        replace: Vec::new(),
        allow_data_loss: args.allow_data_loss.clone(),
    };
    let intent = session::intent(&selection, Overlay::Destroyed);
    let question = format!("This cannot be undone. Type the stack's name, {name}, to destroy it:");
    session::in_runtime(async {
        let session = Session::open(globals, project).await?;
        let confirm = |_: &_| if args.yes { Ok(()) } else { prompt::confirm(&question, &name) };
        session.carry_out(&intent, &watch, "destroy", confirm).await
    })
}
