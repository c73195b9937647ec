//! YAML: text to nodes with places, and values to text. The only file that names a YAML crate.
//!
//! `serde_yaml` decodes the values; their places come from a marked reading of the same text, which
//! goes first and sees to it that the text is bounded: its depth and number of documents here, the size
//! of what aliases expand to in the tree that is made of the nodes. A test holds the two against each other.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::syntax;
use crate::problem::{Code, Problem, Span};
use crate::value::Json;

/// How deep maps and lists may stand in each other.
pub const MAX_DEPTH: usize = 64;

/// A value with its place.
#[derive(Debug)]
pub struct Node {
    /// Where it stands; without its anchor and tag. Empty if nothing is written.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug)]
pub enum NodeKind {
    /// A text, number, boolean or null.
    Scalar(Json),
    /// A list.
    List(Vec<Rc<Node>>),
    /// A map, keys and values in the order they are written, equal keys among them.
    Map(Vec<(Rc<Node>, Rc<Node>)>),
    /// `*name`: something that stands elsewhere.
    Alias(Rc<Node>),
}

/// What was read.
#[derive(Debug)]
pub struct Document {
    /// The top level; `None` if the text holds nothing but space and comments.
    pub root: Option<Rc<Node>>,
    /// What is wrong, though it can be read.
    pub problems: Vec<Problem>,
}

/// Reads one document. The error is what makes reading on impossible.
pub fn parse(text: &str) -> Result<Document, Box<Problem>> {
    let mut builder = Builder {
        text,
        offsets: offsets(text),
        open: Vec::new(),
        anchors: HashMap::new(),
        document: Document { root: None, problems: Vec::new() },
        documents: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.syntax(&error))?;
        let span = builder.span(span);
        builder.event(event, span)?;
    }
    Ok(builder.document)
}

/// The values of a text that [`parse`] has found nothing wrong with, merge keys (`<<`) filled in.
pub fn values(text: &str) -> Result<Json, Box<Problem>> {
    let decode = || -> serde_yaml::Result<Json> {
        // A byte order mark would be taken for a document of its own.
        let mut value: serde_yaml::Value = serde_yaml::from_str(text.trim_start_matches('\u{feff}'))?;
        value.apply_merge()?;
        serde_yaml::from_value(value)
    };
    decode().map_err(|error| {
        let span = error.location().map(|place| Span { start: place.index(), end: place.index() });
        Problem::new(Code::Syntax, format!("this is not YAML: {error}")).at(span).into()
    })
}

/// A value as YAML.
pub fn write(json: &Json) -> String {
    // A JSON value has string keys and finite numbers only; YAML takes all of those.
    serde_yaml::to_string(json).unwrap_or_else(|_| json.to_string())
}

/// Offsets of characters in bytes, and of the end; the parser counts characters.
fn offsets(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

struct Builder<'a> {
    text: &'a str,
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    document: Document,
    documents: usize,
}

/// A map or list that has begun.
struct Open {
    start: Span,
    anchor: usize,
    is_map: bool,
    nodes: Vec<Rc<Node>>,
}

