//! One step, from its first call until what it made can be referred to.
//!
//! Create → look until AWS is done → compare → update → look again … until nothing differs. Every
//! call that changes AWS stands between a Begin and an End in the journal. The id is recorded
//! before any waiting.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::retry::pause;
use super::run::{Failure, Run};
use super::wait::{look, retry, wait};
use crate::catalog::KindInfo;
use crate::cloud::{Class, CloudError, Live, Readiness};
use crate::diff::{Change, Effect, changes, managed_part};
use crate::graph::Node;
use crate::names::{Address, Owner, PhysicalId};
use crate::state::entry::Entry;
use crate::state::{Call, Pending, Record};
use crate::value::{Json, Partial};

/// How long something just made may stay invisible to reads.
pub(super) const VISIBLE_WITHIN: Duration = Duration::from_mins(1);
/// How long a change that AWS has taken may stay invisible.
const SHOWN_WITHIN: Duration = Duration::from_mins(2);
/// How long to wait for it to show before it is sent again.
const SEND_AGAIN_AFTER: Duration = Duration::from_secs(15);

/// One resource while a step works on it.
pub(super) struct ResourceStep<'a> {
    pub(super) run: &'a Run,
    pub(super) address: &'a Address,
    pub(super) node: &'a Node,
    pub(super) info: &'a KindInfo,
    pub(super) deadline: Instant,
    started: Instant,
}

/// What an update was last about.
struct Last {
    changes: Vec<Change>,
    since: Instant,
    sent: Option<Instant>,
    attempt: u32,
    /// Whether any update got as far as AWS's work on it: one that was throttled did not.
    tried: bool,
}

impl Default for Last {
    fn default() -> Self {
        Self { changes: Vec::new(), since: Instant::now(), sent: None, attempt: 0, tried: false }
    }
}

impl Last {
    fn see(&mut self, changes: &[Change]) {
        if self.changes != changes {
            let Self { attempt, tried, .. } = *self;
            *self = Self { changes: changes.to_vec(), attempt, tried, ..Self::default() };
        }
    }

    /// Whether these very changes were sent a moment ago.
    fn is_under_way(&self) -> bool {
        self.sent.is_some_and(|sent| sent.elapsed() < SEND_AGAIN_AFTER)
    }
}

impl<'a> ResourceStep<'a> {
    pub(super) fn new(run: &'a Run, address: &'a Address, node: &'a Node, info: &'a KindInfo) -> Self {
        let started = Instant::now();
        let deadline = started + node.declaration.timeout.unwrap_or(info.traits.deadline);
        Self { run, address, node, info, deadline, started }
    }

