//! State: a cache of what AWS knows. Losing it must lose nothing. No secret is in it.

pub mod edit;
pub mod entry;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::{Address, KindName, PhysicalId, Region, StackName};
use crate::value::Json;

/// Version of the form in which a state is written.
pub const FORMAT_VERSION: u32 = 1;

/// The state of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of this form.
    pub format_version: u32,
    /// The stack.
    pub stack: StackName,
    /// The account it lives in; empty until the first apply.
    pub account: String,
    /// Random, fixed at the first write: tells this stack's states from another's of the same name.
    pub lineage: String,
    /// Grows by one with every write.
    pub serial: u64,
    /// The epoch of the lease under which it was written; 0 where locks have none.
    #[serde(default)]
    pub epoch: u64,
    /// The last serial that the copy in a second region had too; 0 without a copy.
    #[serde(default)]
    pub copied: u64,
    /// Every region it ever used.
    pub regions: BTreeSet<Region>,
    /// The resources.
    pub records: BTreeMap<Address, Record>,
    /// Open calls, whose answer we do not know; at an address at most one for each generation.
    pub pending: Vec<Pending>,
    /// Deposed resources: old halves of replacements that still exist.
    #[serde(rename = "leaving")]
    pub deposed: Vec<Deposed>,
    /// The last generation of each address whose resource is gone: AWS may remember its token, so the next one
    /// has another.
    #[serde(rename = "past", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last_generation: BTreeMap<Address, u32>,
    /// Resources that left the file and stay in AWS (`retain`), by the last address of each. They are not managed, but
    /// what they need cannot go before them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retained: BTreeMap<Address, Record>,
}

/// One resource as we left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its kind.
    pub kind: KindName,
    /// Its physical id.
    pub id: PhysicalId,
    /// Its number among the resources that have stood at this address.
    pub generation: u32,
    /// The spec that was last sent, secrets as their hash.
    pub spec: Json,
    /// The outputs when last read.
    pub outputs: Json,
    /// The addresses it needed: it is deleted before these.
    pub needs: BTreeSet<Address>,
    /// True if it may not be deleted without the user's word.
    pub protect: bool,
    /// True if it stays in AWS when it leaves the file.
    pub retain: bool,
}

/// A call that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The resource.
    pub address: Address,
    /// The call.
    pub call: Call,
    /// Its kind.
    pub kind: KindName,
    /// The generation it was to make or change.
    pub generation: u32,
    /// The spec that was sent, secrets as their hash. Null for a delete.
    pub spec: Json,
    /// The addresses it needs, for the order of a later delete.
    pub needs: BTreeSet<Address>,
    /// True if it may not be deleted without the user's word.
    pub protect: bool,
    /// True if it stays in AWS when it leaves the file.
    pub retain: bool,
}

/// A call that changes AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
}

/// The old half of a replacement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposed {
    /// Its address.
    pub address: Address,
    /// Its record.
    pub record: Record,
}

impl Record {
    /// True if both tell of one resource in AWS.
    pub fn is_the_thing_of(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }

    /// True once it has been made whole: before that a run may have died between its creation and the rest.
    pub fn is_whole(&self) -> bool {
        !self.outputs.is_null()
    }
}

impl State {
    /// The state of a stack that was never applied.
    pub fn new(stack: StackName, lineage: String) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            stack,
            account: String::new(),
            lineage,
            serial: 0,
            epoch: 0,
            copied: 0,
            regions: BTreeSet::new(),
            records: BTreeMap::new(),
            pending: Vec::new(),
            deposed: Vec::new(),
            last_generation: BTreeMap::new(),
            retained: BTreeMap::new(),
        }
    }

    /// Everything that stands, with its address: records, and the old halves of replacements.
    pub fn everything(&self) -> impl Iterator<Item = (&Address, &Record)> {
        self.records.iter().chain(self.deposed.iter().map(|old| (&old.address, &old.record)))
    }

    /// Equality ignoring serial, epoch and copy.
    pub fn same_content(&self, other: &Self) -> bool {
        let other = Self { serial: self.serial, epoch: self.epoch, copied: self.copied, ..other.clone() };
        *self == other
    }
}
