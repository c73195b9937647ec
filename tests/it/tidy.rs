//! What keeps the house in order: layers, lengths, lists, and a README that knows every command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

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
    let layers = layers();
    let layer = |module: &str| layers.iter().position(|layer| layer.iter().any(|one| one == module));
    let mut faults = Vec::new();
    for (module, imports) in modules() {
        let own = layer(&module[0]).unwrap_or_else(|| panic!("`{}` is in no layer of src/lib.rs", module[0]));
        for import in imports.iter().filter(|import| import[0] != module[0]) {
            if layer(&import[0]).is_none_or(|other| other > own) {
                faults.push(format!(
                    "`{}` imports `{}`, which is in a higher layer",
                    module.join("::"),
                    import.join("::")
                ));
            }
        }
    }
    report(&faults);
}

/// The table under "Layers" in `src/lib.rs`, lowest first. It is the only one there is.
fn layers() -> Vec<Vec<String>> {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("the map");
    let rows = map.lines().skip_while(|line| !line.contains("# Layers")).skip_while(|line| !line.contains("|---|"));
    let rows = rows.skip(1).take_while(|line| line.contains('|'));
    let names = |row: &str| {
        let last = row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default().to_owned();
        last.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let layers: Vec<Vec<String>> = rows.map(names).collect();
    assert!(layers.len() > 10, "the table of layers is not found");
    layers
}

#[test]
fn modules_import_each_other_in_no_circle() {
    let modules = modules();
    let files = circles(&modules.iter().map(|(module, imports)| (module.clone(), imports.clone())).collect());
    let top = |module: &Vec<String>| vec![module[0].clone()];
    let mut tops: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (module, imports) in &modules {
        tops.entry(top(module)).or_default().extend(imports.iter().map(top).filter(|other| *other != top(module)));
    }
    let faults = files.into_iter().chain(circles(&tops)).map(|circle| circle.join(", "));
    report(&faults.collect::<Vec<_>>());
}

/// Modules that reach each other: those left when whatever imports nothing that is left has been taken out, from
/// both ends.
fn circles(graph: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Vec<Vec<String>> {
    let mut left = graph.clone();
    loop {
        let names: BTreeSet<_> = left.keys().cloned().collect();
        let imported: BTreeSet<_> = left.values().flatten().cloned().collect();
        let before = left.len();
        left.retain(|name, imports| imported.contains(name) && imports.iter().any(|import| names.contains(import)));
        for imports in left.values_mut() {
            imports.retain(|import| names.contains(import));
        }
        if left.len() == before {
            break;
        }
    }
    if left.is_empty() { Vec::new() } else { vec![left.keys().map(|name| name.join("::")).collect()] }
}

#[test]
fn circles_of_imports_are_found() {
    let name = |name: &str| vec![name.to_owned()];
    let graph = |edges: &[(&str, &str)]| {
        let mut graph: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(name(from)).or_default().insert(name(to));
            graph.entry(name(to)).or_default();
        }
        graph
    };
    assert!(circles(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    assert_eq!(circles(&graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])), [["b", "c"]]);
}

/// Every module of `src` with the modules that it imports. A parent and its own children are not counted: a child
/// is a part of its parent.
fn modules() -> Vec<(Vec<String>, BTreeSet<Vec<String>>)> {
    let sources: Vec<(Vec<String>, String)> = sources("src")
        .into_iter()
        .map(|source| (module_of(&source.path), source.text))
        .filter(|(module, _)| !matches!(module[..], [ref one] if one == "lib" || one == "main"))
        .filter(|(module, _)| !module.iter().any(|part| part == "tests"))
        .collect();
    let known: BTreeSet<Vec<String>> = sources.iter().map(|(module, _)| module.clone()).collect();
    let imports = |module: &Vec<String>, text: &str| -> BTreeSet<Vec<String>> {
        let targets = paths(text).into_iter().filter_map(|path| target(module, &path, &known));
        targets.filter(|target| !target.starts_with(module) && !module.starts_with(target)).collect()
    };
    sources.iter().map(|(module, text)| (module.clone(), imports(module, text))).collect()
}

/// `src/plan/steps.rs` is `plan::steps`.
fn module_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let words: Vec<_> = path.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    words.strip_suffix(&["mod".to_owned()]).unwrap_or(&words).to_vec()
}

