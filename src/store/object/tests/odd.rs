//! Damage of all sorts: gaps, leftovers, newer forms, clocks that were set, locks that cannot be kept.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, SHORT, account, alone, freeze, holder, lock, save, used};
use crate::cloud::Class;
use crate::store::fence::{Closed, Moment};
use crate::store::objects::memory::MemoryObjects;
use crate::store::objects::{Objects, When};
use crate::store::{Store, StoreError};

/// As an operator does who puts an earlier version of the object back, with the logs of later ones still there.
#[tokio::test]
async fn logs_of_states_that_were_taken_back_are_ignored() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, LONG);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    let earlier = objects.get("demo/state.json").await.expect("an answer").expect("a state").bytes;
    save(&store).await.expect("saved");
    store.append(&[used("taken back")]).await.expect("appended");
    store.append(&[used("taken back, too")]).await.expect("appended");
    store.unlock().await.expect("unlocked");
    objects.put("demo/state.json", earlier, When::Anyhow).await.expect("put back");
    let next = alone(&objects, LONG);
    lock(&next, "b").await.expect("the lock");
    save(&next).await.expect("saved");
    assert_eq!(account(&next).await, "");
    for account in ["1", "2", "3"] {
        next.append(&[used(account)]).await.expect("appended");
    }
    next.unlock().await.expect("unlocked");
    assert_eq!(account(&alone(&objects, LONG)).await, "3");
}

#[tokio::test]
async fn a_log_with_a_gap_is_damaged_and_blocks_nobody() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, SHORT);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    for account in ["1", "2", "3"] {
        store.append(&[used(account)]).await.expect("appended");
    }
    freeze(&store);
    objects.delete(&["demo/journal/000000000001/000002.json".to_owned()]).await.expect("deleted");
    for error in [
        alone(&objects, LONG).load().await.expect_err("refused"),
        alone(&objects, LONG).lock(&holder("b"), Duration::from_secs(10)).await.expect_err("refused"),
    ] {
        let said = error.to_string();
        assert!(said.contains("pages of the log are missing; `isobar recover`"), "{said}");
    }
    assert!(!alone(&objects, LONG).set_aside(&holder("c")).await.expect("set aside").is_empty());
}

#[tokio::test]
async fn objects_of_a_newer_version_are_left_alone() {
    for (key, bytes) in [
        ("demo/lease.json", &b"{\"format_version\": 2, \"queue\": []}"[..]),
        ("demo/state.json", &b"{\"format_version\": 2}"[..]),
        ("demo/journal/000000000001/000001.json", &b"{\"format_version\": 2}"[..]),
    ] {
        let objects = Arc::new(MemoryObjects::default());
        let store = alone(&objects, LONG);
        lock(&store, "a").await.expect("the lock");
        save(&store).await.expect("saved");
        store.unlock().await.expect("unlocked");
        objects.put(key, bytes.to_vec(), When::Anyhow).await.expect("put");
        let error = lock(&alone(&objects, LONG), "b").await.expect_err("refused");
        assert!(matches!(error, StoreError::Unusable { .. }) && error.to_string().contains("newer version"), "{error}");
    }
}

/// A counter near its end could be written once more, and never be read again.
#[tokio::test]
async fn a_lease_with_exhausted_counters_is_damaged() {
    for epoch in [u64::MAX, (1 << 53) - 1] {
        let objects = Arc::new(MemoryObjects::default());
        let store = alone(&objects, LONG);
        lock(&store, "a").await.expect("the lock");
        store.unlock().await.expect("unlocked");
        let lease = objects.get("demo/lease.json").await.expect("an answer").expect("a lease").bytes;
        let text = String::from_utf8(lease).expect("text").replace("\"epoch\": 1,", &format!("\"epoch\": {epoch},"));
        objects.put("demo/lease.json", text.into_bytes(), When::Anyhow).await.expect("put");
        let said = lock(&alone(&objects, LONG), "b").await.expect_err("refused").to_string();
        assert!(said.starts_with("memory:demo/lease.json: ") && said.contains("gives the lock back"), "{said}");
    }
}

#[tokio::test]
async fn logs_of_a_lost_state_are_removed() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, LONG);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    store.append(&[used("lost")]).await.expect("appended");
    store.unlock().await.expect("unlocked");
    objects.delete(&["demo/state.json".to_owned()]).await.expect("deleted");
    let next = alone(&objects, LONG);
    lock(&next, "b").await.expect("the lock");
    save(&next).await.expect("saved");
    next.append(&[used("new")]).await.expect("appended");
    next.unlock().await.expect("unlocked");
    assert_eq!(account(&alone(&objects, LONG)).await, "new");
}

/// The fence hears at once of a clock that is set; the lease in the bucket is as old as the bucket says.
#[tokio::test]
async fn a_clock_change_at_most_delays_a_run() {
    for wall in [3600, -3600] {
        let objects = Arc::new(MemoryObjects::default());
        let (store, other) = (alone(&objects, Duration::from_millis(300)), alone(&objects, LONG));
        lock(&store, "a").await.expect("the lock");
        save(&store).await.expect("saved");
        store.0.fence.hold(Moment::ago(0, wall), Duration::from_millis(300));
        assert_eq!(store.fence().check().is_ok(), wall < 0);
        assert!(matches!(lock(&other, "b").await, Err(StoreError::Locked(Some(_)))));
        store.append(&[used("1")]).await.expect("appended, once the lease was renewed");
        store.unlock().await.expect("unlocked");
        assert_eq!(account(&other).await, "1");
    }
}

/// Others may take the lock by then, and this run would never hear of it.
#[tokio::test]
async fn a_run_that_may_not_renew_its_lock_stops() {
    let objects = Arc::new(MemoryObjects::default());
    let store = alone(&objects, SHORT);
    lock(&store, "a").await.expect("the lock");
    save(&store).await.expect("saved");
    objects.refuse(Some(Class::Credentials));
    tokio::time::sleep(2 * SHORT).await;
    // It would wait for ever.
    while store.fence().check() == Err(Closed::Expired) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let said = store.append(&[used("1")]).await.expect_err("refused").to_string();
    assert!(said.contains("the lock cannot be kept: memory:demo/lease.json: s3: no answer"), "{said}");
}
