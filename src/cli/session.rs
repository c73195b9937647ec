//! A session: a stack file and the options it is read with. A command opens what it needs, and no more.
//!
//! | need | call | reads |
//! |---|---|---|
//! | the place of the state | [`Session::read`] | the file |
//! | problems of the file | [`Session::examine`] | the file, expanded, against the catalog |
//! | a stack without problems | [`Session::check`] | the same |
//! | the state | [`Session::state`], [`Session::connect`] | the AWS configuration; the state |
//! | AWS | [`Deployment::open`](super::deployment::Deployment::open) | the same |

use std::future::Future;
use std::path::Path;

use super::connection::Connected;
use super::globals::Globals;
use super::{Failure, console};
use crate::catalog::Catalog;
use crate::graph::{self, CheckedStack};
use crate::kinds;
use crate::render::problems;
use crate::stack::{self, Loaded, Rejected, Settings};
use crate::state::State;

/// A stack file with the global options.
pub struct Session<'a> {
    pub globals: &'a Globals,
    pub path: &'a Path,
}

/// The treatment of the functions' packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    /// They are hashed only.
    Hashed,
    /// They are written where an apply takes them from.
    Written,
}

/// A stack without problems, and the catalog that it was checked against.
pub struct Checked {
    pub stack: CheckedStack,
    pub catalog: Catalog,
}

impl<'a> Session<'a> {
    pub fn new(globals: &'a Globals, path: &'a Path) -> Self {
        Self { globals, path }
    }

    /// Reads the stack file; it is not expanded.
    pub fn read(&self) -> Result<Loaded, Failure> {
        Ok(stack::load(self.path, &self.settings(Packages::Hashed))?)
    }

    /// Reads, expands and checks the stack file.
    pub fn examine(&self, packages: Packages, catalog: &Catalog) -> Result<CheckedStack, Rejected> {
        graph::check_stack(stack::load(self.path, &self.settings(packages)), catalog)
    }

    /// The same, with warnings printed.
    pub fn check(&self, packages: Packages) -> Result<Checked, Failure> {
        let catalog = kinds::catalog();
        let stack = self.examine(packages, &catalog)?;
        if !stack.warnings.is_empty() {
            console::say(problems::problems(Some(&stack.loaded.source), &stack.warnings, true).trim_end());
        }
        Ok(Checked { stack, catalog })
    }

    /// Connects to AWS and to the state. The configuration and the credentials are read; no call is made.
    pub async fn connect(&self, loaded: &Loaded) -> Result<Connected, Failure> {
        Connected::open(self.globals, loaded, self.path).await
    }

    /// The state, journal and all; an empty one if the stack has none.
    pub fn state(&self) -> Result<State, Failure> {
        let loaded = self.read()?;
        in_runtime(async {
            let connected = self.connect(&loaded).await?;
            let state = connected.store.load().await?;
            connected.print_notes();
            Ok(state.unwrap_or_else(|| State::new(loaded.name, String::new())))
        })
    }

    fn settings(&self, packages: Packages) -> Settings {
        Settings {
            set: self.globals.set.clone(),
            vars: self.globals.vars.clone(),
            store_packages: packages == Packages::Written,
        }
    }
}

/// Runs what needs the network.
pub fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error(format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(work);
    // A call that hangs must not keep a program that was told to leave.
    runtime.shutdown_background();
    result
}