    /// Makes it and brings it to what is wanted. `replacing`: it takes the place of one that stays for now.
    pub(super) async fn create(&self, replacing: bool) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let (id, generation) = self.make(&wanted).await?;
        let record = self.record(&id, generation, &wanted, Json::Null);
        let entry = if replacing {
            Entry::Replaced { address: self.address.clone(), record }
        } else {
            Entry::Made { address: self.address.clone(), record }
        };
        self.run.write(entry).await?;
        self.run.has_made(self.address);
        let made = self.converge(&id, &wanted, generation, Some(wanted.clone()), true).await?;
        made.ok_or_else(|| self.has_gone())
    }

    /// Takes up what is ours and brings it to what is wanted.
    pub(super) async fn adopt(&self, id: &PhysicalId) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let generation = self.run.next_generation(self.address);
        self.tag_as_owned(id, &wanted, &self.owner(generation)).await?;
        // Nothing of it was sent by anybody we remember.
        let record = Record { spec: Json::Null, ..self.record(id, generation, &wanted, Json::Null) };
        self.run.write(Entry::Made { address: self.address.clone(), record }).await?;
        self.converge(id, &wanted, generation, None, false).await?.ok_or_else(|| self.has_gone())
    }

    /// Brings what is there to what is wanted.
    pub(super) async fn update(&self) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        match self.converge(&record.id, &wanted, record.generation, Some(record.spec), false).await? {
            Some(live) => Ok(live),
            // It went with what it hangs on, which was replaced; or it was going since an earlier run.
            None => self.create(false).await,
        }
    }

    /// Replaces it, if what is known by now still asks for it; else brings it to what is wanted.
    pub(super) async fn replace(&self, asked_for: bool) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        if asked_for || record.kind != self.node.declaration.kind {
            return self.create(true).await;
        }
        if let Some(live) = self.look(&record.id, &wanted).await? {
            let changes = self.changes(&wanted, &live, Some(&record.spec));
            if changes.iter().all(|change| change.effect == Effect::Update) {
                return self.update().await;
            }
        }
        self.create(true).await
    }

    /// Looks until it serves.
    pub(super) async fn serve(&self) -> Result<(), Failure> {
        let record = self.recorded()?;
        loop {
            match self.look(&record.id, &record.spec).await?.map(|live| live.readiness) {
                Some(Readiness::Serving) => return Ok(()),
                Some(Readiness::Failed(why)) => return Err(self.failed(Class::Other, why)),
                Some(Readiness::Pending(why) | Readiness::Configured(why)) => self.wait(&why).await?,
                None => return Err(self.failed(Class::NotFound, "it has gone while it was waited for")),
            }
        }
    }

    /// Update by update, until nothing differs. Whatever came of a call, the next look tells. Nothing, if it is
    /// gone before anything was sent.
    async fn converge(
        &self,
        id: &PhysicalId,
        wanted: &Json,
        generation: u32,
        mut sent: Option<Json>,
        fresh: bool,
    ) -> Result<Option<Live>, Failure> {
        let mut last = Last::default();
        loop {
            let Some(live) = self.settled(id, wanted, fresh || last.tried).await? else {
                return if last.tried { Err(self.has_gone()) } else { Ok(None) };
            };
            let changes = self.changes(wanted, &live, sent.as_ref());
            if changes.is_empty() {
                if let Readiness::Failed(why) = live.readiness {
                    return Err(self.failed(Class::Other, why));
                }
                self.converged(self.record(id, generation, wanted, live.outputs.clone())).await?;
                return Ok(Some(live));
            }
            last.see(&changes);
            if let Some(never) = self.cannot(&changes, last.since.elapsed(), fresh) {
                return Err(never);
            }
            if last.is_under_way() {
                self.wait("AWS to show the change").await?;
                continue;
            }
            last.sent = Some(Instant::now());
            let error = self.update_call(id, wanted, generation, (&live, sent.as_ref())).await?;
            last.tried |= error.as_ref().is_none_or(|error| error.class != Class::Throttled);
            match error {
                None => sent = Some(wanted.clone()),
                // It may have been done all the same: look, and send again only what still differs.
                Some(error) => {
                    last.sent = None;
                    self.pause(&error, last.attempt).await?;
                }
            }
            last.attempt += 1;
        }
    }

    /// Records what is there now, and that no call is open any more.
    async fn converged(&self, record: Record) -> Result<(), Failure> {
        let is_open = |pending: &Pending| pending.address == *self.address && pending.generation == record.generation;
        let open = self.run.journal.look(|state| state.pending.iter().any(is_open));
        if open || self.run.recorded(self.address).as_ref() != Some(&record) {
            self.run.write(Entry::Made { address: self.address.clone(), record }).await?;
        }
        Ok(())
    }

    fn cannot(&self, changes: &[Change], stuck: Duration, fresh: bool) -> Option<Failure> {
        let paths = || changes.iter().map(|change| format!("`{}`", change.path)).collect::<Vec<_>>().join(", ");
        let fixed = changes.iter().any(|change| change.effect == Effect::Replace);
        if fixed && (!fresh || stuck > VISIBLE_WITHIN) {
            let what = format!("{} cannot be changed in place; plan again", paths());
            return Some(self.failed(Class::Other, what));
        }
        (stuck > SHOWN_WITHIN).then(|| {
            self.failed(Class::Other, format!("AWS takes the change of {} and does not carry it out", paths()))
        })
    }

    /// One update. The error is one that another look may find to be none.
    async fn update_call(
        &self,
        id: &PhysicalId,
        wanted: &Json,
        generation: u32,
        (live, sent): (&Live, Option<&Json>),
    ) -> Result<Option<CloudError>, Failure> {
        let from = managed_part(&self.info.spec, wanted, &live.spec, sent);
        self.begin(Call::Update, generation, wanted).await?;
        self.run.ensure_lock_held().await?;
        let update = self.run.cloud.update(&self.address.at, &self.node.declaration.kind, id, &from, wanted);
        match update.await.map_err(|error| self.as_not_visible_yet(error)) {
            Ok(()) => {
                let record = self.record(id, generation, wanted, live.outputs.clone());
                self.run.write(Entry::Made { address: self.address.clone(), record }).await?;
                Ok(None)
            }
            Err(error) if error.class.is_transient() => Ok(Some(error)),
            Err(error) => Err(self.give_up(error, generation, true).await),
        }
    }

    /// Looks until AWS is no longer at work on it. One that has failed may be mended by a change, once.
    async fn settled(&self, id: &PhysicalId, wanted: &Json, fresh: bool) -> Result<Option<Live>, Failure> {
        loop {
            let why = match self.look(id, wanted).await? {
                Some(Live { readiness: Readiness::Failed(why), .. }) if fresh => {
                    return Err(self.failed(Class::Other, why));
                }
                Some(Live { readiness: Readiness::Pending(why), .. }) => why,
                None if fresh && self.started.elapsed() < VISIBLE_WITHIN => "AWS to show it".to_owned(),
                seen => return Ok(seen),
            };
            self.wait(&why).await?;
        }
    }

    async fn look(&self, id: &PhysicalId, wanted: &Json) -> Result<Option<Live>, Failure> {
        look(self.run, self.address, &self.node.declaration.kind, (id, wanted), self.deadline).await
    }

    pub(super) async fn wait(&self, why: &str) -> Result<(), Failure> {
        wait(self.run, self.address, why, (self.started, self.deadline)).await?;
        if let Some(dead) = self.run.failed_dependency(&self.node.declaration.served_by) {
            return Err(self.failed(Class::Other, format!("it cannot serve, because {dead} is not there")));
        }
        Ok(())
    }

    pub(super) async fn pause(&self, error: &CloudError, attempt: u32) -> Result<(), Failure> {
        retry(self.run, self.address, error, pause(error, attempt), self.deadline).await
    }

    pub(super) async fn begin(&self, call: Call, generation: u32, spec: &Json) -> Result<(), Failure> {
        self.run.ensure_not_stopping()?;
        let pending = Pending {
            call,
            kind: self.node.declaration.kind.clone(),
            generation,
            spec: self.info.redact(spec),
            needs: self.needs(),
            address: self.address.clone(),
            protect: self.node.declaration.protect,
            retain: self.node.declaration.retain,
        };
        self.run.write(Entry::Begin { pending }).await
    }

    /// A call has failed for good. Its Begin stays open if AWS may have done it all the same.
    pub(super) async fn give_up(&self, error: CloudError, generation: u32, nothing_done: bool) -> Failure {
        let cleared = Entry::Cleared { address: self.address.clone(), generation };
        if nothing_done && let Err(failure) = self.run.write(cleared).await {
            return failure;
        }
        Failure::Cloud(Box::new(error))
    }

    pub(super) fn owner(&self, generation: u32) -> Owner {
        Owner { stack: self.run.stack().clone(), address: self.address.clone(), generation }
    }

    fn wanted(&self) -> Result<Json, Failure> {
        let partial: Partial = self.node.declaration.spec.fill(&|reference| self.run.output(reference));
        partial.finish().map_err(|unknown| {
            self.failed(Class::Other, format!("not known although it should be: {}", unknown.waits_for.join(", ")))
        })
    }

    fn recorded(&self) -> Result<Record, Failure> {
        let record = self.run.recorded(self.address);
        record.ok_or_else(|| self.failed(Class::Other, "it is not in the state; plan again"))
    }

    fn record(&self, id: &PhysicalId, generation: u32, spec: &Json, outputs: Json) -> Record {
        Record {
            kind: self.node.declaration.kind.clone(),
            id: id.clone(),
            generation,
            spec: self.info.redact(spec),
            outputs,
            needs: self.needs(),
            protect: self.node.declaration.protect,
            retain: self.node.declaration.retain,
        }
    }

    fn needs(&self) -> BTreeSet<Address> {
        self.node.needs.keys().cloned().collect()
    }

    fn changes(&self, wanted: &Json, live: &Live, sent: Option<&Json>) -> Vec<Change> {
        changes(&self.info.spec, &Partial::from_json(wanted), &live.spec, sent)
    }

    fn has_gone(&self) -> Failure {
        self.failed(Class::NotFound, "it has gone while it was being changed; plan again")
    }

    /// What is said to be missing a moment after this run has made it, or what it needs, will be there: not every
    /// part of AWS hears of a thing at once.
    pub(super) fn as_not_visible_yet(&self, error: CloudError) -> CloudError {
        let it_and_needs = std::iter::once(self.address).chain(self.node.needs.keys());
        let soon = error.class == Class::NotFound && self.run.has_just_made(it_and_needs);
        if soon { CloudError { class: Class::NotVisibleYet, ..error } } else { error }
    }

    fn failed(&self, class: Class, message: impl Into<String>) -> Failure {
        let operation = self.node.declaration.kind.to_string();
        Failure::Cloud(Box::new(CloudError::local(class, operation, message)))
    }
}
