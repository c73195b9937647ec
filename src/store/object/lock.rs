//! The lock of a store: the lease of the leader, and of the follower as long as it answers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::acquire::{Acquired, acquire};
use super::follower::Contact;
use super::lease::Lease;
use super::place::{Place, Replayed};
use super::{Inner, Read, Session, Tags};
use crate::names::short_hash;
use crate::store::fence::Moment;
use crate::store::objects::{ObjectError, Tag, When};
use crate::store::{Holder, StoreError};

/// Pause between two attempts to take a lease that somebody else has.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Inner {
    pub(super) async fn lock(self: &Arc<Self>, holder: &Holder, wait: Duration) -> Result<(), StoreError> {
        let until = Instant::now() + wait;
        let nonce = short_hash(&format!("{:x}", fastrand::u128(..)), 16);
        self.prepare().await?;
        let mut last = None;
        loop {
            match self.try_lock(holder, &nonce).await? {
                None => return Ok(()),
                Some(held_by) => last = held_by.or(last),
            }
            if Instant::now() + LOOK_EVERY > until {
                return Err(StoreError::Locked(last));
            }
            tokio::time::sleep(LOOK_EVERY.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
        }
    }

    /// Makes the places, where that is asked for.
    async fn prepare(&self) -> Result<(), StoreError> {
        self.leader.objects.prepare().await.map_err(|error| self.leader.failed("", error))?;
        if let Some(place) = &self.follower
            && let Err(error) = place.objects.prepare().await
        {
            self.note_missed(&place.failed("", error));
        }
        Ok(())
    }

    /// Takes the lease, or tells who has it.
    async fn try_lock(self: &Arc<Self>, holder: &Holder, nonce: &str) -> Result<Option<Option<Holder>>, StoreError> {
        let begun = Moment::now();
        let at_least = self.follower_epoch().await?;
        let (lease, taken) = acquire(&self.leader, holder, nonce, self.lasts, at_least, None).await?;
        let (tag, before) = match taken {
            Acquired::Ours { tag, before } => (tag, before),
            Acquired::Held(by) => return Ok(Some(by)),
        };
        self.fence.hold(begun, self.lasts * 3 / 4);
        let tags = Arc::new(Mutex::new(Tags { leader: tag, follower: None, renewals: 0 }));
        let left = before.is_some_and(|before| before.was_abandoned());
        match self.enter(lease.clone(), tags.clone(), left).await {
            Ok(()) => {}
            Err(error) => {
                self.give_back(&lease, &tags).await;
                return match error {
                    StoreError::Locked(by) => Ok(Some(by)),
                    error => Err(error),
                };
            }
        }
        Ok(None)
    }

    /// Ends what the holder before has left open, brings the places in step, and keeps the lease.
    async fn enter(self: &Arc<Self>, lease: Lease, tags: Arc<Mutex<Tags>>, left: bool) -> Result<(), StoreError> {
        self.start_renewal(lease.clone(), tags.clone());
        let mut replayed = self.leader.replayed().await?;
        if left || replayed.sealed || replayed.ahead.is_some() {
            replayed = self.leader.take_over(lease.epoch).await?;
        }
        if replayed.state.is_none() {
            // Logs of a state that is lost: the new one's must not run into them.
            self.leader.drop_pages(&std::mem::take(&mut replayed.pages)).await;
        }
        let following = match self.sync_replica(&lease, &tags, &replayed).await? {
            Contact::InStep => true,
            Contact::Unreachable => false,
            Contact::Ahead(state) => {
                replayed = self.adopt_from_follower(*state, replayed, &lease, &tags).await?;
                true
            }
        };
        *self.session.lock().await = Some(Session { following, ..session(lease, tags, replayed) });
        Ok(())
    }

    pub(super) async fn unlock(&self) {
        if let Some(session) = self.session.lock().await.take() {
            self.give_back(&session.lease, &session.tags).await;
        }
    }

    /// Gives the lease back: the epoch stays.
    async fn give_back(&self, lease: &Lease, tags: &Mutex<Tags>) {
        let renewal = self.renewal.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(renewal) = renewal {
            renewal.abort();
        }
        let tags = tags.lock().await;
        let free = Lease { holder: None, ..lease.clone() };
        let first = async {
            if let (Some(place), Some(tag)) = (&self.follower, tags.follower.clone()) {
                let free = Lease { copy: Some(self.leader.name()), ..free.clone() };
                release(place, &free, &tag).await;
            }
        };
        futures::future::join(release(&self.leader, &free, &tags.leader), first).await;
        self.fence.free();
    }
}

/// Writes that nobody has the lease, over ours: under this tag, or under that of a renewal that was under way.
/// One that cannot be given back runs out.
async fn release(place: &Place, free: &Lease, tag: &Tag) {
    let Err(ObjectError::Condition) = place.put_lease(free, When::Is(tag.clone())).await else { return };
    if let Ok(Some(there)) = place.lease().await
        && there.lease.nonce == free.nonce
    {
        let _ = place.put_lease(free, When::Is(there.tag)).await;
    }
}

fn session(lease: Lease, tags: Arc<Mutex<Tags>>, replayed: Replayed) -> Session {
    Session {
        lease,
        tags,
        lineage: replayed.state.as_ref().map(|state| state.lineage.clone()).unwrap_or_default(),
        serial: replayed.serial(),
        tag: replayed.tag,
        pages: replayed.pages,
        fresh: Some(Read(replayed.state)),
        following: false,
    }
}
