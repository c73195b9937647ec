//! Deletes: sent again and again, until a read no longer finds the resource.

use std::time::Duration;

use tokio::time::Instant;

use super::context::{Context, StepFailure};
use super::retry::pause;
use super::wait::{look, retry, wait};
use crate::cloud::{Live, Readiness};
use crate::names::{Address, PhysicalId};
use crate::state::entry::Entry;
use crate::state::{Call, Pending, Record};

/// Deletes a resource: sends deletes until a read no longer finds it.
pub(super) async fn delete(
    context: &Context,
    address: &Address,
    record: &Record,
    limit: Duration,
) -> Result<(), StepFailure> {
    context.ensure_not_stopping()?;
    let started = Instant::now();
    let delete = Delete { context, address, record, started, deadline: started + limit };
    delete.begin().await?;
    let (mut attempt, mut id) = (0, record.id.clone());
    loop {
        delete.send(&id, &mut attempt).await?;
        let Some(live) = delete.wait_until_gone_or_idle(&id).await? else { return delete.end().await };
        id = live.moved_to.unwrap_or(id);
        delete.wait("deleting").await?;
    }
}

/// A delete at work.
struct Delete<'a> {
    context: &'a Context,
    address: &'a Address,
    record: &'a Record,
    started: Instant,
    deadline: Instant,
}

impl Delete<'_> {
    async fn begin(&self) -> Result<(), StepFailure> {
        let pending = Pending {
            call: Call::Delete,
            kind: self.record.kind.clone(),
            generation: self.record.generation,
            spec: self.record.spec.clone(),
            needs: self.record.needs.clone(),
            address: self.address.clone(),
            protect: self.record.protect,
            retain: self.record.retain,
        };
        self.context.write(Entry::Begin { pending }).await
    }

    /// One delete that AWS accepts, which is one step towards gone. One that it refuses for good clears the Begin.
    async fn send(&self, id: &PhysicalId, attempt: &mut u32) -> Result<(), StepFailure> {
        loop {
            self.context.ensure_lock_held().await?;
            match self.context.cloud.delete(&self.address.at, &self.record.kind, id).await {
                Ok(()) => return Ok(()),
                Err(error) if error.class.is_transient() => {
                    retry(self.context, self.address, &error, pause(&error, *attempt), self.deadline).await?;
                    *attempt += 1;
                }
                Err(error) => {
                    let (address, generation) = (self.address.clone(), self.record.generation);
                    self.context.write(Entry::Cleared { address, generation }).await?;
                    return Err(error.into());
                }
            }
        }
    }

    /// Reads until the resource is gone, or ready for the next step of its delete.
    async fn wait_until_gone_or_idle(&self, id: &PhysicalId) -> Result<Option<Live>, StepFailure> {
        loop {
            let Record { kind, spec, .. } = self.record;
            match look(self.context, self.address, kind, (id, spec), self.deadline).await? {
                Some(Live { readiness: Readiness::Pending(why), .. }) => self.wait(&why).await?,
                other => return Ok(other),
            }
        }
    }

    async fn end(&self) -> Result<(), StepFailure> {
        let (address, generation) = (self.address.clone(), self.record.generation);
        self.context.write(Entry::Gone { address, generation, id: self.record.id.clone() }).await
    }

    async fn wait(&self, why: &str) -> Result<(), StepFailure> {
        wait(self.context, self.address, why, (self.started, self.deadline)).await
    }
}
