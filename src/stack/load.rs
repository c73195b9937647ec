//! From a path to a loaded stack: reads, checks everything, and tells everything that is wrong at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path as FilePath, PathBuf};

use super::parameters::Parameters;
use super::tree::{self, Tree};
use super::{Loaded, Package, Places, Source, check, overrides, package, place, regions, user_data, yaml};
use crate::names::Region;
use crate::problem::{Code, Problem, Severity, Span};
use crate::value::{Json, Key, Path, SyntaxError, Template};

/// The largest stack file, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// What comes from outside of the file.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Parameters, as `NAME=VALUE`; the last of one name counts.
    pub set: Vec<String>,
    /// Files of parameters, maps in YAML; what is in `set` counts for more.
    pub vars: Vec<PathBuf>,
    /// Whether functions' packages are written below `.isobar/build`, beside the stack file.
    pub store_packages: bool,
}

/// A stack file that is not taken.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its text, if it could be read.
    pub source: Option<Source>,
    /// What is wrong, warnings among it; at least one error.
    pub problems: Vec<Problem>,
    /// What it would be without the keys that nobody knows, if that makes sense of it: later stages
    /// can tell what is wrong beside.
    pub rest: Option<Box<Loaded>>,
}

/// Reads a stack file.
pub fn load(path: &FilePath, settings: &Settings) -> Result<Loaded, Rejected> {
    let source = read_text(path).map_err(|problem| Rejected { source: None, problems: vec![*problem], rest: None })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(FilePath::new("."));
    load_text(&source.name, &source.text, folder, settings)
}

/// Reads the text of a stack file whose paths start at a folder.
pub fn load_text(name: &str, text: &str, folder: &FilePath, settings: &Settings) -> Result<Loaded, Rejected> {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    let mut loader = Loader { folder, settings, problems: Vec::new() };
    let read = loader.load(source.clone());
    let mut problems = loader.problems;
    let is_right = problems.iter().all(|problem| problem.severity == Severity::Warning);
    match read {
        Some(right) if is_right => Ok(Loaded { warnings: problems, ..right }),
        rest => {
            problems.sort_by_key(|problem| (problem.span.is_some(), problem.span));
            problems.dedup();
            Err(Rejected { source: Some(source), problems, rest: rest.map(Box::new) })
        }
    }
}

/// A value from YAML, read by the rules of a stack file.
pub fn decode(text: &str) -> Result<Json, Vec<Problem>> {
    let tree = read_tree(text).map_err(|problem| vec![*problem])?;
    if tree.problems.is_empty() { Ok(tree.json) } else { Err(tree.problems) }
}

/// A text file of bounded size.
pub fn read_text(path: &FilePath) -> Result<Source, Box<Problem>> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Problem::new(Code::MissingFile, format!("there is no file `{name}`")).help("give the path of a stack file")
        }
        _ => Problem::new(Code::UnreadableFile, format!("`{name}` cannot be read: {error}")),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        let problem = Problem::new(Code::UnreadableFile, format!("`{name}` is a folder"));
        return Err(problem.help("give the path of the stack file in it").into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(&name).into());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text }),
        Err(_) => Err(binary(&name).into()),
    }
}

fn too_large(name: &str) -> Problem {
    Problem::new(Code::TooLarge, format!("`{name}` is larger than {} MiB, which no stack file is", MAX_BYTES >> 20))
}

fn binary(name: &str) -> Problem {
    Problem::new(Code::NotText, format!("`{name}` is not a text file in UTF-8"))
        .help("a stack file is YAML, saved as UTF-8")
}

/// YAML as a value with places; null if it holds nothing.
pub fn read_tree(text: &str) -> Result<Tree, Box<Problem>> {
    let document = yaml::parse(text)?;
    let mut tree = match &document.root {
        Some(root) => tree::expand(text, root)?,
        None => Tree::default(),
    };
    tree.problems.extend(document.problems);
    // A value that is wrong in itself, such as one with a key twice, stays as it was read.
    if tree.problems.is_empty() && document.root.is_some() {
        tree.json = yaml::values(text)?;
    }
    Ok(tree)
}

