mod odd;
mod places;

use std::sync::Arc;
use std::time::Duration;

use crate::names::StackName;
use crate::state::State;
use crate::state::entry::Entry;
use crate::store::fence::Moment;
use crate::store::objects::memory::MemoryObjects;
use crate::store::objects::{Objects, When};
use crate::store::{Holder, Store, StoreError};

use super::ObjectStore;

const SHORT: Duration = Duration::from_millis(60);
const LONG: Duration = Duration::from_mins(1);

fn name() -> StackName {
    "demo".parse().expect("a name")
}

fn holder(who: &str) -> Holder {
    Holder { command: "apply".into(), pid: 1, who: who.into(), since: "now".into(), job: None }
}

fn alone(objects: &Arc<MemoryObjects>, lasts: Duration) -> ObjectStore {
    ObjectStore::new(&name(), objects.clone(), None, lasts)
}

fn paired(first: &Arc<MemoryObjects>, copy: &Arc<MemoryObjects>) -> ObjectStore {
    let copy: Arc<dyn Objects> = copy.clone();
    ObjectStore::new(&name(), first.clone(), Some(copy), LONG)
}

fn used(account: &str) -> Entry {
    Entry::Used { account: account.into(), regions: Vec::new() }
}

async fn lock(store: &ObjectStore, who: &str) -> Result<(), StoreError> {
    store.lock(&holder(who), Duration::ZERO).await
}

/// Saves what is there with the next serial, as a run does when it begins and ends.
async fn save(store: &ObjectStore) -> Result<(), StoreError> {
    let state = store.load().await?.unwrap_or_else(|| State::new(name(), "line".into()));
    store.save(&State { serial: state.serial + 1, ..state }).await
}

async fn account(store: &ObjectStore) -> String {
    store.load().await.expect("loaded").expect("a state").account
}

#[tokio::test]
async fn appended_entries_are_visible_to_the_next_holder() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, LONG);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    store.append(&[used("1"), used("2")]).await.expect("appended");
    store.append(&[used("3")]).await.expect("appended");
    store.unlock().await.expect("unlocked");
    let next = alone(&objects, LONG);
    assert_eq!(account(&next).await, "3");
    lock(&next, "b").await.expect("the lock");
    save(&next).await.expect("saved");
    next.unlock().await.expect("unlocked");
    assert_eq!(objects.keys(), ["demo/lease.json", "demo/state.json"], "pages go with the save that contains them");
    assert_eq!(account(&next).await, "3");
}

#[tokio::test]
async fn a_lock_has_one_holder_and_names_it() {
    let objects = Arc::new(MemoryObjects::default());
    let (one, other) = (alone(&objects, LONG), alone(&objects, LONG));
    lock(&one, "a").await.expect("the lock");
    match lock(&other, "b").await {
        Err(StoreError::Locked(Some(found))) => assert_eq!(found, holder("a")),
        unexpected => panic!("{unexpected:?}"),
    }
    one.unlock().await.expect("unlocked");
    lock(&other, "b").await.expect("the lock");
}

#[tokio::test]
async fn a_frozen_holder_finds_its_lock_taken_and_writes_nothing() {
    let objects = Arc::new(MemoryObjects::default());
    let (frozen, next) = (alone(&objects, SHORT), alone(&objects, LONG));
    lock(&frozen, "a").await.expect("the lock");
    save(&frozen).await.expect("saved");
    frozen.append(&[used("1")]).await.expect("appended");
    freeze(&frozen);
    next.lock(&holder("b"), Duration::from_secs(10)).await.expect("the lock, once it has run out");
    // It thinks that it has time left.
    frozen.0.fence.hold(Moment::now(), LONG);
    assert!(matches!(frozen.append(&[used("2")]).await, Err(StoreError::Lost { .. })));
    assert!(frozen.fence().check().is_err(), "from then on nothing may be done");
    assert_eq!(account(&next).await, "1");
    save(&next).await.expect("saved");
    next.append(&[used("3")]).await.expect("appended");
    assert_eq!(account(&next).await, "3");
}

#[tokio::test]
async fn a_frozen_holder_cannot_overwrite_its_successor() {
    let objects = Arc::new(MemoryObjects::default());
    let (frozen, next) = (alone(&objects, SHORT), alone(&objects, LONG));
    lock(&frozen, "a").await.expect("the lock");
    save(&frozen).await.expect("saved");
    freeze(&frozen);
    next.lock(&holder("b"), Duration::from_secs(10)).await.expect("the lock, once it has run out");
    frozen.0.fence.hold(Moment::now(), LONG);
    assert!(matches!(save(&frozen).await, Err(StoreError::Lost { .. } | StoreError::Stale { .. })));
    save(&next).await.expect("saved");
}

