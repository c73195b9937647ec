//! Reviews of changes: what a person sees before a change of a live stack is applied, as text and as Markdown.
//!
//! `tests/cases/review/before.yaml` is the stack as it stands; every other stack file there is a change of it, with the
//! expected `NAME.txt` and `NAME.md` beside it. `ISOBAR_BLESS=1 cargo test reviews` writes them anew. No emulator is
//! needed: everything is as the file says, and outputs have names of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use isobar::catalog::{Catalog, Compare, KindInfo, SchemaType, Shape};
use isobar::graph::{CheckedStack, Graph, check_stack};
use isobar::intent::Intent;
use isobar::names::Address;
use isobar::ops::Engine;
use isobar::plan::Plan;
use isobar::render;
use isobar::stack::{self, Settings};
use isobar::store::file::FileStore;
use isobar::value::{Json, Reference, Target, fingerprint};
use serde_json::json;

use crate::support::still_cloud::{StillCloud, remember};

const ACCOUNT: &str = "000000000000";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/review")
}

fn graph(file: &str, catalog: &Catalog) -> Graph {
    let read = stack::load(&folder().join(file), &Settings::default());
    let checked = check_stack(read, catalog);
    let CheckedStack { graph, .. } = checked.unwrap_or_else(|rejected| panic!("{file}: {:#?}", rejected.problems));
    graph
}

/// Everything that a stack stands for, as it would be in AWS: `{kind, spec, outputs, needs, protect}` by address.
fn standing(graph: &Graph, catalog: &Catalog) -> BTreeMap<String, Json> {
    let mut outputs: BTreeMap<Address, Json> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (address, node) in graph.in_order() {
        let declaration = &node.declaration;
        let known = |reference: &Reference| match &reference.target {
            Target::Known(json) => Some(json.clone()),
            Target::Account => Some(ACCOUNT.into()),
            Target::Output { of, output } => outputs.get(of)?.pointer(&format!("/{}", output.join("/"))).cloned(),
            Target::Written { .. } => None,
        };
        let spec = declaration.spec.fill(&known).finish();
        let spec = spec.unwrap_or_else(|unknown| panic!("{address}: {:?}", unknown.waits_for));
        let info = catalog.get(&declaration.kind).expect("a kind");
        let of = outputs_of(info, address, &spec);
        let needs: Vec<String> = node.needs.keys().map(ToString::to_string).collect();
        let record = json!({"kind": declaration.kind, "spec": spec, "outputs": of, "needs": needs,
            "protect": declaration.protect});
        found.insert(address.to_string(), record);
        outputs.insert(address.clone(), of);
    }
    found
}

/// Outputs that have the name of a field have its value; a hash is that of the spec; of the others each has its own.
fn outputs_of(info: &KindInfo, address: &Address, spec: &Json) -> Json {
    let SchemaType::Object(fields) = &info.outputs.schema_type else { return json!({}) };
    let output = |name: &str, shape: &Shape| match spec.get(name).filter(|value| !value.is_null()) {
        Some(value) => value.clone(),
        None if shape.annotations.volatile => fingerprint(spec).into(),
        None => match shape.schema_type {
            // The record that proves a domain is the same in every region.
            SchemaType::Text { .. } if name.starts_with("validation") => format!("{}/{name}", address.path).into(),
            SchemaType::Text { .. } if name.ends_with("arn") => arn(info, address).into(),
            SchemaType::Text { .. } => format!("{address}/{name}").into(),
            SchemaType::Map(_) => json!(
                regions(spec)
                    .map(|region| (region.clone(), format!("{address}/{name}/{region}")))
                    .collect::<BTreeMap<_, _>>()
            ),
            _ => shape.placeholder(),
        },
    };
    Json::Object(fields.iter().map(|(name, field)| (name.clone(), output(name, &field.shape))).collect())
}

fn arn(info: &KindInfo, address: &Address) -> String {
    let region = address.at.region().map_or_else(String::new, ToString::to_string);
    format!("arn:aws:{}:{region}:{ACCOUNT}:{}", info.name.service(), address.path)
}

/// The regions of replicas, each of which has an output of its own.
fn regions(spec: &Json) -> impl Iterator<Item = String> {
    let replicas = spec.get("replicas").and_then(Json::as_array).into_iter().flatten();
    replicas.filter_map(|replica| replica["region"].as_str()).map(str::to_owned)
}

