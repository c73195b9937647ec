//! A create, until there is one and only one.
//!
//! A create whose answer was lost is never repeated before a search has told that there is nothing:
//! a search that fails tells nothing, and is repeated itself.

use super::resource::ResourceStep;
use super::run::Failure;
use super::wait::look;
use crate::cloud::{Class, CloudError, Live, Readiness};
use crate::names::{Owner, PhysicalId};
use crate::state::Call;
use crate::state::entry::Entry;
use crate::value::Json;

/// How many generations are tried when tokens turn out to be used up.
const USED_TOKENS: u32 = 6;
/// How often something whose answer was lost is searched for: what was just made may not show at once.
const LOOKS: u32 = 4;
/// The same where a second create would make a second thing: some 4 to 16 seconds. EC2's lists lag by seconds
/// (Amazon EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API").
const LOOKS_FOR_SURE: u32 = 6;

impl ResourceStep<'_> {
    /// Creates until there is one, and gives its id and generation.
    pub(super) async fn make(&self, wanted: &Json) -> Result<(PhysicalId, u32), Failure> {
        let run = self.run;
        let generation = run.next_generation(self.address);
        let mut owner = self.owner(generation);
        self.begin(Call::Create, owner.generation, wanted).await?;
        // Whether any of the calls so far may have been done: its Begin stays open then.
        let mut maybe_done = false;
        let (mut attempt, mut used_tokens) = (0, 0);
        loop {
            run.ensure_lock_held().await?;
            let call = run.cloud.create(&self.address.at, &self.node.declaration.kind, wanted, &owner);
            let error = match call.await {
                Ok(id) => return Ok((id, owner.generation)),
                Err(error) => self.as_not_visible_yet(error),
            };
            maybe_done |= error.maybe_done;
            if let Some(id) = self.made_already(wanted, &owner, &error, maybe_done).await? {
                return Ok((id, owner.generation));
            }
            if error.class == Class::Exists
                && let Some(why) = self.old_one_is_going().await?
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

    /// The thing that a failed call, or an earlier run, has made all the same.
    async fn made_already(
        &self,
        wanted: &Json,
        owner: &Owner,
        error: &CloudError,
        maybe_done: bool,
    ) -> Result<Option<PhysicalId>, Failure> {
        let looks = match error.maybe_done {
            true if self.info.traits.idempotent_create => LOOKS,
            true => LOOKS_FOR_SURE,
            // What this one was refused for may be what an earlier one has made.
            false if maybe_done || error.class == Class::Exists => 1,
            false => return Ok(None),
        };
        for look in 0..looks {
            if error.maybe_done {
                self.pause(error, look).await?;
            }
            if let Some(id) = self.find(wanted, owner, maybe_done).await? {
                self.tag_as_owned(&id, wanted, owner).await?;
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Puts our tags on what was found, where a run may have died before it did.
    pub(super) async fn tag_as_owned(&self, id: &PhysicalId, wanted: &Json, owner: &Owner) -> Result<(), Failure> {
        if !self.info.traits.tags_after_create {
            return Ok(());
        }
        let mut attempt = 0;
        loop {
            self.run.ensure_lock_held().await?;
            let tag_as_owned =
                self.run.cloud.tag_as_owned(&self.address.at, &self.node.declaration.kind, id, wanted, owner);
            match tag_as_owned.await {
                Ok(()) => return Ok(()),
                Err(error) if error.class.is_transient() => self.pause(&error, attempt).await?,
                Err(error) => return Err(Failure::Cloud(Box::new(error))),
            }
            attempt += 1;
        }
    }

    /// A search that comes to an answer, within the deadline.
    async fn find(&self, wanted: &Json, owner: &Owner, maybe_done: bool) -> Result<Option<PhysicalId>, Failure> {
        let mut attempt = 0;
        loop {
            self.run.ensure_lock_held().await?;
            let found = self.run.cloud.find(&self.address.at, &self.node.declaration.kind, owner, wanted);
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

    /// Why an old one that was to leave, and holds its name until it is gone, is still there, if AWS is at it.
    async fn old_one_is_going(&self) -> Result<Option<String>, Failure> {
        for old in self.run.deposed(self.address) {
            let live = look(self.run, self.address, &old.kind, (&old.id, &old.spec), self.deadline).await?;
            if let Some(Live { readiness: Readiness::Pending(why), .. }) = live {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    async fn next_token(&self, owner: &mut Owner, wanted: &Json, maybe_done: bool) -> Result<(), Failure> {
        if !maybe_done {
            let cleared = Entry::Cleared { address: self.address.clone(), generation: owner.generation };
            self.run.write(cleared).await?;
        }
        owner.generation += 1;
        self.begin(Call::Create, owner.generation, wanted).await
    }
}
