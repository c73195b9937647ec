//! What is wrong with a stack file, and where. Plain data; `render` makes text of it.

mod code;

use std::fmt;

pub use code::{Code, UnknownCode};

/// A place in the stack file: byte offsets, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done while it stands.
    Error,
    /// Worth a look; nothing is stopped.
    Warning,
}

/// One thing that is wrong, pointed at, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule that it breaks.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in the user's words; no full stop.
    pub message: String,
    /// Where, if it is anywhere in the file.
    pub span: Option<Span>,
    /// What stands at the span, a few words beside the marker.
    pub label: String,
    /// Other places that matter, such as the first of two equal keys.
    pub notes: Vec<(Option<Span>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// An error without a place; add what is known with the `at`, `label`, `note` and `help` calls.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into();
        self
    }

    /// The same with words beside the marker.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same with a further note.
    #[must_use]
    pub fn note(mut self, span: Option<Span>, note: impl Into<String>) -> Self {
        self.notes.push((span, note.into()));
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.code)
    }
}

/// The known name nearest to what was written, if one is near enough to be a slip.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.len().max(given.len()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_a_slip_away() {
        let keys = ["memory", "timeout", "handler", "runtime"];
        assert_eq!(nearest("memroy", keys), Some("memory"));
        assert_eq!(nearest("time_out", keys), Some("timeout"));
        assert_eq!(nearest("bananas", keys), None);
    }
}
