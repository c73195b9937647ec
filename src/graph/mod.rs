//! Declarations become a graph: references looked up, edges drawn, cycles reported. Pure.
//!
//! A reference without a region means the thing in the same region, or else the global one. It is
//! resolved to the longest declared address it begins with; the rest names an output.

mod circle;
mod needs;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use circle::{cycle_problem, open};
use needs::{add_needs_of_copies, collect_needs, raise};
use order::sort;

use crate::blocks::{self, After, Declaration, Level};
use crate::catalog::{Catalog, KindInfo, SchemaType, Shape, check};
use crate::names::{Address, Region, Scope, StackName};
use crate::problem::{Code, Problem, Severity, nearest};
use crate::stack::{Loaded, Places, Rejected};
use crate::value::{Json, Reference, Target};

/// Everything that should be there, and what needs what.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The stack.
    pub stack: StackName,
    /// The account that the file names, if it does.
    pub account: Option<String>,
    /// The stack's regions, the primary first.
    pub regions: Vec<Region>,
    /// The regions in the order of a rollout.
    pub order: Vec<Region>,
    /// Blocks with a new name: old path, new path.
    pub moved: Vec<(String, String)>,
    nodes: BTreeMap<Address, Node>,
    sorted: Vec<Address>,
}

/// One resource in the graph.
#[derive(Debug, Clone)]
pub struct Node {
    /// What should be there, its references looked up.
    pub declaration: Declaration,
    /// What it needs, and how far that must be.
    pub needs: BTreeMap<Address, Level>,
    /// What must be there, and how far, before it is created; from then on it does without.
    pub starts_after: BTreeMap<Address, Level>,
}

impl Graph {
    /// The resource at an address.
    pub fn get(&self, address: &Address) -> Option<&Node> {
        self.nodes.get(address)
    }

    /// Every resource, whatever it needs before it.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = (&Address, &Node)> {
        self.sorted.iter().filter_map(|address| self.nodes.get_key_value(address))
    }

    /// How many resources there are that Isobar looks after.
    pub fn len(&self) -> usize {
        self.nodes.values().filter(|node| !node.declaration.existing).count()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The addresses that a resource had before its block was moved.
    pub fn former(&self, address: &Address) -> Vec<Address> {
        self.moved.iter().filter_map(|(old, new)| address.renamed(new, old)).collect()
    }

    /// The same stack with nothing in it: what `destroy` wants.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self { nodes: BTreeMap::new(), sorted: Vec::new(), ..self.clone() }
    }
}

/// A stack file that is right in every way that can be told without AWS, and what it stands for.
#[derive(Debug)]
pub struct CheckedStack {
    /// The file.
    pub loaded: Loaded,
    /// What it stands for.
    pub declarations: Vec<Declaration>,
    /// The same as a graph.
    pub graph: Graph,
    /// What is worth a look.
    pub warnings: Vec<Problem>,
}

/// Takes what was read of a file through every further stage. What is wrong comes from all of them
/// at once: a mistake in one place does not hide those in others.
pub fn check_stack(read: Result<Loaded, Rejected>, catalog: &Catalog) -> Result<CheckedStack, Rejected> {
    let (loaded, mut problems) = match read {
        Ok(loaded) => {
            let warnings = loaded.warnings.clone();
            (loaded, warnings)
        }
        Err(Rejected { rest: Some(rest), problems, .. }) => (*rest, problems),
        Err(rejected) => return Err(rejected),
    };
    let (declarations, found) = blocks::expand(&loaded, catalog);
    add(&mut problems, found);
    let graph = of(declarations.clone(), &loaded, catalog).map_err(|found| add(&mut problems, found));
    match graph {
        Ok(graph) if problems.iter().all(|problem| problem.severity == Severity::Warning) => {
            Ok(CheckedStack { loaded, declarations, graph, warnings: problems })
        }
        _ => {
            problems.sort_by_key(|problem| (problem.span.is_some(), problem.span));
            Err(Rejected { source: Some(loaded.source), problems, rest: None })
        }
    }
}

/// Adds problems of a further stage, except where the same place is told of: by an earlier stage, or
/// for another region.
fn add(problems: &mut Vec<Problem>, found: Vec<Problem>) {
    for problem in found {
        let is_told = |told: &Problem| *told == problem || (told.span.is_some() && told.span == problem.span);
        if !problems.iter().any(is_told) {
            problems.push(problem);
        }
    }
}

