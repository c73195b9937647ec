//! The only file of the command line that calls the engine.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::apply::{Broken, Outcome, Stop};
use crate::blocks;
use crate::catalog::Catalog;
use crate::cli::args::{Globals, Selection};
use crate::cli::event_sinks::Watch;
use crate::cli::store::{self, Opened};
use crate::cli::{Done, Failure, console, signals};
use crate::graph::{self, CheckedStack, Graph};
use crate::intent::{self, Intent, Overlay};
use crate::kinds::{self, AwsCloud};
use crate::ops::recover::Recovery;
use crate::ops::{Engine, EngineError, Planning};
use crate::plan::{ObstacleKind, Plan};
use crate::problem::Problem;
use crate::render::apply::report::{Report, details};
use crate::render::plan;
use crate::render::problems;
use crate::stack::{self, Loaded, Settings, Source};
use crate::state::State;
use crate::value::Json;

/// A stack file that is right, with what it stands for.
pub struct Project {
    pub loaded: Loaded,
    /// How many resources it stands for, those of others left out.
    pub resources: usize,
    catalog: Catalog,
    graph: Graph,
    path: PathBuf,
}

/// Loads, expands and checks a stack file; warnings are told on the way.
pub fn load(globals: &Globals, path: &Path) -> Result<Project, Failure> {
    project(globals, path, false)
}

/// The same, with the functions' packages written where an apply takes them from.
pub fn load_and_package(globals: &Globals, path: &Path) -> Result<Project, Failure> {
    project(globals, path, true)
}

fn project(globals: &Globals, path: &Path, store_packages: bool) -> Result<Project, Failure> {
    let catalog = kinds::catalog();
    let CheckedStack { loaded, declarations, graph, .. } = examined(globals, path, store_packages, &catalog)?;
    let resources = declarations.iter().filter(|declaration| !declaration.existing).count();
    Ok(Project { loaded, resources, catalog, graph, path: path.to_owned() })
}

/// The raw resources that the file stands for, by address.
pub fn expanded(globals: &Globals, path: &Path) -> Result<Json, Failure> {
    let examined = examined(globals, path, false, &kinds::catalog())?;
    Ok(blocks::expanded_json(&examined.declarations))
}

/// What is remembered of a stack; an empty state if nothing is.
pub fn state(globals: &Globals, path: &Path) -> Result<State, Failure> {
    let loaded = read(globals, path, false)?;
    in_runtime(async {
        let opened = store::open(globals, &loaded, path).await?;
        let state = opened.store.load().await.map_err(|error| store::failure(&error))?;
        opened.store.notes().iter().for_each(|note| console::say(&format!("note: {note}")));
        Ok(state.unwrap_or_else(|| State::new(loaded.name, String::new())))
    })
}

/// Lets the first place of a state stand alone. Whether there was a copy.
pub fn detach(globals: &Globals, path: &Path) -> Result<bool, Failure> {
    let loaded = read(globals, path, false)?;
    in_runtime(async {
        let Some(shared) = store::open(globals, &loaded, path).await?.shared else {
            return Err(Failure::error("this state is a file: it has no copy"));
        };
        shared.detach().await.map_err(|error| store::failure(&error))
    })
}

/// The intent of a plan.
pub fn intent(selection: &Selection, overlay: Overlay) -> Intent {
    let anywhere = |address: &String| if address == "all" { "*".to_owned() } else { address.clone() };
    Intent {
        overlay,
        selection: intent::Selection { targets: selection.target.clone(), excludes: selection.exclude.clone() },
        replace: selection.replace.clone(),
        allow_data_loss: selection.allow_data_loss.iter().map(anywhere).collect(),
    }
}

/// Runs what needs the network.
pub fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| no_runtime(&error))?;
    let result = runtime.block_on(work);
    // A call that hangs must not keep a program that was told to leave.
    runtime.shutdown_background();
    result
}

/// The failure of a plan that cannot be applied; the plan has told what is in the way.
pub fn obstructed(plan: &Plan) -> Failure {
    let failure = Failure::refused("the plan cannot be applied; nothing was changed");
    match plan.obstacles.iter().find(|obstacle| obstacle.kind == ObstacleKind::Protected) {
        Some(obstacle) => failure.help(format!(
            "to let protected data go, pass `--allow-data-loss {}`, once for each address, or `--allow-data-loss all`",
            obstacle.address
        )),
        None => failure,
    }
}

/// A connection to AWS, and the engine on it.
pub struct Session {
    engine: Engine,
    graph: Graph,
}

impl Session {
    /// Reads the configuration and the credentials; no call is made.
    pub async fn open(globals: &Globals, project: Project) -> Result<Self, Failure> {
        let Opened { connection, store, .. } = store::open(globals, &project.loaded, &project.path).await?;
        let engine = Engine {
            cloud: Arc::new(AwsCloud::new(connection)),
            catalog: project.catalog,
            store,
            parallelism: globals.parallelism,
            lock_timeout: globals.lock_timeout,
        };
        Ok(Self { engine, graph: project.graph })
    }

    /// Looks at AWS and decides.
    pub async fn plan(&self, intent: &Intent) -> Result<Planning, Failure> {
        let planned = self.engine.plan(&self.graph, intent).await;
        self.tell_notes();
        planned.map_err(|error| failure(&error))
    }

    /// What people should know of the place where the state is.
    fn tell_notes(&self) {
        self.engine.store.notes().iter().for_each(|note| console::say(&format!("note: {note}")));
    }

