//! The few styles there are. Colour never carries meaning alone.

use anstyle::{AnsiColor, Style};

/// What is made.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What changes.
pub(super) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// What goes, fails or stands in the way.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// What is taken up again or waited for.
pub(super) const CALM: Style = AnsiColor::Cyan.on_default();
/// What can be skipped in reading.
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
