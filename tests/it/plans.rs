//! Plans as people see them: a stack, what is remembered, and what is there, make a text.
//!
//! A case is a folder under `tests/cases/plan`: `stack.yaml`, `state.json` and `live.json` (by
//! address: `{spec, outputs, readiness?, held?}`), and the `expected.txt`. `ISOBAR_BLESS=1` writes it anew.
//! The kinds are those of the engine's tests, so that a case stays as it is when a real kind changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use isobar::intent::Intent;
use isobar::ops::Engine;
use isobar::store::file::FileStore;
use isobar::value::Json;

use crate::support::engine::{catalog, loaded_from};
use crate::support::still_cloud::{StillCloud, remember};

fn json(path: &Path) -> BTreeMap<String, Json> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| "{}".into());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

async fn planned(case: &Path) -> String {
    let text = std::fs::read_to_string(case.join("stack.yaml")).expect("a stack");
    let (declarations, loaded) = loaded_from(&text);
    let graph = isobar::graph::of(declarations, &loaded, &catalog()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let folder = tempfile::tempdir().expect("a folder");
    if case.join("state.json").exists() {
        remember(folder.path(), "demo", json(&case.join("state.json")));
    }
    let engine = Engine {
        cloud: Arc::new(StillCloud(json(&case.join("live.json")))),
        catalog: catalog(),
        store: Arc::new(FileStore::new(folder.path(), "demo".parse().expect("a name"))),
        parallelism: 1,
        lock_timeout: Duration::ZERO,
    };
    let intent: Intent = if case.join("destroy").exists() { Intent::destroyed() } else { Intent::default() };
    let planning = engine.plan(&graph, &intent).await.expect("a plan");
    let text = isobar::render::plan::text(&planning.plan);
    isobar::render::style::plain(&text)
}

#[tokio::test]
async fn every_plan_reads_as_expected() {
    let bless = std::env::var_os("ISOBAR_BLESS").is_some();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/plan");
    let mut wrong = Vec::new();
    for case in std::fs::read_dir(root).expect("the cases").map(|entry| entry.expect("a case").path()) {
        let (text, expected) = (planned(&case).await, case.join("expected.txt"));
        if bless {
            std::fs::write(&expected, &text).expect("written");
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}\n{text}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ; ISOBAR_BLESS=1 accepts:\n{}", wrong.len(), wrong.join("\n"));
}
