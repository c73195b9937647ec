//! The differences of one resource: short values on one line, long ones as a unified diff.

use similar::{ChangeTag, TextDiff};

use super::flow::written;
use crate::diff::policy::{Statement, coming, statements, statements_of};
use crate::diff::{Change, Effect};
use crate::render::style::{BAD, CHANGE, FAINT, GOOD, paint};
use crate::value::{Json, Partial};

/// The stand-in for a value that is not known yet.
pub(super) const UNKNOWN: &str = "(known after apply)";
const SECRET: &str = "(secret)";
const UNSET: &str = "(not set)";
/// The longest value that stands on one line with its name.
const SHORT: usize = 60;
/// Lines of one diff; beyond that nobody reads on.
const MOST_LINES: usize = 40;

/// The lines of one difference.
pub fn lines(change: &Change) -> Vec<String> {
    let cause = match change.effect {
        Effect::Replace => paint(BAD, "  # forces replacement"),
        Effect::Update => String::new(),
    };
    let name = if change.path.0.is_empty() { "properties".to_owned() } else { change.path.to_string() };
    if change.secret {
        return vec![format!("{name}: {SECRET} → {SECRET}{cause}")];
    }
    if let Some(items) = items(change).filter(|items| !items.is_empty()) {
        let lines = items.into_iter().map(|line| format!("  {line}"));
        return std::iter::once(format!("{name}:{cause}")).chain(lines).collect();
    }
    let (from, to) = (Side::of_json(&change.from), Side::of_partial(&change.to));
    match (&from, &to) {
        (Side::Long(_), Side::Unknown) => vec![format!("{name}: {} → {UNKNOWN}{cause}", paint(FAINT, "(…)"))],
        (Side::Long(_), _) | (_, Side::Long(_)) => {
            let mut lines = vec![format!("{name}:{cause}")];
            lines.extend(diff(from.text(), to.text()).into_iter().map(|line| format!("  {line}")));
            lines
        }
        _ => vec![format!("{name}: {} {} {}{cause}", from.text(), paint(CHANGE, "→"), to.text())],
    }
}

/// A difference in a few words of Markdown.
pub(super) fn gist(change: &Change) -> String {
    let path = &change.path;
    if change.secret {
        return format!("`{path}` {SECRET}");
    }
    match (Side::of_json(&change.from), Side::of_partial(&change.to)) {
        (Side::Short(from), Side::Short(to)) => format!("`{path}` {from} → {to}"),
        (Side::Unset, Side::Short(to)) => format!("`{path}` {to}"),
        (Side::Short(from), Side::Unset) => format!("`{path}` {from} → {UNSET}"),
        _ => format!("`{path}`"),
    }
}

/// Items that go and that come, of a list without order or a policy; none for other values.
fn items(change: &Change) -> Option<Vec<String>> {
    let (gone, new) = match policies(change) {
        Some((before, after)) => {
            let texts = |all: Vec<Statement>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
            (texts(coming(&after, &before)), texts(coming(&before, &after)))
        }
        None if change.unordered => come_and_gone(&change.from, &change.to)?,
        None => return None,
    };
    let lines = |sign: char, style, items: Vec<String>| {
        items.into_iter().map(move |item| paint(style, format!("{sign} {item}")))
    };
    Some(lines('-', BAD, gone).chain(lines('+', GOOD, new)).collect())
}

/// The statements on both sides, if the value is a policy document.
fn policies(change: &Change) -> Option<(Vec<Statement>, Vec<Statement>)> {
    let (before, after) = (statements_of(&change.from), statements(&change.to));
    let both = (!before.is_empty() || change.from.is_null()) && (!after.is_empty() || change.to.is_null());
    (both && !(before.is_empty() && after.is_empty())).then_some((before, after))
}

/// The items that go and those that come; none if it is not known which.
fn come_and_gone(from: &Json, to: &Partial) -> Option<(Vec<String>, Vec<String>)> {
    let (from, to): (&[Json], &[Partial]) = match (from, to) {
        (Json::Array(from), Partial::List(to)) => (from, to),
        (Json::Array(from), to) if to.is_null() => (from, &[]),
        (Json::Null, Partial::List(to)) => (&[], to),
        _ => return None,
    };
    if !to.is_empty() && to.iter().all(|item| matches!(item, Partial::Unknown(_))) {
        return None;
    }
    let shown = |item: &Partial| written(&item.with_placeholders(&mut |_| Json::String(UNKNOWN.to_owned())));
    let (mut gone, mut new): (Vec<String>, Vec<String>) = (from.iter().map(written).collect(), Vec::new());
    for item in to.iter().map(shown) {
        match gone.iter().position(|one| *one == item) {
            Some(at) => drop(gone.remove(at)),
            None => new.push(item),
        }
    }
    Some((gone, new))
}

