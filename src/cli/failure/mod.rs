//! The end of a command: done, or a failure with its kind, its report and what to do.

mod ops;
mod store;

use crate::cloud::CloudError;
use crate::render::apply::report;
use crate::render::problems;
use crate::stack::Rejected;
use crate::state::edit::Refusal;

/// The good end of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing is left to do.
    Clean,
    /// There are differences, and `--detailed-exitcode` was given.
    Differences,
}

/// The bad end of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure; decides the exit code.
    pub kind: Kind,
    /// The report, ready to be printed.
    pub report: String,
    /// Hints for the user, one line each.
    pub hints: Vec<String>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong.
    Error,
    /// It was refused, to be safe: protected data, another account, a held lock.
    Refused,
    /// The user stopped it; the state is saved.
    Interrupted,
}

impl Failure {
    /// Something went wrong.
    pub fn error(what: impl std::fmt::Display) -> Self {
        Self { kind: Kind::Error, report: format!("{} {what}", label("error:")), hints: Vec::new() }
    }

    /// Something went wrong, and the report says so itself.
    pub fn reported(report: impl Into<String>) -> Self {
        Self { kind: Kind::Error, report: report.into(), hints: Vec::new() }
    }

    /// It was refused, to be safe.
    pub fn refused(what: impl std::fmt::Display) -> Self {
        Self { kind: Kind::Refused, report: format!("{} {what}", label("refused:")), hints: Vec::new() }
    }

    /// The user stopped it.
    pub fn interrupted() -> Self {
        let report = "interrupted; finished steps are saved".to_owned();
        Self { kind: Kind::Interrupted, report, hints: Vec::new() }
    }

    /// An error of AWS.
    pub fn cloud(what: &str, error: &CloudError) -> Self {
        let lines = report::details(error);
        Self::error(format!("{what}\n  {}", lines.join("\n  ")))
    }

    /// The same with one more hint.
    #[must_use]
    pub fn help(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut lines = vec![self.report.trim_end().to_owned()];
        let style = anstyle::AnsiColor::Cyan.on_default();
        lines.extend(self.hints.iter().map(|hint| format!("{style}help:{style:#} {hint}")));
        lines.join("\n")
    }
}

fn label(text: &str) -> String {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    format!("{style}{text}{style:#}")
}

impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        Self::reported(problems::problems(rejected.source.as_ref(), &rejected.problems, true))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let failure = Self::refused(&refusal);
        match refusal.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
