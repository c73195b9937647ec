//! One resource at work: its calls, reads and entries in the journal.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::context::{Context, StepFailure};
use super::retry::pause;
use super::wait::{look, retry, wait};
use crate::catalog::KindInfo;
use crate::cloud::{Class, CloudError, Live};
use crate::diff::{Change, changes, target};
use crate::graph::Node;
use crate::names::{Address, Owner, PhysicalId};
use crate::state::entry::Entry;
use crate::state::{Call, Pending, Record};
use crate::value::{Json, Partial, Path};

/// One resource while a step works on it.
pub(super) struct ResourceStep<'a> {
    pub(super) context: &'a Context,
    pub(super) address: &'a Address,
    pub(super) node: &'a Node,
    pub(super) info: &'a KindInfo,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
}

impl<'a> ResourceStep<'a> {
    pub(super) fn new(context: &'a Context, address: &'a Address, node: &'a Node, info: &'a KindInfo) -> Self {
        let started = Instant::now();
        let deadline = started + node.declaration.timeout.unwrap_or(info.traits.deadline);
        Self { context, address, node, info, started, deadline }
    }

    pub(super) async fn look(&self, id: &PhysicalId, wanted: &Json) -> Result<Option<Live>, StepFailure> {
        look(self.context, self.address, &self.node.declaration.kind, (id, wanted), self.deadline).await
    }

    pub(super) async fn wait(&self, why: &str) -> Result<(), StepFailure> {
        wait(self.context, self.address, why, (self.started, self.deadline)).await?;
        if let Some(failed) = self.context.failed_dependency(&self.node.declaration.served_by) {
            return Err(self.failed(
                Class::Other,
                format!("it cannot become ready without {failed}, which failed or was skipped"),
            ));
        }
        Ok(())
    }

    pub(super) async fn pause(&self, error: &CloudError, attempt: u32) -> Result<(), StepFailure> {
        retry(self.context, self.address, error, pause(error, attempt), self.deadline).await
    }

    pub(super) async fn begin(&self, call: Call, generation: u32, spec: &Json) -> Result<(), StepFailure> {
        self.context.ensure_not_stopping()?;
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
        self.context.write(Entry::Begin { pending }).await
    }

    /// A call has failed for good. Its Begin stays open if AWS may have done it all the same.
    pub(super) async fn give_up(&self, error: CloudError, generation: u32, nothing_done: bool) -> StepFailure {
        let cleared = Entry::Cleared { address: self.address.clone(), generation };
        if nothing_done && let Err(failure) = self.context.write(cleared).await {
            return failure;
        }
        error.into()
    }

    pub(super) fn owner(&self, generation: u32) -> Owner {
        Owner { stack: self.context.stack().clone(), address: self.address.clone(), generation }
    }

    pub(super) fn wanted(&self) -> Result<Json, StepFailure> {
        let partial: Partial = self.node.declaration.spec.fill(&|reference| self.context.output(reference));
        partial
            .finish()
            .map_err(|unknown| self.failed(Class::Other, format!("still unknown: {}", unknown.waits_for.join(", "))))
    }

    pub(super) fn recorded(&self) -> Result<Record, StepFailure> {
        let record = self.context.recorded(self.address);
        record.ok_or_else(|| self.failed(Class::Other, "it is not in the state; plan again"))
    }

    pub(super) fn record(&self, id: &PhysicalId, generation: u32, spec: &Json, outputs: Json) -> Record {
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

    /// The block's own defaults that are not held against what is there.
    pub(super) fn defaults(&self) -> &'a [Path] {
        let is_whole = self.context.recorded(self.address).is_some_and(|record| record.is_whole());
        self.node.declaration.defaults_after(is_whole)
    }

    /// The target of the resource as it is there. `before`: what was sent before this step.
    pub(super) fn target(&self, wanted: &Json, defaults: &[Path], live: &Live, before: Option<&Json>) -> Json {
        let target = target(&self.info.spec, &Partial::from_json(wanted), defaults, &live.spec, before);
        target.with_placeholders(&mut |_| Json::Null)
    }

    pub(super) fn changes(&self, target: &Json, live: &Live, sent: Option<&Json>) -> Vec<Change> {
        changes(&self.info.spec, &Partial::from_json(target), &live.spec, sent)
    }

    pub(super) fn has_gone(&self) -> StepFailure {
        self.failed(Class::NotFound, "it disappeared while it was being changed; plan again")
    }

    /// An error that can be retried, if AWS misses something a moment after this run has created the resource or what
    /// it needs: not every part of AWS hears of it at once.
    pub(super) fn as_not_visible_yet(&self, error: CloudError) -> CloudError {
        let it_and_needs = std::iter::once(self.address).chain(self.node.needs.keys());
        let soon = error.class == Class::NotFound && self.context.has_just_created(it_and_needs);
        if soon { CloudError { class: Class::NotVisibleYet, ..error } } else { error }
    }

    pub(super) fn failed(&self, class: Class, message: impl Into<String>) -> StepFailure {
        let operation = self.node.declaration.kind.to_string();
        StepFailure::local(class, operation, message)
    }
}
