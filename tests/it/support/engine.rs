//! The engine on the strict cloud, kinds for it, and stacks of a line a resource.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isobar::apply::{Event, Listener, Outcome, Stop};
use isobar::blocks::Declaration;
use isobar::catalog::{Catalog, KindInfo, Shape, Traits};
use isobar::cloud::fake::FakeCloud;
use isobar::graph::Graph;
use isobar::intent::Intent;
use isobar::names::Address;
use isobar::ops::{Engine, EngineError};
use isobar::plan::{Decision, Plan};
use isobar::stack::{Loaded, Places, Source};
use isobar::state::State;
use isobar::store::Holder;
use isobar::value::{Json, Path, Template};
use serde_json::json;

use super::memory_store::MemoryStore;

/// Kinds for tests: `test.Thing` has a unique name and a fixed field, `test.Free` has neither, `test.Data` holds data.
/// A thing gives `rights`, and a free one may copy what it is a `copy` of.
pub fn catalog() -> Catalog {
    let thing = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string", "x-change": "replace"},
        "fixed": {"type": ["string", "null"], "x-change": "replace"},
        "size": {"type": ["integer", "null"]},
        "of": {"type": ["string", "null"]},
        "on": {"type": ["string", "null"], "x-needs": "serving"},
        "guarded": {"type": ["boolean", "null"], "x-protects": true},
        "rights": {"type": ["array", "null"], "items": {"type": "string"}, "x-unordered": true, "x-grants": []},
    }});
    let free = json!({"type": "object", "properties": {
        "fixed": {"type": ["string", "null"], "x-change": "replace"},
        "size": {"type": ["integer", "null"]},
        "of": {"type": ["string", "null"]},
        "on": {"type": ["string", "null"], "x-needs": "serving"},
        "copy": {"type": ["string", "null"], "x-copies": true, "x-change": "replace"},
    }});
    let unique = Traits { unique_by: &["name"], idempotent_create: true, ..TRAITS };
    Catalog::new([
        kind("test.Thing", &thing, unique),
        kind("test.Free", &free, TRAITS),
        kind("test.Data", &thing, Traits { holds_data: true, tags_after_create: true, ..unique }),
    ])
}

/// Traits of a kind for tests, whose second create makes a second thing; others are laid over them.
const TRAITS: Traits = Traits { deadline: Duration::from_mins(1), idempotent_create: false, ..Traits::DEFAULT };

/// A kind for tests, of this schema.
fn kind(name: &str, schema: &Json, traits: Traits) -> KindInfo {
    let outputs = json!({"type": "object", "properties": {
        "arn": {"type": "string"}, "name": {"type": "string"}, "hash": {"type": "string", "x-volatile": true},
    }});
    KindInfo {
        name: name.parse().expect("a kind"),
        about: String::new(),
        spec: Shape::from_schema(schema).expect("a shape"),
        outputs: Shape::from_schema(&outputs).expect("a shape"),
        example: "",
        changes: &[],
        schema: schema.clone(),
        traits,
        account_wide: false,
        check: |_| Ok(Vec::new()),
    }
}

fn loaded() -> Loaded {
    let stack = serde_yaml::from_str("{stack: demo, regions: [us-east-1, us-west-2]}").expect("a stack");
    Loaded {
        source: Source { name: "demo.yaml".into(), text: String::new() },
        places: Places::default(),
        name: "demo".parse().expect("a name"),
        regions: vec!["us-east-1".parse().expect("a region"), "us-west-2".parse().expect("a region")],
        stack,
        by_region: std::collections::BTreeMap::new(),
        packages: std::collections::BTreeMap::new(),
        user_data: std::collections::BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// One line a resource: `address kind {spec}`.
pub fn graph(lines: &str) -> Graph {
    let (declarations, loaded) = loaded_from(lines);
    isobar::graph::of(declarations, &loaded, &catalog()).expect("a graph")
}

/// The same with something changed in every declaration.
pub fn graph_with(lines: &str, change: impl Fn(&mut Declaration)) -> Graph {
    let (mut declarations, loaded) = loaded_from(lines);
    declarations.iter_mut().for_each(change);
    isobar::graph::of(declarations, &loaded, &catalog()).expect("a graph")
}

/// The declarations of a stack of lines, and the stack around them.
pub fn loaded_from(lines: &str) -> (Vec<Declaration>, Loaded) {
    let declarations = lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.splitn(3, ' ');
        let address: Address = words.next().expect("an address").parse().expect("an address");
        let kind = words.next().expect("a kind").parse().expect("a kind");
        let spec: Json = serde_yaml::from_str(words.next().unwrap_or("{}")).expect("a spec");
        let mut declaration =
            Declaration::new(address, kind, Template::parse(&spec).expect("a template"), Path::default());
        declaration.protect = declaration.kind.as_str() == "test.Data";
        declaration
    });
    (declarations.collect(), loaded())
}