/// As SIGSTOP would: its renewal does not run.
fn freeze(store: &ObjectStore) {
    if let Some(renewal) = store.0.renewal.lock().expect("a renewal").take() {
        renewal.abort();
    }
}

#[tokio::test]
async fn a_lock_that_is_broken_stops_its_holder() {
    let objects = Arc::new(MemoryObjects::default());
    let (one, other) = (alone(&objects, SHORT), alone(&objects, LONG));
    lock(&one, "a").await.expect("the lock");
    save(&one).await.expect("saved");
    assert_eq!(other.holder().await.expect("asked"), Some(holder("a")));
    other.break_lock().await.expect("broken");
    one.fence().open().await.expect("open for now");
    tokio::time::sleep(SHORT).await;
    assert!(one.fence().open().await.is_err(), "the next renewal finds out");
    other.lock(&holder("b"), Duration::from_secs(5)).await.expect("the lock");
    assert!(matches!(one.append(&[used("2")]).await, Err(StoreError::Lost { .. })));
}

#[tokio::test]
async fn lost_answers_are_not_mistaken_for_writes_of_others() {
    for every in 2..7 {
        let objects = Arc::new(MemoryObjects::default());
        objects.fail_every(every);
        let store = alone(&objects, LONG);
        lock(&store, "a").await.expect("the lock");
        save(&store).await.expect("saved");
        for number in 0..8 {
            store.append(&[used(&number.to_string())]).await.expect("appended");
        }
        assert_eq!(account(&store).await, "7");
        save(&store).await.expect("saved");
        store.unlock().await.expect("unlocked");
    }
}

#[tokio::test]
async fn the_copy_has_every_step_and_suffices_alone() {
    let (first, copy) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryObjects::default()));
    let store = paired(&first, &copy);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    store.append(&[used("1")]).await.expect("appended");
    assert_eq!(account(&alone(&first, LONG)).await, "1");
    // The first region goes in the middle of a run, which goes on.
    first.set_gone(true);
    store.append(&[used("2")]).await.expect("appended");
    assert!(store.notes().iter().any(|note| note.contains("does not follow")));
    save(&store).await.expect("saved");
    store.unlock().await.expect("unlocked");
    let next = paired(&first, &copy);
    assert_eq!(account(&next).await, "2");
    lock(&next, "b").await.expect("the lock without the first region");
    save(&next).await.expect("saved");
    // It comes back, and the next save brings it in step.
    first.set_gone(false);
    save(&next).await.expect("saved");
    next.unlock().await.expect("unlocked");
    assert_eq!(account(&alone(&first, LONG)).await, "2");
}

#[tokio::test]
async fn a_store_without_its_copy_is_read_only() {
    let (first, copy) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryObjects::default()));
    let store = paired(&first, &copy);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    store.append(&[used("1")]).await.expect("appended");
    store.unlock().await.expect("unlocked");
    copy.set_gone(true);
    let next = paired(&first, &copy);
    assert_eq!(account(&next).await, "1");
    assert!(next.notes().iter().any(|note| note.contains("nothing can be changed")));
    assert!(matches!(lock(&next, "b").await, Err(StoreError::Cloud { .. })));
    // And nobody else may, by leaving the copy out of the file.
    assert!(matches!(lock(&alone(&first, LONG), "c").await, Err(StoreError::HasCopy { .. })));
}

#[tokio::test]
async fn changes_made_alone_after_detaching_are_taken_over() {
    let (first, copy) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryObjects::default()));
    let pair = paired(&first, &copy);
    lock(&pair, "a").await.expect("the lock");
    save(&pair).await.expect("saved");
    pair.unlock().await.expect("unlocked");
    let single = alone(&first, LONG);
    assert!(single.detach().await.expect("detached"));
    lock(&single, "b").await.expect("the lock");
    save(&single).await.expect("saved");
    single.append(&[used("alone")]).await.expect("appended");
    single.unlock().await.expect("unlocked");
    let again = paired(&first, &copy);
    assert_eq!(account(&again).await, "alone", "who only looks sees it too");
    lock(&again, "c").await.expect("the lock");
    assert_eq!(account(&again).await, "alone");
    again.unlock().await.expect("unlocked");
    assert_eq!(account(&alone(&copy, LONG)).await, "alone", "the copy has it too");
}

