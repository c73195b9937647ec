//! Recovery on the strict cloud: what is found, what is dropped, what is told, and that nothing is changed.

use std::sync::Arc;

use isobar::cloud::Cloud;
use isobar::engine::recover::{OrphanReason, Recovery};
use isobar::graph::Graph;
use isobar::planning::decide::Options;

use crate::support::engine::{EngineWorld, graph, holder};
use crate::support::memory_store::MemoryStore;

const STACK: &str = "
    tables.t@global test.Thing {name: t}
    functions.f@us-east-1 test.Thing {name: f, of: '${tables.t.arn}', size: 1}
    apis.a@us-east-1 test.Free {of: '${functions.f.arn}'}
    apis.b@us-east-1 test.Free {size: 2}
";

fn lose_the_state(world: &mut EngineWorld) {
    world.engine.store = Arc::new(MemoryStore::default());
}

async fn recovered(world: &EngineWorld, graph: &Graph) -> Recovery {
    let before = world.cloud.inventory();
    let found = world.engine.recovery(graph).await.expect("a recovery");
    world.engine.recover(world.engine.recovery(graph).await.expect("the same"), &holder()).await.expect("written");
    assert_eq!(world.cloud.inventory(), before, "recover has changed something");
    found
}

fn addresses<T>(found: &[T], address: impl Fn(&T) -> String) -> Vec<String> {
    found.iter().map(address).collect()
}

#[tokio::test(start_paused = true)]
async fn a_recovered_state_equals_the_lost_one() {
    let mut world = EngineWorld::new();
    let graph = graph(STACK);
    world.apply(&graph).await;
    let before = world.engine.store.load().await.expect("a state").expect("a state");
    lose_the_state(&mut world);
    let found = recovered(&world, &graph).await;
    assert_eq!((found.taken_up.len(), found.confirmed, found.orphans.len()), (4, 0, 0), "{found:?}");
    let after = world.engine.store.load().await.expect("a state").expect("a state");
    assert_eq!((after.records, after.account), (before.records, before.account));
    world.nothing_to_do(&graph).await;
    assert!(world.engine.recovery(&graph).await.expect("a recovery").is_empty());
}

#[tokio::test(start_paused = true)]
async fn drift_is_recorded_by_recovery_and_changed_by_the_next_apply() {
    let mut world = EngineWorld::new();
    world.apply(&graph(STACK)).await;
    lose_the_state(&mut world);
    let changed = graph(&STACK.replace("size: 1", "size: 3"));
    let found = recovered(&world, &changed).await;
    let differs: Vec<_> = found.taken_up.iter().filter(|taken| taken.differs).collect();
    assert_eq!(addresses(&differs, |taken| taken.address.to_string()), ["functions.f@us-east-1"]);
    let plan = world.plan(&changed, &Options::default()).await;
    assert_eq!(crate::support::engine::decisions(&plan), ["1 functions.f@us-east-1 update size"]);
    world.apply(&changed).await;
}

#[tokio::test(start_paused = true)]
async fn missing_resources_are_dropped_and_orphans_are_listed() {
    let mut world = EngineWorld::new();
    let whole = graph(STACK);
    world.apply(&whole).await;
    let state = world.engine.store.load().await.expect("a state").expect("a state");
    let (address, record) = state.records.iter().find(|(at, _)| at.to_string() == "apis.b@us-east-1").expect("it");
    while world.cloud.inventory().len() > 3 {
        world.cloud.delete(&address.at, &record.kind, &record.id).await.expect("deleted");
        let ask = isobar::cloud::ReadRequest::new(record.id.clone(), &record.spec);
        world.cloud.read(&address.at, &record.kind, &[ask], isobar::cloud::ReadMode::Fresh).await.expect("read");
    }
    let found = recovered(&world, &whole).await;
    assert_eq!(addresses(&found.gone, |(address, _)| address.to_string()), ["apis.b@us-east-1"]);
    assert_eq!((addresses(&found.absent, ToString::to_string), found.confirmed), (vec!["apis.b@us-east-1".into()], 3));

    lose_the_state(&mut world);
    let without = graph(&STACK.lines().filter(|line| !line.contains("apis.a")).collect::<Vec<_>>().join("\n"));
    let found = recovered(&world, &without).await;
    let told = addresses(&found.orphans, |stray| stray.address.as_ref().expect("an address").to_string());
    assert_eq!(told, ["apis.a@us-east-1"]);
    assert_eq!(found.orphans[0].why, OrphanReason::NotInFile);
}
