//! Creates: repeated until there is one resource, and only one.
//!
//! A create whose answer was lost is never repeated before a search has told that there is nothing:
//! a search that fails tells nothing, and is repeated itself.

use super::context::StepFailure;
use super::resource::ResourceStep;
use super::wait::look;
use crate::cloud::{Class, CloudError, Live, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::state::Call;
use crate::state::entry::Entry;
use crate::value::Json;

/// Number of generations to try when tokens turn out to be used up.
const USED_TOKENS: u32 = 6;
/// Number of searches for a resource whose answer was lost: what was just created may not be visible at once.
const SEARCHES: u32 = 4;
/// The same where a second create would make a second resource: some 4 to 16 seconds. EC2's lists lag by seconds
/// (Amazon EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API").
const SEARCHES_FOR_SURE: u32 = 6;

impl ResourceStep<'_> {
    /// Creates until there is one resource, and gives its id and generation.
    pub(super) async fn create_call(&self, wanted: &Json) -> Result<(PhysicalId, u32), StepFailure> {
        let context = self.context;
        let generation = context.next_generation(self.address);
        let mut owner = self.owner(generation);
        self.begin(Call::Create, owner.generation, wanted).await?;
        // Any of the calls so far may have been done: its Begin stays open then.
        let mut maybe_done = false;
        let (mut attempt, mut used_tokens) = (0, 0);
        loop {
            context.ensure_lock_held().await?;
            let call = context.cloud.create(&self.address.at, &self.node.declaration.kind, wanted, &owner);
            let error = match call.await {
                Ok(id) => return Ok((id, owner.generation)),
                Err(error) => self.as_not_visible_yet(error),
            };
            maybe_done |= error.maybe_done;
            if let Some(id) = self.already_created(wanted, &owner, &error, maybe_done).await? {
                return Ok((id, owner.generation));
            }
            if error.class == Class::Exists
                && let Some(why) = self.deposed_is_deleting().await?
            {
                self.wait(&why).await?;
            } else if error.class == Class::Exists && used_tokens < USED_TOKENS {
                // Not ours and nobody's: the token belongs to one that was deleted. Take the next.
                self.next_token(&mut owner, wanted, maybe_done).await?;
                self.pause(&error, used_tokens).await?;
                used_tokens += 1;
            } else if error.class.is_transient() {
                self.pause(&error, attempt).await?;
                attempt += 1;
            } else {
                return Err(self.give_up(error, owner.generation, !maybe_done).await);
            }
        }
    }

    /// The resource that a failed call, or an earlier run, has created all the same.
    async fn already_created(
        &self,
        wanted: &Json,
        owner: &Owner,
        error: &CloudError,
        maybe_done: bool,
    ) -> Result<Option<PhysicalId>, StepFailure> {
        let searches = match error.maybe_done {
            true if self.info.traits.idempotent_create => SEARCHES,
            true => SEARCHES_FOR_SURE,
            // What this one was refused for may be what an earlier one has made.
            false if maybe_done || error.class == Class::Exists => 1,
            false => return Ok(None),
        };
        for search in 0..searches {
            if error.maybe_done {
                self.pause(error, search).await?;
            }
            if let Some(id) = self.find(wanted, owner, maybe_done).await? {
                self.tag_as_owned(&id, wanted, owner).await?;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Puts our tags on what was found, where a run may have died before it did.
    pub(super) async fn tag_as_owned(&self, id: &PhysicalId, wanted: &Json, owner: &Owner) -> Result<(), StepFailure> {
        if !self.info.traits.tags_after_create {
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            self.context.ensure_lock_held().await?;
            let tag_as_owned =
                self.context.cloud.tag_as_owned(&self.address.at, &self.node.declaration.kind, id, wanted, owner);
            match tag_as_owned.await {
                Ok(()) => return Ok(()),
                Err(error) if error.class.is_transient() => self.pause(&error, attempt).await?,
                Err(error) => return Err(error.into()),
            }
            attempt += 1;
        }
    }

    /// A search, retried until it comes to an answer, within the deadline.
    async fn find(&self, wanted: &Json, owner: &Owner, maybe_done: bool) -> Result<Option<PhysicalId>, StepFailure> {
        let mut attempt = 0;
        loop {
            self.context.ensure_lock_held().await?;
            let found = self.context.cloud.find(&self.address.at, &self.node.declaration.kind, owner, wanted);
            match found.await {
                Ok(found) => return Ok(found),
                Err(error) if error.class.is_transient() => self.pause(&error, attempt).await?,
                Err(error) => {
                    let nothing_done = error.class == Class::NotOwned && !maybe_done;
                    return Err(self.give_up(error, owner.generation, nothing_done).await);
                }
            }
            attempt += 1;
        }
    }

    /// The reason why a deposed resource, which holds its name until it is gone, still exists, if AWS is deleting it.
    async fn deposed_is_deleting(&self) -> Result<Option<String>, StepFailure> {
        for old in self.context.deposed(self.address) {
            let live = look(self.context, self.address, &old.kind, (&old.id, &old.spec), self.deadline).await?;
            if let Some(Live { readiness: Readiness::Pending(why), .. }) = live {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    async fn next_token(&self, owner: &mut Owner, wanted: &Json, maybe_done: bool) -> Result<(), StepFailure> {
        if !maybe_done {
            let cleared = Entry::Cleared { address: self.address.clone(), generation: owner.generation };
            self.context.write(cleared).await?;
        }
        owner.generation += 1;
        self.begin(Call::Create, owner.generation, wanted).await
    }
}
