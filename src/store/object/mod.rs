//! The state in object storage, shared by everybody who works on the stack, with a copy in a second region.
//!
//! A lease tells who may write, and a log what was written (see `lease` and `place`). With a
//! copy, **the copy decides**: its lease is the one that counts, and nothing counts as done before the
//! copy has it. So the copy is never staler than the last completed step, the first place may be gone
//! without anybody's leave, and two runs that see different places cannot both go on: each needs the
//! copy: no split brain. When the copy is out of reach the first place serves for looking, not for changing.
//!
//! In code the place that decides is the leader, and the other one the follower. The first place follows as long as it answers. One that has missed something is written anew by the
//! next save; one that was worked on alone, which takes an explicit word, is taken over if the copy has
//! not moved meanwhile, and is refused if it has.

mod acquire;
mod follower;
mod lease;
mod lock;
mod place;
mod renew;
mod repair;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::AbortHandle;

use self::lease::Lease;
use self::place::{Page, Place, Replayed};
use crate::names::StackName;
use crate::state::State;
use crate::state::entry::Entry;
use crate::store::fence::Fence;
use crate::store::objects::{ObjectError, Objects, Tag};
use crate::store::{Holder, Store, StoreError};

/// Attempts of a call to the leader, and to the follower.
const ATTEMPTS: (u32, u32) = (8, 2);
/// The usual reason for a lost lease.
const TAKEN: &str = "somebody else has taken the lock";

/// A state in object storage. Clones are the same store.
#[derive(Clone)]
pub struct ObjectStore(Arc<Inner>);

struct Inner {
    /// The place whose lease counts.
    leader: Place,
    /// The place that is kept in step as long as it answers.
    follower: Option<Place>,
    lasts: Duration,
    fence: Fence,
    session: Mutex<Option<Session>>,
    renewal: StdMutex<Option<AbortHandle>>,
    notes: StdMutex<Vec<String>>,
}

/// Knowledge that holds while the lease is ours.
struct Session {
    lease: Lease,
    /// Of the lease's object in each place; the renewal changes them.
    tags: Arc<Mutex<Tags>>,
    lineage: String,
    serial: u64,
    /// Of the state's object.
    tag: Option<Tag>,
    pages: Vec<String>,
    /// The state that the lock has read, for the first load.
    fresh: Option<Read>,
    following: bool,
}

/// The result of a read.
struct Read(Option<State>);

struct Tags {
    leader: Tag,
    /// While the first place's lease is ours too.
    follower: Option<Tag>,
    renewals: u64,
}

impl ObjectStore {
    /// The store of a stack in one place, or in two: then the copy decides.
    pub fn new(stack: &StackName, first: Arc<dyn Objects>, copy: Option<Arc<dyn Objects>>, lasts: Duration) -> Self {
        let place = |objects, attempts| Place::new(objects, stack.clone(), attempts);
        let (leader, follower) = match copy {
            Some(copy) => (place(copy, ATTEMPTS.0), Some(place(first, ATTEMPTS.1))),
            None => (place(first, ATTEMPTS.0), None),
        };
        Self(Arc::new(Inner {
            leader,
            follower,
            lasts,
            fence: Fence::default(),
            session: Mutex::default(),
            renewal: StdMutex::default(),
            notes: StdMutex::default(),
        }))
    }
}

impl ObjectStore {
    /// Declares that the copy is not to be gone on from any more, so that this place stands alone.
    /// True if there was a copy.
    pub async fn detach(&self) -> Result<bool, StoreError> {
        self.0.detach().await
    }

    /// The state as one of the two places alone has it, for people; the copy's if asked for and there is one.
    pub async fn look_at(&self, copy: bool) -> Result<Option<State>, StoreError> {
        let place = if copy { &self.0.leader } else { self.0.follower.as_ref().unwrap_or(&self.0.leader) };
        place.replayed().await.map(|replayed| replayed.state)
    }

    /// Ends the divergence of two places that have both changed: writes this state, newer than either, into both.
    pub async fn resolve_divergence(&self, state: &State, holder: &Holder) -> Result<(), StoreError> {
        self.0.resolve_divergence(state, holder).await
    }

    /// True if there is a copy.
    pub fn has_copy(&self) -> bool {
        self.0.follower.is_some()
    }
}

