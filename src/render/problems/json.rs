//! Problems as JSON, for editors and pipelines. Documented in the README; a change to it is a breaking change.

use serde_json::json;

use super::place::{clip, line_and_column};
use crate::problem::{Problem, Severity, Span};
use crate::stack::Source;
use crate::value::Json;

/// Version of this form.
pub const FORMAT_VERSION: u32 = 1;

/// Problems as JSON: place, severity, message and help. Lines and columns count from 1, columns in characters.
pub fn json(source: Option<&Source>, problems: &[Problem]) -> Json {
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
    json!({"format_version": FORMAT_VERSION, "problems": problems.iter().map(one).collect::<Vec<_>>()})
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn the_json_form_has_lines_and_columns() {
        let source = Source { name: "isobar.yaml".into(), text: "é: 1\né: 2\n".into() };
        let problem = Problem::new(Code::Unused, "odd")
            .at(Span { start: 10, end: 11 })
            .note(Some(Span { start: 0, end: 2 }), "x");
        let found = json(Some(&source), &[problem]);
        assert_eq!(found["problems"][0]["line"], 2);
        assert_eq!(found["problems"][0]["column"], 4);
        assert_eq!(found["problems"][0]["notes"][0]["line"], 1);
        assert_eq!(found["format_version"], 1);
    }
}