/// The module that a path leads to: the longest part of it that is one.
fn target(module: &[String], path: &str, known: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let mut words: Vec<&str> = path.split("::").collect();
    let mut full = match words[0] {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    let supers = words.iter().take_while(|word| **word == "super").count();
    full.truncate(full.len().saturating_sub(supers));
    let rest = words.split_off(supers.max(usize::from(matches!(words[0], "crate" | "self"))));
    full.extend(rest.into_iter().map(str::to_owned));
    (1..=full.len()).rev().map(|length| full[..length].to_vec()).find(|path| known.contains(path))
}

/// Every path in a text that may lead to a module, those of `use` with their braces written out.
fn paths(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut paths = Vec::new();
    let mut rest = String::new();
    for (number, part) in code.split("use ").enumerate() {
        let is_import = number > 0 && part.contains(';');
        let (tree, after) = if is_import { part.split_once(';').unwrap_or((part, "")) } else { ("", part) };
        if is_import {
            write_out("", &tree.split_whitespace().collect::<String>(), &mut paths);
        }
        rest.push_str(after);
    }
    let is_path = |sign: char| sign.is_alphanumeric() || sign == '_' || sign == ':';
    let words = rest.split(|sign| !is_path(sign)).filter(|word| word.contains("::"));
    paths.extend(words.map(|word| word.trim_matches(':').to_owned()));
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
    let text = "use crate::a::{self, b::{C, d}};\nuse super::e;\nfn f() { super::g::h(crate::i::J) }";
    assert_eq!(
        paths(text),
        ["crate::a::self", "crate::a::b::C", "crate::a::b::d", "super::e", "super::g::h", "crate::i::J"]
    );
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
fn every_kind_is_in_the_table_of_its_service() {
    let mut missing = Vec::new();
    for source in sources("src/kinds") {
        for (at, _) in source.text.match_indices("\nimpl Kind for ") {
            let kind = source.text[at + "\nimpl Kind for ".len()..].split(' ').next().unwrap_or_default();
            let module = module_of(&source.path);
            let service = root().join("src/kinds").join(&module[1]).join("mod.rs");
            let table = fs::read_to_string(&service).unwrap_or_default();
            if !table.contains(&format!("RegisteredKind::of::<{}::{kind}>", module[2])) {
                missing.push(format!("{} is not in {}", module.join("::"), service.display()));
            }
        }
    }
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

/// Folders whose docs begin with their subject, a noun. Others join as they are rewritten.
const SUBJECT_FIRST: &[&str] = &[
    "src/apply",
    "src/aws",
    "src/cli",
    "src/cloud",
    "src/diff",
    "src/intent",
    "src/kinds",
    "src/names",
    "src/observe.rs",
    "src/ops",
    "src/plan",
    "src/planning",
    "src/render",
    "src/schedule.rs",
    "src/state",
    "src/store",
];

#[test]
fn docs_begin_with_their_subject() {
    let pronouns = ["What ", "Who ", "Whether ", "How ", "Where ", "When ", "That "];
    let mut faults = Vec::new();
    for source in sources("src").iter().filter(|source| SUBJECT_FIRST.iter().any(|one| source.path.starts_with(one))) {
        for (number, line) in source.text.lines().enumerate() {
            let text = line.trim_start();
            let doc = text.strip_prefix("/// ").or_else(|| text.strip_prefix("//! ")).unwrap_or_default();
            // Only the line that begins a doc; the lines before and after belong to one text.
            let begins =
                number == 0 || !source.text.lines().nth(number - 1).unwrap_or_default().trim().starts_with("//");
            if begins && pronouns.iter().any(|pronoun| doc.starts_with(pronoun)) {
                faults.push(format!("{}:{}: `{doc}`", source.path.display(), number + 1));
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
