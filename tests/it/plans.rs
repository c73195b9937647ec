//! Plans as people see them: a stack, what is remembered, and what is there, make a text.
//!
//! A case is a folder under `tests/cases/plan`: `stack.yaml`, `state.json` and `live.json` (by
//! address: `{spec, outputs, readiness?}`), and the `expected.txt`. `ISOBAR_BLESS=1` writes it anew.
//! The kinds are those of the engine's tests, so that a case stays as it is when a real kind changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use isobar::cloud::{Class, Cloud, CloudError, Live, ReadMode, ReadRequest, Readiness, Tagged};
use isobar::intent::Intent;
use isobar::names::{KindName, Owner, PhysicalId, Region, Scope, StackName};
use isobar::ops::Engine;
use isobar::store::file::FileStore;
use isobar::value::Json;

use crate::support::engine::{catalog, loaded_from};

/// A cloud that can only be looked at. An id is the address it stands at.
struct Still(BTreeMap<String, Json>);

type Answer<'a, T> = BoxFuture<'a, Result<T, CloudError>>;

fn refused<T>() -> Result<T, CloudError> {
    Err(CloudError::local(Class::Denied, "test", "a plan changes nothing"))
}

impl Still {
    fn live(&self, id: &PhysicalId) -> Option<Live> {
        let found = self.0.get(id.as_str())?;
        let readiness = match found.get("readiness").and_then(Json::as_str) {
            None => Readiness::Serving,
            Some(text) => match text.split_once(": ") {
                Some(("failed", why)) => Readiness::Failed(why.into()),
                Some(("pending", why)) => Readiness::Pending(why.into()),
                _ => Readiness::Configured(text.into()),
            },
        };
        Some(Live::new(found["spec"].clone(), found["outputs"].clone(), readiness))
    }
}

impl Cloud for Still {
    fn account(&self) -> Answer<'_, String> {
        Box::pin(async { Ok("000000000000".into()) })
    }

    fn tagged<'a>(&'a self, _: &'a StackName, _: &'a [Region]) -> Answer<'a, Vec<Tagged>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn read<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a KindName,
        asks: &'a [ReadRequest],
        _: ReadMode,
    ) -> Answer<'a, Vec<Option<Live>>> {
        Box::pin(async { Ok(asks.iter().map(|ask| self.live(&ask.id)).collect()) })
    }

    fn find<'a>(
        &'a self,
        _: &'a Scope,
        kind: &'a KindName,
        owner: &'a Owner,
        _: &'a Json,
    ) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async move {
            let address = owner.address.to_string();
            match self.0.get(&address) {
                None => Ok(None),
                Some(found) if found.get("owner").is_none() => Ok(Some(PhysicalId::new(address))),
                Some(_) => {
                    Err(CloudError::local(Class::NotOwned, kind.as_str(), "it exists and is not managed by this stack"))
                }
            }
        })
    }

    fn lookup<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a Json) -> Answer<'a, Option<PhysicalId>> {
        Box::pin(async { Ok(None) })
    }

    fn create<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a Json, _: &'a Owner) -> Answer<'a, PhysicalId> {
        Box::pin(async { refused() })
    }

    fn update<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a KindName,
        _: &'a PhysicalId,
        _: &'a Json,
        _: &'a Json,
    ) -> Answer<'a, ()> {
        Box::pin(async { refused() })
    }

    fn delete<'a>(&'a self, _: &'a Scope, _: &'a KindName, _: &'a PhysicalId) -> Answer<'a, ()> {
        Box::pin(async { refused() })
    }
}

fn json(path: &Path) -> BTreeMap<String, Json> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| "{}".into());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The records of `state.json`: by address `{kind, spec, outputs, needs?, protect?}`; the id is the address.
fn remember(folder: &Path, case: &Path) {
    let records: BTreeMap<String, Json> = json(&case.join("state.json"))
        .into_iter()
        .map(|(address, record)| {
            let whole = serde_json::json!({
                "kind": record["kind"], "id": address, "generation": 1, "spec": record["spec"],
                "outputs": record["outputs"], "needs": record.get("needs").cloned().unwrap_or(Json::Array(vec![])),
                "protect": record.get("protect").cloned().unwrap_or(false.into()), "retain": false,
            });
            (address, whole)
        })
        .collect();
    let state = serde_json::json!({
        "format_version": 1, "stack": "demo", "account": "", "lineage": "case", "serial": 1, "regions": [],
        "records": records, "pending": [], "leaving": [],
    });
    std::fs::write(folder.join("demo.json"), state.to_string()).expect("written");
}

async fn planned(case: &Path) -> String {
    let text = std::fs::read_to_string(case.join("stack.yaml")).expect("a stack");
    let (declarations, loaded) = loaded_from(&text);
    let graph = isobar::graph::of(declarations, &loaded, &catalog()).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let folder = tempfile::tempdir().expect("a folder");
    if case.join("state.json").exists() {
        remember(folder.path(), case);
    }
    let engine = Engine {
        cloud: Arc::new(Still(json(&case.join("live.json")))),
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
