//! The work of one step, from its first call until what it made can be referred to.
//!
//! Create → read until AWS is done → compare → update → read again … until nothing differs. Every call that changes
//! AWS stands between a Begin and an End in the journal. The id is recorded before any waiting.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{Context, StepFailure};
use super::delete::delete;
use super::event::Event;
use super::resource::ResourceStep;
use crate::cloud::{Class, Live, Readiness};
use crate::diff::{Effect, managed_part, widened};
use crate::names::{Address, PhysicalId};
use crate::plan::steps::{Action, Step, Verb};
use crate::state::Record;
use crate::state::entry::Entry;
use crate::value::Json;

/// Time that a delete of a kind which is no longer known may take.
const UNKNOWN_KIND_DEADLINE: Duration = Duration::from_mins(10);

/// Does what a step says. `forced`: a replacement that no change asks for.
pub(super) async fn perform(context: &Context, step: &Step, forced: bool) -> Result<Readiness, StepFailure> {
    let Some(address) = &step.address else { return Ok(Readiness::Serving) };
    let live = match &step.action {
        Action::Gate => return Ok(Readiness::Serving),
        Action::Forget => {
            context.write(Entry::Forgotten { address: address.clone() }).await?;
            return Ok(Readiness::Serving);
        }
        Action::Delete { kind, id } => {
            let Some(record) = context.recorded(address).filter(|record| record.id == *id) else {
                let why = "it is no longer in the state; plan again";
                return Err(StepFailure::local(Class::Other, kind.as_str(), why));
            };
            return delete_record(context, address, &record).await;
        }
        Action::DeleteOld => {
            delete_deposed(context, address).await?;
            return Ok(Readiness::Serving);
        }
        Action::Create => resource(context, address)?.create(false).await?,
        Action::Replace => resource(context, address)?.replace(forced).await?,
        Action::Adopt(id) => resource(context, address)?.adopt(id).await?,
        Action::Widen => resource(context, address)?.widen().await?,
        Action::Update | Action::Narrow | Action::Await => resource(context, address)?.update().await?,
    };
    Ok(live.readiness)
}

/// Reads until the resource at an address serves.
pub(super) async fn wait_until_serving(context: &Context, address: &Address) -> Result<(), StepFailure> {
    match context.declared(address) {
        Some((node, info)) => ResourceStep::new(context, address, node, info).wait_until_serving().await,
        None => Ok(()),
    }
}

fn resource<'a>(context: &'a Context, address: &'a Address) -> Result<ResourceStep<'a>, StepFailure> {
    let declared = context.declared(address);
    let (node, info) = declared.ok_or_else(|| StepFailure::local(Class::Other, "plan", "it is not in the stack"))?;
    Ok(ResourceStep::new(context, address, node, info))
}

async fn delete_record(context: &Context, address: &Address, record: &Record) -> Result<Readiness, StepFailure> {
    let limit = context.catalog.get(&record.kind).map_or(UNKNOWN_KIND_DEADLINE, |info| info.traits.deadline);
    delete(context, address, record, limit).await?;
    Ok(Readiness::Serving)
}

/// Deletes whatever replacements have left at an address, and tells of each by its own id: the record there is of the
/// new one. Nothing is left to delete if what was planned to be replaced could be kept.
async fn delete_deposed(context: &Context, address: &Address) -> Result<(), StepFailure> {
    let tell = |id: Option<PhysicalId>, started: Instant| {
        let seconds = started.elapsed().as_secs_f64();
        context.tell(&Event::StepDone { address: address.clone(), verb: Verb::Delete, id, seconds });
    };
    let deposed = context.deposed(address);
    if deposed.is_empty() {
        tell(None, Instant::now());
    }
    for old in deposed {
        let started = Instant::now();
        delete_record(context, address, &old).await?;
        tell(Some(old.id), started);
    }
    Ok(())
}

