//! Two places that are not what they seem: another copy, an empty one, one that comes back late, damaged ones.

use super::*;

async fn saved_by(store: &ObjectStore, who: &str) {
    lock(store, who).await.expect("the lock");
    save(store).await.expect("saved");
    store.append(&[used(who)]).await.expect("appended");
    save(store).await.expect("saved");
    store.unlock().await.expect("unlocked");
}

fn place(name: &str) -> Arc<MemoryObjects> {
    Arc::new(MemoryObjects::named(name))
}

#[tokio::test]
async fn a_new_copy_begins_with_the_state_of_the_first_place() {
    let (first, copy, new) = (place("first"), place("copy"), place("new"));
    saved_by(&paired(&first, &copy), "a").await;
    let next = paired(&first, &new);
    assert_eq!(account(&next).await, "a");
    lock(&next, "b").await.expect("the lock");
    assert_eq!(account(&next).await, "a");
    next.unlock().await.expect("unlocked");
    assert_eq!(account(&alone(&new, LONG)).await, "a");
}

#[tokio::test]
async fn stack_file_naming_a_former_replica_is_rejected() {
    let (first, copy, new) = (place("first"), place("copy"), place("new"));
    saved_by(&paired(&first, &copy), "a").await;
    saved_by(&paired(&first, &new), "b").await;
    let refused = lock(&paired(&first, &copy), "c").await;
    assert!(matches!(&refused, Err(StoreError::HasCopy { copy, .. }) if copy.starts_with("new:")), "{refused:?}");
    assert_eq!(account(&paired(&first, &new)).await, "b");
}

/// Such as after the copy was put back to what it was, or when the end of a divergence was cut off.
#[tokio::test]
async fn an_older_copy_is_brought_in_step() {
    let (first, copy) = (place("first"), place("copy"));
    saved_by(&paired(&first, &copy), "a").await;
    let before = copy.get("demo/state.json").await.expect("read").expect("there").bytes;
    saved_by(&paired(&first, &copy), "b").await;
    copy.put("demo/state.json", before, When::Anyhow).await.expect("written");
    let next = paired(&first, &copy);
    assert_eq!(account(&next).await, "b");
    lock(&next, "c").await.expect("the lock");
    assert_eq!(account(&next).await, "b");
}

#[tokio::test]
async fn a_new_copy_waits_for_the_first_place() {
    let (first, copy, new) = (place("first"), place("copy"), place("new"));
    saved_by(&paired(&first, &copy), "a").await;
    first.set_gone(true);
    let next = paired(&first, &new);
    next.load().await.expect_err("nothing is known");
    lock(&next, "b").await.expect_err("nothing can be known");
}

#[tokio::test]
async fn a_first_place_changed_alone_is_not_overwritten_when_it_comes_back() {
    let (first, copy) = (place("first"), place("copy"));
    saved_by(&paired(&first, &copy), "a").await;
    alone(&first, LONG).detach().await.expect("detached");
    saved_by(&alone(&first, LONG), "b").await;
    first.set_gone(true);
    let third = paired(&first, &copy);
    lock(&third, "c").await.expect("the lock");
    first.set_gone(false);
    save(&third).await.expect("saved");
    third.unlock().await.expect("unlocked");
    assert_eq!(third.look_at(false).await.expect("read").expect("a state").account, "b");
    assert!(third.notes().iter().any(|note| note.contains("does not follow")));
    assert!(matches!(lock(&paired(&first, &copy), "d").await, Err(StoreError::Diverged { .. })));
}

#[tokio::test]
async fn a_first_place_that_comes_back_follows_again() {
    let (first, copy) = (place("first"), place("copy"));
    saved_by(&paired(&first, &copy), "a").await;
    first.set_gone(true);
    let next = paired(&first, &copy);
    lock(&next, "b").await.expect("the lock");
    first.set_gone(false);
    save(&next).await.expect("saved");
    next.append(&[used("b")]).await.expect("appended");
    assert_eq!(next.look_at(false).await.expect("read").expect("a state").account, "b");
}

#[tokio::test]
async fn a_damaged_first_place_is_kept_and_follows_anew() {
    let (first, copy) = (place("first"), place("copy"));
    saved_by(&paired(&first, &copy), "a").await;
    first.put("demo/state.json", b"{".to_vec(), When::Anyhow).await.expect("written");
    let next = paired(&first, &copy);
    lock(&next, "b").await.expect("the lock");
    assert_eq!(account(&next).await, "a");
    save(&next).await.expect("saved");
    assert_eq!(next.look_at(false).await.expect("read").expect("a state").account, "a");
    assert!(first.keys().contains(&"demo/damaged/state.json".to_owned()), "{:?}", first.keys());
}

/// A takeover has read the lease before it was renewed.
#[tokio::test]
async fn a_renewed_lease_is_told_from_the_one_before() {
    let objects = place("only");
    let store = alone(&objects, Duration::from_millis(90));
    lock(&store, "a").await.expect("the lock");
    let before = objects.get("demo/lease.json").await.expect("read").expect("there");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let late = objects.put("demo/lease.json", before.bytes, When::Is(before.tag)).await;
    assert_eq!(late, Err(crate::store::objects::ObjectError::Condition));
}

#[tokio::test]
async fn a_broken_lock_is_free_only_once_its_holder_has_stopped() {
    let objects = place("only");
    let holder = alone(&objects, LONG);
    lock(&holder, "a").await.expect("the lock");
    let other = alone(&objects, LONG);
    other.break_lock().await.expect("broken");
    assert_eq!(holder.fence().check(), Ok(()), "it does not know yet");
    assert!(matches!(lock(&other, "b").await, Err(StoreError::Locked(_))));
}

#[tokio::test]
async fn a_slow_first_place_does_not_hold_up_the_lease() {
    let (first, copy) = (place("first"), place("copy"));
    let slow = Duration::from_millis(600);
    let objects: Arc<dyn Objects> = copy.clone();
    let store = ObjectStore::new(&name(), first.clone(), Some(objects), slow / 2);
    lock(&store, "a").await.expect("the lock");
    first.answer_after(slow);
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(store.fence().check(), Ok(()));
    }
}