/// Looks up every reference and draws the edges; or tells everything that is wrong.
pub fn of(declarations: Vec<Declaration>, loaded: &Loaded, catalog: &Catalog) -> Result<Graph, Vec<Problem>> {
    let mut problems = Vec::new();
    let declared = index(declarations, &loaded.places, &mut problems);
    let lookup = Lookup { declared: &declared, catalog, loaded };
    let mut nodes = BTreeMap::new();
    for (address, declaration) in &declared {
        nodes.insert(address.clone(), lookup.node(declaration.clone(), &mut problems));
    }
    add_needs_of_copies(&mut nodes, catalog);
    let sorted = loop {
        match sort(&nodes) {
            Ok(sorted) => break sorted,
            Err(cycle) if open(&mut nodes, &cycle, catalog) => {}
            Err(cycle) => {
                problems.push(cycle_problem(&cycle, &nodes, catalog, &loaded.places));
                break Vec::new();
            }
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Graph {
        stack: loaded.name.clone(),
        account: loaded.stack.account.clone(),
        regions: loaded.regions.clone(),
        order: order(loaded),
        moved: loaded.stack.moved.iter().map(|(old, new)| (old.clone(), new.clone())).collect(),
        nodes,
        sorted,
    })
}

/// The regions in the order of a rollout: as the file says, else secondaries first and the primary last.
fn order(loaded: &Loaded) -> Vec<Region> {
    let written = loaded.stack.rollout.order.iter().flatten().filter_map(|region| region.parse().ok());
    let written: Vec<Region> = written.collect();
    if written.is_empty() {
        loaded.regions.iter().skip(1).chain(loaded.regions.first()).cloned().collect()
    } else {
        written
    }
}

fn index(all: Vec<Declaration>, places: &Places, problems: &mut Vec<Problem>) -> BTreeMap<Address, Declaration> {
    let mut declared: BTreeMap<Address, Declaration> = BTreeMap::new();
    for declaration in all {
        if let Some(first) = declared.get(&declaration.address) {
            problems.push(
                Problem::new(Code::DuplicateAddress, format!("`{}` is declared twice", declaration.address))
                    .at(places.key(&declaration.origin))
                    .note(places.key(&first.origin), "first declared here"),
            );
        }
        declared.insert(declaration.address.clone(), declaration);
    }
    declared
}

struct Lookup<'a> {
    declared: &'a BTreeMap<Address, Declaration>,
    catalog: &'a Catalog,
    loaded: &'a Loaded,
}