/// Every event of a run.
#[derive(Default)]
pub struct Log(Mutex<Vec<Event>>);

impl Listener for Log {
    fn on(&self, event: &Event) {
        self.0.lock().expect("a log").push(event.clone());
    }
}

/// The engine, the strict cloud it works on, and a state in memory.
pub struct EngineWorld {
    pub cloud: Arc<FakeCloud>,
    pub engine: Engine,
}

impl EngineWorld {
    pub fn new() -> Self {
        let cloud = Arc::new(FakeCloud::new(catalog()));
        let engine = Engine {
            cloud: cloud.clone(),
            catalog: catalog(),
            store: Arc::new(MemoryStore::default()),
            parallelism: 8,
            lock_timeout: Duration::ZERO,
        };
        Self { cloud, engine }
    }

    pub async fn plan(&self, graph: &Graph, intent: &Intent) -> Plan {
        self.engine.plan(graph, intent).await.expect("a plan").plan
    }

    pub async fn apply_with(&self, graph: &Graph, intent: &Intent) -> Result<(Outcome, Vec<Event>), EngineError> {
        let planning = self.engine.plan(graph, intent).await?;
        let log = Arc::new(Log::default());
        let outcome = self.engine.apply(planning, &holder(), log.clone(), Stop::default()).await?;
        let events = log.0.lock().expect("a log").clone();
        Ok((outcome, events))
    }

    /// Applies, and sees to it that all went well and nothing is left to do.
    pub async fn apply(&self, graph: &Graph) -> Vec<Event> {
        let (outcome, events) = self.apply_with(graph, &Intent::default()).await.expect("an apply");
        assert_eq!(outcome.failures, []);
        self.nothing_to_do(graph).await;
        events
    }

    pub async fn nothing_to_do(&self, graph: &Graph) {
        let plan = self.plan(graph, &Intent::default()).await;
        let left: Vec<_> = plan.entries.iter().filter(|entry| entry.decision != Decision::Keep).collect();
        assert!(left.is_empty(), "the second plan is not empty: {left:#?}");
    }

    /// Applies until a fault kills the process. Whether one did; the faults are over then.
    pub async fn killed(&self, graph: &Graph) -> bool {
        let intent = Intent::default();
        let killed = tokio::select! {
            result = self.apply_with(graph, &intent) => { result.expect("an apply"); false }
            () = self.cloud.died() => true,
        };
        self.engine.store.unlock().await.expect("a dead process holds no lock");
        self.cloud.break_with(Vec::new());
        killed
    }

    /// Changes the state behind the engine's back.
    pub async fn edit_state(&self, edit: impl FnOnce(&mut State)) {
        let store = &self.engine.store;
        let mut state = store.load().await.expect("a state").expect("a state");
        edit(&mut state);
        state.serial += 1;
        store.lock(&holder(), Duration::ZERO).await.expect("a lock");
        store.save(&state).await.expect("a save");
        store.unlock().await.expect("a release");
    }

    /// Forgets everything that was ever written down.
    pub fn lose_state(&mut self) {
        self.engine.store = Arc::new(MemoryStore::default());
    }

    pub async fn destroy(&self, graph: &Graph) {
        let intent = Intent { allow_data_loss: vec!["all".into()], ..Intent::destroyed() };
        let (outcome, _) = self.apply_with(graph, &intent).await.expect("a destroy");
        assert_eq!(outcome.failures, []);
        assert_eq!(self.cloud.inventory(), Vec::<String>::new());
    }
}

pub fn holder() -> Holder {
    Holder { command: "apply".into(), pid: 1, who: "test".into(), since: String::new(), job: None }
}

pub fn decisions(plan: &Plan) -> Vec<String> {
    let word = |decision: &Decision| match decision {
        Decision::Keep => "keep".to_owned(),
        Decision::Await { .. } => "await".into(),
        Decision::Create { why } => why.as_ref().map_or("create".into(), |why| format!("create ({why})")),
        Decision::Update { changes } => {
            format!("update {}", changes.iter().map(|change| change.path.to_string()).collect::<Vec<_>>().join(" "))
        }
        Decision::Replace { order, .. } => format!("replace {order:?}"),
        Decision::Adopt { .. } => "adopt".into(),
        Decision::Delete => "delete".into(),
        Decision::Forget => "forget".into(),
    };
    let shown = plan.entries.iter().filter(|entry| entry.decision != Decision::Keep);
    shown.map(|entry| format!("{} {} {}", entry.wave, entry.address, word(&entry.decision))).collect()
}
