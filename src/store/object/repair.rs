//! Repairs that take no lock of the store, because a lock reads the state: moving a damaged one out of the way, and
//! ending the divergence of two places that were each worked on without the other.

use super::Inner;
use super::acquire::{Acquired, acquire};
use super::lease::Lease;
use super::place::{LEASE, Place};
use crate::names::short_hash;
use crate::state::State;
use crate::store::objects::{Tag, When};
use crate::store::{Holder, StoreError};

impl Inner {
    /// Moves what cannot be read out of the way, in either place.
    pub(super) async fn set_aside(&self, holder: &Holder) -> Result<Vec<String>, StoreError> {
        let mut kept = Vec::new();
        for place in [Some(&self.leader), self.follower.as_ref()].into_iter().flatten() {
            let (lease, tag) = self.take_one(place, holder, 1).await?;
            let moved = place.set_aside().await;
            give_back(place, lease, tag).await;
            kept.extend(moved?);
        }
        Ok(kept)
    }

    /// Writes one state into both places, whatever they hold, if it is newer than either.
    pub(super) async fn resolve_divergence(&self, state: &State, holder: &Holder) -> Result<(), StoreError> {
        let Some(first) = &self.follower else { return Ok(()) };
        let (own, own_tag) = self.take_one(&self.leader, holder, self.follower_epoch().await?).await?;
        let written = async {
            let (lease, tag) = self.take_one(first, holder, own.epoch).await?;
            let written = self.write_both(first, &State { epoch: lease.epoch, ..state.clone() }).await;
            give_back(first, Lease { copy: Some(self.leader.name()), ..lease }, tag).await;
            written
        };
        let written = written.await;
        give_back(&self.leader, own, own_tag).await;
        written
    }

    async fn write_both(&self, first: &Place, state: &State) -> Result<(), StoreError> {
        for place in [first, &self.leader] {
            let found = place.replayed().await?.serial();
            if found >= state.serial {
                return Err(StoreError::Stale { place: place.name(), expected: state.serial - 1, found });
            }
        }
        let state = State { copied: state.serial, ..state.clone() };
        // The copy, which decides, comes last: until then the places are as far apart as they were.
        for place in [first, &self.leader] {
            place.overwrite(&state).await.map_err(|error| place.failed("state.json", error))?;
        }
        Ok(())
    }

    async fn take_one(&self, place: &Place, holder: &Holder, at_least: u64) -> Result<(Lease, Tag), StoreError> {
        let nonce = short_hash(&format!("{:x}", fastrand::u128(..)), 16);
        let copy = place.lease().await?.and_then(|found| found.lease.copy);
        match acquire(place, holder, &nonce, self.lasts, at_least, copy).await? {
            (lease, Acquired::Ours { tag, .. }) => Ok((lease, tag)),
            (_, Acquired::Held(by)) => Err(StoreError::Locked(by)),
        }
    }
}

/// One that cannot be given back runs out.
async fn give_back(place: &Place, lease: Lease, tag: Tag) {
    if let Err(error) = place.put_lease(&Lease { holder: None, ..lease }, When::Is(tag)).await {
        tracing::debug!("{}: {error}", place.failed(LEASE, error.clone()));
    }
}
