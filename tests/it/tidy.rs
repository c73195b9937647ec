//! What keeps the house in order: layers, lengths, lists, and a README that knows every command.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, lowest first: a module imports only from its own layer and those before it.
/// Longer paths are exceptions to shorter ones.
const LAYERS: &[&[&str]] = &[
    &["names", "problem"],
    &["value"],
    &["catalog", "value::compare", "stack", "state"],
    &["blocks"],
    &["graph"],
    &["plan", "apply::Verb"],
    &["rollout", "plan::steps"],
    &["schedule"],
    &[
        "cloud",
        "state::document",
        "state::fence",
        "state::file_store",
        "state::journal",
        "state::lines",
        "state::object_store",
        "state::objects",
        "state::store",
    ],
    &["observe", "apply", "plan::decide"],
    &["engine"],
    &["render"],
    &["aws", "kinds"],
    &["cli"],
];
/// Lines of a file, its tests left out.
const LONGEST_FILE: usize = 400;
/// Lines of a function.
const LONGEST_FUNCTION: usize = 60;
/// Words that mean that something is not done, or that only this machine knows.
const FORBIDDEN: &[&str] = &["TODO", "FIXME", "XXX", "/home/", "/root/"];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];

/// A source file without its tests.
struct Source {
    path: PathBuf,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!found.is_empty(), "{folder} holds no source");
    found
}

fn collect(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("a text");
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            found.push(Source { path: path.strip_prefix(root()).expect("inside").to_owned(), text });
        }
    }
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn modules_import_only_from_layers_below() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let module = module_of(&source.path);
        // The map and the program itself stand above everything.
        let Some(own) = layer(&module) else { continue };
        for import in imports(&source.text) {
            match layer(&import) {
                Some(other) if other > own => {
                    faults.push(format!("{}: `{module}` imports `{import}`", source.path.display()));
                }
                Some(_) => {}
                None => faults.push(format!("{}: `{import}` is in no layer", source.path.display())),
            }
        }
    }
    report(&faults);
}

/// `src/plan/decide.rs` is `plan::decide`.
fn module_of(path: &Path) -> String {
    let path = path.with_extension("");
    let words: Vec<_> = path.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let words = words.strip_suffix(&["mod".to_owned()]).unwrap_or(&words);
    words.join("::")
}

/// The layer of the longest path in the table that begins this one.
fn layer(path: &str) -> Option<usize> {
    let begins = |known: &str| path == known || path.strip_prefix(known).is_some_and(|rest| rest.starts_with("::"));
    let layers = LAYERS.iter().enumerate();
    let all = layers.flat_map(|(number, names)| names.iter().map(move |name| (name.len(), number, *name)));
    all.filter(|(_, _, name)| begins(name)).max().map(|(_, number, _)| number)
}

/// Every path after `use crate::`, braces written out.
fn imports(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("use crate::") {
        let tree = text[at + "use crate::".len()..].split(';').next().unwrap_or_default();
        write_out("", &tree.split_whitespace().collect::<String>(), &mut paths);
    }
    paths
}

fn write_out(before: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((head, inner)) = tree.split_once('{') else {
        return paths.push(format!("{before}{tree}"));
    };
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut start) = (0, 0);
    for (at, sign) in inner.char_indices().chain([(inner.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if start < at {
                    write_out(&format!("{before}{head}"), &inner[start..at], paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

#[test]
fn braces_of_imports_are_written_out() {
    assert_eq!(imports("use crate::a::{self, b::{C, d}};\nuse crate::e;"), ["a::self", "a::b::C", "a::b::d", "e"]);
}

#[test]
fn files_and_functions_are_short() {
    let mut faults = Vec::new();
    for source in sources("src") {
        let length = source.text.lines().count();
        if length > LONGEST_FILE {
            faults.push(format!("{} has {length} lines", source.path.display()));
        }
        for (name, length) in functions(&source.text) {
            if length > LONGEST_FUNCTION {
                faults.push(format!("{}: `{name}` has {length} lines", source.path.display()));
            }
        }
    }
    report(&faults);
}

/// Every function that takes more than a line, with its length. The text is formatted: a function
/// ends at the first brace that stands as far to the left as it does.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn ", "pub async fn "]
            .iter()
            .any(|start| code.starts_with(start));
        if !is_function || code.ends_with([';', '}']) {
            continue;
        }
        let name = code.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next()).unwrap_or_default();
        let indent = &line[..line.len() - code.len()];
        let ends = |line: &&str| {
            **line == format!("{indent}}}") || (line.starts_with(&format!("{indent})")) && line.ends_with(';'))
        };
        let end = lines[at..].iter().position(ends);
        found.push((name.to_owned(), end.map_or(0, |end| end + 1)));
    }
    found
}

#[test]
fn every_kind_is_in_the_table() {
    let table = fs::read_to_string(root().join("src/kinds/mod.rs")).expect("the table");
    let kinds = sources("src/kinds").into_iter().filter(|source| source.text.contains("impl Kind for "));
    let missing: Vec<String> = kinds
        .map(|source| module_of(&source.path).replace("kinds::", ""))
        .filter(|module| !table.contains(&format!("Entry::of::<{module}::")))
        .collect();
    report(&missing);
}

#[test]
fn nothing_is_left_undone_or_waved_through() {
    let mut faults = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let path = source.path.display().to_string();
        let stem = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if EMPTY_NAMES.contains(&stem.as_str()) {
            faults.push(format!("{path}: a name that says nothing"));
        }
        // This file names what it forbids.
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            let forbidden = FORBIDDEN.iter().copied().find(|word| line.contains(word));
            let allowed = ["#[allow(", "#![allow("].into_iter().find(|word| line.contains(word));
            if let Some(word) = forbidden.or(allowed) {
                faults.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    report(&faults);
}

#[test]
fn no_sdk_type_is_named_outside_its_folders() {
    let outside = |source: &Source| !source.path.starts_with("src/aws") && !source.path.starts_with("src/kinds");
    let named = |source: &Source| source.text.contains("aws_sdk_") || source.text.contains("aws_smithy_");
    let faults = sources("src").into_iter().filter(|source| outside(source) && named(source));
    report(&faults.map(|source| source.path.display().to_string()).collect::<Vec<_>>());
}

#[cfg(feature = "aws")]
#[test]
fn the_readme_knows_every_command_and_option() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let mut missing = std::collections::BTreeSet::new();
    let mut commands = vec![(isobar::cli::command(), String::new())];
    while let Some((command, path)) = commands.pop() {
        for option in command.get_arguments().filter_map(clap::Arg::get_long) {
            if !readme.contains(&format!("--{option}")) {
                missing.insert(format!("--{option} of `isobar{path}`"));
            }
        }
        for inner in command.get_subcommands().cloned() {
            let path = format!("{path} {}", inner.get_name());
            if inner.get_subcommands().next().is_none() && !readme.contains(&format!("`isobar{path}")) {
                missing.insert(format!("`isobar{path}`"));
            }
            commands.push((inner, path));
        }
    }
    report(&missing.into_iter().collect::<Vec<_>>());
}
