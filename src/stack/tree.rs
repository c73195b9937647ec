//! Nodes become a JSON value and its places: aliases and merge keys are expanded, within bounds.

use std::collections::BTreeMap;

use super::yaml::{MAX_DEPTH, Node, NodeKind};
use super::{Place, Places};
use crate::problem::{Code, Problem, Span};
use crate::value::{Json, Key, Path};

/// How many values a file may hold once its aliases are expanded.
const MAX_NODES: usize = 100_000;
/// How many bytes of text a file may hold once its aliases are expanded; paths count too.
const MAX_BYTES: usize = 32 << 20;

/// A value, where everything in it stands, and what is wrong though it can be read.
#[derive(Debug, Default)]
pub struct Tree {
    /// The value. Of equal keys the first counts.
    pub json: Json,
    /// Where everything stands.
    pub places: Places,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// Expands a node. The error is what makes going on impossible.
pub fn expand(text: &str, root: &Node) -> Result<Tree, Box<Problem>> {
    let mut expander = Expander { text, tree: Tree::default(), path: Vec::new(), nodes: 0, bytes: 0, path_bytes: 0 };
    expander.tree.json = expander.value(root, Around::default())?;
    Ok(expander.tree)
}

struct Expander<'a> {
    text: &'a str,
    tree: Tree,
    path: Vec<Key>,
    nodes: usize,
    bytes: usize,
    path_bytes: usize,
}

/// What stands around a node.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    /// Its key.
    key: Option<Span>,
    /// The alias through which it was reached; what is wrong behind one is told at the anchor.
    alias: Option<Span>,
    depth: usize,
}