impl Builder<'_> {
    fn offset(&self, marker: Marker) -> usize {
        self.offsets.get(marker.index()).copied().unwrap_or(self.text.len())
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        let start = self.offset(span.start);
        Span { start, end: self.offset(span.end).max(start) }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        if error.info().contains("recursion limit") {
            let at = self.offset(*error.marker());
            return too_deep(Span { start: at, end: at });
        }
        syntax::problem(self.text, self.offset(*error.marker()), error.info())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Problem>> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::new(
                        Code::ManyDocuments,
                        "a stack file holds one document, and here begins a second",
                    )
                    .at(span)
                    .help("take the `---` out, or make two files of it")
                    .into());
                }
            }
            Event::Alias(anchor) => self.alias(anchor, span)?,
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span, &["str", "int", "float", "bool", "null"]);
                let span = self.without_properties(span, anchor, tag.as_deref());
                let json = self.scalar(&text, style, tag.as_deref(), span);
                self.finish(Node { span, kind: NodeKind::Scalar(json) }, anchor);
            }
            Event::SequenceStart(anchor, tag) => self.begin(span, anchor, tag.as_deref(), false)?,
            Event::MappingStart(anchor, tag) => self.begin(span, anchor, tag.as_deref(), true)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, start: Span, anchor: usize, tag: Option<&Tag>, is_map: bool) -> Result<(), Box<Problem>> {
        self.check_tag(tag, start, &["map", "seq"]);
        let start = self.without_properties(start, anchor, tag);
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(start).into());
        }
        self.open.push(Open { start, anchor, is_map, nodes: Vec::new() });
        Ok(())
    }

    fn end(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let first = open.nodes.first().map(|node| node.span);
        let last = open.nodes.iter().map(|node| node.span.end).max();
        let is_flow = self.text.get(end.start..end.end).is_some_and(|text| text.starts_with(['}', ']']));
        let span = if is_flow {
            // `{...}` or `[...]`; the parser counts a comment after it to its end.
            Span { start: open.start.start, end: end.start + 1 }
        } else {
            let start = first.map_or(open.start.start, |first| first.start);
            Span { start, end: last.unwrap_or(start).max(start) }
        };
        let kind = if open.is_map {
            let mut nodes = open.nodes.into_iter();
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                entries.push((key, value));
            }
            NodeKind::Map(entries)
        } else {
            NodeKind::List(open.nodes)
        };
        self.finish(Node { span, kind }, open.anchor);
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Box<Problem>> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Problem::new(Code::RecursiveAlias, "this alias stands inside of what it stands for")
                .at(span)
                .into());
        };
        let node = Node { span, kind: NodeKind::Alias(Rc::clone(node)) };
        self.finish(node, 0);
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.open.last_mut() {
            Some(open) => open.nodes.push(node),
            None => self.document.root = Some(node),
        }
    }

    /// The parser counts an anchor and a tag to what they stand before.
    fn without_properties(&self, span: Span, anchor: usize, tag: Option<&Tag>) -> Span {
        let mut span = span;
        if anchor > 0 || tag.is_some() {
            while let Some(text) = self.text.get(span.start..span.end)
                && text.starts_with(['&', '!'])
            {
                let word = text.find(char::is_whitespace).unwrap_or(text.len());
                let rest = text[word..].trim_start();
                span.start = span.end - rest.len();
            }
        }
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        Span { start: span.start, end: span.start + written.trim_end().len() }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Json {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => return text.into(),
            Some(tag)
                if tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "int" | "float" | "bool" | "null") =>
            {
                return self.plain(text, span);
            }
            Some(tag) if is_plain_mark(tag) => return text.into(),
            _ => {}
        }
        if style == ScalarStyle::Plain { self.plain(text, span) } else { text.into() }
    }

    fn plain(&mut self, text: &str, span: Span) -> Json {
        plain(text).unwrap_or_else(|what| {
            self.document.problems.push(
                Problem::new(Code::NotANumber, format!("`{text}` is {what}"))
                    .at(span)
                    .help("put it in quotes if it is a text"),
            );
            Json::Null
        })
    }

    /// Tags say what a value is; the core ones and `!`, "a text", are known.
    fn check_tag(&mut self, tag: Option<&Tag>, span: Span, known: &[&str]) {
        let Some(tag) = tag else { return };
        if is_plain_mark(tag) || (tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str())) {
            return;
        }
        let written = self.text.get(span.start..span.end).unwrap_or_default().trim_end();
        let span = Span { start: span.start, end: span.start + written.len() };
        let (name, help) = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            (true, suffix) => (format!("!!{suffix}"), "take the tag out, and put the value in quotes if it is a text"),
            (false, "Ref" | "Sub" | "GetAtt" | "Join" | "ImportValue") => (
                tag.to_string(),
                "CloudFormation's functions are not known here; refer to a value as in `${tables.carts.name}`",
            ),
            (false, _) => (tag.to_string(), "take the tag out, or put the text in quotes if it begins with `!`"),
        };
        self.document
            .problems
            .push(Problem::new(Code::UnknownTag, format!("the tag `{name}` is not known")).at(span).help(help));
    }
}

/// `!` alone.
fn is_plain_mark(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

fn too_deep(at: Span) -> Problem {
    Problem::new(Code::TooDeep, format!("maps and lists stand more than {MAX_DEPTH} deep in each other here")).at(at)
}

/// What a text without quotes is, by the core schema of YAML 1.2: `yes` and `0123` are texts.
/// The error says what JSON cannot hold.
fn plain(text: &str) -> Result<Json, &'static str> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Json::Null),
        "true" | "True" | "TRUE" => return Ok(true.into()),
        "false" | "False" | "FALSE" => return Ok(false.into()),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    if matches!(digits, ".inf" | ".Inf" | ".INF") || (sign.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN")) {
        return Err("no number that AWS would take");
    }
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Ok(text.into());
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = digits.strip_prefix(prefix)
            && digits.chars().all(|digit| digit.is_digit(radix))
            && let Ok(number) = i64::from_str_radix(&format!("{sign}{digits}"), radix)
        {
            return Ok(number.into());
        }
    }
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && digits.len() > 1 && digits.starts_with('0') {
        // An account's number, for one, may begin with a zero.
        return Ok(text.into());
    }
    if all_digits {
        let number = text.strip_prefix('+').unwrap_or(text);
        let signed = number.parse::<i64>().map(Json::from);
        return signed.or_else(|_| number.parse::<u64>().map(Json::from)).map_err(|_| "too large a number");
    }
    let is_float = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'))
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if is_float => serde_json::Number::from_f64(number).map(Json::Number).ok_or("too large a number"),
        _ => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_texts_are_what_yaml_says() {
        let check = |text: &str, json: Json| assert_eq!(plain(text), Ok(json), "{text}");
        check("", Json::Null);
        check("~", Json::Null);
        check("true", json!(true));
        check("yes", json!("yes"));
        check("12", json!(12));
        check("+12", json!(12));
        check("-0", json!(0));
        check("0x1F", json!(31));
        check("0o17", json!(15));
        check("0123", json!("0123"));
        check("1.50", json!(1.5));
        check("1e3", json!(1000.0));
        check(".5", json!(0.5));
        check("1.2.3", json!("1.2.3"));
        check("1-2", json!("1-2"));
        check(".", json!("."));
        check("-", json!("-"));
        check("18446744073709551615", json!(u64::MAX));
        for bad in [".nan", "-.inf", "1e999", "99999999999999999999"] {
            assert!(plain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_texts_are_what_the_writer_thinks_they_are() {
        for text in ["1.2.3", "yes", "0123", "1e3", "~", "12", "0x1F", ".5", "-1", "1_000", "no", "12:30", "2026-01-01"]
        {
            let theirs: Json = serde_yaml::from_str(text).expect("a value");
            assert_eq!(plain(text), Ok(theirs), "{text}");
        }
    }
}