impl Inner {
    async fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.fence.open().await.map_err(|why| self.lost(&why))?;
        let mut slot = self.session.lock().await;
        let session = slot.as_mut().ok_or_else(|| self.lost("the lock is not held"))?;
        let page = Page::of(&session.lineage, session.lease.epoch, entries);
        let number = session.pages.len() as u64 + 1;
        let decided = self.leader.put_page(session.serial, number, &page);
        let followed = async {
            match self.follower.as_ref().filter(|_| session.following) {
                Some(place) => place.put_page(session.serial, number, &page).await.map(drop),
                None => Ok(()),
            }
        };
        let (decided, followed) = futures::future::join(decided, followed).await;
        let key = decided.map_err(|error| self.refused(error, "journal/"))?;
        session.pages.push(key);
        if let (Err(error), Some(place)) = (followed, &self.follower) {
            session.following = false;
            self.note_missed(&place.failed("journal/", error));
        }
        Ok(())
    }

    async fn save(&self, state: &State) -> Result<(), StoreError> {
        self.fence.open().await.map_err(|why| self.lost(&why))?;
        let mut slot = self.session.lock().await;
        let session = slot.as_mut().ok_or_else(|| self.lost("the lock is not held"))?;
        if state.serial != session.serial + 1 {
            let place = self.leader.name();
            return Err(StoreError::Stale { place, expected: state.serial - 1, found: session.serial });
        }
        let copied = if self.follower.is_some() { state.serial } else { state.copied };
        let state = State { epoch: session.lease.epoch, copied, ..state.clone() };
        let tag = self.leader.save(&state, session.tag.clone()).await;
        session.tag = Some(tag.map_err(|error| self.refused(error, "state.json"))?);
        session.serial = state.serial;
        session.lineage.clone_from(&state.lineage);
        let pages = std::mem::take(&mut session.pages);
        let followed = self.follow(&session.lease, &session.tags, &state, &pages);
        let (following, ()) = futures::future::join(followed, self.leader.drop_pages(&pages)).await;
        session.following = following;
        Ok(())
    }

    async fn load(&self) -> Result<Option<State>, StoreError> {
        let mut slot = self.session.lock().await;
        if let Some(session) = slot.as_mut() {
            if let Some(Read(state)) = session.fresh.take() {
                return Ok(state);
            }
            let replayed = self.leader.replayed().await?;
            return Ok(replayed.state);
        }
        drop(slot);
        match (self.leader.replayed().await, &self.follower) {
            (Ok(Replayed { state: None, .. }) | Err(StoreError::NoBucket { .. }), Some(first)) => {
                // A copy that was asked for a moment ago is empty yet.
                match first.replayed().await {
                    Err(StoreError::NoBucket { .. }) => Ok(None),
                    replayed => replayed.map(|replayed| replayed.state),
                }
            }
            (Err(StoreError::NoBucket { .. }), None) => Ok(None),
            (Err(StoreError::Cloud { error, .. }), Some(first)) if error.class.is_transient() => {
                let why = format!("the copy of the state cannot be reached, so nothing can be changed ({error})");
                self.note(format!("{why}; what follows is told from {}, which may be behind", first.name()));
                first.replayed().await.map(|replayed| replayed.state)
            }
            (Ok(own), Some(first)) => self.newest(first, own).await,
            (replayed, _) => replayed.map(|replayed| replayed.state),
        }
    }

    /// A refused write means that somebody else has taken over.
    fn refused(&self, error: ObjectError, what: &str) -> StoreError {
        if error == ObjectError::Condition {
            self.fence.lose(TAKEN);
        }
        self.leader.failed(what, error)
    }

    fn lost(&self, why: &str) -> StoreError {
        StoreError::Lost { place: self.leader.name(), why: why.to_owned() }
    }

    fn note_missed(&self, error: &StoreError) {
        self.note(format!("the first place of the state does not follow: {error}; the next save brings it in step"));
    }

    fn note(&self, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

impl Store for ObjectStore {
    fn lock<'a>(&'a self, holder: &'a Holder, wait: Duration) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.0.lock(holder, wait))
    }

    fn unlock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.0.unlock().await;
            Ok(())
        })
    }

    fn load(&self) -> BoxFuture<'_, Result<Option<State>, StoreError>> {
        Box::pin(self.0.load())
    }

    fn append<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.0.append(entries))
    }

    fn save<'a>(&'a self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(self.0.save(state))
    }

    fn set_aside<'a>(&'a self, holder: &'a Holder) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.0.set_aside(holder))
    }

    fn place(&self) -> String {
        self.0.leader.name()
    }

    fn fence(&self) -> Fence {
        self.0.fence.clone()
    }

    fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.0.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<Holder>, StoreError>> {
        Box::pin(async {
            let found = self.0.leader.lease().await?;
            Ok(found.filter(lease::StoredLease::is_held).and_then(|found| found.lease.holder))
        })
    }

    fn break_lock(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.0.break_lock())
    }
}