/// One side of a difference, ready to be shown.
enum Side {
    Unset,
    Unknown,
    Short(String),
    Long(String),
}

impl Side {
    fn of_partial(partial: &Partial) -> Self {
        match partial {
            Partial::Unknown(_) => Self::Unknown,
            known => Self::of_json(&known.with_placeholders(&mut |_| Json::String(UNKNOWN.to_owned()))),
        }
    }

    fn of_json(json: &Json) -> Self {
        let short = json.to_string();
        match json {
            Json::Null => Self::Unset,
            Json::String(text) => match document(text) {
                Some(document) => Self::Long(pretty(&document)),
                None if text.contains('\n') || text.chars().count() > 2 * SHORT => Self::Long(text.clone()),
                None => Self::Short(short),
            },
            Json::Array(_) | Json::Object(_) if short.chars().count() > SHORT => Self::Long(pretty(json)),
            _ => Self::Short(short),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Unset => UNSET,
            Self::Unknown => UNKNOWN,
            Self::Short(text) | Self::Long(text) => text,
        }
    }
}

/// The JSON document that a text holds, such as a policy.
fn document(text: &str) -> Option<Json> {
    if text.len() > SHORT && text.starts_with(['{', '[']) { serde_json::from_str(text).ok() } else { None }
}

fn pretty(json: &Json) -> String {
    serde_json::to_string_pretty(json).unwrap_or_else(|_| json.to_string())
}

/// The changed lines with two lines around them.
fn diff(from: &str, to: &str) -> Vec<String> {
    let from = if from == UNSET { "" } else { from };
    let to = if to == UNSET { "" } else { to };
    let diff = TextDiff::from_lines(from, to);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(2) {
        if !lines.is_empty() || group.first().is_some_and(|op| op.old_range().start > 0) {
            lines.push(paint(FAINT, "…"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let text = change.value().trim_end_matches('\n');
            lines.push(match change.tag() {
                ChangeTag::Equal => format!("  {text}"),
                ChangeTag::Delete => paint(BAD, format!("- {text}")),
                ChangeTag::Insert => paint(GOOD, format!("+ {text}")),
            });
        }
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    if more > 0 {
        lines.truncate(MOST_LINES);
        lines.push(paint(FAINT, format!("… {more} more lines; `--format json` has them all")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::render::style::plain;
    use crate::value::Path;

    fn check(from: Json, to: &Partial, expected: &str) {
        let change = Change {
            path: Path::of(["field"]),
            from,
            to: to.clone(),
            effect: Effect::Update,
            secret: false,
            unordered: false,
        };
        let lines: Vec<String> = lines(&change).iter().map(|line| plain(line).trim_end().to_owned()).collect();
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn short_values_stand_on_one_line() {
        check(json!(128), &Partial::from_json(&json!(256)), "field: 128 → 256");
        check(json!(null), &Partial::from_json(&json!("a")), "field: (not set) → \"a\"");
        check(json!(["a"]), &Partial::from_json(&json!(null)), "field: [\"a\"] → (not set)");
        check(json!("x"), &Partial::unknown("tables.carts.arn"), "field: \"x\" → (known after apply)");
    }

    #[test]
    fn documents_are_compared_line_by_line() {
        let document = |method: &str| json!({"openapi": "3.0.1", "paths": {"/carts": {method: {"responses": {"200": {}}}}}, "tags": []});
        check(
            Json::String(document("get").to_string()),
            &Partial::Text(document("put").to_string()),
            "field:\n  …\n      \"paths\": {\n        \"/carts\": {\n  -       \"get\": {\n  +       \"put\": {\n            \"responses\": \
             {\n              \"200\": {}\n  …",
        );
    }

    #[test]
    fn statements_of_policies_come_and_go() {
        let policy = |actions: &[&str]| json!({"Statement": [{"Action": actions, "Effect": "Allow", "Resource": "*"}]});
        check(
            policy(&["dynamodb:GetItem", "dynamodb:Query"]),
            &Partial::from_json(&policy(&["dynamodb:Query", "dynamodb:Scan"])),
            "field:\n  - Allow dynamodb:GetItem on *\n  + Allow dynamodb:Scan on *",
        );
    }

    #[test]
    fn items_without_order_come_and_go() {
        let (from, to) = (json!(["one", "two"]), Partial::from_json(&json!(["two", "three"])));
        let change =
            Change { path: Path::of(["field"]), from, to, effect: Effect::Update, secret: false, unordered: true };
        assert_eq!(plain(&lines(&change).join("\n")), "field:\n  - one\n  + three");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let change = Change {
            path: Path::of(["password"]),
            from: json!("old"),
            to: Partial::Text("new".into()),
            effect: Effect::Replace,
            secret: true,
            unordered: false,
        };
        assert_eq!(plain(&lines(&change).join("\n")), "password: (secret) → (secret)  # forces replacement");
    }
}
