//! Every stack file under `tests/cases/expand`, and every starter stack, expands as expected.
//!
//! A case is a folder with a `stack.yaml` (or the name of a file in `stacks/`), `expected.yaml` with
//! the raw resources that it stands for, and `problems.txt` if anything is to be said of it.
//! `ISOBAR_BLESS=1 cargo test expand` writes both anew.

use std::fs;
use std::path::{Path, PathBuf};

use isobar::blocks::{Declaration, Level, expand, expanded_json};
use isobar::problem::{Problem, Severity};
use isobar::stack::{self, Loaded, Rejected, Settings};
use isobar::{kinds, render};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn file_of(case: &Path) -> PathBuf {
    let own = case.join("stack.yaml");
    let name = case.file_name().expect("a name").to_string_lossy();
    if own.exists() { own } else { root().join("stacks").join(format!("{name}.yaml")) }
}

fn load(path: &Path) -> Loaded {
    stack::load(path, &Settings::default()).unwrap_or_else(|Rejected { source, problems, .. }| {
        panic!("{}:\n{}", path.display(), render::problems::problems(source.as_ref(), &problems, false))
    })
}

fn expanded(loaded: &Loaded) -> (Vec<Declaration>, Vec<Problem>) {
    let catalog = kinds::catalog();
    expand(loaded, &catalog)
}

fn cases() -> Vec<PathBuf> {
    let folder = fs::read_dir(root().join("tests/cases/expand")).expect("the folder of cases");
    let mut cases: Vec<PathBuf> = folder.map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    cases
}

/// Whether a file says this; with `ISOBAR_BLESS` it is made to, and taken away if there is nothing to say.
fn says(path: &Path, text: &str) -> bool {
    if std::env::var_os("ISOBAR_BLESS").is_none() {
        return fs::read_to_string(path).unwrap_or_default() == text;
    }
    if text.is_empty() {
        let _ = fs::remove_file(path);
    } else {
        fs::write(path, text).expect("written");
    }
    true
}

#[test]
fn every_case_expands_as_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let path = file_of(&case);
        let loaded = load(&path);
        let (declarations, problems) = expanded(&loaded);
        let here = |text: String| text.replace(&format!("{}/", path.parent().expect("a folder").display()), "");
        let told = here(render::problems::problems(Some(&loaded.source), &problems, false));
        let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
        let yaml = serde_yaml::to_string(&expanded_json(&declarations)).expect("YAML");
        let yaml = if failed { String::new() } else { here(yaml) };
        for (name, text) in [("problems.txt", told), ("expected.yaml", yaml)] {
            if !says(&case.join(name), &text) {
                wrong.push(format!("{}\n{text}", case.join(name).display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ; ISOBAR_BLESS=1 accepts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn stacks_that_expand_without_errors_are_graphs() {
    let catalog = kinds::catalog();
    for case in cases() {
        let loaded = load(&file_of(&case));
        let (declarations, problems) = expanded(&loaded);
        if problems.iter().all(|problem| problem.severity == Severity::Warning) {
            let faults = isobar::graph::of(declarations, &loaded, &catalog).err().unwrap_or_default();
            assert_eq!(faults, Vec::new(), "{}", case.display());
        }
    }
}

#[test]
fn the_starter_stack_is_destroyed_without_consent_to_data_loss() {
    let (declarations, problems) = expanded(&load(&root().join("stacks/serverless.yaml")));
    assert_eq!(problems, Vec::new());
    assert!(declarations.iter().all(|one| !one.protect));
}

#[test]
fn dns_comes_last_and_certificates_are_served_by_one_record() {
    let (declarations, _) = expanded(&load(&root().join("stacks/serverless.yaml")));
    let get = |address: &str| {
        declarations.iter().find(|one| one.address.to_string() == address).unwrap_or_else(|| panic!("no {address}"))
    };
    for region in ["us-east-1", "us-west-2"] {
        let record = get(&format!("apis.shop.record@{region}"));
        let needed: Vec<String> = record.after.iter().map(|after| after.address.to_string()).collect();
        assert_eq!(needed, [format!("apis.shop.mapping@{region}"), "tables.carts@global".to_owned()]);
        assert!(record.after.iter().all(|after| after.level == Level::Serving));
        let certificate = get(&format!("apis.shop.certificate@{region}"));
        assert_eq!(certificate.served_by, [get("dns.validation.api_shop_example_com@global").address.clone()]);
    }
}

/// Every word of every case in turn as something odd: it is refused or expanded, and nothing panics.
#[test]
fn odd_values_are_rejected_or_expanded() {
    let odd =
        ["\"\"", "é", "\"a b\"", "\"$${x} ${region}\"", "[]", "{}", "-1", "99999999999999999999", "*", "..", "/{a+}"];
    let catalog = kinds::catalog();
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./%{}+@".contains(&byte);
    for case in cases() {
        let path = file_of(&case);
        let text = fs::read_to_string(&path).expect("a stack file");
        let starts = (1..text.len()).filter(|at| word(text.as_bytes()[*at]) && !word(text.as_bytes()[at - 1]));
        for (turn, start) in starts.enumerate() {
            let end = (start..text.len()).find(|at| !word(text.as_bytes()[*at])).unwrap_or(text.len());
            let changed = format!("{}{}{}", &text[..start], odd[turn % odd.len()], &text[end..]);
            let folder = path.parent().expect("a folder");
            if let Ok(loaded) = stack::load_text("stack.yaml", &changed, folder, &Settings::default()) {
                let _ = expand(&loaded, &catalog);
            }
        }
    }
}