impl ResourceStep<'_> {
    /// Creates the resource and brings it to what is wanted. `replacing`: it takes the place of one that stays for now.
    async fn create(&self, replacing: bool) -> Result<Live, StepFailure> {
        let wanted = self.wanted()?;
        if let Some(live) = self.take_back(&wanted).await? {
            return Ok(live);
        }
        self.make(&wanted, replacing).await
    }

    /// Takes back what an earlier replacement was to leave behind, if it is what is wanted again.
    async fn take_back(&self, wanted: &Json) -> Result<Option<Live>, StepFailure> {
        for old in self.context.deposed(self.address) {
            if old.kind != self.node.declaration.kind {
                continue;
            }
            let Some(live) = self.look(&old.id, wanted).await? else { continue };
            let changes = self.changes(wanted, &live, Some(&old.spec));
            if !live.readiness.is_there() || changes.iter().any(|change| change.effect == Effect::Replace) {
                continue;
            }
            let (address, record) = (self.address.clone(), old.clone());
            self.context.write(Entry::Replaced { address, record }).await?;
            return self.converge(&old.id, wanted, old.generation, Some(old.spec), false).await;
        }
        Ok(None)
    }

    /// Creates it, whatever else has stood at its address.
    async fn make(&self, wanted: &Json, replacing: bool) -> Result<Live, StepFailure> {
        let (id, generation) = self.create_call(wanted).await?;
        let record = self.record(&id, generation, wanted, Json::Null);
        let address = self.address.clone();
        let entry = if replacing { Entry::Replaced { address, record } } else { Entry::Made { address, record } };
        self.context.write(entry).await?;
        self.context.mark_created(self.address);
        let created = self.converge(&id, wanted, generation, Some(wanted.clone()), true).await?;
        created.ok_or_else(|| self.has_gone())
    }

    /// Adopts a resource that is ours and brings it to what is wanted.
    async fn adopt(&self, id: &PhysicalId) -> Result<Live, StepFailure> {
        let wanted = self.wanted()?;
        let generation = self.context.next_generation(self.address);
        self.tag_as_owned(id, &wanted, &self.owner(generation)).await?;
        // Nothing of it was sent by anybody we remember.
        let record = Record { spec: Json::Null, ..self.record(id, generation, &wanted, Json::Null) };
        self.context.write(Entry::Made { address: self.address.clone(), record }).await?;
        self.converge(id, &wanted, generation, None, false).await?.ok_or_else(|| self.has_gone())
    }

    /// Brings a recorded resource to what is wanted.
    async fn update(&self) -> Result<Live, StepFailure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        match self.converge(&record.id, &wanted, record.generation, Some(record.spec), false).await? {
            Some(live) => Ok(live),
            // It went with what it hangs on, which was replaced; or it was going since an earlier run.
            None => self.create(false).await,
        }
    }

    /// Brings a recorded resource to what is wanted, and leaves what it lets others do besides.
    async fn widen(&self) -> Result<Live, StepFailure> {
        let (wanted, record) = (self.wanted()?, self.recorded()?);
        let Some(live) = self.look(&record.id, &wanted).await? else { return self.create(false).await };
        let target = self.target(&wanted, self.defaults(), &live, Some(&record.spec));
        let live = managed_part(&self.info.spec, &target, &live.spec, Some(&record.spec));
        // What goes beyond the kind's limits is narrowed at once: what comes next needs its part.
        let fits = |wider: &Json| (self.info.check)(wider).is_ok_and(|problems| problems.is_empty());
        let wider = widened(&self.info.spec, &target, &live).filter(fits).unwrap_or(wanted);
        let converged = self.converge(&record.id, &wider, record.generation, Some(record.spec), false).await?;
        converged.ok_or_else(|| self.has_gone())
    }

    /// Replaces a resource, if what is known by now still asks for it; else brings it to what is wanted.
    async fn replace(&self, forced: bool) -> Result<Live, StepFailure> {
        let wanted = self.wanted()?;
        let record = self.recorded()?;
        if forced || record.kind != self.node.declaration.kind {
            return self.make(&wanted, true).await;
        }
        if let Some(live) = self.look(&record.id, &wanted).await? {
            let target = self.target(&wanted, self.defaults(), &live, Some(&record.spec));
            let changes = self.changes(&target, &live, Some(&record.spec));
            if changes.iter().all(|change| change.effect == Effect::Update) {
                return self.update().await;
            }
        }
        self.create(true).await
    }

    async fn wait_until_serving(&self) -> Result<(), StepFailure> {
        let record = self.recorded()?;
        loop {
            match self.look(&record.id, &record.spec).await?.map(|live| live.readiness) {
                Some(Readiness::Serving) => return Ok(()),
                Some(Readiness::Failed(why)) => return Err(self.failed(Class::Other, why)),
                Some(Readiness::Pending(why) | Readiness::Configured(why)) => self.wait(&why).await?,
                None => return Err(self.failed(Class::NotFound, "it disappeared while it was waited for")),
            }
        }
    }
}
