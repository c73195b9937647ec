//! Places in a stack file.

use crate::problem::Span;

/// A span within the text, on one line: of a value over many lines the first is enough.
pub(super) fn clip(text: &str, span: Span) -> Span {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(span.start);
    let end = boundary(span.end).max(start);
    let end = text[start..end].find(['\n', '\r']).map_or(end, |newline| start + newline);
    Span { start, end }
}

/// Line and column of an offset, from 1; columns are characters.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}
