//! Every stack in `stacks/` through its whole life on the strict cloud, with the real kinds' shapes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use isobar::apply::Stop;
use isobar::cloud::Class;
use isobar::cloud::fake::{FakeCloud, Fault, FaultKind};
use isobar::engine::Engine;
use isobar::graph::Graph;
use isobar::plan::Decision;
use isobar::planning::decide::Options;
use isobar::store::file::FileStore;

use crate::support::engine::{Log, holder};

fn stacks() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks");
    let files = std::fs::read_dir(folder).expect("the stacks").map(|entry| entry.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect()
}

fn graph_of(path: &Path) -> Graph {
    let catalog = isobar::kinds::catalog();
    let settings = isobar::stack::Settings { store_packages: false, ..isobar::stack::Settings::default() };
    let loaded = isobar::stack::load(path, &settings).unwrap_or_else(|rejected| panic!("{:#?}", rejected.problems));
    let (declarations, problems) = isobar::blocks::expand(&loaded, &catalog);
    assert_eq!(problems, []);
    isobar::graph::of(declarations, &loaded, &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn engine(cloud: Arc<FakeCloud>, graph: &Graph, folder: &Path) -> Engine {
    Engine {
        cloud,
        catalog: isobar::kinds::catalog(),
        store: Arc::new(FileStore::new(folder, graph.stack.clone())),
        parallelism: 16,
        lock_timeout: Duration::ZERO,
    }
}

async fn apply(engine: &Engine, graph: &Graph, options: &Options) {
    let planning = engine.plan(graph, options).await.expect("a plan");
    assert_eq!(planning.plan.obstacles, []);
    let outcome = engine.apply(planning, &holder(), Arc::new(Log::default()), Stop::default()).await.expect("an apply");
    assert_eq!(outcome.failures, []);
}

async fn whole_life(path: &Path, faults: Vec<Fault>) {
    let graph = graph_of(path);
    let folder = tempfile::tempdir().expect("a folder");
    let cloud = Arc::new(FakeCloud::new(isobar::kinds::catalog()));
    let engine = engine(cloud.clone(), &graph, folder.path());
    cloud.break_with(faults);
    apply(&engine, &graph, &Options::default()).await;
    assert_eq!(cloud.inventory().len(), graph.len());
    let plan = engine.plan(&graph, &Options::default()).await.expect("a plan").plan;
    let left: Vec<_> = plan.entries.iter().filter(|entry| entry.decision != Decision::Keep).collect();
    assert!(left.is_empty(), "the second plan is not empty: {left:#?}");
    let destroy = Options { destroy: true, allow_data_loss: vec!["all".into()], ..Options::default() };
    apply(&engine, &graph, &destroy).await;
    assert_eq!(cloud.inventory(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn every_stack_is_applied_and_destroyed() {
    for path in stacks() {
        whole_life(&path, Vec::new()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_stack_is_applied_and_destroyed_while_a_fifth_of_the_calls_fail() {
    let classes = [Class::Throttled, Class::TimedOut, Class::Server, Class::NotVisibleYet];
    for path in stacks() {
        let faults = (1..2000).step_by(5).zip(classes.into_iter().cycle());
        let faults = faults.map(|(nth, class)| Fault {
            nth,
            after: nth % 2 == 0 && matches!(class, Class::TimedOut | Class::Server),
            kind: FaultKind::Fails(class),
        });
        whole_life(&path, faults.collect()).await;
    }
}