struct Loader<'a> {
    folder: &'a FilePath,
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn load(&mut self, source: Source) -> Option<Loaded> {
        let (json, places) = self.read(&source)?;
        let shape = self.keep(check::shape())?;
        let root = Path::default();
        let faults = check::faults(shape, &json);
        let faults: Vec<Problem> =
            faults.iter().map(|fault| check::problem(shape, &json, &root, fault, &places)).collect();
        // What could not be read as a value is told already.
        let told: BTreeSet<Option<Span>> = self.problems.iter().map(|problem| problem.span).collect();
        self.problems
            .extend(faults.into_iter().filter(|fault| fault.code != Code::WrongType || !told.contains(&fault.span)));
        self.problems.extend(check::block_names(shape, &json, &places));
        self.problems.extend(reference_faults(&json, &places, &source.text));
        let (regions, problems) = regions::check(&json, &places);
        self.problems.extend(problems);
        self.problems.extend(place::check(&json, &places));
        let (files, problems) = overrides::by_region(shape, &json, &regions, &places);
        self.problems.extend(problems);
        let packages = self.packages(&json, &places);
        let user_data = self.user_data(&json, &places);
        let told = self.has_errors();
        // What does not decode is told already, unless nothing is.
        let mut decode = |json: Json| match check::decode(shape, check::without_unknown(shape, json), &places) {
            Ok(file) => Some(file),
            Err(problem) => {
                self.problems.extend((!told).then_some(*problem));
                None
            }
        };
        let stack = decode(json)?;
        let mut by_region: BTreeMap<Region, super::file::Stack> = BTreeMap::new();
        for (region, file) in files {
            by_region.insert(region, decode(file)?);
        }
        let name = stack.stack.parse().ok()?;
        Some(Loaded { source, places, name, regions, stack, by_region, packages, user_data, warnings: Vec::new() })
    }

    /// The file with its parameters filled in.
    fn read(&mut self, source: &Source) -> Option<(Json, Places)> {
        if source.text.len() > MAX_BYTES {
            self.problems.push(too_large(&source.name));
            return None;
        }
        if let Some(at) = source.text.find('\0') {
            let problem = binary(&source.name).at(Span { start: at, end: at + 1 });
            self.problems.push(problem);
            return None;
        }
        let tree = self.keep(read_tree(&source.text))?;
        self.problems.extend(tree.problems);
        if !tree.json.is_object() {
            self.problems.push(no_map(&source.name, &tree.json, &tree.places));
            return None;
        }
        let (parameters, problems) = Parameters::read(&tree.json, &tree.places, &source.text, self.settings);
        self.problems.extend(problems);
        let (json, problems) = parameters.fill(&tree.json, &tree.places);
        self.problems.extend(problems);
        Some((json, tree.places))
    }

    /// The packages of all functions whose code is a path.
    fn packages(&mut self, json: &Json, places: &Places) -> BTreeMap<String, Package> {
        let mut packages = BTreeMap::new();
        let mut built: BTreeMap<String, Result<Package, Box<Problem>>> = BTreeMap::new();
        for (name, function) in json.get("functions").and_then(Json::as_object).into_iter().flatten() {
            let Some(code) = function.get("code").and_then(Json::as_str) else { continue };
            let at = places.value(&Path::of(["functions", name, "code"]));
            // Further stages go on as if the package were there.
            let absent = Package { path: code.into(), sha256: format!("{}=", "A".repeat(43)), bytes: 0 };
            packages.insert(name.clone(), absent);
            if code.contains("${") {
                let problem = Problem::new(Code::BadCode, "a path can hold parameters only, no other reference").at(at);
                self.problems.push(problem);
                continue;
            }
            match built.entry(code.to_owned()).or_insert_with(|| self.package(code)) {
                Ok(package) => _ = packages.insert(name.clone(), package.clone()),
                Err(problem) => self.problems.push((**problem).clone().at(at)),
            }
        }
        packages
    }

    /// What the instances of each fleet start with.
    fn user_data(&mut self, json: &Json, places: &Places) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (name, fleet) in json.get("fleets").and_then(Json::as_object).into_iter().flatten() {
            let Some(given) = fleet.get("user_data").and_then(Json::as_str) else { continue };
            match user_data::read(self.folder, given) {
                Ok(text) => _ = texts.insert(name.clone(), text),
                Err(problem) => {
                    let at = places.value(&Path::of(["fleets", name, "user_data"]));
                    self.problems.push((*problem).at(at));
                }
            }
        }
        texts
    }

    fn package(&self, code: &str) -> Result<Package, Box<Problem>> {
        let built = package::build(self.folder, code)?;
        if self.settings.store_packages {
            package::store(&built).map_err(|error| {
                let path = built.package.path.display();
                Problem::new(
                    Code::Unwritable,
                    format!("the package of `{code}` cannot be written to `{path}`: {error}"),
                )
            })?;
        }
        Ok(built.package)
    }

    fn keep<T>(&mut self, result: Result<T, Box<Problem>>) -> Option<T> {
        result.map_err(|problem| self.problems.push(*problem)).ok()
    }

    fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

fn no_map(name: &str, json: &Json, places: &Places) -> Problem {
    let start = "begin with `stack: NAME` and `regions: [...]`";
    if json.is_null() {
        return Problem::new(Code::EmptyFile, format!("`{name}` is empty")).help(start);
    }
    Problem::new(Code::WrongType, "a stack file is a map, `key: value`").at(places.value(&Path::default())).help(start)
}

