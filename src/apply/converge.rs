//! Convergence: update by update, until nothing differs. What came of a call, only the next read tells.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{StepFailure, VISIBLE_WITHIN};
use super::resource::ResourceStep;
use crate::cloud::{Class, CloudError, Live, Readiness};
use crate::diff::{Change, Effect, managed_part, unfinished};
use crate::names::PhysicalId;
use crate::state::entry::Entry;
use crate::state::{Call, Pending, Record};
use crate::value::{Json, Path};

/// Longest time for which a change that AWS has accepted may stay invisible.
const SHOWN_WITHIN: Duration = Duration::from_mins(2);
/// Time to wait for a change to become visible before it is sent again.
const SEND_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// Times that the same differences may come back after others: updates that undo each other would go round for ever.
const ROUNDS: usize = 3;

/// The distance of a resource from what is wanted, by one read.
enum Distance {
    /// AWS is at work on it, or does not show it yet: why.
    WaitingForAws(String),
    /// It differs, and an update has to be sent.
    Differs { live: Live, target: Json },
    /// It differs, and an update was sent a moment ago that is not visible yet.
    NotShownYet,
    /// Nothing differs.
    Done(Live),
    /// There is no such resource.
    Gone,
}

/// One resource on its way to what is wanted.
struct Convergence<'a> {
    resource: &'a ResourceStep<'a>,
    id: PhysicalId,
    wanted: &'a Json,
    /// The block's own defaults that are not held against what is there.
    defaults: &'a [Path],
    generation: u32,
    /// The spec that was sent before this step, if we remember, and the one that was last sent.
    before: Option<Json>,
    sent: Option<Json>,
    /// The spec to remember until nothing differs.
    unfinished: Json,
    /// True if it was created by this step: it may not be visible yet, and a failure is final.
    is_new: bool,
    /// The changes seen last, and since when.
    changes: Vec<Change>,
    since: Instant,
    /// The changes seen before those, one after the other.
    seen: Vec<Vec<Change>>,
    /// The time of the update with these changes.
    sent_at: Option<Instant>,
    /// The time at which AWS first accepted an update with these changes.
    accepted_at: Option<Instant>,
    attempt: u32,
    /// True once an update has got as far as AWS's work on it: one that was throttled has not.
    tried: bool,
}

impl ResourceStep<'_> {
    /// Sends updates until nothing differs. `None` if the resource is gone before anything was sent.
    pub(super) async fn converge(
        &self,
        id: &PhysicalId,
        wanted: &Json,
        generation: u32,
        sent: Option<Json>,
        is_new: bool,
    ) -> Result<Option<Live>, StepFailure> {
        let defaults = self.defaults();
        let sent = sent.as_ref();
        let mut convergence = Convergence {
            resource: self,
            id: id.clone(),
            wanted,
            defaults,
            generation,
            before: sent.cloned(),
            sent: sent.cloned(),
            unfinished: sent.map_or_else(|| wanted.clone(), |sent| unfinished(&self.info.spec, wanted, defaults, sent)),
            is_new,
            changes: Vec::new(),
            since: Instant::now(),
            seen: Vec::new(),
            sent_at: None,
            accepted_at: None,
            attempt: 0,
            tried: false,
        };
        loop {
            match convergence.distance().await? {
                Distance::WaitingForAws(why) => self.wait(&why).await?,
                Distance::Differs { live, target } => convergence.send(&live, &target).await?,
                Distance::NotShownYet => self.wait("the change is not visible yet").await?,
                Distance::Done(live) => {
                    convergence.end(&live).await?;
                    return Ok(Some(live));
                }
                Distance::Gone if convergence.tried => return Err(self.has_gone()),
                Distance::Gone => return Ok(None),
            }
        }
    }
}

