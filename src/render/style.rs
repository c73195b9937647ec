//! The few styles there are. Colour never carries meaning alone.

use anstyle::{AnsiColor, Style};

/// Creations and successes.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Changes.
pub(super) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// Deletes, failures and obstacles.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// Adoptions, waits and hints.
pub(super) const CALM: Style = AnsiColor::Cyan.on_default();
/// Text that can be skipped.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Headings.
pub(super) const STRONG: Style = Style::new().bold();

/// The text in a style.
pub(super) fn paint(style: Style, text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// The text without any style.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