/// Every `${...}` that cannot be read.
fn reference_faults(json: &Json, places: &Places, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, value) in json.as_object().into_iter().flatten().filter(|(key, _)| *key != "parameters") {
        walk(value, &mut Path::of([key.as_str()]), &mut |value, path| {
            if let Err(error) = Template::parse(&Json::String(value.to_owned())) {
                let whole = places.value(path);
                let slice = whole.and_then(|span| text.get(span.start..span.end).map(|slice| (span, slice)));
                let needle = match &error {
                    SyntaxError::Unclosed => "${".to_owned(),
                    SyntaxError::NotAPath(inner) => format!("${{{inner}}}"),
                };
                let found = slice.and_then(|(span, slice)| slice.rfind(&needle).map(|at| span.start + at));
                let span = found.map(|start| Span { start, end: start + needle.len() }).or(whole);
                problems.push(
                    Problem::new(Code::BadReference, error.to_string())
                        .at(span)
                        .help("write `$${` where `${` is meant literally"),
                );
            }
        });
    }
    problems
}

fn walk(json: &Json, path: &mut Path, tell: &mut impl FnMut(&str, &Path)) {
    match json {
        Json::String(text) if text.contains("${") => tell(text, path),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                path.0.push(Key::Index(at));
                walk(item, path, tell);
                path.0.pop();
            }
        }
        Json::Object(fields) => {
            for (key, value) in fields {
                path.0.push(Key::Field(key.clone()));
                walk(value, path, tell);
                path.0.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Loaded {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("f")).expect("a folder");
        std::fs::write(folder.path().join("f/app.py"), "x = 1\n").expect("a file");
        load_text("stack.yaml", text, folder.path(), &Settings::default()).expect("a good stack")
    }

    const HEAD: &str = "stack: shop\nregions: [us-east-1, us-west-2]\n";

    #[test]
    fn differences_are_laid_over_by_region() {
        let loaded = load(&format!(
            "{HEAD}functions:\n  f:\n    code: f\n    memory: 256\n    environment: {{A: a, B: b}}\n    regions:\n      us-west-2: {{memory: 512, environment: {{A: null, C: c}}}}\n"
        ));
        let function = |region: &str| {
            let region: Region = region.parse().expect("a region");
            let function = &loaded.by_region[&region].functions["f"];
            let names: Vec<&String> = function.environment.iter().flatten().map(|(name, _)| name).collect();
            (function.memory, format!("{names:?}"), function.regions.len())
        };
        assert_eq!(function("us-east-1"), (Some(256), r#"["A", "B"]"#.into(), 0));
        assert_eq!(function("us-west-2"), (Some(512), r#"["B", "C"]"#.into(), 0));
        assert_eq!(loaded.stack.functions["f"].regions.len(), 1);
        assert_eq!(loaded.packages["f"].sha256.len(), 44);
    }

    #[test]
    fn places_lead_to_what_is_written() {
        let text = format!(
            "\u{feff}{HEAD}tags: {{é: 'ü x'}}  # comment\r\ntables:\r\n  carts:\r\n    key:\r\n      user_id: string\r\n      item_id: string\r\n    ttl:\r\nresources:\n  a: &a\n    kind: sns.Topic\n    properties: &p\n      name: x ${{region}}\n  b: *a\n"
        );
        let loaded = load(&text);
        let check = |path: &str, key: &str, value: &str| {
            let path = Path::of(path.split('.'));
            let slice = |span: Option<Span>| span.map_or("", |span| &text[span.start..span.end]);
            assert_eq!((slice(loaded.places.key(&path)), slice(loaded.places.value(&path))), (key, value), "{path}");
        };
        check("tags.é", "é", "'ü x'");
        check("tags", "tags", "{é: 'ü x'}");
        check("tables.carts.ttl", "ttl", "ttl");
        check("tables.carts.key.item_id", "item_id", "string");
        check("tables.carts.nothing", "carts", "carts");
        check("resources.a.properties", "properties", "name: x ${region}");
        check("resources.b", "b", "*a");
        check("resources.b.kind", "kind", "sns.Topic");
        let span = loaded.places.reference("region").expect("a place");
        assert_eq!(&text[span.start..span.end], "${region}");
    }

    #[test]
    fn what_is_left_empty_is_left_out() {
        let loaded = load(&format!("{HEAD}tags:\nfunctions:\n  f: {{image: a, environment: , memory: null}}\n"));
        assert_eq!(loaded.stack.functions["f"].memory, None);
        assert!(loaded.stack.tags.is_empty() && loaded.warnings.is_empty());
    }
}
