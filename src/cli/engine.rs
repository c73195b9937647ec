//! The only file of the command line that calls the engine.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{Globals, Selection};
use super::watch::Watch;
use super::{Done, Failure, local};
use crate::aws;
use crate::blocks::Declaration;
use crate::catalog::Catalog;
use crate::plan::{ObstacleKind, Plan};
use crate::stack::Loaded;
use crate::state::State;
use crate::value::Json;

/// A stack file that is right, with what it stands for.
pub struct Project {
    pub loaded: Loaded,
    declarations: Vec<Declaration>,
    catalog: Catalog,
}

impl Project {
    /// How many resources it stands for, those of others left out.
    pub fn resources(&self) -> usize {
        self.declarations.iter().filter(|declaration| !declaration.existing).count()
    }
}

/// Options of a plan.
pub struct Options;

/// A plan and what it rests on.
pub struct Planning {
    pub plan: Plan,
}

/// Loads, expands and checks a stack file.
pub fn load(_globals: &Globals, _path: &Path) -> Result<Project, Failure> {
    let _catalog: Catalog = aws::catalog();
    Err(Failure::error("not built in yet"))
}

/// The raw resources that the file stands for.
pub fn expanded(globals: &Globals, path: &Path) -> Result<Json, Failure> {
    let project = load(globals, path)?;
    let _ = &project.catalog;
    Ok(project.declarations.iter().map(Declaration::written).collect())
}

/// What is remembered of a stack.
pub fn state(globals: &Globals, path: &Path) -> Result<State, Failure> {
    let _folder = folder(globals, path);
    Err(Failure::error("not built in yet"))
}

pub fn options(_selection: &Selection, _destroy: bool) -> Options {
    Options
}

/// Runs what needs the network.
pub fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error(format!("the program cannot start its threads: {error}")))?;
    let result = runtime.block_on(work);
    // A call that hangs must not keep a program that is told to leave.
    runtime.shutdown_background();
    result
}

/// The failure of a plan that cannot be applied; the plan has told what is in the way.
pub fn obstructed(plan: &Plan) -> Failure {
    let failure = Failure::refused("the plan cannot be applied; nothing was changed");
    let protected = plan.obstacles.iter().find(|obstacle| obstacle.kind == ObstacleKind::Protected);
    match protected {
        Some(obstacle) => failure.help(format!(
            "to let protected data go, pass `--allow-data-loss {}`, once for each, or `--allow-data-loss all`",
            obstacle.address
        )),
        None => failure,
    }
}

/// A connection to AWS, and the engine on it.
pub struct Session;

impl Session {
    pub async fn open(globals: &Globals, _project: Project) -> Result<Self, Failure> {
        if globals.local {
            local::endpoint()?;
        }
        Ok(Self)
    }

    pub async fn plan(&self, _options: &Options) -> Result<Planning, Failure> {
        Err(Failure::error("not built in yet"))
    }

    pub async fn apply(&self, _planning: Planning, watch: Watch, _command: &str) -> Result<Done, Failure> {
        let (_listener, report) = watch.start();
        super::signals::guard(async { Ok(Done::Clean) }, || {}).await?;
        let _ = Arc::strong_count(&report);
        Ok(Done::Clean)
    }
}

/// Where the state is: beside the stack file, LocalStack's apart from the real one.
fn folder(globals: &Globals, stack: &Path) -> PathBuf {
    let beside = stack.parent().unwrap_or(Path::new("")).join(".isobar");
    if globals.local { beside.join("local") } else { beside }
}