    /// Plans, shows the plan, lets it be confirmed and carries it out. All of it anew if another run has
    /// changed the stack in between, such as the one whose end this one has waited for.
    pub async fn carry_out(
        &self,
        intent: &Intent,
        watch: &Watch,
        command: &str,
        confirm: impl Fn(&Plan) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        loop {
            let planning = self.shown(intent).await?;
            let settled = planning.plan.is_empty();
            if !settled {
                confirm(&planning.plan)?;
            }
            let done = if settled {
                self.record_only(planning, command).await?
            } else {
                self.apply(planning, watch, command).await?
            };
            match done {
                Some(done) => return Ok(done),
                None => console::say("Another run has changed the stack since this plan was made: planning again.\n"),
            }
        }
    }

    /// Plans and shows the plan; one that cannot be applied is a failure.
    async fn shown(&self, intent: &Intent) -> Result<Planning, Failure> {
        let planning = self.plan(intent).await?;
        console::say(plan::text(&planning.plan).trim_end());
        if planning.plan.obstacles.is_empty() { Ok(planning) } else { Err(obstructed(&planning.plan)) }
    }

    /// Writes what a plan that changes nothing has found out; nothing if the plan is out of date.
    async fn record_only(&self, planning: Planning, command: &str) -> Result<Option<Done>, Failure> {
        let settled = self.engine.record_only(planning, &store::holder(command)).await;
        Ok(in_time(settled)?.map(|()| Done::Clean))
    }

    /// Applies a plan while everybody watches, and sums it up; does nothing if the plan is out of date.
    async fn apply(&self, planning: Planning, watch: &Watch, command: &str) -> Result<Option<Done>, Failure> {
        let (listener, report) = watch.start();
        let stop = Stop::default();
        let holder = store::holder(command);
        let run = async { in_time(self.engine.apply(planning, &holder, listener, stop.clone()).await) };
        let outcome = signals::guard(run, || stop.request()).await;
        self.tell_notes();
        let Some(outcome) = outcome? else { return Ok(None) };
        console::say(&report.summary());
        ended(&outcome, &report, command).map(Some)
    }

    /// Looks what the state should say of what is in AWS.
    pub async fn recovery(&self) -> Result<Recovery, Failure> {
        let found = self.engine.recovery(&self.graph).await;
        self.tell_notes();
        found.map_err(|error| failure(&error))
    }

    /// Writes that; tells where what could not be read is kept.
    pub async fn recover(&self, found: Recovery) -> Result<Vec<String>, Failure> {
        let kept = self.engine.recover(found, &store::holder("recover")).await;
        self.tell_notes();
        kept.map_err(|error| failure(&error))
    }
}

/// What became of a plan; `None` if it was out of date.
fn in_time<T>(result: Result<T, EngineError>) -> Result<Option<T>, Failure> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(EngineError::StalePlan) => Ok(None),
        Err(error) => Err(failure(&error)),
    }
}

fn ended(outcome: &Outcome, report: &Report, command: &str) -> Result<Done, Failure> {
    let again = format!("run `isobar {command}` again; finished steps are kept");
    if let Some(broken) = &outcome.broken {
        let mut failure = Failure::error(broken).help("nothing more was started from then on");
        if let Broken::Unwritten(error) = broken {
            failure.hints.extend(store::failure(error).hints);
        }
        return Err(failure.help(again));
    }
    if outcome.interrupted {
        return Err(Failure::interrupted().help(again));
    }
    if report.failed() > 0 {
        return Err(Failure::error(report.failures()).help(again));
    }
    if let Some((address, error)) = outcome.failures.first() {
        return Err(Failure::cloud(&address.to_string(), error).help(again));
    }
    Ok(Done::Clean)
}

/// Reads a stack file; what it stands for is not looked at.
pub(super) fn read(globals: &Globals, path: &Path, store_packages: bool) -> Result<Loaded, Failure> {
    stack::load(path, &settings(globals, store_packages))
        .map_err(|rejected| wrong(rejected.source.as_ref(), &rejected.problems))
}

fn settings(globals: &Globals, store_packages: bool) -> Settings {
    Settings { set: globals.set.clone(), vars: globals.vars.clone(), store_packages }
}

fn examined(globals: &Globals, path: &Path, store_packages: bool, catalog: &Catalog) -> Result<CheckedStack, Failure> {
    let read = stack::load(path, &settings(globals, store_packages));
    let examined =
        graph::check_stack(read, catalog).map_err(|rejected| wrong(rejected.source.as_ref(), &rejected.problems))?;
    if !examined.warnings.is_empty() {
        console::say(problems::problems(Some(&examined.loaded.source), &examined.warnings, true).trim_end());
    }
    Ok(examined)
}

fn wrong(source: Option<&Source>, problems: &[Problem]) -> Failure {
    Failure::reported(problems::problems(source, problems, true))
}

fn failure(error: &EngineError) -> Failure {
    match error {
        EngineError::Cloud(error) => Failure::cloud("AWS cannot be used with these credentials", error)
            .help("check the profile, the region and the network; `isobar --local` needs none of them"),
        EngineError::WrongAccount { .. } => {
            Failure::refused(error).help("take the credentials of that account, with `--profile` or the environment")
        }
        EngineError::Unreadable(failures) => {
            let lines =
                failures.iter().map(|(address, error)| format!("\n  {address}\n    {}", details(error).join("\n    ")));
            Failure::error(format!("{error}{}", lines.collect::<String>())).help("nothing was changed")
        }
        EngineError::Store(error) => store::failure(error),
        EngineError::FitsNothing { .. } => Failure::error(error).help("`isobar state list` shows every address"),
        EngineError::StalePlan => {
            Failure::refused("another run has changed the stack since this plan was made").help("plan again")
        }
    }
}

fn no_runtime(error: &std::io::Error) -> Failure {
    Failure::error(format!("the program cannot start its threads: {error}"))
}
