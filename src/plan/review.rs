//! The review of a plan: what it puts at risk, and what of it a reader need not read twice. Data.

use std::collections::BTreeMap;

use super::Planned;
use crate::names::{Address, KindName, Region};
use crate::value::Json;

/// Facts for the reviewer of a plan, besides its decisions.
#[derive(Debug, Clone, Default)]
pub struct Review {
    /// Risks, the worst first.
    pub risks: Vec<Risk>,
    /// Changes that only follow another one, by their addresses, and their cause.
    pub follows: BTreeMap<Address, Follows>,
    /// Changes that are the same in a region which comes earlier, by their addresses, and the address there.
    pub same_as: BTreeMap<Address, Address>,
    /// The telling properties of what is new, by address.
    pub highlights: BTreeMap<Address, Vec<Highlight>>,
}

/// Something that a plan puts at risk.
#[derive(Debug, Clone, PartialEq)]
pub struct Risk {
    /// The class.
    pub class: RiskClass,
    /// The thing at risk.
    pub subject: Subject,
    /// The resources by which it comes: of one path in several regions, if the same happens in all of them.
    pub addresses: Vec<Address>,
    /// The harm, in words.
    pub message: String,
}

/// The thing at risk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A whole region.
    Region(Region),
    /// A block with its resources.
    Block(String),
    /// A resource of a kind.
    Resource(KindName),
}

/// The class of a risk, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskClass {
    /// Data goes, or has gone.
    DataLoss,
    /// A region, or a share of the requests, gets no traffic, or gets it though it is unhealthy.
    Traffic,
    /// A replacement deletes before it creates.
    Gap,
    /// Reachable from the internet from now on.
    Public,
    /// A security group lets more in.
    NetworkAccess,
    /// A policy allows more.
    Permissions,
    /// Protection from being deleted is off.
    Protection,
    /// A replacement that creates first.
    Replacement,
    /// Something leaves for good.
    Deletion,
    /// AWS takes its time.
    Wait,
}

/// The cause of a change that only follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follows {
    /// The address of the cause: a change with a value from the file.
    pub cause: Address,
    /// The places of changes of its own, beside those that follow and the names that a replacement needs.
    pub own: Vec<crate::value::Path>,
}

/// A telling property of what is new.
#[derive(Debug, Clone, PartialEq)]
pub struct Highlight {
    /// Its place in the spec.
    pub path: crate::value::Path,
    /// Its value.
    pub value: Json,
}

impl Review {
    /// The cause of a change, if it only follows one.
    pub fn cause(&self, entry: &Planned) -> Option<&Address> {
        self.follows.get(&entry.address).filter(|_| !entry.deposed).map(|follows| &follows.cause)
    }
}