/// What AWS shows of a resource: of some fields only a hash.
fn live(info: &KindInfo, record: &Json) -> Json {
    let mut spec = record["spec"].clone();
    if let (SchemaType::Object(fields), Json::Object(values)) = (&info.spec.schema_type, &mut spec) {
        for (name, field) in fields.iter().filter(|(_, field)| field.shape.annotations.compare == Compare::Sha256) {
            let _ = field;
            if let Some(value) = values.get_mut(name).filter(|value| !value.is_null()) {
                *value = fingerprint(value).into();
            }
        }
    }
    json!({"spec": spec, "outputs": record["outputs"]})
}

async fn planned(file: &str, catalog: &Catalog) -> Plan {
    let before = standing(&graph("before.yaml", catalog), catalog);
    let kind = |record: &Json| catalog.get(&record["kind"].as_str()?.parse().ok()?);
    let there = before.iter().filter_map(|(id, record)| Some((id.clone(), live(kind(record)?, record)))).collect();
    let after = graph(file, catalog);
    let store = tempfile::tempdir().expect("a folder");
    remember(store.path(), after.stack.as_str(), before);
    let engine = Engine {
        cloud: Arc::new(StillCloud(there)),
        catalog: catalog.clone(),
        store: Arc::new(FileStore::new(store.path(), after.stack.clone())),
        parallelism: 1,
        lock_timeout: Duration::ZERO,
    };
    let intent = Intent { allow_data_loss: vec!["all".into()], ..Intent::default() };
    engine.plan(&after, &intent).await.expect("a plan").plan
}

fn changes() -> Vec<String> {
    let files = fs::read_dir(folder()).expect("the cases").map(|entry| entry.expect("a case").file_name());
    let names = files.filter_map(|file| file.to_str()?.strip_suffix(".yaml").map(str::to_owned));
    let mut names: Vec<String> = names.filter(|name| name != "before").collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_stack_that_stands_needs_no_change() {
    let plan = planned("before.yaml", &isobar::kinds::catalog()).await;
    assert!(plan.is_empty(), "{}", render::style::plain(&render::plan::text(&plan)));
}

#[tokio::test]
async fn every_change_is_reviewed_as_expected() {
    let bless = std::env::var_os("ISOBAR_BLESS").is_some();
    let catalog = isobar::kinds::catalog();
    let mut wrong = Vec::new();
    for name in changes() {
        let plan = planned(&format!("{name}.yaml"), &catalog).await;
        let text = render::style::plain(&render::plan::text(&plan));
        for (ending, text) in [("txt", text), ("md", render::plan::markdown(&plan))] {
            let expected = folder().join(format!("{name}.{ending}"));
            if bless {
                fs::write(&expected, &text).expect("written");
            } else if fs::read_to_string(&expected).unwrap_or_default() != text {
                wrong.push(format!("{}\n{text}", expected.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ; ISOBAR_BLESS=1 accepts:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whoever reads, sees the same: as text, as Markdown, and as JSON.
#[tokio::test]
async fn text_markdown_and_json_tell_the_same_risks_and_causes() {
    let catalog = isobar::kinds::catalog();
    for name in changes() {
        let plan = planned(&format!("{name}.yaml"), &catalog).await;
        let text = render::style::plain(&render::plan::text(&plan));
        let markdown = render::plan::markdown(&plan);
        let json = render::plan::json(&plan).expect("JSON");
        let risks = json["risks"].as_array().expect("risks");
        for risk in risks {
            let message = risk["message"].as_str().expect("a message");
            assert!(text.contains(message), "{name}: {message} is not in the text");
            assert!(markdown.contains(message), "{name}: {message} is not in the Markdown");
        }
        assert_eq!(text.lines().filter(|line| line.starts_with("  ! ")).count(), risks.len(), "{name}");
        let changes = json["changes"].as_array().expect("changes");
        let folded = |change: &&Json| !change["follows"].is_null() || !change["same_as"].is_null();
        let causes = changes.iter().filter(|change| !folded(change)).count();
        let listed = markdown
            .lines()
            .skip_while(|line| !line.starts_with("| region"))
            .take_while(|line| !line.starts_with("<details"));
        assert_eq!(listed.filter(|line| line.starts_with("- ")).count(), causes.min(21), "{name}\n{markdown}");
    }
}
