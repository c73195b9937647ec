//! Every kind of bad input has a case under `tests/cases/errors`: a stack file and what is said of it.
//!
//! `ISOBAR_BLESS=1 cargo test errors` writes the expected texts anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use isobar::graph;
use isobar::problem::{Code, Problem};
use isobar::render;
use isobar::stack::{self, Rejected, Settings, Source};

/// Everything that is wrong with the stack file of a case, through every stage that can tell.
fn problems_of(folder: &Path) -> (Option<Source>, Vec<Problem>) {
    let read = stack::load(&folder.join("stack.yaml"), &settings_of(folder));
    match graph::check_stack(read, &isobar::kinds::catalog()) {
        Ok(examined) => (Some(examined.loaded.source), examined.warnings),
        Err(Rejected { source, problems, .. }) => (source, problems),
    }
}

/// `set.txt` beside a stack file holds one `NAME=VALUE` per line; `vars.yaml` is a file of parameters.
fn settings_of(folder: &Path) -> Settings {
    let set = fs::read_to_string(folder.join("set.txt")).unwrap_or_default();
    let vars = folder.join("vars.yaml");
    Settings {
        set: set.lines().map(str::to_owned).collect(),
        vars: if vars.exists() { vec![vars] } else { Vec::new() },
        store_packages: false,
    }
}

fn rendered(folder: &Path) -> String {
    let (source, problems) = problems_of(folder);
    let here = format!("{}/", folder.display());
    render::problems::problems(source.as_ref(), &problems, false).replace(&here, "")
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/errors");
    let mut cases: Vec<PathBuf> = fs::read_dir(root)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_bad_input_is_reported_as_expected() {
    let bless = std::env::var_os("ISOBAR_BLESS").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let (text, expected) = (rendered(&case), case.join("expected.txt"));
        if bless {
            fs::write(&expected, &text).expect("written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ; ISOBAR_BLESS=1 accepts:\n{}", wrong.len(), wrong.join("\n"));
}

/// Problems of a file that is too large or too odd to be kept as a case, one line each.
fn check_bytes(bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("stack.yaml"), bytes).expect("written");
    let before = computed();
    let text = rendered(folder.path());
    assert!(text.contains(expected), "{text}");
    let took = computed().saturating_sub(before);
    assert!(took < MOST, "{expected} took {took:?} of computing");
}

/// Far more than any of these takes on a slow machine, and far less than what grows with the square of a file.
const MOST: Duration = Duration::from_secs(30);

/// How long this thread has computed, others that had the processor meanwhile left out. Linux alone tells it.
fn computed() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

#[test]
fn odd_files_are_rejected_in_bounded_time() {
    let text = |count: usize, unit: &str| unit.repeat(count).into_bytes();
    check_bytes(&text(10 << 20, "a"), "is larger than 1 MiB");
    check_bytes(&text(5 << 20, "a: 1\n"), "is larger than 1 MiB");
    check_bytes(&text(1 << 20, "["), "64 deep");
    check_bytes(&text(1 << 19, "- "), "64 deep");
    check_bytes(&text(1 << 18, "---\n"), "one document");
    check_bytes(&text(1 << 20, "\n"), "is empty");
    check_bytes(&text(1 << 20, "x"), "a stack file is a map");
    check_bytes(&text(30_000, "a: 1\n"), "duplicate key");
    check_bytes(&text(50_000, "\"${\": ${\n"), "... and");
    check_bytes(&[0xff, 0xfe, b's', 0], "not a text file");
    check_bytes(b"\x7fELF\0\0\0", "not a text file");
    let many = (0..40_000).map(|at| format!("k{at}: ${{x\n")).collect::<Vec<_>>().concat();
    check_bytes(many.as_bytes(), "... and");
    let nested = (0..63).map(|at| format!("{}{}:\n", " ".repeat(at), "k".repeat(200))).collect::<Vec<_>>().concat();
    check_bytes(nested.as_bytes(), "unknown key");
    let wide = format!(
        "base: &b {{{}}}\nall: [{}]\n",
        (0..300).map(|at| format!("{}{at}: 1,", "k".repeat(99))).collect::<Vec<_>>().concat(),
        "*b,".repeat(5_000)
    );
    check_bytes(wide.as_bytes(), "once its aliases are expanded");
}

#[test]
fn a_missing_file_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = rendered(folder.path());
    assert!(text.starts_with("error[missing-file]: there is no file `stack.yaml`"), "{text}");
}

/// Codes that no case shows, and why.
const WITHOUT_A_CASE: &[(Code, &str)] = &[
    (Code::CodeTooLarge, "takes 50 MB of code; `stack::package` has a test"),
    (Code::DuplicateAddress, "blocks and raw resources have other names; `graph` has a test"),
    (Code::Internal, "no file shows it: the types of the program would contradict each other"),
    (Code::MissingFile, "`a_missing_file_is_reported`"),
    (Code::NoLink, "takes a region in which no zone has VPC links"),
    (Code::NoPublicSubnets, "takes a network that is there already; `blocks::balancer` tells it"),
    (Code::UnknownAddress, "no file shows it: a block would come after something that it does not declare"),
    (Code::UnreadableCode, "takes a file without permissions, which root reads all the same"),
    (Code::UnreadableFile, "takes a file without permissions, which root reads all the same"),
    (Code::Unwritable, "takes a folder without permissions, in which root writes all the same"),
];

#[test]
fn every_code_has_a_case_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut shown = String::new();
    for folder in ["errors", "expand"] {
        for case in fs::read_dir(root.join(folder)).expect("the folder of cases") {
            for name in ["expected.txt", "problems.txt"] {
                shown += &fs::read_to_string(case.as_ref().expect("a case").path().join(name)).unwrap_or_default();
            }
        }
    }
    let has_case = |code: Code| shown.contains(&format!("[{code}]"));
    let has_reason = |code: Code| WITHOUT_A_CASE.iter().any(|(one, _)| *one == code);
    let wrong: Vec<&Code> = Code::ALL.iter().filter(|code| has_case(**code) == has_reason(**code)).collect();
    assert_eq!(wrong, Vec::<&Code>::new(), "a case for each, or a reason in WITHOUT_A_CASE, and not both");
}
