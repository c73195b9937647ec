//! `isobar validate --format json`: the problems of a file for machines.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};

/// The exit code and what is on stdout.
fn validated(stack: &str) -> (Option<i32>, Json) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("isobar.yaml"), stack).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_isobar"));
    let output = command.args(["validate", "--format", "json"]).current_dir(folder.path()).output().expect("a run");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn a_valid_file_has_no_problems() {
    let stack = "stack: shop\nregions: [us-east-1]\n";
    assert_eq!(validated(stack), (Some(0), json!({"format_version": 1, "problems": []})));
}

#[test]
fn a_problem_has_a_code_and_a_place() {
    let (code, document) = validated("stack: shop\nregions: [us-east-1]\nfunctoins: {}\n");
    assert_eq!((code, document["format_version"].as_u64()), (Some(1), Some(1)));
    let problem = &document["problems"][0];
    assert_eq!((&problem["code"], &problem["severity"]), (&json!("unknown-key"), &json!("error")), "{document:#}");
    assert_eq!((&problem["line"], &problem["column"]), (&json!(3), &json!(1)), "{document:#}");
    assert_eq!(problem["help"], "did you mean `functions`?", "{document:#}");
}

#[test]
fn codes_are_explained() {
    let explain = |code: &[&str]| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_isobar")).arg("explain").args(code).output();
        let output = program.expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, shown, _) = explain(&["unknown-key"]);
    assert_eq!((code, shown.as_str()), (Some(0), "A key is not part of the language or of the kind.\n"));
    let (code, _, told) = explain(&["unknown-kye"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("did you mean `unknown-key`?"), "{told}");
    let (code, all, _) = explain(&[]);
    assert_eq!((code, all.lines().count()), (Some(0), isobar::problem::Code::ALL.len()));
}
