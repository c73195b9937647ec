//! Problems as text, like a compiler's: message, place, the line with a marker, what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::place::{clip, line_and_column};
use crate::problem::{Problem, Severity, Span};
use crate::render::words;
use crate::stack::Source;

/// The most problems that are shown; the rest is counted.
const SHOWN: usize = 50;
/// The widest line of the file that is not cut around the marker.
const WIDTH: usize = 120;

/// Problems as text, in the order given. Ends in a line that counts them.
pub fn problems(source: Option<&Source>, problems: &[Problem], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut text = String::new();
    for problem in problems.iter().take(SHOWN) {
        text.push_str(&renderer.render(&[group(source, problem)]));
        text.push_str("\n\n");
    }
    if problems.len() > SHOWN {
        text.push_str("... and ");
        text.push_str(&(problems.len() - SHOWN).to_string());
        text.push_str(" more\n\n");
    }
    text.push_str(&count(problems));
    text.push('\n');
    text
}

/// `2 errors, 1 warning`.
pub fn count(problems: &[Problem]) -> String {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let words = [(problems.len() - warnings, "error"), (warnings, "warning")];
    let many = |(number, word): (usize, &str)| words::count(number, word);
    let words: Vec<String> = words.into_iter().filter(|(number, _)| *number > 0).map(many).collect();
    if words.is_empty() { "no problems".into() } else { words.join(", ") }
}

fn group<'a>(source: Option<&'a Source>, problem: &'a Problem) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&problem.message).id(problem.code.as_str()));
    if let (Some(source), Some(span)) = (source, problem.span) {
        group = group.element(snippet(source, span, problem));
    }
    for (span, note) in &problem.notes {
        if span.is_none() || problem.span.is_none() || source.is_none() {
            group = group.element(Level::NOTE.message(note));
        }
    }
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

/// The lines that a problem is about, with its markers.
fn snippet<'a>(source: &'a Source, span: Span, problem: &'a Problem) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let text = source.text.as_str();
    let primary = clip(text, span);
    let notes: Vec<(Span, &str)> =
        problem.notes.iter().filter_map(|(span, note)| span.map(|span| (clip(text, span), note.as_str()))).collect();
    // Only the lines from the first marker to the last are looked at: files may be large and problems many.
    let first = notes.iter().map(|(span, _)| span.start).min().unwrap_or(primary.start).min(primary.start);
    let last = notes.iter().map(|(span, _)| span.end).max().unwrap_or(primary.end).max(primary.end);
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline);
    let shift = |span: Span| span.start - start..span.end - start;
    let label = (!problem.label.is_empty()).then_some(problem.label.as_str());
    let notes = notes.into_iter().map(|(span, note)| AnnotationKind::Context.span(shift(span)).label(note));
    Snippet::source(&text[start..end])
        .path(source.name.as_str())
        .line_start(line_and_column(text, start).0)
        .annotation(AnnotationKind::Primary.span(shift(primary)).label(label))
        .annotations(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    fn source(text: &str) -> Source {
        Source { name: "isobar.yaml".into(), text: text.into() }
    }

    #[test]
    fn a_problem_is_pointed_at() {
        let source = source("stack: shop\nfunctions:\n  f: {memroy: 1}\n");
        let problem = Problem::new(Code::UnknownKey, "unknown key `memroy`")
            .at(Span { start: 29, end: 35 })
            .label("not known here")
            .help("did you mean `memory`?");
        insta::assert_snapshot!(problems(Some(&source), &[problem], false), @r"
        error[unknown-key]: unknown key `memroy`
         --> isobar.yaml:3:7
          |
        3 |   f: {memroy: 1}
          |       ^^^^^^ not known here
          |
          = help: did you mean `memory`?

        1 error
        ");
    }

    #[test]
    fn notes_stand_at_their_places_and_everything_is_counted() {
        let source = source("a: 1\nb: 2\nc: 3\nd: 4\na: 2\n");
        let twice = Problem::new(Code::DuplicateKey, "duplicate key `a`")
            .at(Span { start: 20, end: 21 })
            .label("again here")
            .note(Some(Span { start: 0, end: 1 }), "first here")
            .note(None, "a note of its own");
        let warning = Problem::new(Code::Unused, "this is odd").warning().help("look at it");
        insta::assert_snapshot!(problems(Some(&source), &[twice, warning], false), @r"
        error[duplicate-key]: duplicate key `a`
         --> isobar.yaml:5:1
          |
        1 | a: 1
          | - first here
        ...
        5 | a: 2
          | ^ again here
          |
          = note: a note of its own

        warning[unused]: this is odd
         |
         = help: look at it

        1 error, 1 warning
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_marker() {
        let source = source(&format!("a: {}!{}", "x".repeat(500_000), "y".repeat(500_000)));
        let problem = Problem::new(Code::Unused, "odd").at(Span { start: 500_003, end: 500_004 }).label("here");
        let text = problems(Some(&source), &[problem], false);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 10), "{}", text.len());
        assert!(text.contains(":1:500004") && text.contains("here"), "{text}");
    }

    #[test]
    fn spans_outside_of_the_text_do_no_harm() {
        let source = source("é\n");
        for (start, end) in [(0, 0), (1, 2), (3, 3), (2, 3), (90, 99), (2, 1)] {
            let problem = Problem::new(Code::Unused, "odd").at(Span { start, end });
            assert!(problems(Some(&source), &[problem], true).contains("odd"));
        }
        assert_eq!(problems(None, &[], false), "no problems\n");
    }
}