impl Convergence<'_> {
    async fn distance(&mut self) -> Result<Distance, StepFailure> {
        let resource = self.resource;
        let is_final = self.is_new || self.tried;
        let live = match resource.look(&self.id, &self.unfinished).await? {
            // A change may repair a failed resource, once.
            Some(Live { readiness: Readiness::Failed(why), .. }) if is_final => {
                return Err(resource.failed(Class::Other, why));
            }
            Some(Live { readiness: Readiness::Pending(why), .. }) => return Ok(Distance::WaitingForAws(why)),
            Some(live) => self.follow(live).await?,
            None if is_final && resource.started.elapsed() < VISIBLE_WITHIN => {
                return Ok(Distance::WaitingForAws("not visible yet".to_owned()));
            }
            None => return Ok(Distance::Gone),
        };
        let target = resource.target(self.wanted, self.defaults, &live, self.before.as_ref());
        let changes = resource.changes(&target, &live, self.sent.as_ref());
        if changes.is_empty() {
            return match live.readiness {
                Readiness::Failed(why) => Err(resource.failed(Class::Other, why)),
                _ => Ok(Distance::Done(live)),
            };
        }
        self.see(changes);
        self.ensure_possible()?;
        let is_under_way = self.sent_at.is_some_and(|sent| sent.elapsed() < SEND_AGAIN_AFTER);
        Ok(if is_under_way { Distance::NotShownYet } else { Distance::Differs { live, target } })
    }

    /// Records the id that a resource has from now on, before anything else is sent to it.
    async fn follow(&mut self, live: Live) -> Result<Live, StepFailure> {
        if let Some(id) = &live.moved_to {
            self.id = id.clone();
            let (resource, before) = (self.resource, self.before.as_ref().filter(|_| !self.tried));
            let record = resource.record(id, self.generation, before.unwrap_or(&self.unfinished), live.outputs.clone());
            resource.context.write(Entry::Made { address: resource.address.clone(), record }).await?;
        }
        Ok(live)
    }

    fn see(&mut self, changes: Vec<Change>) {
        if self.changes != changes {
            self.seen.push(std::mem::take(&mut self.changes));
            (self.changes, self.since, self.sent_at, self.accepted_at) = (changes, Instant::now(), None, None);
        }
    }

    /// Refuses changes that no update can make, and those that AWS has accepted long ago without effect.
    fn ensure_possible(&self) -> Result<(), StepFailure> {
        let paths = || self.changes.iter().map(|change| format!("`{}`", change.path)).collect::<Vec<_>>().join(", ");
        if self.seen.iter().filter(|seen| **seen == self.changes).count() >= ROUNDS {
            let what = format!(
                "its updates undo each other: {} differs again after each; AWS may take two of these values for one",
                paths()
            );
            return Err(self.resource.failed(Class::Invalid, what));
        }
        let replaces = self.changes.iter().any(|change| change.effect == Effect::Replace);
        if replaces && (!self.is_new || self.since.elapsed() > VISIBLE_WITHIN) {
            let what = format!("{} cannot be changed in place; plan again", paths());
            return Err(self.resource.failed(Class::Other, what));
        }
        if self.accepted_at.is_some_and(|accepted| accepted.elapsed() > SHOWN_WITHIN) {
            let what = format!("AWS accepted the change to {}, but it has not taken effect after 2 minutes", paths());
            return Err(self.resource.failed(Class::Other, what));
        }
        Ok(())
    }

    /// Sends one update. After an error that may pass, or be none, the next read tells what still differs.
    async fn send(&mut self, live: &Live, target: &Json) -> Result<(), StepFailure> {
        self.sent_at = Some(Instant::now());
        let error = self.update_call(live, target).await?;
        self.tried |= error.as_ref().is_none_or(|error| error.class != Class::Throttled);
        match error {
            None => {
                self.sent = Some(target.clone());
                self.accepted_at = self.accepted_at.or(self.sent_at);
            }
            Some(error) => {
                self.sent_at = None;
                self.resource.pause(&error, self.attempt).await?;
            }
        }
        self.attempt += 1;
        Ok(())
    }

    /// One update call. The error it gives is one that another read may find to be none.
    async fn update_call(&self, live: &Live, target: &Json) -> Result<Option<CloudError>, StepFailure> {
        let Self { resource, wanted, generation, ref id, .. } = *self;
        let from = managed_part(&resource.info.spec, target, &live.spec, self.sent.as_ref());
        resource.begin(Call::Update, generation, wanted).await?;
        resource.context.ensure_lock_held().await?;
        let update =
            resource.context.cloud.update(&resource.address.at, &resource.node.declaration.kind, id, &from, target);
        match update.await.map_err(|error| resource.as_not_visible_yet(error)) {
            Ok(()) => {
                let record = resource.record(id, generation, &self.unfinished, live.outputs.clone());
                resource.context.write(Entry::Made { address: resource.address.clone(), record }).await?;
                Ok(None)
            }
            Err(error) if error.class.is_transient() => Ok(Some(error)),
            Err(error) => Err(resource.give_up(error, generation, true).await),
        }
    }

    /// Records what is there now, and that no call is open any more.
    async fn end(&self, live: &Live) -> Result<(), StepFailure> {
        let (context, address) = (self.resource.context, self.resource.address);
        let record: Record = self.resource.record(&self.id, self.generation, self.wanted, live.outputs.clone());
        let is_open = |pending: &Pending| pending.address == *address && pending.generation == record.generation;
        let open = context.journal.look(|state| state.pending.iter().any(is_open));
        if open || context.recorded(address).as_ref() != Some(&record) {
            context.write(Entry::Made { address: address.clone(), record }).await?;
        }
        Ok(())
    }
}
