//! Parameters: their values, from the file, from `--vars` and from `--set`, filled in everywhere.

use std::collections::BTreeMap;

use super::{Places, Settings};
use crate::problem::{Code, Problem, nearest};
use crate::value::{Json, Part, Path, Reference, Target, Template};

/// How many bytes the file may have once parameters are filled in.
const MAX_BYTES: usize = 32 << 20;

/// Values of parameters, by name.
#[derive(Debug, Default)]
pub struct Parameters(BTreeMap<String, Value>);

/// One parameter.
#[derive(Debug)]
enum Value {
    /// Its value, and how it was written: `1.10` stays `1.10` in a text, though it is the number 1.1.
    Set { json: Json, written: String },
    /// It has none, which has been told.
    Missing,
}

impl Parameters {
    /// The parameters that a file declares, with the values they have now.
    pub fn read(json: &Json, places: &Places, text: &str, settings: &Settings) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut values = BTreeMap::new();
        let declared = json.get("parameters").and_then(Json::as_object);
        for (name, parameter) in declared.into_iter().flatten() {
            let default = Path::of(["parameters", name, "default"]);
            if let Some(value) = parameter.get("default") {
                refuse_nested(value, &default, places, &mut problems);
                let span = places.value(&default).filter(|_| value.is_number());
                let slice = span.and_then(|span| text.get(span.start..span.end));
                let written = slice.map_or_else(|| text_of(value), str::to_owned);
                values.insert(name.clone(), Value::Set { json: value.clone(), written });
            } else {
                values.insert(name.clone(), Value::Missing);
            }
        }
        let mut parameters = Self(values);
        for path in &settings.vars {
            parameters.take_file(path, &mut problems);
        }
        for given in &settings.set {
            parameters.take(given, &mut problems);
        }
        for (name, _) in parameters.0.iter().filter(|(_, value)| matches!(value, Value::Missing)) {
            problems.push(
                Problem::new(Code::UnsetParameter, format!("the parameter `{name}` is not set"))
                    .at(places.key(&Path::of(["parameters", name])))
                    .help(format!("set it with `--set {name}=VALUE`, or give it a `default:`")),
            );
        }
        (parameters, problems)
    }

    fn take_file(&mut self, path: &std::path::Path, problems: &mut Vec<Problem>) {
        let fail = |message: String| Problem::new(Code::VarsFile, message);
        let source = match super::read_text(path) {
            Ok(source) => source,
            Err(problem) => return problems.push(fail(format!("`--vars`: {}", problem.message))),
        };
        let place = |problem: &Problem| {
            let line = problem.span.map(|span| source.text[..span.start].matches('\n').count() + 1);
            let at = line.map_or(String::new(), |line| format!(", line {line}"));
            fail(format!("`{}`{at}: {}", source.name, problem.message))
        };
        let tree = match super::read_tree(&source.text) {
            Ok(tree) => tree,
            Err(problem) => return problems.push(place(&problem)),
        };
        problems.extend(tree.problems.iter().map(place));
        let Json::Object(map) = &tree.json else {
            return problems.push(fail(format!("`{}` must be a map, `name: value`", source.name)));
        };
        for (name, json) in map {
            let span = tree.places.value(&Path::of([name.as_str()])).filter(|_| json.is_number());
            let slice = span.and_then(|span| source.text.get(span.start..span.end));
            let written = slice.map_or_else(|| text_of(json), str::to_owned);
            self.set(name, json.clone(), written, &format!("`{}`", source.name), problems);
        }
    }

    fn take(&mut self, given: &str, problems: &mut Vec<Problem>) {
        let Some((name, written)) = given.split_once('=') else {
            let message = format!("`--set {given}` has no value");
            return problems.push(Problem::new(Code::BadSet, message).help("write `--set NAME=VALUE`"));
        };
        match super::read_tree(written) {
            Ok(tree) if tree.problems.is_empty() => {
                self.set(name.trim(), tree.json, written.to_owned(), "`--set`", problems);
            }
            // Without quotes and brackets that YAML would mind, it is a text.
            _ => self.set(name.trim(), written.into(), written.to_owned(), "`--set`", problems),
        }
    }

    fn set(&mut self, name: &str, json: Json, written: String, by: &str, problems: &mut Vec<Problem>) {
        if !self.0.contains_key(name) {
            let message = format!("{by} sets `{name}`, which is no parameter of this stack");
            problems.push(Problem::new(Code::UnknownParameter, message).help(self.suggestion(name)));
            return;
        }
        // Where the default is a text, a value such as 1.10 is one too.
        let is_text = matches!(self.0.get(name), Some(Value::Set { json: Json::String(_), .. }));
        let json = if is_text && !json.is_string() && !json.is_null() { Json::String(written.clone()) } else { json };
        let written = json.as_str().map_or(written, str::to_owned);
        self.0.insert(name.to_owned(), Value::Set { json, written });
    }

    fn suggestion(&self, name: &str) -> String {
        let known = self.0.keys().map(String::as_str);
        match nearest(name, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.0.is_empty() => format!("add it under `parameters:`, as in `{name}: {{default: ...}}`"),
            None => format!("known: {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        }
    }

    /// The file with every `${param.x}` filled in. What cannot be filled in stays as it is and is told.
    pub fn fill(&self, json: &Json, places: &Places) -> (Json, Vec<Problem>) {
        let mut inserter =
            Filler { parameters: self, places, bytes: 0, problems: BTreeMap::new(), path: Path::default() };
        let filled = match json {
            Json::Object(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(key, value)| {
                        let value = if key == "parameters" { value.clone() } else { inserter.inside(key, value) };
                        (key.clone(), value)
                    })
                    .collect(),
            ),
            other => inserter.value(other),
        };
        (filled, inserter.problems.into_values().collect())
    }
}