impl Lookup<'_> {
    fn node(&self, mut declaration: Declaration, problems: &mut Vec<Problem>) -> Node {
        let (address, origin) = (declaration.address.clone(), declaration.origin.clone());
        declaration.spec.for_each_reference(&mut |reference| match self.resolve(reference, &address.at) {
            Ok(target) => reference.target = target,
            Err(problem) => problems.push(problem.at_or(self.loaded.places.key(&origin))),
        });
        let mut needs = BTreeMap::new();
        let info = self.catalog.get(&declaration.kind);
        collect_needs(&declaration.spec, info.map(|info| &info.spec), &mut needs);
        let mut starts_after = BTreeMap::new();
        let mut add = |to: &mut BTreeMap<Address, Level>, after: &After| {
            if self.declared.contains_key(&after.address) {
                raise(to, &after.address, after.level);
            } else {
                let message = format!("`{}` comes after `{}`, which is not declared", address, after.address);
                problems.push(Problem::new(Code::UnknownAddress, message).at(self.loaded.places.key(&origin)));
            }
        };
        declaration.after.iter().for_each(|after| add(&mut needs, after));
        declaration.starts_after.iter().for_each(|after| add(&mut starts_after, after));
        if needs.remove(&address).is_some() || starts_after.remove(&address).is_some() {
            problems.push(
                Problem::new(Code::Cycle, format!("`{address}` needs itself"))
                    .at(self.loaded.places.key(&origin))
                    .help("a resource cannot refer to what is known of it only once it is there"),
            );
        }
        if let (Some(info), false) = (info, declaration.existing) {
            self.check_types(&declaration, info, problems);
        }
        Node { declaration, needs, starts_after }
    }

    fn resolve(&self, reference: &Reference, from: &Scope) -> Result<Target, Box<Misses>> {
        let Target::Written { words, at } = &reference.target else { return Ok(reference.target.clone()) };
        if let ([word], None) = (words.as_slice(), at) {
            match (word.as_str(), from) {
                ("account", _) => return Ok(Target::Account),
                ("stack", _) => return Ok(Target::Known(self.loaded.name.to_string().into())),
                ("region", Scope::In(region)) => return Ok(Target::Known(region.to_string().into())),
                _ => {}
            }
        }
        let scopes = match (at, from) {
            (Some(at), _) => vec![at.clone()],
            (None, Scope::In(_)) => vec![from.clone(), Scope::Global],
            (None, Scope::Global) => vec![Scope::Global],
        };
        for length in (2..=words.len()).rev() {
            let path = words[..length].join(".");
            for scope in &scopes {
                let address = Address::new(&path, scope.clone());
                if let Some(target) = self.declared.get(&address) {
                    return self.output(reference, target, &words[length..]);
                }
            }
        }
        Err(Box::new(self.unknown(reference, words, &scopes)))
    }

    fn output(&self, reference: &Reference, of: &Declaration, output: &[String]) -> Result<Target, Box<Misses>> {
        let Some(info) = self.catalog.get(&of.kind) else {
            return Ok(Target::Output { of: of.address.clone(), output: output.to_vec() });
        };
        let names = match &info.outputs.schema_type {
            SchemaType::Object(fields) => fields.keys().map(String::as_str).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        if !output.is_empty() && info.outputs.at(output.iter().map(String::as_str)).is_some() {
            return Ok(Target::Output { of: of.address.clone(), output: output.to_vec() });
        }
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (message, help) = match output.first() {
            None => (
                format!("`${{{}}}` names a resource, not a value of it", reference.text),
                format!("add one of {known}"),
            ),
            Some(given) => {
                let near = nearest(given, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let of_part = || self.part_with(of, output).map(|part| format!("did you mean `${{{part}}}`?"));
                let help = near.or_else(of_part).unwrap_or_else(|| format!("it has {known}"));
                (format!("`{}` has no output `{}`", of.address.path, output.join(".")), help)
            }
        };
        Err(Box::new(self.misses(reference, Code::UnknownOutput, message, help)))
    }

    /// A part of a block that has the output which its main resource has not, and the output.
    fn part_with(&self, of: &Declaration, output: &[String]) -> Option<String> {
        let inside = format!("{}.", of.address.path);
        let parts = self.declared.values().filter(|part| part.address.path.starts_with(&inside));
        let mut with = parts.filter(|part| {
            let outputs = self.catalog.get(&part.kind).map(|info| &info.outputs);
            outputs.is_some_and(|outputs| outputs.at(output.iter().map(String::as_str)).is_some())
        });
        with.next().map(|part| format!("{}.{}", part.address.path, output.join(".")))
    }

    fn unknown(&self, reference: &Reference, words: &[String], scopes: &[Scope]) -> Misses {
        let path = words.join(".");
        let elsewhere: Vec<&Address> = self
            .declared
            .keys()
            .filter(|address| path == *address.path || path.starts_with(&format!("{}.", address.path)))
            .collect();
        if let Some(longest) = elsewhere.iter().map(|address| address.path.len()).max() {
            let places: Vec<String> = elsewhere
                .iter()
                .filter(|address| address.path.len() == longest)
                .map(|address| format!("`${{{path}@{}}}`", address.at))
                .collect();
            let here = scopes.first().map_or_else(String::new, ToString::to_string);
            let message = format!("`{path}` is not in {here}");
            return self.misses(reference, Code::NotHere, message, format!("say which one: {}", places.join(" or ")));
        }
        let outputs = self.declared.values().filter_map(|declaration| {
            let SchemaType::Object(fields) = &self.catalog.get(&declaration.kind)?.outputs.schema_type else {
                return None;
            };
            Some(fields.keys().map(move |name| format!("{}.{name}", declaration.address.path)))
        });
        let known: BTreeSet<String> = outputs.flatten().collect();
        let help = match nearest(&path, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `${{{near}}}`?"),
            None => "a reference is `${block.name.output}`; `isobar expand` shows what there is".to_owned(),
        };
        self.misses(reference, Code::UnknownReference, format!("`${{{}}}` refers to nothing", reference.text), help)
    }

    fn misses(&self, reference: &Reference, code: Code, message: String, help: String) -> Misses {
        Misses(Problem::new(code, message).at(self.loaded.places.reference(&reference.text)).help(help))
    }

    /// Whether what is referred to has the type that is wanted where it stands.
    fn check_types(&self, declaration: &Declaration, info: &KindInfo, problems: &mut Vec<Problem>) {
        if declaration.spec.references().is_empty() {
            return;
        }
        let filled = declaration.spec.fill(&|reference| Some(self.placeholder(reference)));
        let faults = check::check(&info.spec, &filled);
        for fault in faults.into_iter().filter(|fault| fault.code == Code::WrongType) {
            // A raw resource has its fields one level deeper than a block.
            let raw = declaration.origin.field("properties").join(&fault.path);
            let is_raw = self.loaded.places.at.contains_key(&raw);
            let place = if is_raw { raw } else { declaration.origin.join(&fault.path) };
            problems.push(
                Problem::new(fault.code, format!("`{}` of `{}`: {}", fault.path, declaration.address, fault.message))
                    .at(self.loaded.places.value(&place)),
            );
        }
    }

    fn placeholder(&self, reference: &Reference) -> Json {
        match &reference.target {
            Target::Known(json) => json.clone(),
            Target::Output { of, output } => {
                let info = self.declared.get(of).and_then(|declaration| self.catalog.get(&declaration.kind));
                let shape = info.and_then(|info| info.outputs.at(output.iter().map(String::as_str)));
                shape.map_or_else(|| Json::String(String::new()), Shape::placeholder)
            }
            Target::Account | Target::Written { .. } => Json::String("000000000000".into()),
        }
    }
}

/// A reference that leads nowhere.
struct Misses(Problem);

impl Misses {
    fn at_or(self, place: Option<crate::problem::Span>) -> Problem {
        Problem { span: self.0.span.or(place), ..self.0 }
    }
}
