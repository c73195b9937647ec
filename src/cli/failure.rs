//! How a command ends: done, or a failure with its kind, its report and what to do.

use crate::cloud::CloudError;
use crate::render::apply::report;

/// How a command ends well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing is left to do.
    Clean,
    /// There are differences, and the caller asked to be told by the exit code.
    Differences,
}

/// How a command ends badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure; decides the exit code.
    pub kind: Kind,
    /// What happened, ready to be printed.
    pub report: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something went wrong.
    Error,
    /// It was not done, to be safe: protected data, another account, a held lock.
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

    /// It was not done, to be safe.
    pub fn refused(what: impl std::fmt::Display) -> Self {
        Self { kind: Kind::Refused, report: format!("{} {what}", label("refused:")), hints: Vec::new() }
    }

    /// The user stopped it.
    pub fn interrupted() -> Self {
        let report = "interrupted; what was done is saved".to_owned();
        Self { kind: Kind::Interrupted, report, hints: Vec::new() }
    }

    /// AWS said no.
    pub fn cloud(what: &str, error: &CloudError) -> Self {
        let lines = report::details(error);
        Self::error(format!("{what}\n  {}", lines.join("\n  ")))
    }

    /// The same with a line of what to do.
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