/// Whether a text still holds a reference to a parameter; such a text says nothing of its type.
pub fn is_unfilled(text: &str) -> bool {
    text.contains("${param.") || text.contains("${param}")
}

struct Filler<'a> {
    parameters: &'a Parameters,
    places: &'a Places,
    bytes: usize,
    /// One for each reference that cannot be filled in, however often it is written.
    problems: BTreeMap<String, Problem>,
    path: Path,
}

impl<'a> Filler<'a> {
    fn inside(&mut self, key: &str, value: &Json) -> Json {
        self.path.0.push(crate::value::Key::Field(key.to_owned()));
        let value = self.value(value);
        self.path.0.pop();
        value
    }

    fn value(&mut self, json: &Json) -> Json {
        match json {
            Json::String(text) if is_unfilled(text) => self.text(text),
            Json::Array(items) => {
                let fill = |(at, item)| {
                    self.path.0.push(crate::value::Key::Index(at));
                    let item = self.value(item);
                    self.path.0.pop();
                    item
                };
                items.iter().enumerate().map(fill).collect()
            }
            Json::Object(fields) => {
                Json::Object(fields.iter().map(|(key, value)| (key.clone(), self.inside(key, value))).collect())
            }
            plain => plain.clone(),
        }
    }

    fn text(&mut self, text: &str) -> Json {
        let as_written = || Json::String(text.to_owned());
        let Ok(Template::Text(parts)) = Template::parse(&as_written()) else { return as_written() };
        if let [Part::Reference(reference)] = parts.as_slice() {
            return match self.look_up(reference) {
                Some(Value::Set { json, .. }) if self.spend(size_of(json), reference) => json.clone(),
                _ => as_written(),
            };
        }
        let mut filled = String::new();
        for part in &parts {
            match part {
                Part::Literal(literal) => filled.push_str(&literal.replace("${", "$${")),
                Part::Reference(reference) => match self.look_up(reference) {
                    Some(Value::Set { json: Json::Array(_) | Json::Object(_), .. }) => {
                        let message =
                            format!("`${{{}}}` is a list or a map and cannot stand inside of a text", reference.text);
                        self.tell(reference, Problem::new(Code::ParameterType, message).help("let it stand alone"));
                        return as_written();
                    }
                    Some(Value::Set { written, .. }) if self.spend(written.len(), reference) => {
                        filled.push_str(written);
                    }
                    _ => {
                        filled.push_str("${");
                        filled.push_str(&reference.text);
                        filled.push('}');
                    }
                },
            }
        }
        Json::String(filled)
    }

    /// The value of the parameter that is referred to, if it is one and has a value.
    fn look_up(&mut self, reference: &Reference) -> Option<&'a Value> {
        let Target::Written { words, at } = &reference.target else { return None };
        let name = match words.as_slice() {
            [first, rest @ ..] if first == "param" => rest.join("."),
            _ => return None,
        };
        let parameters = self.parameters;
        match parameters.0.get(&name) {
            _ if at.is_some() => {
                let problem = Problem::new(Code::UnknownParameter, "a parameter is the same in every region");
                self.tell(reference, problem.help(format!("write `${{param.{name}}}`")));
                None
            }
            Some(Value::Missing) => None,
            Some(value) => Some(value),
            None => {
                let problem = Problem::new(Code::UnknownParameter, format!("there is no parameter `{name}`"));
                self.tell(reference, problem.help(parameters.suggestion(&name)));
                None
            }
        }
    }

    /// Whether there is room for this much more text.
    fn spend(&mut self, bytes: usize, reference: &Reference) -> bool {
        self.bytes += bytes;
        if self.bytes > MAX_BYTES {
            let message = format!("with its parameters filled in, the file has more than {} MiB", MAX_BYTES >> 20);
            self.tell(reference, Problem::new(Code::TooLarge, message));
        }
        self.bytes <= MAX_BYTES
    }

    fn tell(&mut self, reference: &Reference, problem: Problem) {
        let spans = self.places.references.get(&reference.text).map_or(&[][..], Vec::as_slice);
        let (first, others) = match spans {
            [first, others @ ..] => (Some(*first), others),
            [] => (self.places.value(&self.path), &[][..]),
        };
        let mut problem = problem.at(first);
        for other in others.iter().take(3) {
            problem = problem.note(Some(*other), "here too");
        }
        self.problems.entry(format!("{} {}", problem.code, reference.text)).or_insert(problem);
    }
}

