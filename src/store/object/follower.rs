//! The follower: the first place, while a copy decides. It is kept in step as long as it answers.

use std::time::Duration;

use tokio::sync::Mutex;

use super::acquire::{Acquired, acquire};
use super::lease::Lease;
use super::place::{LEASE, Place, Replayed};
use super::{Inner, Tags};
use crate::state::State;
use crate::store::StoreError;
use crate::store::objects::When;

/// Longest wait for the follower of those who only look.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// The result of contact with the follower.
pub(super) enum Contact {
    /// It has nothing that the copy has not.
    InStep,
    /// It does not answer, or there is none.
    Unreachable,
    /// It was worked on alone, and the copy was not meanwhile.
    Ahead(Box<State>),
}

impl Inner {
    /// The epoch of the first place, which the copy's must not fall behind.
    pub(super) async fn follower_epoch(&self) -> Result<u64, StoreError> {
        let Some(place) = &self.follower else { return self.own_epoch().await };
        match place.lease().await {
            Ok(Some(found)) => {
                self.check_copy(place, found.lease.copy).await?;
                Ok(found.lease.epoch + 1)
            }
            Ok(None) => Ok(1),
            Err(error) if is_unreachable(&error) => Ok(1),
            Err(error) => Err(error),
        }
    }

    /// Refuses a first place that has another copy, by which it may have been worked on, unless ours is new.
    async fn check_copy(&self, first: &Place, named: Option<String>) -> Result<(), StoreError> {
        match named.filter(|named| *named != self.leader.name()) {
            Some(copy) if self.leader.replayed().await?.state.is_some() => {
                Err(StoreError::HasCopy { place: first.name(), copy })
            }
            _ => Ok(()),
        }
    }

    /// Without a copy: refuses a place that has one somewhere.
    async fn own_epoch(&self) -> Result<u64, StoreError> {
        let copy = self.leader.lease().await?.and_then(|found| found.lease.copy);
        copy.map_or(Ok(1), |copy| Err(StoreError::HasCopy { place: self.leader.name(), copy }))
    }

    /// Takes the first place's lease too, so that nobody works on it alone, and looks what it has.
    pub(super) async fn sync_replica(
        &self,
        lease: &Lease,
        tags: &Mutex<Tags>,
        own: &Replayed,
    ) -> Result<Contact, StoreError> {
        let (Some(place), Some(holder)) = (&self.follower, &lease.holder) else { return Ok(Contact::Unreachable) };
        let copy = Some(self.leader.name());
        let taken = acquire(place, holder, &lease.nonce, self.lasts, lease.epoch, copy).await;
        // Whether somebody who worked on it alone has left something open.
        let left = match taken {
            Ok((_, Acquired::Ours { tag, before })) => {
                tags.lock().await.follower = Some(tag);
                before.is_some_and(|before| before.was_abandoned() && before.lease.copy.is_none())
            }
            Ok((_, Acquired::Held(by))) => return Err(StoreError::Locked(by)),
            // A copy that has nothing does not tell that there is nothing.
            Err(error) if is_unreachable(&error) && own.state.is_some() => {
                self.note_missed(&error);
                return Ok(Contact::Unreachable);
            }
            Err(error) => return Err(error),
        };
        let theirs = if left { place.take_over(lease.epoch).await } else { place.replayed().await };
        let theirs = match theirs {
            Err(StoreError::Damaged { .. }) if own.state.is_some() => {
                let kept = place.set_aside().await?.pop().unwrap_or_default();
                self.note(format!(
                    "the first place of the state cannot be read, and is kept as {kept}; it follows anew"
                ));
                Replayed::default()
            }
            theirs => theirs?,
        };
        Ok(self.ahead(place, theirs, own)?.map_or(Contact::InStep, |theirs| Contact::Ahead(Box::new(theirs))))
    }

    /// The state that counts for those who only look: the copy's state, unless the first place was worked on alone. One
    /// that does not answer soon is not waited for.
    pub(super) async fn newest(&self, place: &Place, own: Replayed) -> Result<Option<State>, StoreError> {
        match tokio::time::timeout(READ_TIMEOUT, place.replayed()).await {
            Ok(Ok(theirs)) => Ok(self.ahead(place, theirs, &own)?.or(own.state)),
            _ => Ok(own.state),
        }
    }

    /// The state of the first place, if it has something that the copy has not: it was worked on alone since the two were last in step, or
    /// with another copy, or the copy is new.
    fn ahead(&self, place: &Place, theirs: Replayed, own: &Replayed) -> Result<Option<State>, StoreError> {
        let Some(theirs) = theirs.state else { return Ok(None) };
        let alone = theirs.copied < theirs.serial;
        if own.state.is_some() && alone && own.serial() > theirs.copied {
            return Err(StoreError::Diverged { place: place.name(), copy: self.leader.name() });
        }
        let ahead = own.state.is_none() || alone || theirs.serial > own.serial();
        Ok(ahead.then_some(theirs))
    }

    /// Writes what the first place came to alone into the copy.
    pub(super) async fn adopt_from_follower(
        &self,
        theirs: State,
        own: Replayed,
        lease: &Lease,
        tags: &Mutex<Tags>,
    ) -> Result<Replayed, StoreError> {
        let serial = theirs.serial.max(own.serial()) + 1;
        let state = State { serial, epoch: lease.epoch, copied: serial, ..theirs };
        let saved = self.leader.save(&state, own.tag).await;
        let tag = saved.map_err(|error| self.refused(error, "state.json"))?;
        self.follow(lease, tags, &state, &[]).await;
        Ok(Replayed { state: Some(state), tag: Some(tag), ..Replayed::default() })
    }

    /// Brings the first place in step with what was just saved. True if it is.
    pub(super) async fn follow(&self, lease: &Lease, tags: &Mutex<Tags>, state: &State, pages: &[String]) -> bool {
        let Some(place) = &self.follower else { return false };
        if !self.holds_follower(lease, tags, state).await {
            return false;
        }
        match place.overwrite(state).await {
            Ok(_) => {
                place.drop_pages(pages).await;
                true
            }
            Err(error) => {
                self.note_missed(&place.failed("state.json", error));
                false
            }
        }
    }

    /// True if the first place's lease is ours. One that did not answer when the copy's was taken may have been worked
    /// on alone since: it is met once more before anything is written there.
    async fn holds_follower(&self, lease: &Lease, tags: &Mutex<Tags>, state: &State) -> bool {
        if tags.lock().await.follower.is_some() {
            return true;
        }
        let own = Replayed { state: Some(state.clone()), ..Replayed::default() };
        match self.sync_replica(lease, tags, &own).await {
            Ok(met) => matches!(met, Contact::InStep),
            Err(error) => {
                self.note_missed(&error);
                false
            }
        }
    }

    /// Declares that the copy is not to be gone on from any more: the first place stands alone.
    pub(super) async fn detach(&self) -> Result<bool, StoreError> {
        let Some(found) = self.leader.lease().await? else { return Ok(false) };
        if found.is_held() {
            return Err(StoreError::Locked(found.lease.holder));
        }
        let had = found.lease.copy.is_some();
        if had {
            let alone = Lease { copy: None, epoch: found.lease.epoch + 1, ..found.lease };
            let put = self.leader.put_lease(&alone, When::Is(found.tag)).await;
            put.map_err(|error| self.leader.failed(LEASE, error))?;
        }
        Ok(had)
    }
}

fn is_unreachable(error: &StoreError) -> bool {
    match error {
        StoreError::Cloud { error, .. } => error.class.is_transient(),
        StoreError::NoBucket { .. } => true,
        _ => false,
    }
}
