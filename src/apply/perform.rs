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
use crate::graph::Node;
use crate::names::{Address, Owner, PhysicalId};
use crate::state::journal::Entry;
use crate::state::{Call, Pending, Record};
use crate::value::compare::{self, Change, Effect};
use crate::value::{Json, Partial};

/// How long something just made may stay invisible to reads.
const VISIBLE_WITHIN: Duration = Duration::from_mins(1);
/// How many generations are tried when tokens turn out to be used up.
const USED_TOKENS: u32 = 6;
/// How often an update may be repeated without any difference going away.
const STUCK_AFTER: u32 = 8;

/// One resource while a step works on it.
pub(super) struct Job<'a> {
    run: &'a Run,
    address: &'a Address,
    node: &'a Node,
    info: &'a KindInfo,
    deadline: Instant,
    started: Instant,
}

impl<'a> Job<'a> {
    pub(super) fn new(run: &'a Run, address: &'a Address, node: &'a Node, info: &'a KindInfo) -> Self {
        let started = Instant::now();
        let deadline = started + node.declaration.timeout.unwrap_or(info.deadline);
        Self { run, address, node, info, deadline, started }
    }

    /// Makes it and brings it to what is wanted. `replacing`: it takes the place of one that stays for now.
    pub(super) async fn create(&self, replacing: bool) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let (id, generation) = self.create_call(&wanted).await?;
        let record = self.record(&id, generation, &wanted, Json::Null);
        let entry = if replacing {
            Entry::Replaced { address: self.address.clone(), record }
        } else {
            Entry::Made { address: self.address.clone(), record }
        };
        self.run.write(entry).await?;
        self.converge(&id, &wanted, generation, Some(wanted.clone()), true).await
    }

    /// Takes up what is ours and brings it to what is wanted.
    pub(super) async fn adopt(&self, id: &PhysicalId) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let generation = self.run.next_generation(self.address);
        let record = self.record(id, generation, &wanted, Json::Null);
        self.run.write(Entry::Made { address: self.address.clone(), record }).await?;
        self.converge(id, &wanted, generation, None, false).await
    }

    /// Brings what is there to what is wanted.
    pub(super) async fn update(&self) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        self.converge(&record.id, &wanted, record.generation, Some(record.spec), false).await
    }

    /// Replaces it, if what is known by now still asks for it; else brings it to what is wanted.
    pub(super) async fn replace(&self, asked_for: bool) -> Result<Live, Failure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        if let Some(live) = self.look(&record.id, &wanted).await?.filter(|_| !asked_for) {
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

    /// Creates until there is one, and gives its id and generation.
    async fn create_call(&self, wanted: &Json) -> Result<(PhysicalId, u32), Failure> {
        let run = self.run;
        let kind = &self.node.declaration.kind;
        let generation = run.next_generation(self.address);
        let mut owner = Owner { stack: run.stack().clone(), address: self.address.clone(), generation };
        self.begin(Call::Create, owner.generation, wanted).await?;
        let mut attempt = 0;
        loop {
            run.still_ours()?;
            let error = match run.cloud.create(&self.address.at, kind, wanted, &owner).await {
                Ok(id) => return Ok((id, owner.generation)),
                Err(error) => error,
            };
            // An answer may have been lost, or the thing was made by an earlier run: look before another try.
            if error.maybe_done || error.class == Class::Exists {
                if let Some(id) = self.find(wanted, &owner).await? {
                    return Ok((id, owner.generation));
                }
                if error.class == Class::Exists && attempt < USED_TOKENS {
                    // Not ours and nobody's: the token belongs to one that was deleted. Take the next.
                    owner.generation += 1;
                    self.begin(Call::Create, owner.generation, wanted).await?;
                }
            }
            if !error.class.is_transient() && (error.class != Class::Exists || attempt >= USED_TOKENS) {
                let nothing_done = !error.maybe_done;
                return Err(self.give_up(error, nothing_done).await);
            }
            self.pause(&error, attempt).await?;
            attempt += 1;
        }
    }

    async fn find(&self, wanted: &Json, owner: &Owner) -> Result<Option<PhysicalId>, Failure> {
        match self.run.cloud.find(&self.address.at, &self.node.declaration.kind, owner, wanted).await {
            Ok(found) => Ok(found),
            // The next try will tell.
            Err(error) if error.class.is_transient() => Ok(None),
            Err(error) => {
                let taken = error.class == Class::Taken;
                Err(self.give_up(error, taken).await)
            }
        }
    }

    /// Update by update, until nothing differs.
    async fn converge(
        &self,
        id: &PhysicalId,
        wanted: &Json,
        generation: u32,
        mut sent: Option<Json>,
        fresh: bool,
    ) -> Result<Live, Failure> {
        let mut last: Vec<Change> = Vec::new();
        let mut stuck = 0;
        loop {
            let live = self.settled(id, wanted, fresh).await?;
            let changes = self.changes(wanted, &live, sent.as_ref());
            if changes.is_empty() {
                let record = self.record(id, generation, wanted, live.outputs.clone());
                if self.run.recorded(self.address).as_ref() != Some(&record) {
                    self.run.write(Entry::Made { address: self.address.clone(), record }).await?;
                }
                return Ok(live);
            }
            stuck = if changes == last { stuck + 1 } else { 0 };
            if let Some(never) = self.cannot(&changes, stuck, fresh) {
                return Err(never);
            }
            if stuck > 0 {
                // AWS has taken the change and does not show it yet.
                self.wait("AWS to show the change").await?;
            }
            last = changes;
            self.update_call(id, wanted, generation, (&live, sent.as_ref())).await?;
            sent = Some(wanted.clone());
        }
    }

    fn cannot(&self, changes: &[Change], stuck: u32, fresh: bool) -> Option<Failure> {
        let paths = || changes.iter().map(|change| format!("`{}`", change.path)).collect::<Vec<_>>().join(", ");
        if changes.iter().any(|change| change.effect == Effect::Replace) && (!fresh || stuck > 2) {
            let what = format!("{} cannot be changed in place; plan again", paths());
            return Some(self.failed(Class::Other, what));
        }
        (stuck >= STUCK_AFTER).then(|| {
            self.failed(Class::Other, format!("AWS takes the change of {} and does not carry it out", paths()))
        })
    }

    async fn update_call(
        &self,
        id: &PhysicalId,
        wanted: &Json,
        generation: u32,
        (live, sent): (&Live, Option<&Json>),
    ) -> Result<(), Failure> {
        let from = compare::ours(&self.info.spec, wanted, &live.spec, sent);
        self.begin(Call::Update, generation, wanted).await?;
        let mut attempt = 0;
        loop {
            self.run.still_ours()?;
            let call = self.run.cloud.update(&self.address.at, &self.node.declaration.kind, id, &from, wanted);
            match call.await {
                Ok(()) => break,
                Err(error) if error.class.is_transient() => {
                    self.pause(&error, attempt).await?;
                    attempt += 1;
                }
                Err(error) => return Err(self.give_up(error, true).await),
            }
        }
        let record = self.record(id, generation, wanted, live.outputs.clone());
        self.run.write(Entry::Made { address: self.address.clone(), record }).await
    }

    /// Looks until AWS is no longer at work on it.
    async fn settled(&self, id: &PhysicalId, wanted: &Json, fresh: bool) -> Result<Live, Failure> {
        loop {
            let why = match self.look(id, wanted).await? {
                Some(Live { readiness: Readiness::Failed(why), .. }) => return Err(self.failed(Class::Other, why)),
                Some(Live { readiness: Readiness::Pending(why), .. }) => why,
                Some(live) => return Ok(live),
                None if fresh && self.started.elapsed() < VISIBLE_WITHIN => "AWS to show it".to_owned(),
                None => return Err(self.failed(Class::NotFound, "it has gone while it was being changed; plan again")),
            };
            self.wait(&why).await?;
        }
    }

    async fn look(&self, id: &PhysicalId, wanted: &Json) -> Result<Option<Live>, Failure> {
        look(self.run, self.address, &self.node.declaration.kind, (id, wanted), self.deadline).await
    }

    async fn wait(&self, why: &str) -> Result<(), Failure> {
        wait(self.run, self.address, why, (self.started, self.deadline)).await?;
        if let Some(dead) = self.run.never_served(&self.node.declaration.served_by) {
            return Err(self.failed(Class::Other, format!("it cannot serve, because {dead} is not there")));
        }
        Ok(())
    }

    async fn pause(&self, error: &CloudError, attempt: u32) -> Result<(), Failure> {
        let delay = pause(error.class, attempt);
        retry(self.run, self.address, error, delay, self.deadline).await
    }

    async fn begin(&self, call: Call, generation: u32, spec: &Json) -> Result<(), Failure> {
        let pending = Pending {
            call,
            kind: self.node.declaration.kind.clone(),
            generation,
            spec: self.info.redact(spec),
            needs: self.needs(),
        };
        self.run.write(Entry::Begin { address: self.address.clone(), pending }).await
    }

    /// A call has failed for good. Its Begin stays open if AWS may have done it all the same.
    async fn give_up(&self, error: CloudError, nothing_done: bool) -> Failure {
        if nothing_done && let Err(failure) = self.run.write(Entry::Cleared { address: self.address.clone() }).await {
            return failure;
        }
        Failure::Cloud(Box::new(error))
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
        compare::changes(&self.info.spec, &Partial::from_json(wanted), &live.spec, sent)
    }

    fn failed(&self, class: Class, message: impl Into<String>) -> Failure {
        let operation = self.node.declaration.kind.to_string();
        Failure::Cloud(Box::new(CloudError::stated(class, operation, message)))
    }
}