#[tokio::test]
async fn diverged_replicas_are_rejected() {
    let (first, copy) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryObjects::default()));
    let pair = paired(&first, &copy);
    lock(&pair, "a").await.expect("the lock");
    save(&pair).await.expect("saved");
    pair.unlock().await.expect("unlocked");
    let single = alone(&first, LONG);
    single.detach().await.expect("detached");
    lock(&single, "b").await.expect("the lock");
    save(&single).await.expect("saved");
    single.unlock().await.expect("unlocked");
    first.set_gone(true);
    let pair = paired(&first, &copy);
    lock(&pair, "c").await.expect("the lock");
    save(&pair).await.expect("saved");
    pair.unlock().await.expect("unlocked");
    first.set_gone(false);
    assert!(matches!(lock(&paired(&first, &copy), "d").await, Err(StoreError::Diverged { .. })));
    assert!(matches!(paired(&first, &copy).load().await, Err(StoreError::Diverged { .. })));

    // Until somebody says which of the two it is to be.
    let pair = paired(&first, &copy);
    let one = pair.look_at(false).await.expect("read").expect("a state");
    let stale = pair.resolve_divergence(&one, &holder("d")).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    pair.resolve_divergence(&State { serial: 9, account: "kept".into(), ..one }, &holder("d")).await.expect("united");
    let pair = paired(&first, &copy);
    lock(&pair, "e").await.expect("the lock");
    assert_eq!(account(&pair).await, "kept");
    save(&pair).await.expect("saved");
    pair.unlock().await.expect("unlocked");
    for place in [false, true] {
        assert_eq!(pair.look_at(place).await.expect("read").expect("a state").serial, 10);
    }
}

/// Many at once, each of whom may be frozen at any moment: what anybody was told is durable stays, in
/// the order in which it was said, and no two ever write at once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_runs_write_one_by_one_and_lose_nothing() {
    let objects = Arc::new(MemoryObjects::default());
    let told = Arc::new(std::sync::Mutex::new(Vec::<u64>::new()));
    let mut workers = Vec::new();
    for worker in 0..6_u64 {
        let (objects, told) = (objects.clone(), told.clone());
        workers.push(tokio::spawn(async move {
            for round in 0..4 {
                let store = alone(&objects, SHORT);
                if store.lock(&holder(&worker.to_string()), Duration::from_mins(1)).await.is_err() {
                    continue;
                }
                let freezes = (worker + round).is_multiple_of(5);
                for _ in 0..5 {
                    let count: u64 = store.load().await.ok().flatten().map_or(0, |s| s.account.parse().unwrap_or(0));
                    if save(&store).await.is_err() || store.append(&[used(&(count + 1).to_string())]).await.is_err() {
                        break;
                    }
                    told.lock().expect("a list").push(count + 1);
                }
                if freezes {
                    freeze(&store);
                } else {
                    store.unlock().await.expect("unlocked");
                }
            }
        }));
    }
    for worker in workers {
        worker.await.expect("it ends");
    }
    let told = told.lock().expect("a list").clone();
    let wanted: Vec<u64> = (1..=told.len() as u64).collect();
    assert_eq!(told, wanted, "each has counted on from the one before");
    assert_eq!(account(&alone(&objects, LONG)).await, told.len().to_string());
}

#[tokio::test]
async fn an_unreadable_state_is_kept_and_makes_room() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, LONG);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    store.append(&[used("1")]).await.expect("appended");
    store.unlock().await.expect("unlocked");
    assert_eq!(store.set_aside(&holder("b")).await.expect("looked"), Vec::<String>::new());
    assert_eq!(account(&store).await, "1", "what can be read stays");

    objects.put("demo/state.json", b"{\"format_version\": 1, \"st".to_vec(), When::Anyhow).await.expect("broken");
    assert!(matches!(lock(&alone(&objects, LONG), "b").await, Err(StoreError::Damaged { .. })));
    let busy = alone(&objects, LONG);
    let kept = alone(&objects, LONG).set_aside(&holder("b")).await.expect("set aside");
    assert!(kept.contains(&"memory:demo/damaged/state.json".to_owned()) && kept.len() == 2, "{kept:?}");
    assert!(busy.load().await.expect("loaded").is_none());
    lock(&busy, "c").await.expect("the lock");
    save(&busy).await.expect("saved");
    let locked = alone(&objects, LONG).set_aside(&holder("d")).await;
    assert!(matches!(locked, Err(StoreError::Locked(Some(_)))), "{locked:?}");
    busy.unlock().await.expect("unlocked");
}
