//! What the journal costs: round trips and bytes of an apply, against a state that is written only at its ends.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use isobar::engine::Engine;
use isobar::graph::Graph;
use isobar::state::State;
use isobar::state::entry::Entry;
use isobar::store::object::ObjectStore;
use isobar::store::objects::memory::MemoryObjects;
use isobar::store::{Holder, Store, StoreError};

use crate::support::engine::{EngineWorld, graph};

const RESOURCES: u64 = 100;
/// How many resources hang on each other, one on the next.
const CHAIN: u64 = 5;

#[tokio::test(start_paused = true)]
async fn a_journal_costs_at_most_two_writes_a_step_and_bytes_in_proportion() {
    let graph = hundred();
    let with = cost(&graph, |store| Arc::new(store)).await;
    let without = cost(&graph, |store| Arc::new(OnlyAtTheEnds(store))).await;
    say(&format!(
        "journal of {RESOURCES} resources: {} round trips and {} bytes, without it {} and {}",
        with.0, with.1, without.0, without.1
    ));
    let (trips, bytes) = (with.0 - without.0, with.1 - without.1);
    assert!(trips <= 2 * RESOURCES, "{trips} more round trips");
    assert!(trips >= 2 * CHAIN, "a step did not wait for what it rests on: {trips} more round trips");
    // Every resource is written twice in the journal, and once in the state.
    assert!(bytes <= 4 * without.1, "{bytes} bytes more than {}", without.1);
}

/// Calls and bytes of an apply with this store.
async fn cost(graph: &Graph, store: impl FnOnce(ObjectStore) -> Arc<dyn Store>) -> (u64, u64) {
    let objects = Arc::new(MemoryObjects::default());
    objects.answer_after(Duration::from_millis(40));
    let shared = ObjectStore::new(&graph.stack, objects.clone(), None, Duration::from_mins(1));
    let world = EngineWorld::new();
    let engine = Engine { store: store(shared), ..world.engine.clone() };
    EngineWorld { engine, ..world }.apply(graph).await;
    objects.traffic()
}

/// A hundred resources in two regions, in chains, each with about as much to remember as a function has.
fn hundred() -> Graph {
    let text = "x".repeat(1000);
    let mut lines = String::new();
    for number in 0..RESOURCES {
        let region = if number % 2 == 0 { "us-east-1" } else { "us-west-2" };
        let place = number / 2;
        let of = if place % CHAIN == 0 { String::new() } else { format!(", of: '${{things.t{}.arn}}'", place - 1) };
        writeln!(lines, "things.t{place}@{region} test.Free {{fixed: {text}{of}}}").expect("a text");
    }
    graph(&lines)
}

/// A store without a journal: what happens between two saves is not written.
struct OnlyAtTheEnds(ObjectStore);

impl Store for OnlyAtTheEnds {
    fn lock<'a>(&'a self, holder: &'a Holder, wait: Duration) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.lock(holder, wait)
    }

    fn unlock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.unlock()
    }

    fn load(&self) -> BoxFuture<'_, Result<Option<State>, StoreError>> {
        self.0.load()
    }

    fn append<'a>(&'a self, _: &'a [Entry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn save<'a>(&'a self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        self.0.save(state)
    }

    fn set_aside<'a>(&'a self, holder: &'a Holder) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.0.set_aside(holder)
    }

    fn place(&self) -> String {
        self.0.place()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, StoreError>> {
        self.0.holder()
    }

    fn break_lock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.break_lock()
    }
}

#[expect(clippy::print_stdout, reason = "what it costs is for those who run it")]
fn say(line: &str) {
    println!("{line}");
}
