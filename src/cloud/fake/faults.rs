//! Faults of the strict cloud.

use super::FakeCloud;
use crate::cloud::Class;
use crate::names::Region;
use crate::value::Json;

/// The fault of the n-th call that changes something, counted from 1.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which call.
    pub nth: u64,
    /// True if the work is done before it goes wrong.
    pub after: bool,
    /// The fault.
    pub kind: FaultKind,
}

/// A fault.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// The call fails.
    Fails(Class),
    /// The caller's process dies: nothing it does from then on reaches the cloud.
    Dies,
}

impl FakeCloud {
    /// Lets calls go wrong. Counting begins anew.
    pub fn break_with(&self, faults: Vec<Fault>) {
        let mut inner = self.inner();
        inner.faults = faults;
        inner.changes = 0;
        inner.dead = false;
        self.died.send_replace(false);
    }

    /// Lets the next searches fail for a moment.
    pub fn fail_finds(&self, times: u32) {
        self.inner().failing_finds = times;
    }

    /// Lets the next searches find nothing, as lists do that lag.
    pub fn hide_from_finds(&self, times: u32) {
        self.inner().blind_finds = times;
    }

    /// Lets the next readings find nothing, as reads of what was just made do.
    pub fn hide_from_reads(&self, times: u32) {
        self.inner().blind_reads = times;
    }

    /// Lets nothing in a region answer.
    pub fn lose_region(&self, region: &Region) {
        self.inner().lost = Some(region.clone());
    }

    /// Takes something away behind everybody's back.
    pub fn lose(&self, address: &str) {
        self.inner().things.retain(|_, thing| thing.owner.address.to_string() != address);
    }

    /// Changes a field behind everybody's back.
    pub fn meddle(&self, address: &str, field: &str, value: &Json) {
        for thing in self.inner().things.values_mut().filter(|thing| thing.owner.address.to_string() == address) {
            thing.spec[field] = value.clone();
        }
    }

    /// Breaks something until it is changed.
    pub fn fail(&self, address: &str) {
        for thing in self.inner().things.values_mut().filter(|thing| thing.owner.address.to_string() == address) {
            thing.failed = true;
        }
    }
}
