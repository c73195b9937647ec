//! The plan: a decision for every resource, with its reason. Pure.

pub mod review;
pub mod starts;
pub mod steps;
pub mod users;

use std::collections::{BTreeMap, BTreeSet};

use crate::diff::Change;
use crate::names::{Address, KindName, PhysicalId, Region, Scope, StackName};
use crate::value::Path;

/// The plan: a decision for every resource, in the order of waves and addresses.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The stack.
    pub stack: StackName,
    /// The account it was planned for.
    pub account: String,
    /// The stack's regions, the primary first.
    pub regions: Vec<Region>,
    /// True if this takes the stack down.
    pub destroy: bool,
    /// One entry per resource, those that stay as they are among them.
    pub entries: Vec<Planned>,
    /// The waves: which scopes change in each, in order.
    pub waves: Vec<Wave>,
    /// Obstacles: names that others use, protected data that would be deleted.
    pub obstacles: Vec<Obstacle>,
    /// Fields that the file no longer says and that stay as they are.
    pub stays: Vec<Stay>,
    /// Addresses whose old resource stays after a replacement, because what uses it is not part of this plan.
    pub keep_old: BTreeSet<Address>,
    /// Addresses whose name in AWS is held by what leaves other addresses: that goes first.
    pub names_held: BTreeMap<Address, BTreeSet<Address>>,
    /// Facts for its reviewer, besides the decisions.
    pub review: review::Review,
}

/// A field that the file no longer says, where AWS has no default to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The resource.
    pub address: Address,
    /// The field.
    pub path: Path,
}

/// One resource in a plan.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: KindName,
    /// The decision.
    pub decision: Decision,
    /// The wave it changes in, from 0.
    pub wave: usize,
    /// The resource that is there now, if any.
    pub id: Option<PhysicalId>,
    /// Set if an update takes away what others may still use: it is made in two halves, the narrowing one last.
    pub narrows: Option<Narrowing>,
    /// True if it is the old half of a replacement, which is deleted: another resource stands at its address.
    pub deposed: bool,
}

/// An update that takes something away from others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// The addresses that it lets in: those who rest on these lose something, beside those who rest on the resource.
    pub peers: BTreeSet<Address>,
}

/// One wave of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Its name: a region, or `global`.
    pub name: Scope,
}

/// The decision on a resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing: it is as it should be.
    Keep,
    /// It is there and as it should be, but does not serve yet; wait for it.
    Await {
        /// The work of AWS that it waits for.
        why: String,
    },
    /// Make it.
    Create {
        /// The reason, if it is not simply new: `gone from AWS`.
        why: Option<String>,
    },
    /// Change it in place.
    Update {
        /// The differences.
        changes: Vec<Change>,
    },
    /// Make a new one in place of it.
    Replace {
        /// The differences; those with [`Effect::Replace`](crate::diff::Effect) are the cause.
        changes: Vec<Change>,
        /// The reason, if no change is the cause: it has failed.
        why: Option<String>,
        /// Which goes first.
        order: ReplaceOrder,
    },
    /// It is ours, left by an interrupted run or a lost state: take it up again.
    Adopt {
        /// Its physical id.
        id: PhysicalId,
        /// The differences.
        changes: Vec<Change>,
    },
    /// Delete it.
    Delete,
    /// Leave it in AWS, and no longer look after it.
    Forget,
}

impl Decision {
    /// True if the old one goes before there is a new one.
    pub fn deletes_first(&self) -> bool {
        matches!(self, Self::Replace { order: ReplaceOrder::DeleteFirst, .. })
    }
}

/// Which half of a replacement goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceOrder {
    /// The new one is made, what refers to it is moved over, the old one goes last.
    CreateFirst,
    /// The old one goes first, because both would have one name.
    DeleteFirst,
}

/// Something that stands in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The resource.
    pub address: Address,
    /// The kind of obstacle.
    pub kind: ObstacleKind,
    /// The problem.
    pub message: String,
    /// The remedy.
    pub help: String,
}

/// The kind of an obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObstacleKind {
    /// A resource of this name is not managed by this stack.
    NotOwned,
    /// Data that is protected would be deleted or replaced.
    Protected,
    /// A resource that the file declares as existing does not exist.
    Missing,
    /// AWS would not be able to do it.
    Impossible,
}

/// Numbers of resources by decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// To be made.
    pub create: usize,
    /// To be changed in place.
    pub update: usize,
    /// To be replaced.
    pub replace: usize,
    /// To be deleted.
    pub delete: usize,
    /// To be taken up again.
    pub adopt: usize,
    /// To be left in AWS and forgotten.
    pub forget: usize,
    /// To be waited for.
    #[serde(rename = "await")]
    pub awaited: usize,
    /// As they should be.
    pub keep: usize,
}

impl Planned {
    /// The differences, of whatever changes one that is there.
    pub fn changes(&self) -> &[Change] {
        match &self.decision {
            Decision::Update { changes } | Decision::Replace { changes, .. } | Decision::Adopt { changes, .. } => {
                changes
            }
            _ => &[],
        }
    }
}

impl Plan {
    /// Numbers of resources by decision.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for entry in &self.entries {
            let count = match entry.decision {
                Decision::Keep => &mut summary.keep,
                Decision::Await { .. } => &mut summary.awaited,
                Decision::Create { .. } => &mut summary.create,
                Decision::Update { .. } => &mut summary.update,
                Decision::Replace { .. } => &mut summary.replace,
                Decision::Adopt { .. } => &mut summary.adopt,
                Decision::Delete => &mut summary.delete,
                Decision::Forget => &mut summary.forget,
            };
            *count += 1;
        }
        summary
    }

    /// True if it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.decision, Decision::Keep))
    }
}