impl Expander<'_> {
    fn value(&mut self, node: &Node, around: Around) -> Result<Json, Box<Problem>> {
        let at = around.alias.unwrap_or(node.span);
        if around.depth > MAX_DEPTH {
            return Err(Problem::new(
                Code::TooDeep,
                format!("maps and lists stand more than {MAX_DEPTH} deep in each other here"),
            )
            .at(at)
            .into());
        }
        self.count(at)?;
        // What an alias stands for is placed by the alias itself; what is inside of it, by the anchor.
        let is_alias_target = around.alias.is_some() && self.tree.places.at.contains_key(&Path(self.path.clone()));
        if !is_alias_target {
            self.place(node.span, around.key);
        }
        match &node.kind {
            NodeKind::Alias(target) => {
                let alias = around.alias.or(Some(node.span));
                self.value(target, Around { alias, depth: around.depth + 1, ..around })
            }
            NodeKind::Scalar(json) => {
                if around.alias.is_none() {
                    self.references(node.span);
                }
                self.bytes += json.as_str().map_or(0, str::len);
                Ok(json.clone())
            }
            NodeKind::List(items) => {
                let inner = Around { key: None, alias: around.alias, depth: around.depth + 1 };
                let items = items.iter().enumerate();
                items
                    .map(|(at, item)| self.inside(Key::Index(at), item, inner))
                    .collect::<Result<_, _>>()
                    .map(Json::Array)
            }
            NodeKind::Map(entries) => {
                let mut map = serde_json::Map::new();
                self.entries(entries, around, &mut map)?;
                Ok(Json::Object(map))
            }
        }
    }

    fn entries(
        &mut self,
        entries: &[(std::rc::Rc<Node>, std::rc::Rc<Node>)],
        around: Around,
        map: &mut serde_json::Map<String, Json>,
    ) -> Result<(), Box<Problem>> {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut merges = Vec::new();
        for (key, value) in entries {
            let name = self.key(key, around);
            if let Some(first) = seen.insert(name.clone(), key.span) {
                seen.insert(name.clone(), first);
                if around.alias.is_none() {
                    self.tree.problems.push(duplicate(&name, first, key.span));
                }
                continue;
            }
            if self.slice(key.span) == "<<" {
                merges.push(value);
                continue;
            }
            let inner = Around { key: Some(key.span), alias: around.alias, depth: around.depth + 1 };
            let json = self.inside(Key::Field(name.clone()), value, inner)?;
            map.insert(name, json);
        }
        for value in merges {
            self.merge(value, Around { depth: around.depth + 1, ..around }, map)?;
        }
        Ok(())
    }

    /// `<<: *base`, or a list of those: what is written out counts for more, and what comes first.
    fn merge(
        &mut self,
        node: &Node,
        around: Around,
        map: &mut serde_json::Map<String, Json>,
    ) -> Result<(), Box<Problem>> {
        let at = around.alias.unwrap_or(node.span);
        self.count(at)?;
        if around.depth > MAX_DEPTH {
            return Err(Problem::new(Code::TooDeep, "aliases stand too deep in each other here").at(at).into());
        }
        let deeper = Around { depth: around.depth + 1, ..around };
        match &node.kind {
            NodeKind::Alias(target) => {
                self.merge(target, Around { alias: around.alias.or(Some(node.span)), ..deeper }, map)?;
            }
            NodeKind::List(items) => {
                for item in items {
                    self.merge(item, deeper, map)?;
                }
            }
            NodeKind::Map(entries) => {
                let mut merged = serde_json::Map::new();
                let missing: Vec<_> = entries
                    .iter()
                    .filter(
                        |(key, _)| !matches!(&key.kind, NodeKind::Scalar(Json::String(name)) if map.contains_key(name)),
                    )
                    .map(|(key, value)| (std::rc::Rc::clone(key), std::rc::Rc::clone(value)))
                    .collect();
                self.entries(&missing, around, &mut merged)?;
                for (key, value) in merged {
                    map.entry(key).or_insert(value);
                }
            }
            NodeKind::Scalar(_) => self.tree.problems.push(
                Problem::new(Code::WrongMerge, "`<<` takes a map, or a list of maps").at(at).help("write `<<: *name`"),
            ),
        }
        Ok(())
    }

    fn inside(&mut self, key: Key, node: &Node, around: Around) -> Result<Json, Box<Problem>> {
        let length = if let Key::Field(name) = &key { name.len() } else { 8 };
        self.path.push(key);
        self.path_bytes += length;
        let json = self.value(node, around);
        self.path.pop();
        self.path_bytes -= length;
        json
    }

    fn key(&mut self, key: &Node, around: Around) -> String {
        let fault = match &key.kind {
            NodeKind::Scalar(Json::String(name)) if name.contains("${") => {
                Some((Code::KeyReference, "a reference cannot stand in a key", "put it in the value"))
            }
            NodeKind::Scalar(Json::String(_)) => None,
            NodeKind::Alias(_) => Some((Code::WrongKey, "an alias cannot be a key", "write the key out")),
            NodeKind::Scalar(Json::Null) => Some((Code::WrongKey, "a key is missing here", "write `key: value`")),
            NodeKind::Scalar(_) => Some((Code::WrongKey, "a key must be a text", "put it in quotes")),
            NodeKind::List(_) | NodeKind::Map(_) => Some((
                Code::WrongKey,
                "a key must be a text, not a map or a list",
                "put it in quotes if it is a text that begins with a brace or bracket",
            )),
        };
        if let (Some((code, message, help)), None) = (fault, around.alias) {
            self.tree.problems.push(Problem::new(code, message).at(key.span).help(help));
        }
        match &key.kind {
            NodeKind::Scalar(Json::String(name)) => name.clone(),
            _ => self.slice(key.span).to_owned(),
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn count(&mut self, at: Span) -> Result<(), Box<Problem>> {
        self.nodes += 1;
        self.bytes += self.path_bytes;
        if self.nodes > MAX_NODES || self.bytes > MAX_BYTES {
            return Err(Problem::new(
                Code::TooLarge,
                format!(
                    "the file holds more than {MAX_NODES} values, or {} MiB, once its aliases are expanded",
                    MAX_BYTES >> 20
                ),
            )
            .at(at)
            .help("use fewer aliases (`*name`)")
            .into());
        }
        Ok(())
    }

    fn place(&mut self, span: Span, key: Option<Span>) {
        // What is not written at all is pointed at by its key.
        let value = if span.start == span.end { key.unwrap_or(span) } else { span };
        self.tree.places.at.insert(Path(self.path.clone()), Place { key, value });
    }

    fn references(&mut self, span: Span) {
        for (start, end) in references_in(self.slice(span)) {
            let place = Span { start: span.start + start, end: span.start + end };
            let inner = self.text[place.start + 2..place.end - 1].to_owned();
            self.tree.places.references.entry(inner).or_default().push(place);
        }
    }
}

/// Offsets of every `${...}` in a text; `$${` is none.
fn references_in(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find("${").map(|next| at + next) {
        if next > at && text[..next].ends_with('$') {
            at = next + 2;
            continue;
        }
        let Some(length) = text[next..].find('}') else { break };
        found.push((next, next + length + 1));
        at = next + length + 1;
    }
    found
}

fn duplicate(name: &str, first: Span, second: Span) -> Problem {
    Problem::new(Code::DuplicateKey, format!("duplicate key `{name}`"))
        .at(second)
        .label("again here")
        .note(Some(first), "first here")
        .help("keep one of them")
}
