//! Renewal of the lease: renewed three times in its time, and given up for lost only when somebody else has it.

use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::lease::Lease;
use super::place::{LEASE, Place};
use super::{Inner, TAKEN, Tags};
use crate::store::StoreError;
use crate::store::fence::{Closed, Moment};
use crate::store::objects::{ObjectError, Tag, When};

impl Inner {
    /// Renews the lease until it is given back, is lost, or the store is gone.
    pub(super) fn start_renewal(self: &Arc<Self>, lease: Lease, tags: Arc<Mutex<Tags>>) {
        let every = self.lasts / 3;
        let store = Arc::downgrade(self);
        // From beginning to beginning: a place that is slow to answer takes nothing from the next renewal.
        let mut turns = interval_at(Instant::now() + every, every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Nothing catches a panic of this task: a release build aborts, and the lease runs out like that of a run that was
        // killed.
        let renewing = tokio::spawn(async move {
            loop {
                turns.tick().await;
                let Some(store) = store.upgrade() else { return };
                if !store.renew(&lease, &tags).await {
                    return;
                }
            }
        });
        let before = self.renewal.lock().unwrap_or_else(PoisonError::into_inner).replace(renewing.abort_handle());
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Renews the lease once. True if it is still ours, as far as can be told.
    async fn renew(&self, lease: &Lease, tags: &Mutex<Tags>) -> bool {
        let begun = Moment::now();
        let mut tags = tags.lock().await;
        tags.renewals += 1;
        let lease = &Lease { renewals: tags.renewals, ..lease.clone() };
        match compare_and_swap(&self.leader, lease, &tags.leader).await {
            Ok(Some(tag)) => {
                tags.leader = tag;
                self.fence.hold(begun, self.lasts * 3 / 4);
            }
            Ok(None) => {
                self.fence.lose(TAKEN);
                return false;
            }
            Err(error) => return self.may_recover(&error),
        }
        if let (Some(place), Some(tag)) = (&self.follower, &tags.follower) {
            let lease = Lease { copy: Some(self.leader.name()), ..lease.clone() };
            // One that takes its time must not hold up the lease that counts.
            match timeout(self.lasts / 4, compare_and_swap(place, &lease, tag)).await {
                Ok(Ok(Some(tag))) => tags.follower = Some(tag),
                Ok(Ok(None)) => {
                    self.fence.lose("somebody works on the first place of the state alone");
                    return false;
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        true
    }

    /// The fence closes by itself when the lease runs out; until somebody takes it, it may be had again.
    /// But not by one who is refused: others may take it then, and this run would never hear of it.
    fn may_recover(&self, error: &StoreError) -> bool {
        let refused = !matches!(error, StoreError::Cloud { error, .. } if error.class.is_transient());
        if refused && self.fence.check() == Err(Closed::Expired) {
            self.fence.lose(format!("the lock cannot be kept: {error}"));
            return false;
        }
        true
    }

    /// Takes the lease away from whoever has it: its next renewal and its next write fail. Nobody else gets it before
    /// that run must have stopped by itself.
    pub(super) async fn break_lock(&self) -> Result<(), StoreError> {
        for place in [Some(&self.leader), self.follower.as_ref()].into_iter().flatten() {
            let Some(found) = place.lease().await? else { continue };
            if found.lease.holder.is_none() {
                continue;
            }
            // The holder's name stays: whoever comes next ends its log.
            let broken = Lease { epoch: found.lease.epoch + 1, nonce: "broken".into(), ..found.lease };
            let put = place.put_lease(&broken, When::Is(found.tag)).await;
            put.map_err(|error| place.failed(LEASE, error))?;
        }
        Ok(())
    }
}

/// Writes the lease over the one with this tag. `None` if somebody else's stands there.
async fn compare_and_swap(place: &Place, lease: &Lease, tag: &Tag) -> Result<Option<Tag>, StoreError> {
    match place.put_lease(lease, When::Is(tag.clone())).await {
        Ok(tag) => Ok(Some(tag)),
        Err(ObjectError::Condition) => {
            // It may be ours, written by a renewal whose answer never came.
            let there = place.lease().await?;
            Ok(there.filter(|there| there.lease.nonce == lease.nonce).map(|there| there.tag))
        }
        Err(error) => Err(place.failed(LEASE, error)),
    }
}
