//! What we remember of a stack: a convenience, never a treasure. No secret is in it.

pub mod edit;
pub mod entry;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::{Address, KindName, PhysicalId, Region, StackName};
use crate::value::Json;

/// Version of the form in which a state is written.
pub const FORMAT_VERSION: u32 = 1;

/// What we remember of a stack.
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
    /// Of the lock under which it was written; 0 where locks have none.
    #[serde(default)]
    pub epoch: u64,
    /// The last serial that the copy in a second region had too; 0 without a copy.
    #[serde(default)]
    pub copied: u64,
    /// Every region it ever used.
    pub regions: BTreeSet<Region>,
    /// What there is.
    pub records: BTreeMap<Address, Record>,
    /// Calls whose answer we do not know; at an address at most one for each generation.
    pub pending: Vec<Pending>,
    /// Old halves of replacements that are still there.
    #[serde(rename = "leaving")]
    pub deposed: Vec<Deposed>,
    /// The last generation of what has stood at an address and is gone: AWS may remember its token, so the
    /// next one has another.
    #[serde(rename = "past", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last_generation: BTreeMap<Address, u32>,
}

/// One resource as we left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its kind.
    pub kind: KindName,
    /// What it is called in AWS.
    pub id: PhysicalId,
    /// Counts the things that have stood at this address.
    pub generation: u32,
    /// What was last sent, secrets as their hash.
    pub spec: Json,
    /// What could be referred to when last read.
    pub outputs: Json,
    /// What it needed: it is deleted before these.
    pub needs: BTreeSet<Address>,
    /// Whether it may not be deleted without the user's word.
    pub protect: bool,
    /// Whether it stays in AWS when it leaves the file.
    pub retain: bool,
}

/// A call that has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The resource.
    pub address: Address,
    /// What it was to do.
    pub call: Call,
    /// Its kind.
    pub kind: KindName,
    /// The generation it was to make or change.
    pub generation: u32,
    /// What was sent, secrets as their hash. Null for a delete.
    pub spec: Json,
    /// What it needs, for the order of a later delete.
    pub needs: BTreeSet<Address>,
    /// Whether it may not be deleted without the user's word.
    pub protect: bool,
    /// Whether it stays in AWS when it leaves the file.
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
    /// Where it stood.
    pub address: Address,
    /// What it was.
    pub record: Record,
}

impl Record {
    /// Whether both tell of one thing in AWS.
    pub fn is_the_thing_of(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
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
        }
    }

    /// Whether another says the same, however often it was written.
    pub fn same_content(&self, other: &Self) -> bool {
        let other = Self { serial: self.serial, epoch: self.epoch, copied: self.copied, ..other.clone() };
        *self == other
    }
}
