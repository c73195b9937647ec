//! Problems as text, like a compiler's: message, place, the line with a marker, what to do. And as JSON.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::json;

use crate::problem::{Problem, Severity, Span};
use crate::stack::Source;
use crate::value::Json;

/// How many problems are shown; the rest is counted.
const SHOWN: usize = 50;
/// How wide a line of the file may be before it is cut around the marker.
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

/// Problems as JSON: where, how bad, what, and what to do. Lines and columns count from 1, columns in characters.
pub fn problems_json(source: Option<&Source>, problems: &[Problem]) -> Json {
    let place = |span: Option<Span>| {
        source.zip(span).map(|(source, span)| line_and_column(&source.text, clip(&source.text, span).start))
    };
    let one = |problem: &Problem| {
        let at = place(problem.span);
        let notes = problem.notes.iter().map(|(span, note)| {
            let at = place(*span);
            json!({"message": note, "line": at.map(|at| at.0), "column": at.map(|at| at.1)})
        });
        json!({
            "code": problem.code,
            "severity": severity(problem),
            "message": problem.message,
            "file": source.map(|source| &source.name),
            "line": at.map(|at| at.0),
            "column": at.map(|at| at.1),
            "label": problem.label,
            "notes": notes.collect::<Vec<_>>(),
            "help": problem.help,
        })
    };
    json!({"format_version": 1, "problems": problems.iter().map(one).collect::<Vec<_>>()})
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// `2 errors, 1 warning`.
fn count(problems: &[Problem]) -> String {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let words = [(problems.len() - warnings, "error"), (warnings, "warning")];
    let many = |(number, word): (usize, &str)| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let words: Vec<String> = words.into_iter().filter(|(number, _)| *number > 0).map(many).collect();
    if words.is_empty() { "no problems".into() } else { words.join(", ") }
}

fn group<'a>(source: Option<&'a Source>, problem: &'a Problem) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&problem.message).id(problem.code));
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

/// A span within the text, on one line: of a value over many lines the first is enough.
fn clip(text: &str, span: Span) -> Span {
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
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "isobar.yaml".into(), text: text.into() }
    }

    #[test]
    fn a_problem_is_pointed_at() {
        let source = source("stack: shop\nfunctions:\n  f: {memroy: 1}\n");
        let problem = Problem::new("unknown-key", "unknown key `memroy`")
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
        let twice = Problem::new("duplicate-key", "the key `a` stands here twice")
            .at(Span { start: 20, end: 21 })
            .label("again here")
            .note(Some(Span { start: 0, end: 1 }), "first here")
            .note(None, "a note of its own");
        let warning = Problem::new("odd", "this is odd").warning().help("look at it");
        insta::assert_snapshot!(problems(Some(&source), &[twice, warning], false), @r"
        error[duplicate-key]: the key `a` stands here twice
         --> isobar.yaml:5:1
          |
        1 | a: 1
          | - first here
        ...
        5 | a: 2
          | ^ again here
          |
          = note: a note of its own

        warning[odd]: this is odd
         |
         = help: look at it

        1 error, 1 warning
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_marker() {
        let source = source(&format!("a: {}!{}", "x".repeat(500_000), "y".repeat(500_000)));
        let problem = Problem::new("odd", "odd").at(Span { start: 500_003, end: 500_004 }).label("here");
        let text = problems(Some(&source), &[problem], false);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH + 10), "{}", text.len());
        assert!(text.contains(":1:500004") && text.contains("here"), "{text}");
    }

    #[test]
    fn spans_outside_of_the_text_do_no_harm() {
        let source = source("é\n");
        for (start, end) in [(0, 0), (1, 2), (3, 3), (2, 3), (90, 99), (2, 1)] {
            let problem = Problem::new("odd", "odd").at(Span { start, end });
            assert!(problems(Some(&source), &[problem], true).contains("odd"));
        }
        assert_eq!(problems(None, &[], false), "no problems\n");
    }

    #[test]
    fn the_json_form_has_lines_and_columns() {
        let source = source("é: 1\né: 2\n");
        let problem =
            Problem::new("odd", "odd").at(Span { start: 10, end: 11 }).note(Some(Span { start: 0, end: 2 }), "x");
        let json = problems_json(Some(&source), &[problem]);
        assert_eq!(json["problems"][0]["line"], 2);
        assert_eq!(json["problems"][0]["column"], 4);
        assert_eq!(json["problems"][0]["notes"][0]["line"], 1);
        assert_eq!(json["format_version"], 1);
    }
}