/// A default is what it is: it cannot rest on other parameters, whose values come later.
fn refuse_nested(value: &Json, path: &Path, places: &Places, problems: &mut Vec<Problem>) {
    if value.to_string().contains("${param.") {
        problems.push(
            Problem::new(Code::NestedParameter, "a default cannot refer to a parameter")
                .at(places.value(path))
                .help("write the value out, or put both references where the value is used"),
        );
    }
}

fn text_of(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// About how many bytes a value takes.
fn size_of(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len() + 32,
        Json::Array(items) => 32 + items.iter().map(size_of).sum::<usize>(),
        Json::Object(fields) => 32 + fields.iter().map(|(key, value)| key.len() + 32 + size_of(value)).sum::<usize>(),
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(text: &str, set: &[&str]) -> (Json, Vec<String>) {
        let tree = crate::stack::read_tree(text).expect("YAML");
        let settings = Settings { set: set.iter().map(|&set| set.to_owned()).collect(), ..Settings::default() };
        let (parameters, mut problems) = Parameters::read(&tree.json, &tree.places, text, &settings);
        let (mut json, more) = parameters.fill(&tree.json, &tree.places);
        problems.extend(more);
        json.as_object_mut().map(|map| map.remove("parameters"));
        (json, problems.into_iter().map(|problem| problem.message).collect())
    }

    fn check(text: &str, set: &[&str], json: &Json) {
        assert_eq!(fill(text, set), (json.clone(), Vec::new()), "{text}");
    }

    fn check_fault(text: &str, set: &[&str], message: &str) {
        assert_eq!(fill(text, set).1, [message], "{text}");
    }

    #[test]
    fn a_text_that_is_one_reference_takes_the_type_of_the_value() {
        let text =
            "parameters: {n: {default: 5}, l: {default: [a, b]}}\na: ${param.n}\nb: x${param.n}\nc: ${param.l}\n";
        check(text, &[], &json!({"a": 5, "b": "x5", "c": ["a", "b"]}));
        check(text, &["n=7", "l=[z]"], &json!({"a": 7, "b": "x7", "c": ["z"]}));
    }

    #[test]
    fn a_version_stays_as_it_was_written() {
        let text = "parameters: {v: {default: '1.4.2'}}\na: app:${param.v}\nb: ${param.v}\n";
        check(text, &["v=1.10"], &json!({"a": "app:1.10", "b": "1.10"}));
        check("parameters: {v: {default: 1.10}}\na: app:${param.v}\n", &[], &json!({"a": "app:1.10"}));
    }

    #[test]
    fn other_references_and_literals_stay() {
        let text = "parameters: {v: {default: x}}\na: '$${param.v} ${param.v} ${tables.t.name} $${y}'\n";
        check(text, &[], &json!({"a": "$${param.v} x ${tables.t.name} $${y}"}));
    }

    #[test]
    fn what_cannot_be_filled_in_is_told() {
        let text = "parameters: {tag: {}}\na: ${param.tag}\n";
        check_fault(text, &[], "the parameter `tag` is not set");
        check_fault(text, &["tag=1", "tga=1"], "`--set` sets `tga`, which is no parameter of this stack");
        check_fault(text, &["tag=1", "tag"], "`--set tag` has no value");
        check_fault("a: ${param.tag} ${param.tag}\n", &[], "there is no parameter `tag`");
        check_fault(
            "parameters: {l: {default: [a]}}\na: x${param.l}\n",
            &[],
            "`${param.l}` is a list or a map and cannot stand inside of a text",
        );
        let bomb =
            format!("parameters: {{p: {{default: {}}}}}\na: [{}]\n", "x".repeat(500_000), "'${param.p}',".repeat(200));
        check_fault(&bomb, &[], "with its parameters filled in, the file has more than 32 MiB");
    }
}
